package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/wire"
)

// TestMallory has a stranger among the users, who knows every id.
func TestMallory(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		s := newStage(t, topology)
		t.Run("stranger", s.stranger)
		t.Run("member without rights", s.powerless)
		t.Run("friend no more", s.estranged)
		t.Run("ended session", s.endedSession)
		t.Run("busy socket of an ended session", s.busySocket)
		t.Run("session that ends while it is resumed", s.contestedSession)
		t.Run("origins and cookies", s.origins)
	})
}

func (s *stage) stranger(t *testing.T) {
	mallory := signUp(t, s.inst, "mallory", signUp(t, s.inst, "accomplice", s.anna.invite()).invite())
	own, ownPlace := mallory.createServer("Mallory's own")
	line := s.anna.in(t).write(s.dm, "between us", "dm-line")
	channel := s.server.Channels[0].ID
	serverCode := s.anna.serverInvite(s.server.ID)
	theirs := names{
		server: s.server.ID, channel: channel, place: s.general, dm: s.dm, message: s.message.ID, dmLine: line.ID,
		member: "ben", session: s.anna.in(t).sessions()[0].ID, code: s.anna.invite(), serverCode: serverCode,
	}
	absent := names{
		server: "AAAAAAAAAAAAAAAA", channel: "BBBBBBBBBBBBBBBB", place: client.Channel("AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB"),
		dm: client.DM("CCCCCCCCCCCCCCCC"), message: 1 << 40, dmLine: 1 << 40,
		member: "nobody", session: "DDDDDDDDDDDDDDDD", code: "EEEEEEEE", serverCode: "FFFFFFFF",
	}
	// Her own server with Anna's channel: each id is good, not the two together.
	crossed := theirs
	crossed.server, crossed.place = own.ID, client.Channel(own.ID, channel)
	before := s.everything(t)

	for key := range contract.Frames {
		attack, tried := intrusions[key]
		if !tried {
			if !harmless[key] {
				t.Errorf("nobody has tried what a stranger can do with %s %s: add it to the table", key.Type, key.Context)
			}
			continue
		}
		t.Run(strings.TrimSpace(key.Type+" "+key.Context), func(t *testing.T) {
			m := mallory.in(t)
			real := m.refused(key.Type, attack.fields(theirs), attack.code)
			none := m.refused(key.Type, attack.fields(absent), attack.code)
			if real.Message != none.Message {
				t.Errorf("what is others' is answered with %q, what is not there with %q; want the same", real.Message, none.Message)
			}
			if key.Context == wire.ContextServer || key.Type == "get_channel_history" || key.Type == "update_channel" || key.Type == "delete_channel" ||
				key.Type == "join_voice_channel" {
				nowhere := crossed // her own server, and a channel that is not there
				nowhere.channel, nowhere.place = absent.channel, client.Channel(own.ID, absent.channel)
				mixed, lost := m.refused(key.Type, attack.fields(crossed), attack.code), m.refused(key.Type, attack.fields(nowhere), attack.code)
				if mixed.Message != lost.Message {
					t.Errorf("a channel of another server is answered with %q, want %q", mixed.Message, lost.Message)
				}
			}
		})
	}
	others := []struct {
		name, kind string
		fields     client.Fields
		code       string
	}{
		{"a DM's id as a channel", "get_changes", client.Fields{"context": "server", "context_id": s.dm.ID, "after": 0}, "not_found"},
		{"a channel's id as a DM", "get_changes", client.Fields{"context": "dm", "context_id": s.general.ID, "after": 0}, "not_found"},
		{"a message of another channel", "edit_message", ownPlace.Fields(client.Fields{"id": s.message.ID, "content": "x"}), "not_found"},
		{"a wildcard as a server", "get_server_members", client.Fields{"server_id": "*"}, "not_found"},
		{"a code of another server's", "revoke_server_invite", client.Fields{"server_id": own.ID, "code": serverCode}, "not_found"},
		{"a server's code as an account's", "revoke_invite", client.Fields{"code": serverCode}, "not_found"},
		{"channels of another server", "reorder_channels", client.Fields{"server_id": own.ID, "channel_ids": []string{channel}}, "conflict"},
		{"a DM with somebody who is no friend", "start_dm", client.Fields{"username": "anna"}, "permission_denied"},
		{"ending the friendship of others", "remove_friend", client.Fields{"username": "anna"}, "not_found"},
		{"approving what was not asked", "approve_friend_request", client.Fields{"username": "anna"}, "not_found"},
		{"denying what was not asked", "deny_friend_request", client.Fields{"username": "anna"}, "not_found"},
		{"cancelling what was not asked", "cancel_friend_request", client.Fields{"username": "anna"}, "not_found"},
	}
	for _, c := range others {
		t.Run(c.name, func(t *testing.T) { mallory.in(t).refused(c.kind, c.fields, c.code) })
	}
	t.Run("message of somebody else in the lobby", func(t *testing.T) {
		lobby := client.Fields{"context": "global", "id": s.lobbyLine(t)}
		mallory.in(t).refused("delete_message", lobby, "permission_denied")
		lobby["content"] = "Mallory was here"
		mallory.in(t).refused("edit_message", lobby, "permission_denied")
	})
	if after := s.everything(t); after != before {
		t.Errorf("Mallory changed something:\n%s\n%s", before, after)
	}

	t.Run("hears nothing", func(t *testing.T) {
		anna, m := s.anna.in(t), mallory.in(t)
		anna.write(s.general, "not for Mallory", "")
		anna.write(s.dm, "not for Mallory", "")
		anna.ask("create_channel", client.Fields{"server_id": s.server.ID, "name": "secret"}, "ok")
		anna.ask("message", client.Fields{"context": "global", "content": "for all"}, "ok")
		m.hears("message", "content", "for all", "context", "global")
		for _, f := range m.Waiting() {
			if strings.Contains(string(f.Raw), s.server.ID) || strings.Contains(string(f.Raw), s.dm.ID) {
				t.Errorf("Mallory got %s", f.Raw)
			}
		}
		if len(m.Init.Servers) != 0 || len(m.Init.DMs) != 0 {
			t.Errorf("Mallory's init has %+v", m.Init)
		}
	})
}

// lobbyLine is a message of Anna's in the lobby.
func (s *stage) lobbyLine(t *testing.T) int64 {
	t.Helper()
	var sent wire.Sent
	answer := s.anna.in(t).ask("message", client.Fields{"content": "hello all"}, "ok")
	if err := answer.Into(&sent); err != nil {
		t.Fatal(err)
	}
	return sent.ID
}

// powerless is Ben, a member whom nobody gave a right.
func (s *stage) powerless(t *testing.T) {
	cases := []struct {
		name, kind string
		fields     client.Fields
	}{
		{"rename", "rename_server", client.Fields{"name": "Ben's"}},
		{"invite", "generate_server_invite", nil},
		{"give himself rights", "update_user_permissions", client.Fields{"username": "ben", "permissions": everyRight}},
		{"take the owner's", "update_user_permissions", client.Fields{"username": "anna"}},
		{"create a channel", "create_channel", client.Fields{"name": "x"}},
		{"create a voice channel", "create_voice_channel", client.Fields{"name": "x"}},
		{"edit another's message", "edit_message", s.general.Fields(client.Fields{"id": s.message.ID, "content": "x"})},
		{"delete another's message", "delete_message", s.general.Fields(client.Fields{"id": s.message.ID})},
	}
	before := s.everything(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fields := client.Fields{"server_id": s.server.ID}
			maps.Copy(fields, c.fields)
			s.ben.in(t).refused(c.kind, fields, "permission_denied")
			if after := s.everything(t); after != before {
				t.Errorf("Ben changed something:\n%s\n%s", before, after)
			}
		})
	}
	t.Run("until he is allowed to, and after", func(t *testing.T) {
		anna, ben := s.anna.in(t), s.ben.in(t)
		grant := client.Fields{"server_id": s.server.ID, "username": "ben", "permissions": client.Fields{"can_create_channel": true, "fly": true}}
		anna.ask("update_user_permissions", grant, "ok")
		told := anna.hears("permissions_updated_success", "username", "ben")
		if strings.Contains(string(told.Raw), "fly") {
			t.Errorf("an unknown permission is echoed: %s", told.Raw)
		}
		ben.hears("permissions_updated", "permissions.can_create_channel", "true", "permissions.can_edit_channel", "false")
		ben.ask("create_channel", client.Fields{"server_id": s.server.ID, "name": "Ben's corner"}, "ok")
		ben.refused("rename_server", client.Fields{"server_id": s.server.ID, "name": "Ben's"}, "permission_denied")
		grant["permissions"] = client.Fields{}
		anna.ask("update_user_permissions", grant, "ok")
		ben.refused("create_channel", client.Fields{"server_id": s.server.ID, "name": "x"}, "permission_denied")
	})
}

// estranged: the DM of two who are friends no more stays readable, and no more.
func (s *stage) estranged(t *testing.T) {
	eve := signUp(t, s.inst, "eve", s.anna.invite())
	dm := eve.openDM("anna")
	sent := eve.write(dm, "dear Anna", "")
	eve.ask("remove_friend", client.Fields{"username": "anna"}, "ok")
	s.anna.in(t).hears("friend_removed", "username", "eve")
	eve.refused("message", dm.Fields(client.Fields{"content": "and another thing"}), "permission_denied")
	eve.refused("edit_message", dm.Fields(client.Fields{"id": sent.ID, "content": "x"}), "permission_denied")
	s.anna.in(t).refused("message", dm.Fields(client.Fields{"content": "what?"}), "permission_denied")
	if messages, _ := eve.history(dm); len(messages) != 1 || messages[0].Content != "dear Anna" {
		t.Errorf("the DM has %+v, want the one message unchanged", messages)
	}
}

// endedSession: after DELETE /api/v1/session nothing of it is good any more, and
// the user's other sessions are.
func (s *stage) endedSession(t *testing.T) {
	first, other := logIn(t, s.inst, "ben"), logIn(t, s.inst, "ben")
	second := first.another()
	elsewhere, err := client.Resume(t.Context(), s.inst.URL, first.Token)
	entered(t, s.inst.URL, elsewhere, err)
	do(t, first.rest(), http.MethodDelete, "/api/v1/session", nil, http.StatusNoContent)
	for _, conn := range []*client.Conn{first.Conn, second.Conn, elsewhere} {
		awaitClose(t, conn, 4001)
	}
	for _, path := range []string{"/api/servers", "/api/v1/session", "/api/friends"} {
		first.get(path, http.StatusUnauthorized)
	}
	_, err = client.Resume(t.Context(), s.inst.URL, first.Token)
	checkRefusal(t, "auth with the used-up token", client.Frame{}, err, "unauthenticated")
	other.get("/api/servers", http.StatusOK)
	other.ask("search_users", client.Fields{"query": "anna"}, "search_results")
}

// busySocket ends sessions whose sockets have frames waiting at that very moment.
func (s *stage) busySocket(t *testing.T) {
	for range 10 {
		busy := logIn(t, s.inst, "ben")
		if err := busy.SendTogether(300, []byte(`{"type":"search_users","query":"anna"}`)); err != nil {
			t.Fatal(err)
		}
		busy.hears("search_results") // it is at it
		do(t, busy.rest(), http.MethodDelete, "/api/v1/session", nil, http.StatusNoContent)
		awaitClose(t, busy.Conn, 4001)
	}
}

// contestedSession ends sessions at the moment in which sockets resume them:
// either the socket is refused, or it is closed.
func (s *stage) contestedSession(t *testing.T) {
	for round := range 150 {
		ending := logIn(t, s.inst, "ben")
		conn, err := client.Dial(t.Context(), s.inst.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		entered := make(chan error, 1)
		go func() { entered <- conn.Enter(t.Context(), "auth", client.Fields{"token": ending.Token}) }()
		await.Pause(t.Context(), time.Duration(round%16)*100*time.Microsecond)
		do(t, ending.rest(), http.MethodDelete, "/api/v1/session", nil, http.StatusNoContent)
		if err := <-entered; client.Code(err) == "unauthenticated" {
			continue
		}
		awaitClose(t, conn, 4001)
	}
}

func (s *stage) origins(t *testing.T) {
	login := do(t, client.REST{Base: s.inst.URL}, http.MethodPost, "/api/v1/session", client.Fields{"username": "anna", "password": password}, http.StatusCreated)
	set := login.Header.Get("Set-Cookie")
	cookie, _, _ := strings.Cut(set, ";")
	for _, attribute := range []string{"HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, attribute) {
			t.Errorf("the cookie %q lacks %s", set, attribute)
		}
	}
	host := strings.TrimPrefix(s.inst.URL, "http://")
	upgrades := []struct {
		name, path, origin string
		status             int // 0: accepted
	}{
		{"none", "/ws", "", 0},
		{"none, on the root path", "/", "", 0},
		{"own", "/ws", s.inst.URL, 0},
		{"another host", "/ws", "http://evil.example", 403},
		{"another host, on the root path", "/", "http://evil.example", 403},
		{"another port", "/ws", "http://127.0.0.1:1", 403},
		{"own as a beginning", "/ws", "http://" + host + ".evil.example", 403},
		{"null", "/ws", "null", 403},
	}
	for _, c := range upgrades {
		t.Run("origin "+c.name, func(t *testing.T) {
			header := http.Header{"Cookie": {cookie}}
			if c.origin != "" {
				header.Set("Origin", c.origin)
			}
			conn, err := client.DialPath(t.Context(), s.inst.URL, c.path, header)
			if c.status != 0 {
				if err == nil {
					conn.Close()
				}
				if err == nil || !strings.Contains(err.Error(), fmt.Sprint("upgrade answered ", c.status)) {
					t.Fatalf("the upgrade gives %v, want %d", err, c.status)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			answer, err := conn.Ask(t.Context(), "generate_invite", nil)
			checkRefusal(t, "a frame with nothing but a cookie", answer, err, "unauthenticated")
			if err := conn.Enter(t.Context(), "auth", nil); err != nil || conn.Username != "anna" {
				t.Errorf("auth with the cookie gives %v as %q, want Anna", err, conn.Username)
			}
		})
	}
	own := client.REST{Base: s.inst.URL, Header: http.Header{"Cookie": {cookie}}}
	do(t, own, http.MethodGet, "/api/servers", nil, 200)
	own.Header.Set("Origin", "http://evil.example")
	do(t, own, http.MethodGet, "/api/servers", nil, 401)
	foreign := client.REST{Base: s.inst.URL, Header: http.Header{"Cookie": {cookie}, "Origin": {"http://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}}
	do(t, foreign, http.MethodDelete, "/api/v1/session", nil, 403)
	own.Header.Set("Origin", s.inst.URL)
	do(t, own, http.MethodGet, "/api/v1/session", nil, 200)
}
