package e2e

import (
	"net/url"
	"slices"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// TestMainJob is what people do with Decentra on their first day.
func TestMainJob(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		mainJob(t, inst)
	})
}

func mainJob(t *testing.T, inst *installation.Installation) {
	if state := do(t, client.REST{Base: inst.URL}, "GET", "/api/v1/installation", nil, 200); state.Field("first_account") != "true" {
		t.Fatalf("a new installation says %s", state.Body)
	}
	anna := signUp(t, inst, "Anna", "")
	anna2 := anna.another()

	guest, err := client.Dial(t.Context(), inst.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := guest.Ask(t.Context(), "signup", client.Fields{"username": "Ben", "password": password})
	checkRefusal(t, "second sign-up without a code", answer, err, "invalid")
	guest.Close()

	ben := signUp(t, inst, "Ben", anna.invite())
	for _, connection := range []*person{anna, anna2} {
		connection.hears("friend_added", "username", "Ben")
	}
	if len(ben.Init.Friends) != 1 || ben.Init.Friends[0].Username != "Anna" {
		t.Errorf("Ben's first init has the friends %+v, want Anna", ben.Init.Friends)
	}

	server, general := anna.createServer("Anna's place")
	anna2.hears("server_joined", "server.id", server.ID)
	joined := ben.join(anna, server.ID)
	if joined.ID != server.ID || joined.Owner != "Anna" || joined.Permissions == nil || *joined.Permissions != (wire.Permissions{}) {
		t.Errorf("Ben joined %+v, want Anna's server and no permissions", joined)
	}
	for _, connection := range []*person{anna, anna2} {
		connection.hears("member_joined", "server_id", server.ID, "username", "Ben")
		connection.hears("system", "context_id", general.ID)
	}
	ben.heardNot("member_joined")

	dm := ben.openDM("Anna")
	anna.hears("dm_started", "dm.id", dm.ID, "dm.username", "Ben")
	anna2.hears("dm_started", "dm.id", dm.ID)

	ben2 := ben.another()
	everybody := []*person{anna, anna2, ben, ben2}
	for _, place := range []client.Place{general, dm} {
		anna.write(place, "Hello Ben", "n1")
		ben.write(place, "Hello Anna", "n2")
		anna2.write(place, "the end", "n3")
		for _, p := range everybody {
			p.hears("message", "context_id", place.ID, "username", "Anna", "content", "Hello Ben", "nonce", "n1")
			p.hears("message", "context_id", place.ID, "username", "Ben", "content", "Hello Anna")
			p.hears("message", "context_id", place.ID, "content", "the end")
		}
		// All were published on one subject: what came twice would be here.
		for _, p := range everybody {
			p.heardNot("message")
		}
	}

	carl := signUp(t, inst, "carl", anna.serverInvite(server.ID))
	if len(carl.Init.Servers) != 1 || carl.Init.Servers[0].ID != server.ID {
		t.Errorf("Carl's first init has the servers %+v, want the one of his code", carl.Init.Servers)
	}
	if len(carl.Init.Friends) != 0 {
		t.Errorf("Carl has the friends %+v, want none by a server code", carl.Init.Friends)
	}
	anna.hears("member_joined", "username", "carl")
	carl.write(general, "I am here too", "n4")
	ben.hears("message", "username", "carl")

	want := []string{"Anna: Hello Ben", "Ben: Hello Anna", "Anna: the end", "carl: I am here too"}
	checkHistories(t, anna, server, general, dm, want)

	inst.StopAll()
	if code := anna.CloseCode(); code != 1012 {
		t.Errorf("at the stop the socket was closed with %d (%v), want 1012", code, anna.Err())
	}
	inst.StartAll()

	anna = logIn(t, inst, "anna")
	again, err := client.Resume(t.Context(), inst.URL, ben.Token)
	ben = entered(t, inst.URL, again, err)
	if anna.Username != "Anna" || ben.Username != "Ben" {
		t.Errorf("came back as %s and %s", anna.Username, ben.Username)
	}
	if len(anna.Init.Servers) != 1 || len(anna.Init.Friends) != 1 || len(anna.Init.DMs) != 1 {
		t.Errorf("after the restart Anna has %+v", anna.Init)
	}
	checkHistories(t, anna, server, general, dm, want)
	ben.write(general, "still here", "n5")
	anna.hears("message", "content", "still here")
}

// checkHistories reads the channel and the DM both ways.
func checkHistories(t *testing.T, p *person, server wire.Server, general, dm client.Place, want []string) {
	t.Helper()
	var page wire.ChannelHistory
	answer := p.ask("get_channel_history", client.Fields{"server_id": server.ID, "channel_id": server.Channels[0].ID}, "channel_history")
	if err := answer.Into(&page); err != nil {
		t.Fatal(err)
	}
	if got := contents(page.Messages); !slices.Equal(got, want) {
		t.Errorf("channel_history is %q, want %q", got, want)
	}
	var talk wire.DMHistory
	if err := p.ask("get_dm_history", client.Fields{"dm_id": dm.ID}, "dm_history").Into(&talk); err != nil {
		t.Fatal(err)
	}
	if got := contents(talk.Messages); !slices.Equal(got, want[:3]) {
		t.Errorf("dm_history is %q, want %q", got, want[:3])
	}
	for place, expected := range map[client.Place][]string{general: want, dm: want[:3]} {
		query := url.Values{"context_type": {place.Context}, "context_id": {place.ID}, "limit": {"2"}}
		var body struct {
			Success  bool                 `json:"success"`
			Messages []wire.StoredMessage `json:"messages"`
		}
		if err := p.get("/api/messages?"+query.Encode(), 200).Into(&body); err != nil {
			t.Fatal(err)
		}
		if got := contents(body.Messages); !body.Success || !slices.Equal(got, expected[len(expected)-2:]) {
			t.Errorf("/api/messages has %q, want the newest two of %q", got, expected)
		}
		messages, _ := p.history(place)
		if got := contents(messages); !slices.Equal(got, expected) {
			t.Errorf("all pages of /api/messages have %q, want %q", got, expected)
		}
	}
}

// TestStartOrders starts the split's processes in other orders: none of them may
// need another to be there first.
func TestStartOrders(t *testing.T) {
	orders := []struct {
		name  string
		order []string
	}{
		{"gateway first and NATS last", []string{"gateway", "voice-signal", "social", "chat", "auth", installation.NATS}},
		{"auth last", []string{"chat", installation.NATS, "gateway", "social", "voice-signal", "auth"}},
		{"owners before NATS, gateway last", []string{"social", "auth", "chat", installation.NATS, "voice-signal", "gateway"}},
	}
	for _, order := range orders {
		t.Run(order.name, func(t *testing.T) {
			inst := installation.Start(t, installation.Options{Topology: installation.Split, Order: order.order})
			mainJob(t, inst)
		})
	}
}
