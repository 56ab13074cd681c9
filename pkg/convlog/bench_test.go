package convlog_test

import (
	"context"
	"fmt"
	"testing"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/store"
)

func fill(b *testing.B, db *store.DB, n int) {
	b.Helper()
	for done := 0; done < n; {
		err := db.Update(context.Background(), func(tx *store.Tx) error {
			if err := convlog.Create(tx, room); err != nil {
				return err
			}
			for range min(10_000, n-done) {
				add(b, tx, "a message of ordinary length, as people write them all day long")
				done++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			db := openStore(b)
			fill(b, db, 1)
			before := db.Stats()
			b.ReportAllocs()
			b.ResetTimer()
			errs := make(chan error, callers)
			for c := range callers {
				go func() {
					var err error
					for i := c; i < b.N && err == nil; i += callers {
						err = db.Update(context.Background(), func(tx *store.Tx) error {
							_, _, err := convlog.Append(tx, room, "ann", "a message of ordinary length, as people write them all day long",
								fmt.Sprint("nonce-", i), noon)
							return err
						})
					}
					errs <- err
				}()
			}
			for range callers {
				if err := <-errs; err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			after := db.Stats()
			b.ReportMetric(float64(after.Functions-before.Functions)/float64(after.Commits-before.Commits), "appends/commit")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
		})
	}
}

func BenchmarkReadMiddle(b *testing.B) {
	const total = 100_000
	db := openStore(b)
	fill(b, db, total)
	for _, limit := range []int{50, 100} {
		for name, w := range map[string]convlog.Window{
			"before": {Before: total / 2, Limit: limit}, "around": {Around: total / 2, Limit: limit},
		} {
			b.Run(fmt.Sprintf("%s/limit=%d", name, limit), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					err := db.View(b.Context(), func(tx *store.Tx) error {
						p, err := convlog.Read(tx, room, w)
						if err == nil && len(p.Messages) != limit {
							return fmt.Errorf("%d messages", len(p.Messages))
						}
						return err
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
