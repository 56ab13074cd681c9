package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// alarming is among it.
func (o *visitor) calm() {
	o.t.Helper()
	beat := "nothing else, " + o.name
	o.tell("message", client.Fields{"content": beat, "context": "global", "context_id": nil})
	o.gets("message", "content", beat, "username", o.name)
}

func TestOriginalClients(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		seen := map[string]bool{}
		anna := open(t, inst, "/ws", "anna", seen)
		anna.tell("login", credentials("anna", ""))
		if f := anna.next(); f.Type != "auth_error" {
			t.Fatalf("a login before any account: %.300s", f.Raw)
		}
		anna.enter("signup", credentials("anna", "")) // on the same socket
		w := &first{whole: t, t: t, inst: inst, seen: seen, anna: anna}
		for _, story := range []struct {
			name string
			tell func()
		}{
			{"signing up with a code", w.signUp},
			{"the terminal and the lobby", w.terminal},
			{"friends at once, and DMs", w.friends},
			{"servers, channels, permissions", w.servers},
			{"voice channels", w.voiceChannels},
			{"voice calls", w.voiceCalls},
			{"requests", w.requests},
			{"search", w.search},
			{"avatars", w.avatars},
			{"REST", w.rest},
		} {
			t.Run(story.name, func(t *testing.T) {
				w.t = t
				for _, o := range []*visitor{w.anna, w.ben, w.annas} {
					if o != nil {
						o.t = t
					}
				}
				story.tell()
				for _, o := range []*visitor{w.anna, w.ben, w.annas} {
					if o != nil {
						o.calm()
					}
				}
			})
			if t.Failed() {
				return
			}
		}
		for kind := range originalFrames("") {
			if !seen[kind] {
				t.Errorf("no original client ever got %s", kind)
			}
		}
	})
}

// first is the day on which the first clients are used: Anna has two tabs.
type first struct {
	whole, t         *testing.T // the stories together, and the one that is told
	inst             *installation.Installation
	seen             map[string]bool
	anna, annas, ben *visitor
	server, channel  string // ids
	dm               string
}

func (w *first) open(path, name string) *visitor {
	w.t.Helper()
	o := open(w.whole, w.inst, path, name, w.seen)
	o.t = w.t
	return o
}

func (w *first) signUp() {
	w.annas = w.open("/ws", "anna")
	w.annas.enter("login", client.Fields{"username": " ANNA ", "password": password})

	w.anna.tell("generate_invite", nil)
	code := w.anna.gets("invite_code").Field("code")
	ben := w.open("/ws", "ben")
	for _, wrong := range []client.Fields{credentials("ben", ""), credentials("ben", "AAAAAAAA"), credentials("Anna", code)} {
		ben.tell("signup", wrong)
		ben.gets("auth_error")
	}
	init := ben.enter("signup", credentials("ben", " "+strings.ToLower(code)+" "))
	var state wire.Init
	if err := init.Into(&state); err != nil {
		w.t.Fatal(err)
	}
	if len(state.Friends) != 1 || state.Friends[0].Username != "anna" {
		w.t.Errorf("Ben starts with the friends %+v", state.Friends)
	}
	w.ben = ben
	w.anna.gets("friend_added", "username", "ben", "avatar", "\U0001F464", "avatar_type", "emoji")
	w.annas.gets("friend_added", "username", "ben")

	again := w.open("/ws", "carl")
	again.tell("signup", credentials("carl", code))
	again.gets("auth_error")
}

// terminal: no path, no Origin, one frame read after each try, then a loop that
// prints what comes.
func (w *first) terminal() {
	ben := w.open("/", "ben")
	wrong := ""
	for _, name := range []string{"ben", "nobody"} {
		ben.tell("login", client.Fields{"username": name, "password": "wrong"})
		refusal := ben.next()
		if refusal.Type != "auth_error" || wrong != "" && refusal.Field("message") != wrong {
			w.t.Errorf("a wrong login is answered with %.300s, want %q", refusal.Raw, wrong)
		}
		wrong = refusal.Field("message")
	}
	if err := ben.Send(websocket.BinaryMessage, []byte(`{"type":"generate_invite"}`)); err != nil {
		w.t.Fatal(err)
	}
	if f := ben.next(); f.Type != "error" {
		w.t.Errorf("a binary frame before the login is answered with %.300s", f.Raw)
	}
	ben.enter("login", client.Fields{"username": "ben", "password": password})
	if f := ben.next(); f.Type != "history" { // Ben and Anna have written to the lobby before
		w.t.Errorf("after init came %.300s", f.Raw)
	}

	ben.tell("message", client.Fields{"content": "hello lobby"})
	for _, o := range []*visitor{ben, w.ben, w.anna, w.annas} {
		o.gets("message", "content", "hello lobby", "username", "ben", "context", "global")
	}
	ben.tell("generate_invite", nil)
	code := ben.gets("invite_code").Field("message")
	code = code[strings.LastIndex(code, " ")+1:] // printed as it is
	carl := w.open("/", "carl")
	carl.enter("signup", credentials("carl", strings.TrimRight(code, ".")))
	ben.gets("system", "content", "carl joined the chat")
	carl.Close()
	ben.gets("system", "content", "carl left the chat")

	for i := range wire.Bounds.LobbyHistory {
		ben.tell("message", client.Fields{"content": fmt.Sprint("line ", i)})
	}
	ben.gets("message", "content", fmt.Sprint("line ", wire.Bounds.LobbyHistory-1))
	late := w.open("/", "ben")
	late.enter("login", client.Fields{"username": "ben", "password": password})
	var history wire.History
	if err := late.gets("history").Into(&history); err != nil {
		w.t.Fatal(err)
	}
	if n := len(history.Messages); n != wire.Bounds.LobbyHistory || history.Messages[0].Content != "line 0" || history.Messages[n-1].Content != fmt.Sprint("line ", n-1) {
		w.t.Errorf("the lobby keeps %d messages, from %+v", n, history.Messages[0])
	}
	late.tell("no_such_frame", nil)
	late.gets("error")
	late.Close()
	ben.calm()
	ben.Close()
}

// pages are those that are open: both of Anna's, and Ben's.
func (w *first) pages() []*visitor { return []*visitor{w.anna, w.annas, w.ben} }

func (w *first) friends() {
	w.ben.tell("start_dm", client.Fields{"username": "anna"})
	w.dm = w.ben.gets("dm_started", "dm.username", "anna").Field("dm.id")
	w.anna.gets("dm_started", "dm.id", w.dm, "dm.username", "ben")
	w.annas.gets("dm_started", "dm.id", w.dm)
	w.ben.tell("message", client.Fields{"content": "hello anna", "context": "dm", "context_id": w.dm})
	for _, o := range w.pages() {
		o.gets("message", "content", "hello anna", "context", "dm", "context_id", w.dm)
	}
	w.ben.tell("get_dm_history", client.Fields{"dm_id": w.dm})
	w.ben.gets("dm_history", "dm_id", w.dm)

	w.anna.tell("remove_friend", client.Fields{"username": "ben"})
	w.anna.gets("friend_removed", "username", "ben")
	w.annas.gets("friend_removed", "username", "ben")
	w.ben.gets("friend_removed", "username", "anna")
	w.ben.tell("message", client.Fields{"content": "still there?", "context": "dm", "context_id": w.dm})
	w.ben.gets("error")
	w.ben.tell("get_dm_history", client.Fields{"dm_id": w.dm})
	w.ben.gets("dm_history", "dm_id", w.dm)
	w.ben.tell("add_friend", client.Fields{"username": "anna"})
	w.ben.gets("friend_added", "username", "anna")
	w.anna.gets("friend_added", "username", "ben")
	w.annas.gets("friend_added", "username", "ben")
	for _, again := range []string{"anna", "ben", "nobody"} {
		w.ben.tell("add_friend", client.Fields{"username": again})
		w.ben.gets("error")
	}
}

func (w *first) servers() {
	w.anna.tell("create_server", client.Fields{"name": " Club "})
	created := w.anna.gets("server_created", "server.name", "Club", "server.owner", "anna")
	w.annas.gets("server_joined", "server.name", "Club")
	var made wire.ServerCreated
	if err := created.Into(&made); err != nil {
		w.t.Fatal(err)
	}
	if c := made.Server.Channels; len(c) != 1 || c[0].Name != "general" || c[0].Type != "text" {
		w.t.Errorf("the new server has the channels %+v", c)
	}
	w.server, w.channel = made.Server.ID, made.Server.Channels[0].ID
	here := client.Fields{"server_id": w.server}

	w.ben.tell("join_server", here)
	w.ben.gets("error")
	w.ben.tell("generate_server_invite", here)
	w.ben.gets("error")
	w.anna.tell("generate_server_invite", here)
	code := w.anna.gets("server_invite_code", "server_id", w.server).Field("code")
	w.anna.tell("join_server_with_invite", client.Fields{"invite_code": code}) // a member already: the code stays good
	w.anna.gets("error")
	w.ben.tell("join_server_with_invite", client.Fields{"invite_code": " " + code})
	w.ben.gets("server_joined", "server.id", w.server)
	for _, o := range []*visitor{w.anna, w.annas} {
		o.gets("member_joined", "server_id", w.server, "username", "ben")
		o.gets("system", "content", "ben joined the server")
	}
	w.ben.tell("join_server_with_invite", client.Fields{"invite_code": code})
	w.ben.gets("error")

	w.ben.tell("message", client.Fields{"content": "hello club", "context": "server", "context_id": w.server + "/" + w.channel})
	for _, o := range w.pages() {
		o.gets("message", "content", "hello club", "context", "server", "context_id", w.server+"/"+w.channel)
	}
	w.ben.tell("get_channel_history", client.Fields{"server_id": w.server, "channel_id": w.channel})
	w.ben.gets("channel_history", "server_id", w.server, "channel_id", w.channel)
	for _, wrong := range []string{w.server + "/nothing", w.server, "nothing/" + w.channel, ""} {
		w.ben.tell("message", client.Fields{"content": "hello?", "context": "server", "context_id": wrong})
		w.ben.gets("error")
	}

	w.anna.tell("rename_server", client.Fields{"server_id": w.server, "name": "Club 2"})
	for _, o := range w.pages() {
		o.gets("server_renamed", "server_id", w.server, "name", "Club 2")
	}
	w.ben.tell("create_channel", client.Fields{"server_id": w.server, "name": "mine"})
	w.ben.gets("error")
	w.anna.tell("update_user_permissions", client.Fields{"server_id": w.server, "username": "ben",
		"permissions": client.Fields{"can_create_channel": true, "can_fly": true}})
	w.ben.gets("permissions_updated", "server_id", w.server, "permissions.can_create_channel", "true", "permissions.can_edit_channel", "false")
	for _, o := range []*visitor{w.anna, w.annas} {
		o.gets("permissions_updated_success", "server_id", w.server, "username", "ben")
	}
	for _, c := range []struct{ kind, asked, want string }{
		{"create_channel", "", "text"}, {"create_channel", "text", "text"}, {"create_channel", "voice", "voice"}, {"create_voice_channel", "", "voice"},
	} {
		fields := client.Fields{"server_id": w.server, "name": "more"}
		if c.asked != "" {
			fields["channel_type"] = c.asked
		}
		w.ben.tell(c.kind, fields)
		for _, o := range w.pages() {
			o.gets("channel_created", "server_id", w.server, "channel.name", "more", "channel.type", c.want)
		}
	}
	w.ben.tell("get_server_members", here)
	var list wire.ServerMembers
	if err := w.ben.gets("server_members", "server_id", w.server).Into(&list); err != nil {
		w.t.Fatal(err)
	}
	if m := list.Members; len(m) != 2 || m[0].Username != "anna" || !m[0].IsOwner || m[1].Username != "ben" || !m[1].Permissions.CreateChannel {
		w.t.Errorf("the members are %+v", list.Members)
	}

	// A server's code makes an account too, and joins.
	w.anna.tell("generate_server_invite", here)
	dora := w.open("/ws", "dora")
	init := dora.enter("signup", credentials("dora", w.anna.gets("server_invite_code").Field("code")))
	var state wire.Init
	if err := init.Into(&state); err != nil || len(state.Servers) != 1 || state.Servers[0].Name != "Club 2" {
		w.t.Errorf("Dora starts with %+v, %v", state.Servers, err)
	}
	w.ben.gets("member_joined", "username", "dora")
}

func (w *first) requests() {
	inst := installation.Start(w.t, installation.Options{Flags: []string{"--limits", "off", "--friends", "ask"}})
	elsewhere := &first{whole: w.t, t: w.t, inst: inst, seen: w.seen}
	anna := elsewhere.open("/ws", "anna")
	anna.enter("signup", credentials("anna", ""))
	join := func(name string) *visitor {
		anna.tell("generate_invite", nil)
		o := elsewhere.open("/ws", name)
		o.enter("signup", credentials(name, anna.gets("invite_code").Field("code")))
		anna.gets("friend_added", "username", name)
		return o
	}
	ben, carl := join("ben"), join("carl")
	to := func(o *visitor) client.Fields { return client.Fields{"username": o.name} }
	ask := func() {
		ben.tell("add_friend", to(carl))
		ben.gets("friend_request_sent", "username", "carl")
		carl.gets("friend_request_received", "username", "ben")
	}
	ask()
	ben.tell("add_friend", to(carl))
	ben.gets("error")
	carl.tell("deny_friend_request", to(ben))
	carl.gets("friend_request_denied", "username", "ben")
	ben.gets("friend_request_cancelled", "username", "carl")
	ask()
	ben.tell("cancel_friend_request", to(carl))
	ben.gets("friend_request_cancelled", "username", "carl")
	carl.gets("friend_request_cancelled_by_sender", "username", "ben")
	ask()
	carl.tell("approve_friend_request", to(ben))
	carl.gets("friend_request_approved", "username", "ben")
	ben.gets("friend_request_accepted", "username", "carl")
	ben.tell("remove_friend", to(carl))
	ben.gets("friend_removed", "username", "carl")
	carl.gets("friend_removed", "username", "ben")
	ask()
	carl.tell("add_friend", to(ben)) // both wish it
	carl.gets("friend_added", "username", "ben")
	ben.gets("friend_added", "username", "carl")
	for _, o := range []*visitor{anna, ben, carl} {
		o.calm()
	}
}

func (w *first) search() {
	for query, want := range map[string][]string{"BE": {"ben"}, "n": {"ben"}, "": {}, "  ": {}, "%": {}, "r": {"carl", "dora"}} {
		w.anna.tell("search_users", client.Fields{"query": query})
		var results wire.SearchResults
		if err := w.anna.gets("search_results").Into(&results); err != nil {
			w.t.Fatal(err)
		}
		found := []string{}
		for _, hit := range results.Results {
			found = append(found, hit.Username)
		}
		if !slices.Equal(found, want) {
			w.t.Errorf("%q finds %v, want %v", query, found, want)
		}
	}
}

func (w *first) avatars() {
	w.ben.tell("set_avatar", client.Fields{"avatar_type": "emoji", "avatar": "🦊"})
	w.ben.gets("avatar_updated", "avatar", "🦊", "avatar_type", "emoji")
	for _, o := range []*visitor{w.anna, w.annas} {
		o.gets("avatar_update", "username", "ben", "avatar", "🦊")
	}
	w.ben.tell("set_avatar", client.Fields{"avatar_type": "image", "avatar_data": dataURL(pictureOf(2, 2))})
	shown := w.ben.gets("avatar_updated", "avatar_type", "image", "avatar", "").Field("avatar_data")
	w.anna.gets("avatar_update", "username", "ben", "avatar_data", shown)
	w.annas.gets("avatar_update", "username", "ben", "avatar_data", shown)
	picture := do(w.t, client.REST{Base: w.inst.URL}, "GET", shown, nil, 200) // an <img> sends neither header nor cookie
	if kind := picture.Header.Get("Content-Type"); kind != "image/png" {
		w.t.Errorf("the picture is %s", kind)
	}
	for _, wrong := range []client.Fields{{"avatar_type": "image", "avatar_data": "data:image/png;base64,AAAA"}, {"avatar_type": "emoji"}} {
		w.ben.tell("set_avatar", wrong)
		w.ben.gets("error")
	}
}

// rest reads over the five endpoints.
func (w *first) rest() {
	nobody := client.REST{Base: w.inst.URL}
	isSuccess := func(value any) error {
		if value != true {
			return fmt.Errorf("is %v", value)
		}
		return nil
	}
	read := func(r client.REST, method, path string, body any, fields shape) client.Answer {
		w.t.Helper()
		answer := do(w.t, r, method, path, body, 200)
		var value any
		if err := answer.Into(&value); err != nil {
			w.t.Fatal(err)
		}
		if err := isA(joined(fields, shape{"success": isSuccess}))(value); err != nil {
			w.t.Errorf("%s%v, in %.500s", path, err, answer.Body)
		}
		return answer
	}
	token := read(nobody, "POST", "/api/auth", client.Fields{"username": "ben", "password": password}, shape{"token": isText, "user": isPerson}).Field("token")
	ben := client.REST{Base: w.inst.URL, Token: token}
	messages := func(kind, id string) string {
		return "/api/messages?" + url.Values{"context_type": {kind}, "context_id": {id}}.Encode()
	}
	for _, suffix := range []string{"", "?username=ben", "?username=BEN"} {
		read(ben, "GET", "/api/servers"+suffix, nil, shape{"servers": listOf(isServerOf("ben"))})
		read(ben, "GET", "/api/friends"+suffix, nil, shape{
			"friends": listOf(isText), "friend_requests_sent": listOf(isText), "friend_requests_received": listOf(isText)})
		read(ben, "GET", "/api/dms"+suffix, nil, shape{"dms": listOf(isA(shape{"dm_id": oneOf(w.dm), "other_user": oneOf("anna")}))})
	}
	read(ben, "GET", messages("server", w.server+"/"+w.channel), nil, shape{"messages": listOf(isStored("server"))})
	read(ben, "GET", messages("dm", w.dm)+"&limit=500", nil, shape{"messages": listOf(isStored("dm"))})

	for _, c := range []struct {
		r            client.REST
		method, path string
		body         any
		status       int
	}{
		{nobody, "POST", "/api/auth", client.Fields{"username": "ben"}, 400},
		{nobody, "POST", "/api/auth", client.Fields{"password": password}, 400},
		{nobody, "POST", "/api/auth", "{", 400},
		{nobody, "POST", "/api/auth", "[]", 400},
		{nobody, "POST", "/api/auth", client.Fields{"username": 5, "password": password}, 400},
		{nobody, "POST", "/api/auth", strings.Repeat(" ", 70_000) + "{}", 413},
		{nobody, "POST", "/api/auth", client.Fields{"username": "ben", "password": "wrong"}, 401},
		{nobody, "GET", "/api/servers", nil, 401},
		{nobody, "GET", "/api/servers?username=ben", nil, 401},
		{nobody, "GET", "/api/friends", nil, 401},
		{nobody, "GET", "/api/dms", nil, 401},
		{nobody, "GET", messages("dm", w.dm), nil, 401},
		{client.REST{Base: w.inst.URL, Token: "nonsense"}, "GET", "/api/servers", nil, 401},
		{ben, "GET", "/api/servers?username=anna", nil, 403},
		{ben, "GET", "/api/friends?username=anna", nil, 403},
		{ben, "GET", "/api/dms?username=anna", nil, 403},
		{ben, "GET", messages("server", "nothing/nothing"), nil, 404},
		{ben, "GET", messages("dm", "nothing"), nil, 404},
		{ben, "GET", messages("global", ""), nil, 400},
		{ben, "GET", "/api/messages", nil, 400},
		{ben, "GET", messages("dm", w.dm) + "&limit=abc", nil, 400},
		{ben, "GET", messages("dm", w.dm) + "&limit=-1", nil, 400},
		{ben, "GET", messages("dm", w.dm) + "&limit=0", nil, 400},
		{ben, "GET", messages("dm", w.dm) + "&limit=501", nil, 400},
		{ben, "GET", "/api/nothing", nil, 404},
		{ben, "GET", "/api/", nil, 404},
		{ben, "DELETE", "/api/servers", nil, 405},
	} {
		answer := do(w.t, c.r, c.method, c.path, c.body, c.status)
		var failure struct {
			Success *bool
			Error   string
		}
		if err := answer.Into(&failure); err != nil || failure.Success == nil || *failure.Success || failure.Error == "" {
			w.t.Errorf("%s %s: %d %.300s is no failure of the first API (%v)", c.method, c.path, answer.Status, answer.Body, err)
		}
	}
}
