package convlog_test

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

const room = "server/channel"

var noon = time.Date(2025, 3, 1, 12, 0, 0, 123_456_000, time.UTC)

func openStore(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{
		Path:       filepath.Join(t.TempDir(), "log.db"),
		Migrations: []store.Migrations{convlog.Schema},
	})
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

// inTx runs fn in one transaction of a database with an empty conversation. It
// lends the transaction to the test's goroutine, which may then end with Fatal.
func inTx(t *testing.T, fn func(t *testing.T, tx *store.Tx)) {
	t.Helper()
	db := openStore(t)
	lent, back, stored := make(chan *store.Tx), make(chan struct{}), make(chan error, 1)
	go func() {
		stored <- db.Update(context.Background(), func(tx *store.Tx) error {
			err := convlog.Create(tx, room)
			lent <- tx
			<-back
			return err
		})
	}()
	defer func() {
		close(back)
		if err := <-stored; err != nil {
			t.Error(err)
		}
	}()
	fn(t, <-lent)
}

func add(t testing.TB, tx *store.Tx, content string) convlog.Message {
	t.Helper()
	m, repeated, err := convlog.Append(tx, room, "ann", content, "", noon)
	if err != nil || repeated {
		t.Errorf("append %q: repeated %t, %v", content, repeated, err)
	}
	return m
}

func wantFault(t testing.TB, err error, code fault.Code, message string) {
	t.Helper()
	if f := fault.Of(err); f == nil || f.Code != code || f.Message != message {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		return v
	}
}

func ids(messages []convlog.Message) string {
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "%d", m.ID)
		if m.Deleted {
			b.WriteByte('x')
		}
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

func TestAppend(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		got, repeated, err := convlog.Append(tx, room, "ann", "hello", "n1", noon)
		want := convlog.Message{ID: 1, Seq: 1, Author: "ann", Content: "hello", Nonce: "n1", Created: noon}
		if err != nil || repeated {
			t.Errorf("repeated %t, %v", repeated, err)
		}
		same(t, "appended", got, want)
		same(t, "read back", must[convlog.Message](t)(convlog.Get(tx, room, 1)), want)

		if err := convlog.Create(tx, room); err != nil {
			t.Error(err)
		}
		if m := add(t, tx, "next"); m.ID != 2 {
			t.Errorf("creating it again lost the numbering: ID %d", m.ID)
		}

		_, _, err = convlog.Append(tx, "nowhere", "ann", "hello", "n1", noon)
		wantFault(t, err, fault.NotFound, "There is no such conversation.")
	})
}

func TestAppendedAgainByNonce(t *testing.T) {
	const other = "another"
	cases := []struct {
		name                               string
		conversation, author, nonce, again string
		want                               bool
	}{
		{"same author, conversation and nonce", room, "ann", "n1", "n1", true},
		{"another author", room, "bob", "n1", "n1", false},
		{"another conversation", other, "ann", "n1", "n1", false},
		{"another nonce", room, "ann", "n1", "n2", false},
		{"no nonce", room, "ann", "", "", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inTx(t, func(t *testing.T, tx *store.Tx) {
				if err := convlog.Create(tx, other); err != nil {
					t.Error(err)
				}
				first, _, err := convlog.Append(tx, room, "ann", "first", c.nonce, noon)
				if err != nil {
					t.Error(err)
				}
				second, repeated, err := convlog.Append(tx, c.conversation, c.author, "second", c.again, noon.Add(time.Second))
				if err != nil || repeated != c.want {
					t.Errorf("repeated %t, %v", repeated, err)
				}
				if c.want {
					same(t, "the message already there", second, first)
				}
				wantSeq := int64(2)
				if c.want || c.conversation == other {
					wantSeq = 1
				}
				if p := must[convlog.Page](t)(convlog.Read(tx, c.conversation, convlog.Window{})); p.Seq != wantSeq {
					t.Errorf("the conversation is at %d, want %d", p.Seq, wantSeq)
				}
			})
		})
	}
	t.Run("edited, then deleted meanwhile", func(t *testing.T) {
		inTx(t, func(t *testing.T, tx *store.Tx) {
			again := func() convlog.Message {
				m, repeated, err := convlog.Append(tx, room, "ann", "first", "n1", noon)
				if err != nil || !repeated {
					t.Errorf("repeated %t, %v", repeated, err)
				}
				return m
			}
			if _, _, err := convlog.Append(tx, room, "ann", "first", "n1", noon); err != nil {
				t.Error(err)
			}
			edited := must[convlog.Message](t)(convlog.Edit(tx, room, 1, "better", noon))
			same(t, "after the edit", again(), edited)
			deleted := must[convlog.Message](t)(convlog.Delete(tx, room, 1, noon))
			same(t, "after the delete", again(), deleted)
			if m := add(t, tx, "next"); m.ID != 4 {
				t.Errorf("next ID is %d, want 4", m.ID)
			}
		})
	})
}

func TestTimesOfAClockThatIsSetBack(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		steps := []struct {
			name string
			do   func(now time.Time) (time.Time, error)
			now  time.Time
			want time.Time
		}{
			{"append", func(now time.Time) (time.Time, error) {
				m, _, err := convlog.Append(tx, room, "ann", "a", "", now)
				return m.Created, err
			}, noon, noon},
			{"append with the clock set back a little", func(now time.Time) (time.Time, error) {
				m, _, err := convlog.Append(tx, room, "ann", "b", "", now)
				return m.Created, err
			}, noon.Add(-time.Minute), noon},
			{"edit later", func(now time.Time) (time.Time, error) {
				m, err := convlog.Edit(tx, room, 1, "c", now)
				return m.Edited, err
			}, noon.Add(time.Minute), noon.Add(time.Minute)},
			{"edit with the clock set back a little", func(now time.Time) (time.Time, error) {
				m, err := convlog.Edit(tx, room, 2, "d", now)
				return m.Edited, err
			}, noon, noon.Add(time.Minute)},
			{"append after the edit", func(now time.Time) (time.Time, error) {
				m, _, err := convlog.Append(tx, room, "ann", "e", "", now)
				return m.Created, err
			}, noon, noon.Add(time.Minute)},
			{"append a year ahead", func(now time.Time) (time.Time, error) {
				m, _, err := convlog.Append(tx, room, "ann", "f", "", now)
				return m.Created, err
			}, noon.AddDate(1, 0, 0), noon.AddDate(1, 0, 0)},
			{"append with the right clock again", func(now time.Time) (time.Time, error) {
				m, _, err := convlog.Append(tx, room, "ann", "g", "", now)
				return m.Created, err
			}, noon.Add(time.Hour), noon.Add(time.Hour)},
			{"edit a day back", func(now time.Time) (time.Time, error) {
				m, err := convlog.Edit(tx, room, 5, "h", now)
				return m.Edited, err
			}, noon.AddDate(0, 0, -1), noon.AddDate(0, 0, -1)},
			{"append after that, right again", func(now time.Time) (time.Time, error) {
				m, _, err := convlog.Append(tx, room, "ann", "i", "", now)
				return m.Created, err
			}, noon.Add(2 * time.Hour), noon.Add(2 * time.Hour)},
		}
		for _, s := range steps {
			if got, err := s.do(s.now); err != nil || !got.Equal(s.want) {
				t.Errorf("%s: %v, %v, want %v", s.name, got, err, s.want)
			}
		}

		// Whatever the clock said, the order is that of the numbers, and nothing is
		// missing between two of them.
		page, err := convlog.Read(tx, room, convlog.Window{})
		if err != nil {
			t.Error(err)
		}
		var contents []string
		for _, m := range page.Messages {
			contents = append(contents, m.Content)
		}
		if want := []string{"c", "d", "h", "f", "g", "i"}; !slices.Equal(contents, want) || page.Seq != 9 {
			t.Errorf("the page is %q up to %d, want %q up to 9", contents, page.Seq, want)
			return
		}
		page, err = convlog.Read(tx, room, convlog.Window{Before: page.Messages[4].ID, Limit: 2})
		if err != nil || len(page.Messages) != 2 || page.Messages[1].Content != "f" || !page.MoreAfter || !page.MoreBefore {
			t.Errorf("the page before the fifth is %+v, %v", page, err)
		}
		delta, err := convlog.Changes(tx, room, 6, 0)
		if err != nil || len(delta.Messages) != 3 || delta.Seq != 9 || delta.Reset {
			t.Errorf("what changed after the sixth is %+v, %v", delta, err)
		}
	})
}

func TestEditAndDelete(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		m, _, err := convlog.Append(tx, room, "ann", "one", "n1", noon)
		if err != nil {
			t.Error(err)
		}
		add(t, tx, "two")

		m.Seq, m.Content, m.Edited = 3, "uno", noon.Add(time.Second)
		same(t, "edited", must[convlog.Message](t)(convlog.Edit(tx, room, 1, "uno", noon.Add(time.Second))), m)
		m.Seq, m.Content, m.Edited = 4, "eins", noon.Add(2*time.Second)
		same(t, "edited twice", must[convlog.Message](t)(convlog.Edit(tx, room, 1, "eins", noon.Add(2*time.Second))), m)
		same(t, "read back", must[convlog.Message](t)(convlog.Get(tx, room, 1)), m)

		m.Seq, m.Content, m.Edited, m.Deleted = 5, "", time.Time{}, true
		same(t, "deleted", must[convlog.Message](t)(convlog.Delete(tx, room, 1, noon.Add(3*time.Second))), m)

		calls := map[string]func(conversation string, id int64) error{
			"get":    func(c string, id int64) error { _, err := convlog.Get(tx, c, id); return err },
			"edit":   func(c string, id int64) error { _, err := convlog.Edit(tx, c, id, "x", noon); return err },
			"delete": func(c string, id int64) error { _, err := convlog.Delete(tx, c, id, noon); return err },
		}
		for name, call := range calls {
			for which, err := range map[string]error{
				"deleted": call(room, 1), "absent": call(room, 99), "number of an edit": call(room, 3), "elsewhere": call("nowhere", 2),
			} {
				t.Run(name+" "+which, func(t *testing.T) {
					wantFault(t, err, fault.NotFound, "There is no such message.")
				})
			}
		}
		if next := add(t, tx, "three"); next.ID != 6 {
			t.Errorf("refused changes took numbers: next ID is %d, want 6", next.ID)
		}
	})
}

func TestTrim(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		for i := range 5 {
			add(t, tx, fmt.Sprint(i))
		}
		if _, err := convlog.Edit(tx, room, 4, "edited", noon); err != nil {
			t.Error(err)
		}
		check := func(keep int, want string, seq int64) {
			t.Helper()
			if err := convlog.Trim(tx, room, keep); err != nil {
				t.Error(err)
			}
			p := must[convlog.Page](t)(convlog.Read(tx, room, convlog.Window{}))
			if got := ids(p.Messages); got != want || p.Seq != seq {
				t.Errorf("keep %d: %q at %d, want %q at %d", keep, got, p.Seq, want, seq)
			}
		}
		check(10, "1 2 3 4 5", 6)
		check(3, "3 4 5", 6)
		check(3, "3 4 5", 6)
		for i := range 4 {
			add(t, tx, fmt.Sprint(i))
			if err := convlog.Trim(tx, room, 3); err != nil {
				t.Error(err)
			}
		}
		check(3, "8 9 10", 10)
		if _, err := convlog.Delete(tx, room, 9, noon); err != nil {
			t.Error(err)
		}
		check(2, "10", 11) // the tombstone counts
		check(0, "", 11)
		check(-1, "", 11)
		if m := add(t, tx, "on"); m.ID != 12 || m.Created.Before(noon) {
			t.Errorf("after trimming everything: %+v", m)
		}
		wantFault(t, convlog.Trim(tx, "nowhere", 3), fault.NotFound, "There is no such conversation.")
	})
}

func TestRemove(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		add(t, tx, "gone")
		for range 2 {
			if err := convlog.Remove(tx, room); err != nil {
				t.Error(err)
			}
		}
		_, err := convlog.Read(tx, room, convlog.Window{})
		wantFault(t, err, fault.NotFound, "There is no such conversation.")
		_, err = convlog.Changes(tx, room, 0, 0)
		wantFault(t, err, fault.NotFound, "There is no such conversation.")
		if err := convlog.Create(tx, room); err != nil {
			t.Error(err)
		}
		if p := must[convlog.Page](t)(convlog.Read(tx, room, convlog.Window{})); p.Messages == nil || len(p.Messages) != 0 || p.Seq != 0 {
			t.Errorf("made anew: %+v", p)
		}
	})
}

func TestContentDoesNotOutliveItsMessage(t *testing.T) {
	db := openStore(t)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if err := convlog.Create(tx, room); err != nil {
			return err
		}
		add(t, tx, "secret")
		_, err := convlog.Delete(tx, room, 1, noon)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(tx *store.Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM message WHERE content <> ''`).Scan(&n); err != nil {
			return err
		}
		if n != 0 {
			t.Error("the content is still stored")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAClockThatJumpsLeavesTheOrder: messages are ordered by when they were stored,
// whatever the clock said.
func TestAClockThatJumpsLeavesTheOrder(t *testing.T) {
	inTx(t, func(t *testing.T, tx *store.Tx) {
		var ids []int64
		for i, at := range []time.Time{noon, noon.AddDate(10, 0, 0), noon.AddDate(-10, 0, 0), noon} {
			m, _, err := convlog.Append(tx, room, "ann", fmt.Sprint(i), "", at)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, m.ID)
		}
		page, err := convlog.Read(tx, room, convlog.Window{Limit: 3})
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range page.Messages {
			if m.ID != ids[i+1] || m.Content != fmt.Sprint(i+1) {
				t.Errorf("the page has %+v at %d, want message %d", m, i, ids[i+1])
			}
		}
		if len(page.Messages) != 3 || !page.MoreBefore {
			t.Errorf("the page is %+v", page)
		}
	})
}
