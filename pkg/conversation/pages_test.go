package conversation

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"decentra.local/pkg/convlog"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

func TestAPageIsAsItIsNowHoweverOftenItWasRead(t *testing.T) {
	db, err := store.Open(t.Context(), store.Options{
		Path: filepath.Join(t.TempDir(), "log.db"), Migrations: []store.Migrations{convlog.Schema},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const room = "server/channel"
	id := room
	place := Place{Log: room, Context: wire.ContextServer, ContextID: &id}
	here := func(*store.Tx) (Place, error) { return place, nil }
	desk := &Desk{DB: db, Now: time.Now}

	do := func(fn func(tx *store.Tx) error) {
		t.Helper()
		if err := db.Update(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	say := func(content string) {
		t.Helper()
		do(func(tx *store.Tx) error {
			_, _, err := convlog.Append(tx, room, "ann", content, "", time.Now())
			return err
		})
	}
	want := func(w wire.Window, contents ...string) {
		t.Helper()
		for range 3 { // read, kept, kept
			page, err := desk.Page(t.Context(), w, here)
			if err != nil {
				t.Fatal(err)
			}
			json := string(wire.DMHistory{HistoryPage: page}.AppendJSON(nil))
			if got := strings.Count(json, `"content":`); got != len(contents) {
				t.Errorf("it has %d messages, not %d: %s", got, len(contents), json)
			}
			for _, content := range contents {
				if !strings.Contains(json, `"content":"`+content+`"`) {
					t.Errorf("%q is missing: %s", content, json)
				}
			}
		}
	}

	do(func(tx *store.Tx) error { return convlog.Create(tx, room) })
	want(wire.Window{})
	say("one")
	want(wire.Window{}, "one")
	say("two")
	want(wire.Window{}, "one", "two")
	want(wire.Window{Before: 2}, "one")
	do(func(tx *store.Tx) error {
		_, err := convlog.Edit(tx, room, 1, "changed", time.Now())
		return err
	})
	want(wire.Window{Before: 2}, "changed")
	want(wire.Window{}, "changed", "two")
	do(func(tx *store.Tx) error {
		_, err := convlog.Delete(tx, room, 2, time.Now())
		return err
	})
	want(wire.Window{}, "changed")
	want(wire.Window{After: 1})

	refused := errors.New("no right")
	_, err = desk.Page(t.Context(), wire.Window{}, func(*store.Tx) (Place, error) { return Place{}, refused })
	if !errors.Is(err, refused) {
		t.Errorf("whoever may not read it gets %v", err)
	}
}

func TestKeptPagesAreBounded(t *testing.T) {
	var p pages
	page := wire.HistoryPage{Messages: []wire.StoredMessage{{Content: strings.Repeat("x", 10_000)}}}.Encoded()
	key := func(i int) pageKey { return pageKey{seq: int64(i)} }
	for i := range 3 * pagesBytes / page.Size() {
		p.put(key(i), page)
		if _, ok := p.get(key(0)); !ok {
			t.Fatalf("a page that is read all the time is forgotten after %d others", i)
		}
	}
	if kept := (len(p.young) + len(p.old)) * page.Size(); kept > pagesBytes {
		t.Errorf("%d bytes are kept", kept)
	}
	if _, ok := p.get(key(1)); ok {
		t.Error("a page that nobody reads is kept for good")
	}
	large := wire.HistoryPage{Messages: []wire.StoredMessage{{Content: strings.Repeat("x", pageBytes)}}}.Encoded()
	p.put(key(-1), large)
	if _, ok := p.get(key(-1)); ok {
		t.Error("a page as large as that is kept")
	}
}

func BenchmarkPage(b *testing.B) {
	db, err := store.Open(context.Background(), store.Options{
		Path: filepath.Join(b.TempDir(), "log.db"), Migrations: []store.Migrations{convlog.Schema},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const room, messages = "server/channel", 20_000
	id := room
	here := func(*store.Tx) (Place, error) {
		return Place{Log: room, Context: wire.ContextServer, ContextID: &id}, nil
	}
	err = db.Update(b.Context(), func(tx *store.Tx) error {
		err := convlog.Create(tx, room)
		for i := 0; i < messages && err == nil; i++ {
			_, _, err = convlog.Append(tx, room, "ann", "a message of ordinary length, as people write them all day long", "", time.Now())
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	desk := &Desk{DB: db, Now: time.Now}
	for name, step := range map[string]int64{"the same": 0, "others": 1} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := int64(messages / 2)
			for b.Loop() {
				before = (before+step)%(messages-1000) + 500*step
				page, err := desk.Page(b.Context(), wire.Window{Before: before}, here)
				if err != nil {
					b.Fatal(err)
				}
				wire.DMHistory{HistoryPage: page}.AppendJSON(nil)
			}
		})
	}
}
