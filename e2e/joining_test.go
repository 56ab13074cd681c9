package e2e

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// joinings is how often somebody joins.
const joinings = 60

// TestWhoJoinsWhileAServerChangesSeesTheLast has somebody join a server, and make
// one, while it is renamed as fast as can be: the connection that asked, and one at
// another gateway that nobody of the server was at before, end with the last name.
func TestWhoJoinsWhileAServerChangesSeesTheLast(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology, Gateways: 2})
		anna := signUp(t, inst, "anna", "")
		ben := signUp(t, inst, "ben", anna.invite())
		elsewhere := inst.URLs[len(inst.URLs)-1]
		var devices []*device
		for _, base := range []string{inst.URL, elsewhere} {
			conn, err := client.Dial(t.Context(), base, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(conn.Close)
			conn.Record()
			if err := conn.Enter(t.Context(), "auth", client.Fields{"token": ben.Token}); err != nil {
				t.Fatal(err)
			}
			devices = append(devices, &device{Conn: conn, model: client.NewModel()})
		}
		asker := &player{play: &play{t: t, inst: inst}, name: "ben", token: ben.Token, devices: devices}
		for n := range joinings {
			anna.Take()
			ben.Take()
			server, _ := anna.createServer(fmt.Sprint("Server ", n))
			code := anna.serverInvite(server.ID)
			ctx, stop := context.WithCancel(t.Context())
			var renaming sync.WaitGroup
			renaming.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					anna.ask("rename_server", client.Fields{"server_id": server.ID, "name": fmt.Sprint(n, " ", i)}, "ok")
				}
			})
			if _, err := devices[0].Ask(t.Context(), "join_server_with_invite", client.Fields{"invite_code": code}); err != nil {
				t.Fatal(err)
			}
			stop()
			renaming.Wait()
			for at, d := range devices {
				await.Until(t, await.Patience, fmt.Sprintf("joining %d: ben at %d is where a fresh init is", n, at), func() error {
					if err := d.follow(t.Context()); err != nil {
						return err
					}
					if fresh := asker.fresh(); !reflect.DeepEqual(d.model.State(), fresh) {
						return fmt.Errorf("it holds other:%s", difference("", d.model.State(), fresh))
					}
					return nil
				})
			}
		}
	})
}

// TestNobodyResyncsForJoining has somebody make servers where nothing else happens:
// what is told of it is all that is needed.
func TestNobodyResyncsForJoining(t *testing.T) {
	const starts = 3 // services that begin say once that they did
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		for n := range 4 * starts {
			anna.createServer(fmt.Sprint("Server ", n))
		}
		resyncs := 0
		for _, f := range anna.Waiting() {
			if f.Type == "resync" {
				resyncs++
			}
		}
		if resyncs > starts {
			t.Errorf("anna was told to resync %d times", resyncs)
		}
	})
}

// TestWhoLogsInIsToldWhoIsOnlineNow has people join and leave between logins.
func TestWhoLogsInIsToldWhoIsOnlineNow(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		server, _ := anna.createServer("Comings and goings")
		ben := signUp(t, inst, "ben", anna.serverInvite(server.ID))
		told := func(want ...string) {
			t.Helper()
			await.Until(t, await.Patience, fmt.Sprint("ben is told of ", want), func() error {
				again := ben.another()
				defer again.Close()
				if got := again.Init.Servers[0].Online; !reflect.DeepEqual(got, want) {
					return fmt.Errorf("he is told of %q", got)
				}
				return nil
			})
		}
		told("anna")
		carl := signUp(t, inst, "carl", anna.serverInvite(server.ID))
		told("anna", "carl")
		anna.ask("kick_member", client.Fields{"server_id": server.ID, "username": "carl"}, "ok")
		told("anna")
		carl.join(anna, server.ID)
		told("anna", "carl")
		carl.ask("delete_account", client.Fields{"password": password, "messages": "keep"}, "ok")
		told("anna")
	})
}
