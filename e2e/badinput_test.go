package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// huge is a name or message of 60 kB.
var huge = strings.Repeat("x", 60_000)

// stage is a small world in which nonsense is tried: Anna owns a server and
// has a friend and a DM.
type stage struct {
	inst         *installation.Installation
	anna, ben    *person
	server       wire.Server
	general, dm  client.Place
	voiceChannel client.Place
	message      wire.Sent // Anna's in general
}

func newStage(t *testing.T, topology installation.Topology) *stage {
	t.Helper()
	s := &stage{inst: installation.Start(t, installation.Options{Topology: topology})}
	s.anna = signUp(t, s.inst, "anna", "")
	s.server, s.general = s.anna.createServer("Home")
	s.ben = signUp(t, s.inst, "ben", s.anna.invite())
	s.ben.join(s.anna, s.server.ID)
	s.dm = s.anna.openDM("ben")
	s.anna.ask("create_voice_channel", client.Fields{"server_id": s.server.ID, "name": "Lounge"}, "ok")
	s.voiceChannel = client.Channel(s.server.ID, s.anna.hears("channel_created").Field("channel.id"))
	s.message = s.anna.write(s.general, "first", "first")
	s.anna.write(s.dm, "hello", "hello")
	return s
}

// online is who is online, in a server's JSON: it becomes known in its own time.
var online = regexp.MustCompile(`"online":\[[^\]]*\]`)

// everything is what Anna can see over REST and in the list of members, but for
// who is online.
func (s *stage) everything(t *testing.T) string {
	t.Helper()
	all := ""
	for _, path := range []string{
		"/api/servers", "/api/friends", "/api/dms",
		"/api/messages?context_type=server&context_id=" + url.QueryEscape(s.general.ID),
		"/api/messages?context_type=dm&context_id=" + s.dm.ID,
	} {
		all += string(s.anna.in(t).get(path, 200).Body)
	}
	members := s.anna.in(t).ask("get_server_members", client.Fields{"server_id": s.server.ID}, "server_members")
	all += string(members.Raw[strings.Index(string(members.Raw), `"server_id"`):])
	return online.ReplaceAllString(all, "")
}

type badFrame struct {
	name  string
	frame string // %ID% becomes a request id
	code  string
}

// frame writes a frame with a request id as JSON.
func frame(kind string, fields client.Fields) string {
	all := map[string]any{"type": kind, "request_id": "%ID%"}
	for name, value := range fields {
		all[name] = value
	}
	data, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestBadInput(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		s := newStage(t, topology)
		t.Run("frames", s.badFrames)
		t.Run("messages that are no frames", s.noFrames)
		t.Run("too large", s.tooLarge)
		t.Run("before the login", s.beforeLogin)
		t.Run("sign-up", s.badSignUps)
		t.Run("passwords", s.passwords)
		t.Run("one code for two", s.contestedCodes)
		t.Run("REST", s.badRequests)
	})
}

func (s *stage) badFrames(t *testing.T) {
	server := s.server.ID
	used := s.anna.serverInvite(server)
	carl := signUp(t, s.inst, "carl", used)
	account := s.anna.invite()
	in := func(place client.Place, more client.Fields) client.Fields { return place.Fields(more) }
	cases := []badFrame{
		{"unknown type", frame("make_coffee", nil), "invalid"},
		{"missing type", `{"request_id":"%ID%"}`, "invalid"},
		{"type is a number", `{"request_id":"%ID%","type":5}`, "invalid"},
		{"login when logged in", frame("login", client.Fields{"username": "ben", "password": password}), "conflict"},
		{"sign-up when logged in", frame("signup", client.Fields{"username": "new", "password": password, "invite_code": account}), "conflict"},
		{"auth when logged in", frame("auth", client.Fields{"token": s.ben.Token}), "conflict"},

		{"server without a name", frame("create_server", nil), "invalid"},
		{"server name empty", frame("create_server", client.Fields{"name": ""}), "invalid"},
		{"server name blank", frame("create_server", client.Fields{"name": " \t\n "}), "invalid"},
		{"server name huge", frame("create_server", client.Fields{"name": huge}), "too_large"},
		{"server name one too long", frame("create_server", client.Fields{"name": strings.Repeat("é", 101)}), "too_large"},
		{"server name a number", frame("create_server", client.Fields{"name": 5}), "invalid"},
		{"server name a list", frame("create_server", client.Fields{"name": []string{"x"}}), "invalid"},
		{"server name an object", frame("create_server", client.Fields{"name": client.Fields{"x": 1}}), "invalid"},
		{"server name null", frame("create_server", client.Fields{"name": nil}), "invalid"},
		{"server name of control characters", frame("create_server", client.Fields{"name": "a\u0000b"}), "invalid"},
		{"new name blank", frame("rename_server", client.Fields{"server_id": server, "name": "  "}), "invalid"},
		{"new name huge", frame("rename_server", client.Fields{"server_id": server, "name": huge}), "too_large"},
		{"channel name empty", frame("create_channel", client.Fields{"server_id": server, "name": ""}), "invalid"},
		{"channel name blank", frame("create_voice_channel", client.Fields{"server_id": server, "name": " "}), "invalid"},
		{"channel name huge", frame("create_channel", client.Fields{"server_id": server, "name": huge}), "too_large"},
		{"channel of an unknown type", frame("create_channel", client.Fields{"server_id": server, "name": "x", "channel_type": "video"}), "invalid"},
		{"channel type a number", frame("create_channel", client.Fields{"server_id": server, "name": "x", "channel_type": 1}), "invalid"},
		{"server id a number", frame("create_channel", client.Fields{"server_id": 7, "name": "x"}), "invalid"},

		{"message empty", frame("message", in(s.general, client.Fields{"content": ""})), "invalid"},
		{"message blank", frame("message", in(s.general, client.Fields{"content": " \n "})), "invalid"},
		{"message without content", frame("message", in(s.general, nil)), "invalid"},
		{"message of 4001 characters", frame("message", in(s.general, client.Fields{"content": strings.Repeat("ü", 4001)})), "too_large"},
		{"message huge", frame("message", in(s.dm, client.Fields{"content": huge})), "too_large"},
		{"message a number", frame("message", in(s.general, client.Fields{"content": 1})), "invalid"},
		{"message a boolean", frame("message", in(s.dm, client.Fields{"content": true})), "invalid"},
		{"message with a null character", frame("message", in(s.general, client.Fields{"content": "a\u0000b"})), "invalid"},
		{"message to a voice channel", frame("message", in(s.voiceChannel, client.Fields{"content": "x"})), "invalid"},
		{"message without a context id", frame("message", client.Fields{"context": "server", "content": "x"}), "invalid"},
		{"message to no DM", frame("message", client.Fields{"context": "dm", "content": "x"}), "invalid"},
		{"message in an unknown context", frame("message", client.Fields{"context": "nowhere", "context_id": "x", "content": "x"}), "invalid"},
		{"message context a number", frame("message", client.Fields{"context": 3, "content": "x"}), "invalid"},
		{"message context id a list", frame("message", client.Fields{"context": "server", "context_id": []int{1}, "content": "x"}), "invalid"},
		{"nonce too long", frame("message", in(s.general, client.Fields{"content": "x", "nonce": strings.Repeat("n", 65)})), "too_large"},
		{"nonce a number", frame("message", in(s.general, client.Fields{"content": "x", "nonce": 1})), "invalid"},
		{"edit without content", frame("edit_message", in(s.general, client.Fields{"id": s.message.ID})), "invalid"},
		{"edit with a huge text", frame("edit_message", in(s.general, client.Fields{"id": s.message.ID, "content": huge})), "too_large"},
		{"edit of a text id", frame("edit_message", in(s.general, client.Fields{"id": "x", "content": "x"})), "invalid"},
		{"edit of nothing", frame("edit_message", in(s.general, client.Fields{"content": "x"})), "not_found"},
		{"deletion of half a message", frame("delete_message", in(s.general, client.Fields{"id": 1.5})), "invalid"},
		{"deletion of an absent message", frame("delete_message", in(s.general, client.Fields{"id": 1 << 40})), "not_found"},

		{"history of nothing", frame("get_channel_history", nil), "not_found"},
		{"history limit negative", frame("get_channel_history", history(s, client.Fields{"limit": -1})), "invalid"},
		{"history limit too high", frame("get_channel_history", history(s, client.Fields{"limit": 501})), "invalid"},
		{"history limit text", frame("get_dm_history", client.Fields{"dm_id": s.dm.ID, "limit": "many"}), "invalid"},
		{"history cursor negative", frame("get_dm_history", client.Fields{"dm_id": s.dm.ID, "before": -1}), "invalid"},
		{"history with two cursors", frame("get_channel_history", history(s, client.Fields{"before": 5, "after": 1})), "invalid"},
		{"history of a voice channel", frame("get_channel_history", client.Fields{"server_id": server, "channel_id": strings.Split(s.voiceChannel.ID, "/")[1]}), "invalid"},
		{"changes after a negative number", frame("get_changes", in(s.general, client.Fields{"after": -1})), "invalid"},
		{"changes after a text", frame("get_changes", in(s.dm, client.Fields{"after": "x"})), "invalid"},

		{"code empty", frame("join_server_with_invite", client.Fields{"invite_code": ""}), "not_found"},
		{"code unknown", frame("join_server_with_invite", client.Fields{"invite_code": "AAAAAAAA"}), "not_found"},
		{"code used", frame("join_server_with_invite", client.Fields{"invite_code": used}), "not_found"},
		{"code for an account", frame("join_server_with_invite", client.Fields{"invite_code": account}), "not_found"},
		{"code huge", frame("join_server_with_invite", client.Fields{"invite_code": huge}), "not_found"},
		{"code a number", frame("join_server_with_invite", client.Fields{"invite_code": 12345678}), "invalid"},
		{"join without a code", frame("join_server", client.Fields{"server_id": server}), "permission_denied"},

		{"permissions a list", frame("update_user_permissions", client.Fields{"server_id": server, "username": "ben", "permissions": []bool{true}}), "invalid"},
		{"permission a text", frame("update_user_permissions", client.Fields{"server_id": server, "username": "ben", "permissions": client.Fields{"can_create_channel": "yes"}}), "invalid"},
		{"permissions of nobody", frame("update_user_permissions", client.Fields{"server_id": server, "username": "Nobody"}), "not_found"},
		{"permissions of the owner", frame("update_user_permissions", client.Fields{"server_id": server, "username": "anna"}), "conflict"},

		{"friend without a name", frame("add_friend", nil), "invalid"},
		{"friend oneself", frame("add_friend", client.Fields{"username": "ANNA"}), "invalid"},
		{"friend already", frame("add_friend", client.Fields{"username": "Ben"}), "conflict"},
		{"friend unknown", frame("add_friend", client.Fields{"username": "Nobody"}), "not_found"},
		{"friend name huge", frame("add_friend", client.Fields{"username": huge}), "not_found"},
		{"friend name a number", frame("add_friend", client.Fields{"username": 5}), "invalid"},
		{"DM with oneself", frame("start_dm", client.Fields{"username": "anna"}), "invalid"},
		{"DM with a blank name", frame("start_dm", client.Fields{"username": "  "}), "invalid"},
		{"request that was not made", frame("approve_friend_request", client.Fields{"username": "carl"}), "not_found"},
		{"search for a number", frame("search_users", client.Fields{"query": 5}), "invalid"},
	}
	before := s.everything(t)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			anna := s.anna.in(t)
			id := fmt.Sprintf("bad-%d", i)
			if err := anna.Send(websocket.TextMessage, []byte(strings.ReplaceAll(c.frame, "%ID%", id))); err != nil {
				t.Fatal(err)
			}
			answer := anna.hears("error", "request_id", id)
			checkError(t, c.name, answer, "error", c.code)
			if after := s.everything(t); after != before {
				t.Errorf("the refused frame changed something:\n%s\n%s", before, after)
			}
		})
	}
	// The code that was offered in the wrong places is still good.
	carl.ask("search_users", client.Fields{"query": "ann"}, "search_results")
	signUp(t, s.inst, "dora", account)
}

func history(s *stage, more client.Fields) client.Fields {
	fields := client.Fields{"server_id": s.server.ID, "channel_id": s.server.Channels[0].ID}
	for name, value := range more {
		fields[name] = value
	}
	return fields
}

// checkError checks a refusal that came as a frame.
func checkError(t *testing.T, what string, answer client.Frame, kind, code string) {
	t.Helper()
	if answer.Type != kind || answer.Field("code") != code {
		t.Errorf("%.100s: answered with %.300s, want %s %s", what, answer.Raw, kind, code)
	}
	if message := answer.Field("message"); message != "" {
		checkSentence(t, what, message)
	} else {
		t.Errorf("%.100s: the refusal has no message", what)
	}
}

type noFrame struct {
	name string
	kind int
	data string
	code string
}

// nonsense is what is no frame at all.
var nonsense = []noFrame{
	{"empty message", websocket.TextMessage, "", "invalid"},
	{"blank message", websocket.TextMessage, "  ", "invalid"},
	{"invalid JSON", websocket.TextMessage, `{"type":"message"`, "invalid"},
	{"two objects", websocket.TextMessage, `{"type":"resync"}{"type":"resync"}`, "invalid"},
	{"a list", websocket.TextMessage, `["message"]`, "invalid"},
	{"a text", websocket.TextMessage, `"message"`, "invalid"},
	{"a number", websocket.TextMessage, `5`, "invalid"},
	{"null", websocket.TextMessage, `null`, "invalid"},
	{"deeply nested", websocket.TextMessage, strings.Repeat("[", 12_000), "invalid"},
	{"request id a number", websocket.TextMessage, `{"type":"resync","request_id":5}`, "invalid"},
	{"request id too long", websocket.TextMessage, `{"type":"resync","request_id":"` + strings.Repeat("r", 129) + `"}`, "too_large"},
	{"invalid UTF-8", websocket.TextMessage, "{\"type\":\"message\",\"content\":\"\xff\xfe\"}", "invalid"},
	{"binary frame", websocket.BinaryMessage, `{"type":"generate_invite"}`, "invalid"},
	{"binary login", websocket.BinaryMessage, `{"type":"login","username":"anna","password":"` + password + `"}`, "invalid"},
}

func (s *stage) noFrames(t *testing.T) {
	before := s.everything(t)
	for _, c := range nonsense {
		t.Run(c.name, func(t *testing.T) {
			anna := s.anna.in(t)
			anna.Take()
			if err := anna.Send(c.kind, []byte(c.data)); err != nil {
				t.Fatal(err)
			}
			checkError(t, c.name, anna.hears("error"), "error", c.code)
			if after := s.everything(t); after != before {
				t.Errorf("nonsense changed something:\n%s\n%s", before, after)
			}
		})
	}
}

// tooLarge sends what is larger than a socket reads: it is closed with 1009.
func (s *stage) tooLarge(t *testing.T) {
	guest := func(t *testing.T) *client.Conn {
		t.Helper()
		conn, err := client.Dial(t.Context(), s.inst.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Break)
		return conn
	}
	limit := s.anna.Init.Limits.FrameBytes
	cases := []struct {
		name string
		conn func(t *testing.T) *client.Conn
		data string
	}{
		{"16 kB before the login", guest, strings.Repeat(" ", wire.LoginFrameBytes+1)},
		{"sign-up with a name of 60 kB", guest, frame("signup", client.Fields{"username": huge, "password": password})},
		{"login with a password of 60 kB", guest, frame("login", client.Fields{"username": "anna", "password": huge})},
		{"4 MiB after it", func(t *testing.T) *client.Conn { return s.anna.in(t).another().Conn }, strings.Repeat(" ", limit+1)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			conn := c.conn(t)
			_ = conn.Send(websocket.TextMessage, []byte(c.data)) // may fail: it is closed meanwhile
			awaitClose(t, conn, websocket.CloseMessageTooBig)
		})
	}
	t.Run("4 MiB less a byte are read", func(t *testing.T) {
		anna := s.anna.in(t)
		content := strings.Repeat("x", limit-200)
		anna.refused("message", s.general.Fields(client.Fields{"content": content}), "too_large")
	})
}

// awaitClose waits until the server has closed a connection with the code.
func awaitClose(t *testing.T, conn *client.Conn, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	select {
	case <-conn.Done():
	case <-ctx.Done():
		t.Fatalf("the connection is still open, want it closed with %d", code)
	}
	if got := conn.CloseCode(); got != code {
		t.Errorf("closed with %d (%v), want %d", got, conn.Err(), code)
	}
}
