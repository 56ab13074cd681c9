package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// password is everybody's.
const password = "correct horse battery staple"

// soon bounds what should happen at once.
const soon = 15 * time.Second

// person is a user at one connection. Every method ends the test when the
// server doesn't do what it says.
type person struct {
	*client.Conn
	t    *testing.T
	base string
}

func signUp(t *testing.T, inst *installation.Installation, name, code string) *person {
	t.Helper()
	conn, err := client.SignUp(t.Context(), inst.URL, name, password, code)
	return entered(t, inst.URL, conn, err)
}

func logIn(t *testing.T, inst *installation.Installation, name string) *person {
	t.Helper()
	conn, err := client.Login(t.Context(), inst.URL, name, password)
	return entered(t, inst.URL, conn, err)
}

// another opens one more connection of the same user, in the same session.
func (p *person) another() *person {
	p.t.Helper()
	conn, err := client.Resume(p.t.Context(), p.base, p.Token)
	return entered(p.t, p.base, conn, err)
}

func entered(t *testing.T, base string, conn *client.Conn, err error) *person {
	t.Helper()
	if err != nil {
		t.Fatalf("enter: %v", err)
	}
	t.Cleanup(conn.Close)
	return &person{Conn: conn, t: t, base: base}
}

// in is the same person for a subtest.
func (p *person) in(t *testing.T) *person { return &person{Conn: p.Conn, t: t, base: p.base} }

// ask sends a frame that must be answered with a frame of the wanted type.
func (p *person) ask(kind string, fields client.Fields, want string) client.Frame {
	p.t.Helper()
	answer, err := p.Ask(p.t.Context(), kind, fields)
	if err != nil {
		p.t.Fatalf("%s %s %v: %v", p.Username, kind, fields, err)
	}
	if answer.Type != want {
		p.t.Fatalf("%s %s was answered with %.300s, want %s", p.Username, kind, answer.Raw, want)
	}
	return answer
}

// refused sends a frame that must be refused with the code and a sentence.
func (p *person) refused(kind string, fields client.Fields, code string) *client.Refused {
	p.t.Helper()
	answer, err := p.Ask(p.t.Context(), kind, fields)
	return checkRefusal(p.t, kind, answer, err, code)
}

func checkRefusal(t *testing.T, what string, answer client.Frame, err error, code string) *client.Refused {
	t.Helper()
	refused, ok := err.(*client.Refused)
	if !ok {
		t.Fatalf("%.200s: got %.300s, %v; want it refused as %s", what, answer.Raw, err, code)
	}
	if refused.Code != code {
		t.Errorf("%.200s: refused with code %q (%s), want %q", what, refused.Code, refused.Message, code)
	}
	checkSentence(t, what, refused.Message)
	return refused
}

// checkSentence holds a message for people to the form of a sentence, without
// the inside of the program.
func checkSentence(t *testing.T, what, message string) {
	t.Helper()
	first, _ := utf8.DecodeRuneInString(message)
	if !unicode.IsUpper(first) && !unicode.IsTitle(first) || !strings.ContainsRune(".!?", rune(message[len(message)-1])) || len(message) > 300 {
		t.Errorf("%.200s: the message %q is no sentence", what, message)
	}
	for _, inside := range []string{"nats:", "sql", "json:", "Go struct", "runtime error", "panic", "context deadline"} {
		if strings.Contains(message, inside) {
			t.Errorf("%.200s: the message %q shows the inside of the program", what, message)
		}
	}
}

// hears waits for an event; pairs are fields by path and their values.
func (p *person) hears(kind string, pairs ...string) client.Frame {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), soon)
	defer cancel()
	f, err := p.Await(ctx, func(f client.Frame) bool { return matches(f, kind, pairs) })
	if err != nil {
		var waiting []string
		for _, f := range p.Waiting() {
			waiting = append(waiting, string(f.Raw))
		}
		p.t.Fatalf("%s waits for %s %v: %v; there were %.2000s", p.Username, kind, pairs, err, strings.Join(waiting, "\n"))
	}
	return f
}

// heardNot asserts that no such event has come, once something that was caused
// later has.
func (p *person) heardNot(kind string, pairs ...string) {
	p.t.Helper()
	for _, f := range p.Waiting() {
		if matches(f, kind, pairs) {
			p.t.Errorf("%s got %.300s", p.Username, f.Raw)
		}
	}
}

func matches(f client.Frame, kind string, pairs []string) bool {
	if f.Type != kind {
		return false
	}
	for i := 0; i < len(pairs); i += 2 {
		if f.Field(pairs[i]) != pairs[i+1] {
			return false
		}
	}
	return true
}

func (p *person) rest() client.REST { return client.REST{Base: p.base, Token: p.Token} }

// get asks over REST for what must be answered with the status.
func (p *person) get(path string, status int) client.Answer {
	p.t.Helper()
	return do(p.t, p.rest(), http.MethodGet, path, nil, status)
}

func do(t *testing.T, r client.REST, method, path string, body any, status int) client.Answer {
	t.Helper()
	answer, err := r.Do(t.Context(), method, path, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if answer.Status != status {
		t.Fatalf("%s %s: %d %.300s, want %d", method, path, answer.Status, answer.Body, status)
	}
	return answer
}

// history reads all of a conversation over REST and checks it.
func (p *person) history(place client.Place) ([]wire.StoredMessage, int64) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	messages, seq, err := p.rest().History(ctx, place)
	if err != nil {
		p.t.Fatalf("read history of %s: %v", place.ID, err)
	}
	if err := client.CheckHistory(messages); err != nil {
		p.t.Errorf("history of %s: %v", place.ID, err)
	}
	return messages, seq
}

func contents(messages []wire.StoredMessage) []string {
	all := []string{}
	for _, m := range messages {
		all = append(all, m.Username+": "+m.Content)
	}
	return all
}

// invite makes an account code.
func (p *person) invite() string {
	p.t.Helper()
	answer := p.ask("generate_invite", nil, "invite_code")
	code := answer.Field("code")
	checkCode(p.t, code, answer.Field("message"))
	return code
}

// serverInvite makes a code for a server.
func (p *person) serverInvite(serverID string) string {
	p.t.Helper()
	answer := p.ask("generate_server_invite", client.Fields{"server_id": serverID}, "server_invite_code")
	code := answer.Field("code")
	checkCode(p.t, code, answer.Field("message"))
	return code
}

// sessions lists the person's own.
func (p *person) sessions() []wire.SessionInfo {
	p.t.Helper()
	var list wire.Sessions
	if err := p.ask("get_sessions", nil, "sessions").Into(&list); err != nil {
		p.t.Fatal(err)
	}
	return list.Sessions
}

func checkCode(t *testing.T, code, message string) {
	t.Helper()
	if len(code) != 8 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		t.Errorf("the code is %q, want 8 of A-Z0-9", code)
	}
	if !strings.Contains(message, code) {
		t.Errorf("the message %q does not contain the code %s", message, code)
	}
}

// createServer makes a server and returns it with its first channel's place.
func (p *person) createServer(name string) (wire.Server, client.Place) {
	p.t.Helper()
	var created wire.ServerCreated
	if err := p.ask("create_server", client.Fields{"name": name}, "server_created").Into(&created); err != nil {
		p.t.Fatal(err)
	}
	s := created.Server
	if len(s.Channels) != 1 || s.Channels[0].Name != "general" || s.Channels[0].Type != wire.ChannelText {
		p.t.Fatalf("the new server has the channels %+v, want one text channel general", s.Channels)
	}
	return s, client.Channel(s.ID, s.Channels[0].ID)
}

// join makes the person a member by a code of the owner's.
func (p *person) join(owner *person, serverID string) wire.Server {
	p.t.Helper()
	var joined wire.ServerJoined
	answer := p.ask("join_server_with_invite", client.Fields{"invite_code": owner.serverInvite(serverID)}, "server_joined")
	if err := answer.Into(&joined); err != nil {
		p.t.Fatal(err)
	}
	return joined.Server
}

// write sends a message and returns its acknowledgement.
func (p *person) write(place client.Place, content, nonce string) wire.Sent {
	p.t.Helper()
	var sent wire.Sent
	if err := p.ask("message", place.Fields(client.Fields{"content": content, "nonce": nonce}), "ok").Into(&sent); err != nil {
		p.t.Fatal(err)
	}
	if sent.ID <= 0 || sent.Seq <= 0 || sent.Nonce != nonce || sent.Timestamp.IsZero() {
		p.t.Errorf("the acknowledgement is %+v, want id, seq, timestamp and the nonce %s", sent, nonce)
	}
	return sent
}

// openDM starts a DM with a friend and returns its place.
func (p *person) openDM(with string) client.Place {
	p.t.Helper()
	p.ask("start_dm", client.Fields{"username": with}, "ok")
	return client.DM(p.hears("dm_started", "dm.username", with).Field("dm.id"))
}
