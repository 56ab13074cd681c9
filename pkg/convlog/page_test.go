package convlog_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

func TestRead(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		for i := range 10 {
			add(t, tx, fmt.Sprint(i))
		}
		for _, id := range []int64{1, 5, 10} { // at both edges and in the middle
			if _, err := convlog.Delete(tx, room, id, noon); err != nil {
				t.Error(err)
			}
		}
		// Left: 2 3 4 6 7 8 9.
		type w = convlog.Window
		cases := []struct {
			name          string
			w             w
			want          string
			before, after bool
		}{
			{"newest", w{Limit: 3}, "7 8 9", true, false},
			{"newest, all", w{}, "2 3 4 6 7 8 9", false, false},
			{"newest, exactly all", w{Limit: 7}, "2 3 4 6 7 8 9", false, false},
			{"newest, one short", w{Limit: 6}, "3 4 6 7 8 9", true, false},
			{"before", w{Before: 7, Limit: 2}, "4 6", true, true},
			{"before a deleted one", w{Before: 5, Limit: 2}, "3 4", true, true},
			{"before, up to the first", w{Before: 4, Limit: 2}, "2 3", false, true},
			{"before the first", w{Before: 2, Limit: 2}, "", false, true},
			{"before the deleted last", w{Before: 10, Limit: 2}, "8 9", true, false},
			{"before far beyond", w{Before: math.MaxInt64, Limit: 2}, "8 9", true, false},
			{"after", w{After: 3, Limit: 2}, "4 6", true, true},
			{"after a deleted one", w{After: 5, Limit: 2}, "6 7", true, true},
			{"after the deleted first", w{After: 1, Limit: 2}, "2 3", false, true},
			{"after, up to the last", w{After: 7, Limit: 2}, "8 9", true, false},
			{"after the last", w{After: 9, Limit: 2}, "", true, false},
			{"after far beyond", w{After: math.MaxInt64, Limit: 2}, "", true, false},
			{"around", w{Around: 6, Limit: 4}, "3 4 6 7", true, true},
			{"around, odd", w{Around: 6, Limit: 3}, "4 6 7", true, true},
			{"around, one", w{Around: 6, Limit: 1}, "6", true, true},
			{"around a deleted one", w{Around: 5, Limit: 4}, "3 4 6 7", true, true},
			{"around the first", w{Around: 2, Limit: 4}, "2 3", false, true},
			{"around the last", w{Around: 9, Limit: 4}, "7 8 9", true, false},
			{"around, all", w{Around: 6, Limit: 100}, "2 3 4 6 7 8 9", false, false},
			{"limit below one", w{Limit: -5}, "9", true, false},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				p, err := convlog.Read(tx, room, c.w)
				if err != nil {
					t.Error(err)
				}
				if got := ids(p.Messages); got != c.want || p.MoreBefore != c.before || p.MoreAfter != c.after {
					t.Errorf("got %q, more before %t, after %t; want %q, %t, %t",
						got, p.MoreBefore, p.MoreAfter, c.want, c.before, c.after)
				}
				if p.Messages == nil {
					t.Error("Messages is nil")
				}
				if p.Seq != 13 {
					t.Errorf("Seq is %d, want 13", p.Seq)
				}
			})
		}
		refused := []struct {
			name string
			w    w
			want string
		}{
			{"two cursors", w{Before: 3, After: 1}, "Only one of before, after and around may be given."},
			{"three cursors", w{Before: 3, After: 1, Around: 2}, "Only one of before, after and around may be given."},
			{"negative before", w{Before: -1}, "A message number can't be negative."},
			{"negative around beside a good one", w{Before: 3, Around: -1}, "A message number can't be negative."},
		}
		for _, c := range refused {
			t.Run(c.name, func(t *testing.T) {
				_, err := convlog.Read(tx, room, c.w)
				wantFault(t, err, fault.Invalid, c.want)
			})
		}
	})
}

func TestReadBounds(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		for range 502 {
			add(t, tx, "x")
		}
		for limit, want := range map[int]int{0: 100, 500: 500, 501: 500, math.MaxInt: 500} {
			p := must[convlog.Page](t)(convlog.Read(tx, room, convlog.Window{Limit: limit}))
			if len(p.Messages) != want || !p.MoreBefore {
				t.Errorf("limit %d: %d messages, want %d", limit, len(p.Messages), want)
			}
		}
	})
}

func TestChanges(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		for i := range 4 { // 1 to 4
			add(t, tx, fmt.Sprint(i))
		}
		for _, err := range []error{
			edit(tx, 1, "a"), // 5
			edit(tx, 1, "b"), // 6
			del(tx, 2),       // 7
			edit(tx, 3, "c"), // 8
			del(tx, 3),       // 9
		} {
			if err != nil {
				t.Error(err)
			}
		}
		cases := []struct {
			name  string
			after int64
			limit int
			want  string
			reset bool
		}{
			{"from the start", 0, 0, "4 1 2x 3x", false},
			{"edits of one message collapse", 4, 0, "1 2x 3x", false},
			{"between two edits", 5, 0, "1 2x 3x", false},
			{"edit and delete collapse", 7, 0, "3x", false},
			{"nothing new", 9, 0, "", false},
			{"exactly the limit", 4, 3, "1 2x 3x", false},
			{"over the limit", 4, 2, "", true},
			{"a number still to come", 10, 0, "", true},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				d, err := convlog.Changes(tx, room, c.after, c.limit)
				if err != nil {
					t.Error(err)
				}
				if got := ids(d.Messages); got != c.want || d.Reset != c.reset || d.Seq != 9 || d.Messages == nil {
					t.Errorf("got %q, reset %t at %d; want %q, %t at 9", got, d.Reset, d.Seq, c.want, c.reset)
				}
			})
		}
		d := must[convlog.Delta](t)(convlog.Changes(tx, room, 5, 0))
		if len(d.Messages) != 3 || d.Messages[0].Content != "b" || d.Messages[0].Seq != 6 || d.Messages[1].Content != "" {
			t.Errorf("not in their present state: %+v", d.Messages)
		}
		_, err := convlog.Changes(tx, room, -1, 0)
		wantFault(t, err, fault.Invalid, "A message number can't be negative.")
	})
}

func edit(tx *store.Tx, id int64, content string) error {
	_, err := convlog.Edit(tx, room, id, content, noon)
	return err
}

func del(tx *store.Tx, id int64) error {
	_, err := convlog.Delete(tx, room, id, noon)
	return err
}

// What a client held, together with the changes since, is what it would fetch
// anew; and every page is a run of the whole, with the truth about its ends.
func TestRandomHistoryConverges(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		rnd := rand.New(rand.NewPCG(7, 11))
		whole := func() ([]convlog.Message, int64) {
			p := must[convlog.Page](t)(convlog.Read(tx, room, convlog.Window{Limit: 500}))
			return p.Messages, p.Seq
		}
		held, heldSeq := whole()
		var changes, last int64
		for step := range 300 {
			now := noon.Add(time.Duration(rnd.IntN(60)) * time.Second)
			var m convlog.Message
			var err error
			if id := rnd.Int64N(last + 1); id == 0 || rnd.IntN(2) == 0 {
				m, _, err = convlog.Append(tx, room, "ann", fmt.Sprint(step), "", now)
				last = m.ID
			} else if rnd.IntN(2) == 0 {
				m, err = convlog.Edit(tx, room, id, fmt.Sprint(step), now)
			} else {
				m, err = convlog.Delete(tx, room, id, now)
			}
			switch {
			case err == nil:
				if changes++; m.Seq != changes {
					t.Fatalf("change %d has number %d", changes, m.Seq)
				}
			case !fault.Is(err, fault.NotFound):
				t.Fatal(err)
			}
			if step%7 != 0 {
				continue
			}

			d := must[convlog.Delta](t)(convlog.Changes(tx, room, heldSeq, 500))
			present := map[int64]convlog.Message{}
			for _, m := range append(held, d.Messages...) {
				present[m.ID] = m
			}
			want, seq := whole()
			live := 0
			for _, m := range present {
				if !m.Deleted {
					live++
				}
			}
			for _, m := range want {
				if !reflect.DeepEqual(present[m.ID], m) {
					t.Fatalf("step %d: holds %+v, want %+v", step, present[m.ID], m)
				}
			}
			if live != len(want) || d.Seq != seq {
				t.Fatalf("step %d: holds %d at %d, want %d at %d", step, live, d.Seq, len(want), seq)
			}
			held, heldSeq = want, seq
			checkPages(t, tx, want, 1+rnd.Int64N(seq+1), 1+rnd.IntN(8))
		}
	})
}

func checkPages(t *testing.T, tx *store.Tx, whole []convlog.Message, cursor int64, limit int) {
	t.Helper()
	below := 0 // how many lie below the cursor
	for below < len(whole) && whole[below].ID < cursor {
		below++
	}
	upTo := below // how many lie at or below it
	if upTo < len(whole) && whole[upTo].ID == cursor {
		upTo++
	}
	n := len(whole)
	for _, c := range []struct {
		w        convlog.Window
		from, to int
	}{
		{convlog.Window{Limit: limit}, max(0, n-limit), n},
		{convlog.Window{Before: cursor, Limit: limit}, max(0, below-limit), below},
		{convlog.Window{After: cursor, Limit: limit}, upTo, min(n, upTo+limit)},
		{convlog.Window{Around: cursor, Limit: limit}, max(0, below-limit/2), min(n, below+limit-limit/2)},
	} {
		p := must[convlog.Page](t)(convlog.Read(tx, room, c.w))
		if got, want := ids(p.Messages), ids(whole[c.from:c.to]); got != want || p.MoreBefore != (c.from > 0) || p.MoreAfter != (c.to < n) {
			t.Fatalf("%+v: got %q, %t, %t; want %q, %t, %t", c.w, got, p.MoreBefore, p.MoreAfter, want, c.from > 0, c.to < n)
		}
	}
}
