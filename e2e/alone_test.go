package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// developmentNATS is where services that were started without a NATS URL meet.
const developmentNATS = "127.0.0.1:4222"

// TestServicesAlone starts services as a developer does, one by one in a
// terminal each and without a NATS URL. They share one fixed port, so that these
// tests run one after the other.
func TestServicesAlone(t *testing.T) {
	t.Run("auth", authAlone)
	t.Run("chat", chatAlone)
	t.Run("social with auth", socialAlone)
	t.Run("voice-signal", voiceAlone)
	t.Run("gateway", gatewayAlone)
	t.Run("all, one by one", allOneByOne)
	t.Run("health", health)
}

// oneByOne starts services in order, each when the last is ready.
func oneByOne(t *testing.T, names ...string) *installation.Installation {
	t.Helper()
	deadline := time.Now().Add(await.Patience)
	for {
		listener, err := net.Listen("tcp", developmentNATS)
		if err == nil {
			_ = listener.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is taken by another program, perhaps a service that runs for development; end it first: %v", developmentNATS, err)
		}
		await.Pause(t.Context(), 50*time.Millisecond)
	}
	inst := installation.New(t, installation.Options{Topology: installation.OneByOne, Order: names})
	for _, name := range names {
		inst.StartOne(name)
		await.Until(t, await.Patience, name+" becomes ready", func() error { return inst.Ready(name) })
	}
	return inst
}

// developer drives services with plain NATS requests.
type developer struct {
	t  *testing.T
	nc *nats.Conn
}

func connect(t *testing.T) developer {
	t.Helper()
	nc, err := nats.Connect("nats://"+developmentNATS, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatalf("connect to the NATS server that the first service embeds: %v", err)
	}
	t.Cleanup(nc.Close)
	return developer{t, nc}
}

// request asks a method as a user, with a body as one types it.
func (d developer) request(m rpc.Endpoint, user, body string) (answer client.Frame, code string) {
	d.t.Helper()
	message := &nats.Msg{Subject: m.Subject(), Data: []byte(body), Header: nats.Header{}}
	if user != "" {
		message.Header.Set("User", user)
		message.Header.Set("Session", "typed by hand")
		message.Header.Set("Connection", "none")
	}
	var reply *nats.Msg
	await.Until(d.t, await.Patience, m.Subject()+" answers", func() (err error) {
		reply, err = d.nc.RequestMsg(message, answerLimit)
		if err != nil && !errors.Is(err, nats.ErrNoResponders) && !errors.Is(err, nats.ErrDisconnected) {
			d.t.Fatalf("%s: %v", m.Subject(), err)
		}
		return err
	})
	if code := reply.Header.Get("Nats-Service-Error-Code"); code != "" {
		checkSentence(d.t, m.Subject(), reply.Header.Get("Nats-Service-Error"))
		return client.Frame{}, code
	}
	return client.Frame{Raw: reply.Data}, ""
}

// ok is request where the answer must be good.
func (d developer) ok(m rpc.Endpoint, user, body string) client.Frame {
	d.t.Helper()
	answer, code := d.request(m, user, body)
	if code != "" {
		d.t.Fatalf("%s %s was refused: %s", m.Subject(), body, code)
	}
	return answer
}

// refused is request where the answer must have the code.
func (d developer) refused(m rpc.Endpoint, user, body, want string) {
	d.t.Helper()
	if answer, code := d.request(m, user, body); code != want {
		d.t.Errorf("%s %s: got %s code %q, want %s", m.Subject(), body, answer.Raw, code, want)
	}
}

// pings asks for a service in NATS's discovery ($SRV.PING.<name>).
func (d developer) pings(name string) {
	d.t.Helper()
	for _, verb := range []string{"PING", "INFO", "STATS"} {
		reply, err := d.nc.Request("$SRV."+verb+"."+name, nil, answerLimit)
		if err != nil {
			d.t.Fatalf("$SRV.%s.%s: %v", verb, name, err)
		}
		var found struct{ Name, ID, Version string }
		if err := json.Unmarshal(reply.Data, &found); err != nil || found.Name != name || found.ID == "" || found.Version == "" {
			d.t.Errorf("$SRV.%s.%s answers %s (%v)", verb, name, reply.Data, err)
		}
	}
}

func (d developer) signUp(name, code string) client.Frame {
	d.t.Helper()
	return d.ok(contract.SignUp, "", fmt.Sprintf(`{"username":%q,"password":%q,"invite_code":%q}`, name, password, code))
}

func authAlone(t *testing.T) {
	oneByOne(t, "auth")
	d := connect(t)
	d.pings("auth")
	if state := d.ok(contract.Installation, "", ""); state.Field("first_account") != "true" {
		t.Errorf("auth without accounts says %s", state.Raw)
	}
	session := d.signUp("anna", "")
	if session.Field("profile.username") != "anna" || session.Field("token") == "" {
		t.Errorf("sign_up answers %s", session.Raw)
	}
	d.refused(contract.SignUp, "", `{"username":"ben","password":"x"}`, "invalid")
	code := d.ok(contract.GenerateInvite, "anna", "").Field("code")
	d.signUp("ben", code)
	d.refused(contract.SignUp, "", fmt.Sprintf(`{"username":"carl","password":"x","invite_code":%q}`, code), "not_found")
	d.refused(contract.Login, "", `{"username":"anna","password":"wrong"}`, "unauthenticated")
	d.ok(contract.Login, "", fmt.Sprintf(`{"username":"ANNA","password":%q}`, password))
	d.ok(contract.Resume, "", fmt.Sprintf(`{"token":%q}`, session.Field("token")))
	d.refused(contract.Resume, "", `{"token":5}`, "invalid")
	d.refused(contract.Resume, "", `nonsense`, "invalid")
	if found := d.ok(contract.Profiles, "", `{"usernames":["BEN","nobody"]}`); strings.Count(string(found.Raw), "username") != 1 {
		t.Errorf("profiles answers %s, want Ben alone", found.Raw)
	}
}

// chatAlone has nobody else around: what needs auth is unavailable, the rest
// works.
func chatAlone(t *testing.T) {
	oneByOne(t, "chat")
	d := connect(t)
	d.pings("chat")
	writeInChat(d, "anna")
	d.refused(contract.GetServerMembers, "ben", `{"server_id":"x"}`, "not_found")
	quickly(t, "a request that needs auth", func() {
		d.refused(contract.JoinServerWithInvite, "ben", `{"invite_code":"AAAAAAAA"}`, "unavailable")
	})
}

// writeInChat makes a server and writes in it.
func writeInChat(d developer, user string) {
	d.t.Helper()
	created := d.ok(contract.CreateServer, user, `{"name":"By hand"}`)
	var answer wire.ServerCreated
	if err := created.Into(&answer); err != nil {
		d.t.Fatal(err)
	}
	server, channel := answer.Server.ID, answer.Server.Channels[0].ID
	events, err := d.nc.SubscribeSync("*.event.server." + server)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = events.Unsubscribe() }()
	place := fmt.Sprintf(`"context":"server","context_id":"%s/%s"`, server, channel)
	d.ok(contract.SendChannelMessage, user, `{`+place+`,"content":"typed by hand","nonce":"1"}`)
	d.ok(contract.SendChannelMessage, user, `{`+place+`,"content":"typed by hand","nonce":"1"}`)
	event, err := events.NextMsg(soon)
	if err != nil || event.Subject != "chat.event.server."+server || !strings.HasPrefix(string(event.Data), `{"type":"message",`) {
		d.t.Errorf("the event is %+v, %v; want the finished frame", event, err)
	}
	where := fmt.Sprintf(`{"server_id":%q,"channel_id":%q}`, server, channel)
	var page wire.HistoryPage
	if err := d.ok(contract.GetChannelHistory, user, where).Into(&page); err != nil {
		d.t.Fatal(err)
	}
	if len(page.Messages) != 1 || page.Messages[0].Content != "typed by hand" || page.Messages[0].Username != user {
		d.t.Errorf("the history is %+v, want the message once", page.Messages)
	}
	d.refused(contract.GetChannelHistory, "mallory", where, "not_found")
	d.refused(contract.GetChannelHistory, "", where, "not_found")
}

func socialAlone(t *testing.T) {
	oneByOne(t, "social", "auth")
	d := connect(t)
	d.pings("social")
	d.signUp("anna", "")
	session := d.signUp("ben", d.ok(contract.GenerateInvite, "anna", "").Field("code"))
	d.signUp("carl", d.ok(contract.GenerateInvite, "ben", "").Field("code"))
	var state contract.SocialState
	request := fmt.Sprintf(`{"at_least":%s}`, session.Field("at_least"))
	if err := d.ok(contract.SocialSnapshot, "ben", request).Into(&state); err != nil {
		t.Fatal(err)
	}
	if len(state.Friends) == 0 || state.Friends[0].Username != "anna" {
		t.Errorf("Ben's friends are %+v, want Anna first", state.Friends)
	}
	d.ok(contract.AddFriend, "anna", `{"username":"carl"}`)
	d.refused(contract.AddFriend, "anna", `{"username":"nobody"}`, "not_found")
	d.ok(contract.StartDM, "anna", `{"username":"carl"}`)
	if err := d.ok(contract.SocialSnapshot, "carl", "{}").Into(&state); err != nil || len(state.DMs) != 1 {
		t.Fatalf("Carl's state is %+v (%v), want one DM", state, err)
	}
	dm := state.DMs[0].ID
	line := fmt.Sprintf(`{"context":"dm","context_id":%q,"content":"typed by hand"}`, dm)
	d.ok(contract.SendDM, "carl", line)
	d.refused(contract.SendDM, "ben", line, "not_found")
	var page wire.HistoryPage
	if err := d.ok(contract.GetDMHistory, "anna", fmt.Sprintf(`{"dm_id":%q}`, dm)).Into(&page); err != nil || len(page.Messages) != 1 {
		t.Errorf("the DM has %+v (%v), want one message", page, err)
	}
}

func voiceAlone(t *testing.T) {
	oneByOne(t, "voice-signal")
	d := connect(t)
	d.pings("voice-signal")
	var state contract.VoiceState
	if err := d.ok(contract.VoiceSnapshot, "anna", `{"server_ids":["S"]}`).Into(&state); err != nil || state.Rooms == nil || len(state.Rooms)+len(state.Calls) != 0 {
		t.Errorf("Anna's state is %+v (%v), want empty lists", state, err)
	}
	d.ok(contract.LeaveVoiceChannel, "anna", "{}")
	quickly(t, "a room that chat is to be asked for", func() {
		d.refused(contract.JoinVoiceChannel, "anna", `{"server_id":"S","channel_id":"C"}`, "unavailable")
	})
}

// gatewayAlone: the edge answers for itself, and that nobody else is there.
func gatewayAlone(t *testing.T) {
	inst := oneByOne(t, "gateway")
	guest := client.REST{Base: inst.URL}
	do(t, guest, "GET", "/healthz", nil, 200)
	do(t, guest, "GET", "/readyz", nil, 200)
	quickly(t, "a resource", func() {
		answer := do(t, guest, "GET", "/api/v1/installation", nil, 503)
		if answer.Field("code") != "unavailable" {
			t.Errorf("answered with %s, want code unavailable", answer.Body)
		}
		checkSentence(t, "installation", answer.Field("detail"))
	})
	quickly(t, "a login over REST", func() {
		answer := do(t, guest, "POST", "/api/auth", client.Fields{"username": "anna", "password": password}, 503)
		if answer.Field("success") != "false" || answer.Field("code") != "unavailable" {
			t.Errorf("answered with %s, want code unavailable", answer.Body)
		}
	})
	quickly(t, "a login over WebSocket", func() {
		_, err := client.Login(t.Context(), inst.URL, "anna", password)
		checkRefusal(t, "login", client.Frame{}, err, "unavailable")
	})
}

// allOneByOne starts all five; they find each other, and when the one that
// embeds NATS is killed, another takes over.
func allOneByOne(t *testing.T) {
	order := []string{"voice-signal", "auth", "chat", "social", "gateway"}
	inst := oneByOne(t, order...)
	for _, name := range order[:4] {
		connect(t).pings(name)
	}
	anna := signUp(t, inst, "anna", "")
	ben := signUp(t, inst, "ben", anna.invite())
	_, general := anna.createServer("Workshop")
	ben.join(anna, strings.Split(general.ID, "/")[0])
	anna.write(general, "one", "1")
	ben.hears("message", "content", "one")

	// The first that was started has the port.
	anna.Take()
	ben.Take()
	inst.Kill("voice-signal")
	awaitWritten(t, anna.Conn, general, "two")
	for _, p := range []*person{anna, ben} {
		p.hears("resync")
	}
	inst.StartOne("voice-signal")

	// Whoever took it over goes as well, be it the gateway.
	next := slices.IndexFunc(order[1:], func(name string) bool {
		return strings.Contains(inst.Process(name).Log(1000), "embedded nats serves")
	})
	if next < 0 {
		t.Fatal("no service says that it has taken over")
	}
	inst.Kill(order[1+next])
	inst.StartOne(order[1+next])
	var back *client.Conn
	await.Until(t, await.Patience, "Anna comes back without "+order[1+next], func() (err error) {
		back, err = client.Resume(t.Context(), inst.URL, anna.Token)
		return err
	})
	defer back.Close()
	awaitWritten(t, back, general, "three")
	for _, name := range order {
		await.Until(t, await.Patience, name+" is ready again", func() error { return inst.Ready(name) })
	}
	writeInChat(connect(t), "anna")
	messages, _ := anna.history(general)
	if got := strings.Join(contents(messages), ", "); got != "anna: one, anna: two, anna: three" {
		t.Errorf("the history is %q", got)
	}
	inst.StopAll()
}

// awaitWritten writes a message as soon as the services are there again.
func awaitWritten(t *testing.T, conn *client.Conn, place client.Place, content string) {
	t.Helper()
	await.Until(t, await.Patience, "chat works again", func() error {
		_, err := conn.Ask(t.Context(), "message", place.Fields(client.Fields{"content": content, "nonce": content}))
		if code := client.Code(err); err != nil && code != "unavailable" {
			t.Fatalf("message: %v", err)
		}
		return err
	})
}

// health is the containers' check: 0 when ready, 1 when not.
func health(t *testing.T) {
	check := func(program, dir string) int {
		t.Helper()
		cmd := exec.Command(installation.Program(program), "health", "--data", dir)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatalf("%s health: %v", program, err)
		}
		if len(out) == 0 {
			t.Errorf("%s health says nothing", program)
		}
		return cmd.ProcessState.ExitCode()
	}
	for _, name := range []string{"auth", "chat", "social", "voice-signal", "gateway"} {
		t.Run(name, func(t *testing.T) {
			inst := oneByOne(t, name)
			if code := check(name, inst.Data(name)); code != 0 {
				t.Errorf("health of a ready %s exits with %d, want 0", name, code)
			}
			if code := inst.Process(name).Stop(); code != 0 {
				t.Errorf("%s ended with %d, want 0", name, code)
			}
			if code := check(name, inst.Data(name)); code != 1 {
				t.Errorf("health of a stopped %s exits with %d, want 1", name, code)
			}
		})
	}
	t.Run("decentra", func(t *testing.T) {
		inst := installation.Start(t, installation.Options{Topology: installation.AllInOne})
		if code := check("decentra", inst.Data("decentra")); code != 0 {
			t.Errorf("health of a ready installation exits with %d, want 0", code)
		}
	})
	t.Run("killed", func(t *testing.T) {
		inst := oneByOne(t, "chat")
		inst.Kill("chat")
		if code := check("chat", inst.Data("chat")); code != 1 {
			t.Errorf("health of a killed service exits with %d, want 1", code)
		}
	})
	t.Run("without NATS", func(t *testing.T) {
		inst := installation.New(t, installation.Options{Topology: installation.Split})
		inst.StartOne("auth")
		await.Until(t, await.Patience, "auth has a status address", func() error {
			if err := inst.Ready("auth"); err == nil || !strings.Contains(err.Error(), "503") {
				return fmt.Errorf("its readiness is %v, want 503", err)
			}
			return nil
		})
		if code := check("auth", inst.Data("auth")); code != 1 {
			t.Errorf("health of a service without NATS exits with %d, want 1", code)
		}
		inst.StartOne(installation.NATS)
		await.Until(t, await.Patience, "auth becomes ready", func() error { return inst.Ready("auth") })
		if code := check("auth", inst.Data("auth")); code != 0 {
			t.Errorf("health after NATS has come exits with %d, want 0", code)
		}
	})
}
