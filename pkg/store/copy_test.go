package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"decentra.local/pkg/store"
)

func TestCopyOfALiveDatabaseIsOfOneMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.db")
	db := open(t, path, items())
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	for w := range 4 {
		writing.Go(func() {
			// Two rows in each transaction: a copy has both or none.
			for n := 0; ctx.Err() == nil; n++ {
				err := db.Update(ctx, func(tx *store.Tx) error {
					for _, half := range []string{"a", "b"} {
						if _, err := tx.Exec(`INSERT INTO item (name) VALUES ($1)`, fmt.Sprintf("%d-%d-%s", w, n, half)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	last := int64(0)
	for n := range 10 {
		before := db.Stats().Functions
		to := filepath.Join(t.TempDir(), fmt.Sprintf("copy-%d.db", n))
		if err := store.Copy(t.Context(), path, to); err != nil {
			t.Fatal(err)
		}
		counts, err := store.Counts(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		got := counts["item"]
		if got%2 != 0 || got < last || got < 2*int64(before) {
			t.Fatalf("copy %d has %d rows; the one before had %d, and %d pairs were acknowledged before it", n, got, last, before)
		}
		last = got
	}
	stop()
	writing.Wait()
	if used, err := store.InUse(t.Context(), path); !used || err != nil {
		t.Errorf("in use while open: %v, %v", used, err)
	}
	closeDB(t, db)
	if used, err := store.InUse(t.Context(), path); used || err != nil {
		t.Errorf("in use after the end: %v, %v", used, err)
	}
	wantAtLeast := last
	if counts, err := store.Counts(t.Context(), path); err != nil || counts["item"] < wantAtLeast {
		t.Errorf("after it all: %v, %v", counts, err)
	}
}

func TestCopyNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.db")
	open(t, path, items())
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(to, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := store.Copy(t.Context(), path, to); err == nil {
		t.Error("copied")
	}
	if content, err := os.ReadFile(to); err != nil || string(content) != "precious" {
		t.Errorf("the file has %q, %v", content, err)
	}
}

func TestCountsFindDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.db")
	db := open(t, path, items())
	for n := range 200 {
		if err := db.Update(t.Context(), insert(fmt.Sprintf("%0200d", n))); err != nil {
			t.Fatal(err)
		}
	}
	closeDB(t, db)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[len(content)-4096:], make([]byte, 4096))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if counts, err := store.Counts(t.Context(), path); err == nil {
		t.Errorf("counted %v in a damaged file", counts)
	}
}

func TestALostDatabaseIsNotStartedEmpty(t *testing.T) {
	lose := map[string]func(path string) error{
		"removed": os.Remove,
		"emptied": func(path string) error { return os.Truncate(path, 0) },
	}
	for name, lose := range lose {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "items.db")
			closeDB(t, open(t, path, items()))
			closeDB(t, open(t, path, items()))
			if err := lose(path); err != nil {
				t.Fatal(err)
			}
			_, err := store.Open(t.Context(), store.Options{Path: path, Migrations: items()})
			if err == nil {
				t.Fatal("opened")
			}
			for _, part := range []string{path, "gone", "backup", path + ".marker"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q lacks %q", err, part)
				}
			}
			// The words say how to start empty all the same.
			if err := os.Remove(path + ".marker"); err != nil {
				t.Fatal(err)
			}
			closeDB(t, open(t, path, items()))
		})
	}
}
