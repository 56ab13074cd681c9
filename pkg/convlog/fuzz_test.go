package convlog_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

// FuzzWindow reads pages with any cursors and limits, and holds each to a plain
// list of the messages: in order, without a hole, and right about what lies beyond.
func FuzzWindow(f *testing.F) {
	db, err := store.Open(f.Context(), store.Options{Path: f.TempDir() + "/log.db", Migrations: []store.Migrations{convlog.Schema}})
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	var ids []int64
	err = db.Update(f.Context(), func(tx *store.Tx) error {
		if err := convlog.Create(tx, room); err != nil {
			return err
		}
		for i := range 40 {
			m, _, err := convlog.Append(tx, room, "ann", fmt.Sprint(i), "", noon)
			if err != nil {
				return err
			}
			if i%5 == 2 {
				_, err = convlog.Delete(tx, room, m.ID, noon)
			} else {
				ids = append(ids, m.ID)
			}
			if err == nil && i%4 == 1 && i%5 != 2 {
				_, err = convlog.Edit(tx, room, m.ID, "edited", noon)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][4]int64{{0, 0, 0, 0}, {1, 0, 0, 5}, {0, 1 << 62, 0, -1}, {0, 0, 20, 7}, {5, 5, 0, 1}, {-1, 0, 0, 1}, {0, 0, 1, 1}, {0, 0, 1 << 62, 600}} {
		f.Add(seed[0], seed[1], seed[2], int(seed[3]))
	}
	f.Fuzz(func(t *testing.T, before, after, around int64, limit int) {
		var page convlog.Page
		err := db.View(context.Background(), func(tx *store.Tx) (err error) {
			page, err = convlog.Read(tx, room, convlog.Window{Before: before, After: after, Around: around, Limit: limit})
			return err
		})
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("before %d, after %d, around %d: %v", before, after, around, err)
			}
			return
		}
		var got []int64
		for _, m := range page.Messages {
			got = append(got, m.ID)
		}
		if len(got) == 0 {
			if before == 0 && after == 0 && around == 0 {
				t.Fatal("the newest page is empty")
			}
			return
		}
		first := slices.Index(ids, got[0])
		if first < 0 || first+len(got) > len(ids) || !slices.Equal(ids[first:first+len(got)], got) {
			t.Fatalf("%v is no run of %v", got, ids)
		}
		if page.MoreBefore != (first > 0) || page.MoreAfter != (first+len(got) < len(ids)) {
			t.Fatalf("%v of %v: more before %v, after %v", got, ids, page.MoreBefore, page.MoreAfter)
		}
		if before > 0 && got[len(got)-1] >= before || after > 0 && got[0] <= after || len(got) > 500 {
			t.Fatalf("before %d, after %d: %v", before, after, got)
		}
	})
}
