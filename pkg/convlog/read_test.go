package convlog_test

import (
	"fmt"
	"testing"
	"time"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/store"
)

func openLog(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{
		Path: t.TempDir() + "/log.db", Migrations: []store.Migrations{convlog.Schema}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func update(t *testing.T, db *store.DB, do func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, db *store.DB, author, content string) convlog.Message {
	t.Helper()
	var m convlog.Message
	update(t, db, func(tx *store.Tx) (err error) {
		if err := convlog.Create(tx, "c"); err != nil {
			return err
		}
		m, _, err = convlog.Append(tx, "c", author, content, author+content, time.Now())
		return err
	})
	return m
}

func TestReadMarksMoveForwardAndCountOthers(t *testing.T) {
	db := openLog(t)
	write(t, db, "ann", "1")
	write(t, db, "bob", "2")
	third := write(t, db, "ann", "3")
	write(t, db, "bob", "4")
	for _, c := range []struct {
		name string
		mark int64
		want convlog.Progress
	}{
		{"nothing read", 0, convlog.Progress{Seq: 4, Read: 0, Unread: 2}},
		{"the first", 1, convlog.Progress{Seq: 4, Read: 1, Unread: 1}},
		{"up to the last of the other", third.ID, convlog.Progress{Seq: 4, Read: 3, Unread: 0}},
		{"never back", 1, convlog.Progress{Seq: 4, Read: 3, Unread: 0}},
		{"not past the end", 1 << 40, convlog.Progress{Seq: 4, Read: 4, Unread: 0}},
	} {
		var got convlog.Progress
		update(t, db, func(tx *store.Tx) (err error) {
			got, err = convlog.MarkRead(tx, "c", "bob", c.mark)
			return err
		})
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := convlog.MarkRead(tx, "absent", "bob", 1)
		return err
	})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("absent conversation: got %v", err)
	}
}

func TestOnlyTheNewestAreLookedAtForUnread(t *testing.T) {
	db := openLog(t)
	write(t, db, "bob", "first")
	unread := func() int {
		var p convlog.Progress
		update(t, db, func(tx *store.Tx) (err error) {
			p, err = convlog.ReadProgress(tx, "c", "ann")
			return err
		})
		return p.Unread
	}
	for _, c := range []struct{ own, want int }{{998, 1}, {999, 1}, {1000, 0}} {
		update(t, db, func(tx *store.Tx) error {
			for {
				m, _, err := convlog.Append(tx, "c", "ann", "mine", "", time.Now())
				if err != nil || m.ID > int64(c.own) {
					return err
				}
			}
		})
		if got := unread(); got != c.want {
			t.Errorf("after %d of one's own: %d unread, want %d", c.own, got, c.want)
		}
	}
	for i := range 200 {
		write(t, db, "bob", fmt.Sprint(i))
	}
	if got := unread(); got != convlog.MostUnread {
		t.Errorf("%d unread, want %d", got, convlog.MostUnread)
	}
}

func TestForgettingAnAuthorIsAChangeOfEachMessage(t *testing.T) {
	for _, remove := range []bool{false, true} {
		db := openLog(t)
		write(t, db, "ann", "1")
		write(t, db, "bob", "2")
		write(t, db, "ann", "3")
		var changed []convlog.Changed
		update(t, db, func(tx *store.Tx) (err error) {
			changed, err = convlog.Forget(tx, "ann", "deleted user", remove, time.Now())
			return err
		})
		if len(changed) != 1 || changed[0] != (convlog.Changed{Conversation: "c", Seq: 5}) {
			t.Fatalf("changed %+v", changed)
		}
		var delta convlog.Delta
		update(t, db, func(tx *store.Tx) (err error) {
			delta, err = convlog.Changes(tx, "c", 3, 100)
			return err
		})
		if delta.Seq != 5 || len(delta.Messages) != 2 {
			t.Fatalf("changes %+v", delta)
		}
		for i, m := range delta.Messages {
			if m.Author != "deleted user" || m.Deleted != remove || (m.Content == "") != remove || m.Seq != int64(4+i) || m.Nonce != "" {
				t.Errorf("remove %v: message %+v", remove, m)
			}
		}
		if next := write(t, db, "bob", "4"); next.Seq != 6 {
			t.Errorf("the next change is %d", next.Seq)
		}
	}
}
