package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/e2e/internal/natslink"
)

// answerLimit is how long a request may take when a part of the installation is
// away: the services' own five seconds and some for a busy machine.
const answerLimit = 8 * time.Second

// behindLink starts a split installation whose gateway reaches NATS over a link
// that the test controls; a second gateway reaches it directly.
func behindLink(t *testing.T) (*installation.Installation, *natslink.Link) {
	t.Helper()
	var link *natslink.Link
	inst := installation.New(t, installation.Options{
		Topology: installation.Split, Gateways: 2,
		NATSRoutes: func(nats string) map[string]string {
			link = natslink.New(t, nats)
			return map[string]string{"gateway": link.URL()}
		},
	})
	inst.StartAll()
	return inst, link
}

// TestDroppedFrames loses every fifth event between NATS and the gateway: the
// clients find the holes and end with the server's history.
func TestDroppedFrames(t *testing.T) {
	inst, link := behindLink(t)
	const people, rounds = 4, 60
	owner := signUp(t, inst, "owner", "")
	server, general := owner.createServer("Leaky")
	crowd := []*person{owner}
	for i := 1; i < people; i++ {
		p := signUp(t, inst, fmt.Sprintf("member%d", i), owner.serverInvite(server.ID))
		crowd = append(crowd, p)
	}
	owner.ask("add_friend", client.Fields{"username": "member1"}, "ok")
	dm := owner.openDM("member1")

	var mirrors []*client.Mirror
	for i, p := range crowd {
		places := []client.Place{general}
		if i < 2 {
			places = append(places, dm)
		}
		m := client.StartMirror(t.Context(), p.Username, inst.URL, p.Token, places...)
		defer m.Stop()
		mirrors = append(mirrors, m)
	}
	await.Until(t, await.Patience, "the mirrors are connected", func() error {
		for _, m := range mirrors {
			if m.Tally().Asked == 0 {
				return fmt.Errorf("%s is not", m.Name)
			}
		}
		return nil
	})

	link.Drop(0.2)
	failures := make(chan error, len(crowd))
	for i, p := range crowd {
		places := []client.Place{general}
		if i < 2 {
			places = []client.Place{general, dm}
		}
		go func() { failures <- scribble(t.Context(), p.Conn, places, rounds) }()
	}
	for range crowd {
		if err := <-failures; err != nil {
			t.Fatal(err)
		}
	}

	for place, n := range map[client.Place]int{general: people * rounds, dm: 2 * rounds} {
		messages, seq := owner.history(place)
		edited := 0
		for _, m := range messages {
			if m.EditedAt != nil {
				edited++
			}
		}
		if len(messages) != n-n/4 || edited != n/4 {
			t.Errorf("%s has %d messages, %d edited; want %d of %d, and %d edited", place.ID, len(messages), edited, n-n/4, n, n/4)
		}
		for _, m := range mirrors {
			if m.Has(place) {
				await.Until(t, await.Patience, "mirrors hold the history", func() error { return m.Differs(place, messages, seq) })
			}
		}
	}
	passed, dropped := link.Events()
	t.Logf("%d events passed, %d were lost", passed, dropped)
	if dropped < 20 {
		t.Errorf("%d events were lost; the test shows nothing", dropped)
	}
	for _, m := range mirrors {
		tally := m.Tally()
		t.Logf("mirror %s: %+v", m.Name, tally)
		if tally.Holes == 0 || tally.Connects != 1 {
			t.Errorf("mirror %s saw %d holes on %d connections, want some on one", m.Name, tally.Holes, tally.Connects)
		}
	}
}

// scribble writes, and of every four messages edits one and deletes another.
func scribble(ctx context.Context, conn *client.Conn, places []client.Place, rounds int) error {
	for n := range rounds {
		for _, place := range places {
			answer, err := conn.Ask(ctx, "message", place.Fields(client.Fields{"content": fmt.Sprintf("line %d", n)}))
			if err != nil {
				return err
			}
			var sent struct {
				ID int64 `json:"id"`
			}
			if err := answer.Into(&sent); err != nil {
				return err
			}
			switch n % 4 {
			case 1:
				_, err = conn.Ask(ctx, "edit_message", place.Fields(client.Fields{"id": sent.ID, "content": fmt.Sprintf("line %d, better", n)}))
			case 3:
				_, err = conn.Ask(ctx, "delete_message", place.Fields(client.Fields{"id": sent.ID}))
			}
			if err != nil {
				return err
			}
			conn.Take()
			await.Pause(ctx, 10*time.Millisecond)
		}
	}
	return nil
}

// TestCutLink cuts a gateway off from NATS while people elsewhere go on.
func TestCutLink(t *testing.T) {
	inst, link := behindLink(t)
	anna := signUp(t, inst, "anna", "")
	server, general := anna.createServer("Cut off")
	ben := signUp(t, inst, "ben", anna.serverInvite(server.ID))
	dan := signUp(t, inst, "dan", anna.invite())
	code := anna.serverInvite(server.ID)
	lost := logIn(t, inst, "ben") // a session that will end during the cut
	anna.write(general, "before", "before")
	for _, p := range []*person{anna, ben} {
		p.hears("message", "content", "before")
	}
	mirror := client.StartMirror(t.Context(), "anna", inst.URL, anna.Token, general)
	defer mirror.Stop()
	elsewhere := client.StartMirror(t.Context(), "ben, on the other gateway", inst.URLs[1], ben.Token, general)
	defer elsewhere.Stop()
	writer := client.StartWriter(t.Context(), "ben", inst.URLs[1], ben.Token, general, 20*time.Millisecond)
	progress := func(what string, n int) {
		t.Helper()
		before := len(writer.Written())
		await.Until(t, await.Patience, what, func() error {
			if done := len(writer.Written()) - before; done < n {
				return fmt.Errorf("%d messages written", done)
			}
			return nil
		})
	}
	progress("ben writes", 10)

	link.Cut()
	quickly(t, "a frame", func() {
		anna.refused("message", general.Fields(client.Fields{"content": "during", "nonce": "during"}), "unavailable")
	})
	quickly(t, "a login", func() {
		conn, err := client.Dial(t.Context(), inst.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		answer, err := conn.Ask(t.Context(), "login", client.Fields{"username": "ben", "password": password})
		if refused := checkRefusal(t, "login", answer, err, "unavailable"); refused.Frame.Type != "auth_error" {
			t.Errorf("the login was answered with %s, want auth_error", refused.Frame.Raw)
		}
	})
	quickly(t, "a REST request", func() {
		answer := anna.get("/api/servers", 503)
		checkSentence(t, "REST", answer.Field("error"))
		if answer.Field("success") != "false" || answer.Field("code") != "unavailable" {
			t.Errorf("REST answered %s", answer.Body)
		}
	})
	do(t, client.REST{Base: inst.URL}, "GET", "/readyz", nil, 503)
	do(t, client.REST{Base: inst.URL}, "GET", "/healthz", nil, 200)

	// Dan becomes a member where the link is whole; his connection here can't
	// hear of it.
	conn, err := client.Resume(t.Context(), inst.URLs[1], dan.Token)
	danElsewhere := entered(t, inst.URLs[1], conn, err)
	danElsewhere.ask("join_server_with_invite", client.Fields{"invite_code": code}, "server_joined")
	do(t, client.REST{Base: inst.URLs[1], Token: lost.Token}, "DELETE", "/api/v1/session", nil, 204)
	progress("ben writes on", 50)

	anna.Take()
	dan.Take()
	link.Open()
	for _, p := range []*person{anna, ben, dan} {
		p.hears("resync")
	}
	t.Run("a session that ended meanwhile", func(t *testing.T) { awaitClose(t, lost.Conn, 4001) })
	fresh := dan.ask("resync", nil, "init")
	var state struct{ Servers []struct{ ID string } }
	if err := fresh.Into(&state); err != nil || len(state.Servers) != 1 || state.Servers[0].ID != server.ID {
		t.Errorf("after the resync Dan has the servers %+v (%v), want the one he joined", state.Servers, err)
	}
	anna.write(general, "after", "after")
	for _, p := range []*person{anna, ben, dan} {
		p.hears("message", "content", "after")
	}
	if err := writer.Finish(); err != nil {
		t.Error(err)
	}
	messages, seq := anna.history(general)
	for _, m := range []*client.Mirror{mirror, elsewhere} {
		await.Until(t, await.Patience, "mirrors hold the history", func() error { return m.Differs(general, messages, seq) })
		t.Logf("mirror %s: %+v", m.Name, m.Tally())
	}
	if tally := mirror.Tally(); tally.Resyncs == 0 || tally.Connects != 1 {
		t.Errorf("the mirror behind the link was told to resync %d times on %d connections, want some on one", tally.Resyncs, tally.Connects)
	}
	if tally := elsewhere.Tally(); tally.Resyncs != 0 || tally.Connects != 1 {
		t.Errorf("the mirror elsewhere was disturbed: %+v", tally)
	}
}

// quickly asserts that something is done within the services' deadline.
func quickly(t *testing.T, what string, act func()) {
	t.Helper()
	started := time.Now()
	act()
	if took := time.Since(started); took > answerLimit {
		t.Errorf("%s took %s, want an answer within %s", what, took, answerLimit)
	}
}
