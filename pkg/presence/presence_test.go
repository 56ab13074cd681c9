package presence_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"decentra.local/pkg/bus/bustest"
	"decentra.local/pkg/presence"
)

var quiet = slog.New(slog.DiscardHandler)

// gateway keeps the entries of the users it is given.
type gateway struct {
	mu      sync.Mutex
	users   map[string]bool
	changed chan struct{}
	stop    func()
}

func keep(t *testing.T, nc *nats.Conn, id string, users ...string) *gateway {
	t.Helper()
	return keepIn(t, presence.Users, nc, id, users...)
}

func keepIn(t *testing.T, bucket presence.Bucket, nc *nats.Conn, id string, users ...string) *gateway {
	t.Helper()
	g := &gateway{changed: make(chan struct{}, 1)}
	g.set(users...)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		bucket.Keep(ctx, nc, id, g.changed, func() map[string]bool {
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.users
		}, quiet)
		close(done)
	}()
	g.stop = func() { cancel(); <-done }
	t.Cleanup(g.stop)
	return g
}

func (g *gateway) set(users ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.users = map[string]bool{}
	for _, user := range users {
		g.users[user] = true
	}
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// watch makes a roster and returns it with the changes it told, oldest first.
func watch(t *testing.T, nc *nats.Conn) (*presence.Roster, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var told []string
	roster := presence.Users.Roster(func(users []string, online bool, _ uint64) {
		mu.Lock()
		defer mu.Unlock()
		for _, user := range users {
			if online {
				told = append(told, "+"+user)
			} else {
				told = append(told, "-"+user)
			}
		}
	})
	t.Cleanup(roster.Start(t.Context(), nc, quiet))
	return roster, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string{}, told...)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: ", what)
		}
	}
}

func TestUsersComeAndGo(t *testing.T) {
	connect := bustest.Start(t)
	const odd = "Zoë. >*山"
	roster, told := watch(t, connect("test"))
	g := keep(t, connect("test"), "G1", "ann", odd)
	eventually(t, "both are online", func() bool { return roster.Online("ann") && roster.Online(odd) })
	g.set("ann")
	eventually(t, "one went", func() bool { return roster.Online("ann") && !roster.Online(odd) })
	g.stop()
	eventually(t, "a gateway that stops takes its users along", func() bool { return !roster.Online("ann") })
	if got := told(); len(got) != 4 {
		t.Fatalf("told %v", got)
	}
}

func TestAUserOnTwoGatewaysIsOnlineOnce(t *testing.T) {
	connect := bustest.Start(t)
	first, second := keep(t, connect("test"), "G1", "ann"), keep(t, connect("test"), "G2", "ann", "bob")
	roster, told := watch(t, connect("test"))
	eventually(t, "both are online", func() bool { return roster.Online("ann") && roster.Online("bob") })
	first.set()
	second.set("ann")
	eventually(t, "bob went", func() bool { return !roster.Online("bob") })
	if !roster.Online("ann") {
		t.Fatal("one gateway less made her leave")
	}
	second.set()
	eventually(t, "ann went", func() bool { return !roster.Online("ann") })
	count := 0
	for _, change := range told() {
		if change == "+ann" || change == "-ann" {
			count++
		}
	}
	if count != 2 {
		t.Fatalf("told %v", told())
	}
}

func TestAWipedBucketIsFilledAgain(t *testing.T) {
	connect := bustest.Start(t)
	g := keep(t, connect("test"), "G1", "ann")
	roster, _ := watch(t, connect("test"))
	eventually(t, "ann is online", func() bool { return roster.Online("ann") })
	js, err := jetstream.New(connect("test"))
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteKeyValue(t.Context(), "presence"); err != nil {
		t.Fatal(err)
	}
	g.set("ann", "bob")
	late, _ := watch(t, connect("test"))
	eventually(t, "a new watcher sees both", func() bool { return late.Online("ann") && late.Online("bob") })
}

func TestAGatewayThatLapsesTakesAllItsUsersAlong(t *testing.T) {
	for name, bucket := range map[string]presence.Bucket{
		"an entry each":  {Name: "brief", Life: time.Second, Lasting: true},
		"shared entries": {Name: "brief", Life: time.Second, Lasting: true, Shared: 16},
	} {
		t.Run(name, func(t *testing.T) { testLapse(t, bucket) })
	}
}

func testLapse(t *testing.T, bucket presence.Bucket) {
	connect := bustest.Start(t)
	var roster *presence.Roster
	others := make(chan bool, 10)
	roster = bucket.Roster(func(users []string, online bool, _ uint64) {
		if users[0] == "ann" && !online {
			others <- roster.Online("bob")
		}
	})
	keepIn(t, bucket, connect("test"), "G2", "cid")
	t.Cleanup(roster.Start(t.Context(), connect("test"), quiet))
	first := keepIn(t, bucket, connect("test"), "G1", "ann")
	eventually(t, "ann is online", func() bool { return roster.Online("ann") })
	first.stop() // her entry stands until it runs out
	keepIn(t, bucket, connect("test"), "G1", "bob")
	eventually(t, "bob is online", func() bool { return roster.Online("bob") })
	if <-others {
		t.Error("bob counts although his gateway renews nothing")
	}
	if !roster.Online("cid") {
		t.Error("another gateway's user counts no more")
	}
	eventually(t, "bob is renewed", func() bool { return roster.Online("bob") })
}

func TestManyUsersShareEntries(t *testing.T) {
	connect := bustest.Start(t)
	roster, told := watch(t, connect("test"))
	var users []string
	for n := range 500 {
		users = append(users, fmt.Sprint("user-", n))
	}
	g := keep(t, connect("test"), "G1", users...)
	eventually(t, "all are online", func() bool { return len(told()) == len(users) })
	js, err := jetstream.New(connect("test"))
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), presence.Users.Name)
	if err != nil {
		t.Fatal(err)
	}
	status, err := kv.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := status.Values(); n > uint64(presence.Users.Shared) {
		t.Errorf("%d users take %d entries, want at most %d", len(users), n, presence.Users.Shared)
	}
	g.set(users[1:]...)
	eventually(t, "one went", func() bool { return !roster.Online(users[0]) })
	g.set(append(users[2:], "late")...)
	eventually(t, "one went and one came", func() bool { return !roster.Online(users[1]) && roster.Online("late") })
	for _, user := range users[2:] {
		if !roster.Online(user) {
			t.Errorf("%s went too", user)
		}
	}
	if got := told()[len(users):]; !slices.Contains([]string{"-user-0 -user-1 +late", "-user-0 +late -user-1"}, strings.Join(got, " ")) {
		t.Errorf("told %v", got)
	}
}
