package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"decentra.local/pkg/bus/bustest"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/conversation"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

// TestAKeptPageIsAsItIsNow: however often it was asked for before, a page has every
// change, goes to nobody without a right to it, and is never that of other data.
func TestAKeptPageIsAsItIsNow(t *testing.T) {
	const room = "server/channel"
	connect := bustest.Start(t)
	nc := connect(Name)
	gateway := &Service{nc: nc, kept: newKeptAnswers(nc)}
	var db *store.DB
	own := func() (leave func()) { // what a life of the owner does
		var err error
		db, err = store.Open(t.Context(), store.Options{
			Path: filepath.Join(t.TempDir(), "log.db"), Migrations: []store.Migrations{convlog.Schema},
		})
		if err == nil {
			err = db.Update(t.Context(), func(tx *store.Tx) error { return convlog.Create(tx, room) })
		}
		if err != nil {
			t.Fatal(err)
		}
		nc := connect(contract.Chat)
		server, err := rpc.NewServer(nc, contract.Chat, contract.Version, "for tests", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		desk := conversation.NewDesk(db, nil, time.Now)
		err = rpc.Handle(server, contract.GetChannelHistory, func(ctx context.Context, caller rpc.Caller, r wire.GetChannelHistory) (wire.ChannelHistory, error) {
			page, err := desk.Page(ctx, r.Window, func(*store.Tx) (conversation.Place, error) {
				if caller.User != "ann" {
					return conversation.Place{}, fault.New(fault.NotFound, "There is no such channel.")
				}
				id := room
				return conversation.Place{Log: room, Context: wire.ContextServer, ContextID: &id}, nil
			})
			return wire.ChannelHistory{ServerID: r.ServerID, ChannelID: r.ChannelID, HistoryPage: page}, err
		})
		if err == nil {
			err = nc.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		return func() { server.Close(); nc.Close(); db.Close() }
	}
	change := func(fn func(tx *store.Tx) error) {
		t.Helper()
		if err := db.Update(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	say := func(content string) {
		t.Helper()
		change(func(tx *store.Tx) error {
			_, _, err := convlog.Append(tx, room, "ann", content, "", time.Now())
			return err
		})
	}
	ask := func(user string, w wire.Window) ([]byte, error) {
		request, _ := json.Marshal(wire.GetChannelHistory{ServerID: "server", ChannelID: "channel", Window: w})
		return gateway.askKept(t.Context(), contract.GetChannelHistory, rpc.Caller{User: user}, request)
	}
	want := func(w wire.Window, contents ...string) {
		t.Helper()
		for range 3 { // read, kept, kept
			body, err := ask("ann", w)
			var page wire.ChannelHistory
			if err == nil {
				err = json.Unmarshal(body, &page)
			}
			got := []string{}
			for _, m := range page.Messages {
				got = append(got, m.Content)
			}
			if err != nil || !slices.Equal(got, contents) {
				t.Fatalf("the page %+v has %q, want %q (%v)", w, got, contents, err)
			}
		}
	}

	leave := own()
	want(wire.Window{})
	say("one")
	want(wire.Window{}, "one")
	say("two")
	want(wire.Window{}, "one", "two")
	want(wire.Window{Before: 2}, "one")
	change(func(tx *store.Tx) error {
		_, err := convlog.Edit(tx, room, 1, "changed", time.Now())
		return err
	})
	want(wire.Window{Before: 2}, "changed")
	want(wire.Window{}, "changed", "two")
	change(func(tx *store.Tx) error {
		_, err := convlog.Delete(tx, room, 2, time.Now())
		return err
	})
	want(wire.Window{}, "changed")
	want(wire.Window{After: 1})

	if body, err := ask("mallory", wire.Window{}); !fault.Is(err, fault.NotFound) || body != nil {
		t.Errorf("who may not read it gets %s, %v", body, err)
	}

	say(strings.Repeat("long ", 2000))
	before := nc.Stats().InBytes
	for range 10 {
		if body, err := ask("ann", wire.Window{}); err != nil || len(body) < 10_000 {
			t.Errorf("got %s, %v", body, err)
		}
	}
	if came := nc.Stats().InBytes - before; came > 15_000 {
		t.Errorf("ten times the same page were %d bytes", came)
	}

	leave()
	leave = own() // with other data, which come to the same number
	defer leave()
	for n := range 5 {
		say(fmt.Sprint("other ", n))
	}
	want(wire.Window{}, "other 0", "other 1", "other 2", "other 3", "other 4")
}

func TestKeptAnswersAreBounded(t *testing.T) {
	var k keptAnswers
	body := make([]byte, 10_000)
	for i := range 3 * keptBytes / len(body) {
		k.put(fmt.Sprint(i), keptAnswer{"a mark", body})
		k.put("0", keptAnswer{fmt.Sprint(i), body}) // which takes the place of the one before
		if k.get("0").mark != fmt.Sprint(i) {
			t.Fatalf("an answer that is asked for all the time is forgotten after %d others", i)
		}
	}
	kept := 0
	for _, all := range []map[string]keptAnswer{k.young, k.old} {
		for _, a := range all {
			kept += len(a.body)
		}
	}
	if kept > keptBytes || kept < keptBytes/3 {
		t.Errorf("%d bytes are kept", kept)
	}
	if k.get("1").mark != "" {
		t.Error("an answer that nobody asks for is kept for good")
	}
	k.put("large", keptAnswer{"a mark", make([]byte, keptAnswerBytes+1)})
	if k.get("large").mark != "" {
		t.Error("an answer as large as that is kept")
	}
}
