package store_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

const itemTable = `-- +goose Up
CREATE TABLE item (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    name  TEXT NOT NULL UNIQUE,
    owner INTEGER REFERENCES item (id)
);
`

func files(named map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, text := range named {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func items() []store.Migrations {
	return []store.Migrations{{Name: "item", Files: files(map[string]string{"00001_item.sql": itemTable})}}
}

func open(t testing.TB, path string, m []store.Migrations) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path, Migrations: m})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func openItems(t testing.TB) *store.DB {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "items.db"), items())
}

func insert(name string) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO item (name) VALUES ($1)`, name)
		return err
	}
}

func names(t testing.TB, db *store.DB) []string {
	t.Helper()
	var list []string
	err := db.View(context.Background(), func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT name FROM item ORDER BY id`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			list = append(list, s)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("read names: %v", err)
	}
	return list
}

func wantNames(t testing.TB, db *store.DB, want ...string) {
	t.Helper()
	if got := names(t, db); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("names are %q, want %q", got, want)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// hold keeps the writer inside a function until the returned release is called.
func hold(t testing.TB, db *store.DB) (release func()) {
	t.Helper()
	inside, gate, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Update(context.Background(), func(*store.Tx) error {
			close(inside)
			<-gate
			return nil
		})
	}()
	<-inside
	return func() {
		close(gate)
		if err := <-done; err != nil {
			t.Errorf("the holding function: %v", err)
		}
	}
}

func TestEveryConnectionHasTheSettings(t *testing.T) {
	db := openItems(t)
	common := map[string]string{
		"busy_timeout":       "5000",
		"foreign_keys":       "1",
		"journal_mode":       "wal",
		"journal_size_limit": "16777216",
		"secure_delete":      "2",
		"synchronous":        "2",
		"temp_store":         "2",
		"trusted_schema":     "0",
		"wal_autocheckpoint": "1000",
	}
	check := func(tx *store.Tx, own map[string]string) error {
		for _, set := range []map[string]string{common, own} {
			for pragma, want := range set {
				var got string
				if err := tx.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil {
					return fmt.Errorf("%s: %w", pragma, err)
				}
				if got != want {
					return fmt.Errorf("%s is %s, want %s", pragma, got, want)
				}
			}
		}
		return nil
	}
	t.Run("writer", func(t *testing.T) {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			return check(tx, map[string]string{"cache_size": "-2048", "query_only": "0"})
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("readers", func(t *testing.T) {
		n := db.Stats().Readers
		if n < 2 || n > 8 {
			t.Fatalf("%d readers, want 2 to 8", n)
		}
		// All at once, so that each has a connection of its own.
		var all, met sync.WaitGroup
		met.Add(n)
		for range n {
			all.Go(func() {
				err := db.View(context.Background(), func(tx *store.Tx) error {
					met.Done()
					met.Wait()
					return check(tx, map[string]string{"cache_size": "-1024", "query_only": "1"})
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestFilesAreForTheUserOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "data")
	path := filepath.Join(dir, "odd name ?#%41.db")
	db := open(t, path, items())
	if err := db.Update(t.Context(), insert("a")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{dir: 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

func TestViewSeesOneStateAndCannotWrite(t *testing.T) {
	db := openItems(t)
	if err := db.Update(t.Context(), insert("a")); err != nil {
		t.Fatal(err)
	}
	err := db.View(t.Context(), func(tx *store.Tx) error {
		count := func() (n int) {
			if err := tx.QueryRow(`SELECT COUNT(*) FROM item`).Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
		before := count()
		if err := db.Update(t.Context(), insert("b")); err != nil {
			return err
		}
		if after := count(); before != 1 || after != 1 {
			t.Errorf("counted %d, then %d inside one View, want 1 twice", before, after)
		}
		if _, err := tx.Exec(`DELETE FROM item`); err == nil {
			t.Error("Exec works in a View")
		}
		var id int
		if err := tx.QueryRow(`INSERT INTO item (name) VALUES ('c') RETURNING id`).Scan(&id); err == nil {
			t.Error("INSERT … RETURNING works in a View")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNames(t, db, "a", "b")
}

func TestViewEndsWithItsContext(t *testing.T) {
	db := openItems(t)
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() {
		<-started
		cancel()
	}()
	err := db.View(ctx, func(tx *store.Tx) error {
		close(started)
		var n int64
		return tx.QueryRow(`WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c`).Scan(&n)
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	wantNames(t, db)
}

func TestCloseStoresWhatWaitsAndRefusesMore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "items.db")
	db := open(t, path, items())
	release := hold(t, db)
	got, closed := make(chan error, 1), make(chan error, 1)
	go func() { got <- db.Update(context.Background(), insert("waiting")) }()
	eventually(t, "queued", func() bool { return db.Stats().Queue == 1 })
	go func() { closed <- db.Close() }()
	eventually(t, "refused", func() bool {
		// Refused at the door or, if it got in first, dropped with its context.
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := db.Update(ctx, func(*store.Tx) error { return nil })
		return err != nil && !errors.Is(err, context.DeadlineExceeded) && fault.Is(err, fault.Unavailable)
	})
	release()
	if err := <-got; err != nil {
		t.Fatalf("the waiting one: %v", err)
	}
	if err := <-closed; err != nil {
		t.Fatalf("close: %v", err)
	}
	for name, call := range map[string]func(context.Context, func(*store.Tx) error) error{"view": db.View, "update": db.Update} {
		err := call(t.Context(), func(*store.Tx) error { t.Errorf("%s ran", name); return nil })
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the write-ahead log is still there: %v", err)
	}
	wantNames(t, open(t, path, items()), "waiting")
}

func TestTxIsUselessAfterItsFunction(t *testing.T) {
	db := openItems(t)
	var kept *store.Tx
	if err := db.Update(t.Context(), func(tx *store.Tx) error { kept = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := insert("late")(kept); err == nil {
		t.Fatal("a statement ran outside of its transaction")
	}
	wantNames(t, db)
}

func TestEachHasEveryRow(t *testing.T) {
	db := openItems(t)
	mistake := errors.New("mistake")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for _, name := range []string{"a", "b", "c"} {
			if err := insert(name)(tx); err != nil {
				return err
			}
		}
		for range 2 { // the second time prepared already
			var got [][]driver.Value
			err := tx.Each(func(row []driver.Value) error {
				got = append(got, slices.Clone(row))
				return nil
			}, `SELECT id, name, owner, 0.5, x'00' FROM item WHERE id >= $1 AND name <> $2 ORDER BY id`, int64(2), "x")
			want := [][]driver.Value{{int64(2), "b", nil, 0.5, []byte{0}}, {int64(3), "c", nil, 0.5, []byte{0}}}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v and %v, want %v", got, err, want)
			}
		}
		rows := 0
		if err := tx.Each(func([]driver.Value) error { rows++; return mistake }, `SELECT id FROM item`); err != mistake || rows != 1 {
			t.Errorf("after %d rows the error was %v, want the function's after one", rows, err)
		}
		return tx.Each(func([]driver.Value) error { return nil }, `INSERT INTO item (name) VALUES ($1) RETURNING id`, "d")
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNames(t, db, "a", "b", "c", "d")
}

func TestEachIsUndoneAloneWhenItPanics(t *testing.T) {
	db := openItems(t)
	release := hold(t, db) // so that both are in one transaction
	calls := make(chan error, 2)
	for i := range 2 {
		go func() {
			calls <- db.Update(context.Background(), func(tx *store.Tx) error {
				if err := insert(fmt.Sprint(i))(tx); err != nil || i == 0 {
					return err
				}
				return tx.Each(func([]driver.Value) error { panic("mistake") }, `SELECT id FROM item`)
			})
		}()
	}
	eventually(t, "both wait", func() bool { return db.Stats().Queue == 2 })
	release()
	if first, second := <-calls, <-calls; (first == nil) == (second == nil) {
		t.Errorf("got %v and %v, want one error", first, second)
	}
	wantNames(t, db, "0")
	if commits := db.Stats().Commits; commits != 2 {
		t.Errorf("there were %d commits, want that of the holder and one", commits)
	}
	rows := 0
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.Each(func([]driver.Value) error { rows++; return nil }, `SELECT id FROM item`)
	})
	if err != nil || rows != 1 {
		t.Errorf("afterwards there were %d rows and %v, want 1", rows, err)
	}
}

func TestEachEndsWithItsContext(t *testing.T) {
	db := openItems(t)
	ctx, cancel := context.WithCancel(t.Context())
	var kept *store.Tx
	err := db.View(ctx, func(tx *store.Tx) error {
		kept = tx
		return tx.Each(func(row []driver.Value) error {
			if row[0] == int64(5) {
				cancel()
			}
			return nil
		}, `WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c`)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if err := kept.Each(func([]driver.Value) error { return nil }, `SELECT 1`); err == nil {
		t.Error("a statement ran outside of its transaction")
	}
	err = db.View(t.Context(), func(tx *store.Tx) error {
		return tx.Each(func([]driver.Value) error { return nil }, `INSERT INTO item (name) VALUES ('c') RETURNING id`)
	})
	if err == nil {
		t.Error("INSERT … RETURNING works in a View")
	}
	wantNames(t, db)
}

func TestManyQueryTextsDoNotPileUp(t *testing.T) {
	db := openItems(t)
	for i := range 3 {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			for j := range 300 {
				var got int
				text := fmt.Sprintf(`SELECT %d`, i*1000+j)
				if err := tx.QueryRow(text).Scan(&got); err != nil {
					return err
				}
				if err := tx.Each(func([]driver.Value) error { return nil }, text); err != nil {
					return err
				}
			}
			return insert(fmt.Sprint(i))(tx)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wantNames(t, db, "0", "1", "2")
}

func TestOpenIsFast(t *testing.T) {
	// The bound leaves room for the race detector and a busy machine; what it
	// is to catch is a second of waiting for a lock.
	start := time.Now()
	openItems(t)
	if took := time.Since(start); took > 900*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

func BenchmarkOpenNew(b *testing.B) {
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		db, err := store.Open(b.Context(), store.Options{
			Path: filepath.Join(dir, fmt.Sprint(i, ".db")), Migrations: items(), Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		db.Close()
		b.StartTimer()
	}
}
