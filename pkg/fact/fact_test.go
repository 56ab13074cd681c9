package fact_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"decentra.local/pkg/fact"
	"decentra.local/pkg/store"
)

var noon = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

func openStore(t testing.TB, sets ...store.Migrations) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{Path: filepath.Join(t.TempDir(), "facts.db"), Migrations: sets})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return db
}

func closeStore(t testing.TB, db *store.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func appendFacts(t testing.TB, db *store.DB, n int) (last int64) {
	t.Helper()
	err := db.Update(context.Background(), func(tx *store.Tx) (err error) {
		for i := range n {
			if last, err = fact.Append(tx, "made", map[string]int{"i": i}, noon); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return last
}

func list(db *store.DB, after int64, limit int) (facts []fact.Fact, err error) {
	err = db.View(context.Background(), func(tx *store.Tx) (err error) {
		facts, err = fact.List(tx, after, limit)
		return err
	})
	return facts, err
}

func TestListOfTheOutbox(t *testing.T) {
	db := openStore(t, fact.OutboxSchema)
	defer closeStore(t, db)
	if facts, err := list(db, 0, 0); err != nil || facts == nil || len(facts) != 0 {
		t.Fatalf("empty outbox: %v, %v", facts, err)
	}
	if last := appendFacts(t, db, 510); last != 510 {
		t.Fatalf("last number is %d, want 510", last)
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := fact.Append(tx, "undone", nil, noon); err != nil {
			return err
		}
		return fmt.Errorf("changed my mind")
	})
	if err == nil {
		t.Fatal("no error")
	}
	cases := []struct {
		name        string
		after       int64
		limit       int
		first, size int
	}{
		{"default limit", 0, 0, 1, 100},
		{"largest limit", 0, 1000, 1, 500},
		{"smallest limit", 0, -1, 1, 1},
		{"in the middle", 7, 3, 8, 3},
		{"end", 505, 100, 506, 5},
		{"beyond the end", 510, 100, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			facts, err := list(db, c.after, c.limit)
			if err != nil || len(facts) != c.size {
				t.Fatalf("%d facts, %v, want %d", len(facts), err, c.size)
			}
			for i, f := range facts {
				n := int64(c.first + i)
				if f.Number != n || f.Kind != "made" || string(f.Data) != fmt.Sprintf(`{"i":%d}`, n-1) {
					t.Fatalf("fact %d is %d %s %s", n, f.Number, f.Kind, f.Data)
				}
			}
		})
	}
}

func TestAppendRefusesWhatIsNoJSON(t *testing.T) {
	db := openStore(t, fact.OutboxSchema)
	defer closeStore(t, db)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := fact.Append(tx, "made", make(chan int), noon)
		return err
	})
	if err == nil {
		t.Fatal("no error")
	}
}
