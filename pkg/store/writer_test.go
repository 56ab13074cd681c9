package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

func TestUpdateUndoesAFailedFunctionAlone(t *testing.T) {
	wrong := errors.New("wrong")
	cases := []struct {
		name string
		fn   func(tx *store.Tx) error
		want func(err error) bool
	}{
		{"error", func(tx *store.Tx) error {
			if err := insert("lost")(tx); err != nil {
				return err
			}
			return wrong
		}, func(err error) bool { return errors.Is(err, wrong) }},
		{"panic", func(tx *store.Tx) error {
			if err := insert("lost")(tx); err != nil {
				return err
			}
			panic("oh no")
		}, func(err error) bool {
			return fault.Is(err, fault.Internal) && strings.Contains(err.Error(), "oh no")
		}},
		{"unique", func(tx *store.Tx) error {
			if err := insert("lost")(tx); err != nil {
				return err
			}
			return insert("first")(tx)
		}, store.IsUnique},
		{"foreign key", func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO item (name, owner) VALUES ('lost', 99)`)
			return err
		}, isForeignKey},
		{"rows left open", func(tx *store.Tx) error {
			if err := insert("lost")(tx); err != nil {
				return err
			}
			rows, err := tx.Query(`SELECT name FROM item`)
			if err != nil {
				return err
			}
			rows.Next()
			return wrong
		}, func(err error) bool { return errors.Is(err, wrong) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			db := openItems(t)
			release := hold(t, db)
			var wg sync.WaitGroup
			var errs [3]error
			for i, fn := range []func(*store.Tx) error{insert("first"), c.fn, insert("last")} {
				wg.Go(func() { errs[i] = db.Update(context.Background(), fn) })
				eventually(t, "queued", func() bool { return db.Stats().Queue == i+1 })
			}
			before := db.Stats()
			release()
			wg.Wait()
			if errs[0] != nil || errs[2] != nil {
				t.Fatalf("the others got %v and %v", errs[0], errs[2])
			}
			if !c.want(errs[1]) {
				t.Fatalf("got %v", errs[1])
			}
			after := db.Stats()
			if commits, fns := after.Commits-before.Commits, after.Functions-before.Functions; commits != 2 || fns != 4 {
				t.Fatalf("%d commits of %d functions, want 2 of 4", commits, fns)
			}
			wantNames(t, db, "first", "last")
		})
	}
}

func TestAfterCommitRunsInCommitOrderBeforeTheAnswer(t *testing.T) {
	db := openItems(t)
	var mu sync.Mutex
	var committed []int64
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				var told atomic.Bool
				err := db.Update(context.Background(), func(tx *store.Tx) error {
					var id int64
					err := tx.QueryRow(`INSERT INTO item (name) VALUES ($1) RETURNING id`, fmt.Sprint(g, "/", i)).Scan(&id)
					if err != nil {
						return err
					}
					tx.AfterCommit(func() {
						mu.Lock()
						committed = append(committed, id)
						mu.Unlock()
					})
					tx.AfterCommit(func() { panic("contained") })
					tx.AfterCommit(func() { told.Store(true) })
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				if !told.Load() {
					t.Error("answered before its callbacks had run")
				}
			}
		})
	}
	wg.Wait()
	if len(committed) != 160 {
		t.Fatalf("%d callbacks, want 160", len(committed))
	}
	for i, id := range committed {
		if id != int64(i+1) {
			t.Fatalf("callback %d is of row %d", i+1, id)
		}
	}
	t.Run("not of a failed function", func(t *testing.T) {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			tx.AfterCommit(func() { t.Error("called") })
			return errors.New("failed")
		})
		if err == nil {
			t.Fatal("no error")
		}
	})
}

// A file that may not grow stands for a full disk: SQLite gives the same error.
func TestFullDiskFailsTheBatchAndTheWriterGoesOn(t *testing.T) {
	for name, swallow := range map[string]bool{"error returned": false, "error ignored": true} {
		t.Run(name, func(t *testing.T) {
			db := openItems(t)
			limit := func(pages int) {
				t.Helper()
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					var n int
					return tx.QueryRow(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)).Scan(&n)
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			limit(1) // becomes the present size
			release := hold(t, db)
			var wg sync.WaitGroup
			var errs [2]error
			fns := []func(tx *store.Tx) error{
				func(tx *store.Tx) error {
					tx.AfterCommit(func() { t.Error("callback of a transaction that was not stored") })
					return insert("small")(tx)
				},
				func(tx *store.Tx) error {
					err := insert(strings.Repeat("large", 100_000))(tx)
					if !swallow {
						return err
					}
					if err := insert("outside of the transaction")(tx); err == nil {
						t.Error("a statement ran after the transaction was lost")
					}
					var n int
					if err := tx.QueryRow(`SELECT 1`).Scan(&n); err == nil {
						t.Error("a query ran after the transaction was lost")
					}
					return nil
				},
			}
			for i, fn := range fns {
				wg.Go(func() { errs[i] = db.Update(context.Background(), fn) })
				eventually(t, "queued", func() bool { return db.Stats().Queue == i+1 })
			}
			release()
			wg.Wait()
			for i, err := range errs {
				f := fault.Of(err)
				if f == nil || f.Code != fault.Unavailable || f.Message != "The server could not store this. Please try again." {
					t.Errorf("caller %d got %v", i, err)
				}
			}
			wantNames(t, db)
			limit(1 << 20)
			if err := db.Update(t.Context(), insert(strings.Repeat("large", 100_000))); err != nil {
				t.Fatalf("after the disk has room again: %v", err)
			}
			if got := len(names(t, db)); got != 1 {
				t.Fatalf("%d rows, want 1", got)
			}
		})
	}
}

func TestFailingCommitReachesEverybodyInTheBatch(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"), []store.Migrations{{Name: "x", Files: files(map[string]string{
		"00001_x.sql": "-- +goose Up\nCREATE TABLE x (id INTEGER PRIMARY KEY, up INTEGER REFERENCES x (id) DEFERRABLE INITIALLY DEFERRED);\n",
	})}})
	release := hold(t, db)
	var wg sync.WaitGroup
	var errs [2]error
	for i, up := range []any{nil, 99} { // a deferred constraint is looked at by COMMIT
		wg.Go(func() {
			errs[i] = db.Update(context.Background(), func(tx *store.Tx) error {
				tx.AfterCommit(func() { t.Error("callback of a failed commit") })
				_, err := tx.Exec(`INSERT INTO x (up) VALUES ($1)`, up)
				return err
			})
		})
		eventually(t, "queued", func() bool { return db.Stats().Queue == i+1 })
	}
	release()
	wg.Wait()
	for i, err := range errs {
		if !isForeignKey(err) {
			t.Errorf("caller %d got %v", i, err)
		}
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM x`).Scan(&n); err != nil {
			return err
		}
		if n != 0 {
			t.Errorf("%d rows were stored", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isForeignKey(err error) bool {
	return err != nil && strings.Contains(err.Error(), "FOREIGN KEY constraint failed")
}

func TestUpdateAndItsContext(t *testing.T) {
	t.Run("ends while waiting: not run", func(t *testing.T) {
		db := openItems(t)
		release := hold(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error, 1)
		go func() { got <- db.Update(ctx, insert("a")) }()
		eventually(t, "queued", func() bool { return db.Stats().Queue == 1 })
		cancel()
		if err := <-got; !errors.Is(err, context.Canceled) || !fault.Is(err, fault.Unavailable) {
			t.Fatalf("got %v", err)
		}
		release()
		wantNames(t, db)
	})
	t.Run("ends while running: the real result", func(t *testing.T) {
		db := openItems(t)
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Update(ctx, func(tx *store.Tx) error {
			cancel()
			return insert("a")(tx)
		})
		if err != nil {
			t.Fatal(err)
		}
		wantNames(t, db, "a")
	})
	t.Run("queue full: blocks until the context ends", func(t *testing.T) {
		db := openItems(t)
		release := hold(t, db)
		var wg sync.WaitGroup
		for range 1024 {
			wg.Go(func() {
				if err := db.Update(context.Background(), func(*store.Tx) error { return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		eventually(t, "full", func() bool { return db.Stats().Queue == 1024 })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if err := db.Update(ctx, insert("a")); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		release()
		wg.Wait()
		wantNames(t, db)
	})
}
