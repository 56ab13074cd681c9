package chat

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"decentra.local/pkg/bus"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/convlog"
	"decentra.local/pkg/event"
	"decentra.local/pkg/presence"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/store"
	"decentra.local/pkg/wire"
)

const crowdMembers = 200

// crowd is a service with two servers that have all of its people, who are online,
// and one that has one of them.
func crowd(tb testing.TB) (*Service, []string) {
	tb.Helper()
	log := slog.New(slog.DiscardHandler)
	b, err := bus.Open(bus.Config{Store: tb.TempDir(), Log: log})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(b.Close)
	nc, err := b.Connect(contract.Chat)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(nc.Close)
	db, err := openStore(tb.Context(), tb.TempDir(), log, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	s := &Service{log: log, now: time.Now, db: db, nc: nc, events: event.NewPublisher(nc, contract.Chat, log)}
	s.facts = contract.FollowAuth(db, nc, s.apply, log)
	s.roster = presence.Users.Roster(s.presenceChanged)

	var names []string
	online := map[string]bool{}
	for n := range crowdMembers {
		names = append(names, fmt.Sprintf("u1-%03d", n))
		online[names[n]] = true
	}
	err = db.Update(tb.Context(), func(tx *store.Tx) error { return convlog.Create(tx, lobbyLog) })
	for n, members := range [][]string{names, names, names[:1]} {
		var created wire.ServerCreated
		if err == nil {
			created, err = s.createServer(tb.Context(), rpc.Caller{User: names[0]}, wire.CreateServer{Name: fmt.Sprint("server ", n)})
		}
		for _, name := range members[1:] {
			if err == nil {
				err = db.Update(tb.Context(), func(tx *store.Tx) error {
					return s.addMember(tx, contract.ServerInvited{ServerID: created.Server.ID, Username: name})
				})
			}
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		presence.Users.Keep(ctx, nc, "gateway", nil, func() map[string]bool { return online }, log)
	}()
	tb.Cleanup(func() { cancel(); <-kept })
	tb.Cleanup(s.roster.Start(tb.Context(), nc, log))
	for deadline := time.Now().Add(10 * time.Second); !slices.ContainsFunc(names, s.roster.Online) || slices.ContainsFunc(names, func(name string) bool { return !s.roster.Online(name) }); {
		if time.Now().After(deadline) {
			tb.Fatal("not all are online")
		}
		time.Sleep(5 * time.Millisecond)
	}
	return s, names
}

func TestASnapshotHasWhoIsOnlineByName(t *testing.T) {
	s, names := crowd(t)
	state, err := s.snapshot(t.Context(), rpc.Caller{User: names[7]}, contract.SnapshotRequest{})
	if err != nil {
		t.Fatal(err)
	}
	others := slices.Delete(slices.Clone(names), 7, 8)
	if len(state.Servers) != 2 || !slices.Equal(state.Servers[0].Online, others) || !slices.Equal(state.Servers[1].Online, others) {
		t.Errorf("got %+v", state.Servers)
	}
	state, err = s.snapshot(t.Context(), rpc.Caller{User: names[0]}, contract.SnapshotRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Servers) != 3 || state.Servers[2].Online == nil || len(state.Servers[2].Online) != 0 {
		t.Errorf("got %+v", state.Servers)
	}
}

func TestWhoIsOnlineIsToldOfServersToo(t *testing.T) {
	s, names := crowd(t)
	state, err := s.snapshot(t.Context(), rpc.Caller{User: names[0]}, contract.SnapshotRequest{WithoutOnline: true})
	if err != nil {
		t.Fatal(err)
	}
	request := contract.OnlineMembersRequest{ServerIDs: []string{"none"}}
	want := map[string][]string{"none": {}}
	for i, server := range state.Servers {
		if server.Online == nil || len(server.Online) != 0 {
			t.Errorf("a server came with %v", server.Online)
		}
		request.ServerIDs = append(request.ServerIDs, server.ID)
		want[server.ID] = [][]string{names, names, names[:1]}[i]
	}
	answer, err := s.onlineMembersOf(t.Context(), rpc.Caller{}, request)
	if err != nil || !reflect.DeepEqual(answer.Online, want) {
		t.Errorf("got %v, %v; want %v", answer.Online, err, want)
	}
}

func TestAnAccountThatIsDeletedTwiceHoldsNothingUp(t *testing.T) {
	s, names := crowd(t)
	for range 2 {
		err := s.db.Update(t.Context(), func(tx *store.Tx) error {
			return s.forget(tx, contract.AccountDeleted{Username: names[7]})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkSnapshot(b *testing.B) {
	s, names := crowd(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.snapshot(b.Context(), rpc.Caller{User: names[7]}, contract.SnapshotRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}
