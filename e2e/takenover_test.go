package e2e

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/pion/turn/v4"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/firsthand"
)

// TestATakenOverServiceCantSpeakAsAnother connects to NATS with each service's
// key, as somebody would who broke into it, and tries what is not its own.
func TestATakenOverServiceCantSpeakAsAnother(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.Split})
	anna := signUp(t, inst, "anna", "")
	server, general := anna.createServer("Anna's place")

	services := []string{"auth", "chat", "social", "voice-signal", "gateway"}
	for _, service := range services {
		t.Run(service, func(t *testing.T) {
			s := takeOver(t, inst, service)
			for _, other := range services {
				if other == service {
					continue
				}
				s.mayNotSay(other + ".event.everyone")
				s.mayNotSay(other + ".event.server." + server.ID)
				s.mayNotHear(other + ".rpc.>")
				s.mayNotHear("_INBOX." + other + ".>")
			}
			s.mayNotHear(">")
			s.mayNotHear("*.rpc.*")
			s.mayNotHear("_INBOX.>")
			s.mayNotHear("$KV.>")
			s.mayNotHear("$SYS.>")
			s.mayNotSay("$JS.API.STREAM.DELETE.KV_presence")
			s.mayNotSay("$JS.API.STREAM.CREATE.spy")
			if service != "auth" {
				s.mayNotSay("auth.fact")
			}
			if service != "gateway" { // it alone asks for users, and passes packets on
				s.mayNotSay(contract.RelayPackets + "c61200")
				s.mayNotHear(contract.RelayPackets + ">")
				s.mayNotHear("*.event.>")
				s.mayNotSay("$KV.presence.anybody.here")
				s.mayNotSay("$JS.API.STREAM.UPDATE.KV_presence")
				s.mayNotSay("$JS.API.STREAM.CREATE.KV_voice")
				s.mayNotSay("$JS.API.STREAM.UPDATE.KV_voice")
				s.mayNotSay("$JS.API.STREAM.MSG.GET.KV_voice")
				for _, method := range methods(t) {
					if !slices.Contains(contract.AccessOf(service).Publish, method) {
						s.mayNotSay(method)
					}
				}
				for key, route := range contract.Frames {
					if slices.Contains(contract.AccessOf(service).Publish, route.Endpoint.Subject()) {
						t.Errorf("%s may ask on behalf of users what %v does", service, key)
					}
				}
			}
		})
	}

	t.Run("no answer is sent where the asker may not speak", func(t *testing.T) {
		gateway, social := takeOver(t, inst, "gateway"), takeOver(t, inst, "social")
		heard, err := gateway.nc.SubscribeSync("*.event.everyone")
		if err != nil {
			t.Fatal(err)
		}
		gateway.flush()
		lure := &nats.Msg{Subject: "auth.rpc.search", Reply: "auth.event.everyone", Data: []byte(`{"query":"anna"}`)}
		if err := social.nc.PublishMsg(lure); err != nil {
			t.Fatal(err)
		}
		social.flush()
		if _, err := social.nc.Request("auth.rpc.search", lure.Data, soon); err != nil {
			t.Fatal(err) // it waits in the same queue as the lure
		}
		if m, err := heard.NextMsg(200 * time.Millisecond); !errors.Is(err, nats.ErrTimeout) {
			t.Errorf("auth was made to say %v, %v", m, err)
		}
	})

	// Two allocations of the relay, which permit each other's packets.
	ear, mouth := allocate(t, anna), allocate(t, anna)
	exchange(t, mouth, ear)
	packet, subject := relayPacket(t, mouth, ear, "I am the mouth.")

	t.Run("JetStream carries nothing further", func(t *testing.T) {
		voice := takeOver(t, inst, "voice-signal")
		gateway := takeOver(t, inst, "gateway")
		passed, err := gateway.nc.SubscribeSync(subject)
		if err != nil {
			t.Fatal(err)
		}
		gateway.flush()
		carry := func(kind, subject, to, body string) {
			m, err := voice.nc.Request(subject, []byte(body), soon)
			if err != nil || strings.Contains(string(m.Data), `"error"`) {
				t.Fatalf("%s to %s: %s, %v", kind, to, m.Data, err)
			}
		}
		for what, tried := range map[string]struct {
			to   string
			says *nats.Msg
		}{
			"an event": {"chat.event.everyone", &nats.Msg{Data: []byte(`{"type":"system","content":"I am chat."}`)}},
			"an event with a mark": {"chat.event.everyone", &nats.Msg{Data: []byte(`{"type":"system","content":"I am chat."}`),
				Header: nats.Header{"From": {"chat"}}}},
			"a request":            {"chat.rpc.create_server", &nats.Msg{Data: []byte(`{"name":"Forged"}`), Header: nats.Header{"User": {"anna"}}}},
			"a packet":             {subject, &nats.Msg{Data: packet}},
			"a packet with a mark": {subject, &nats.Msg{Data: packet, Header: nats.Header{"From": {"gateway"}}}},
		} {
			key := "$KV.voice." + rand.Text()
			tried.says.Subject = key
			if _, err := voice.nc.RequestMsg(tried.says, soon); err != nil {
				t.Fatal(what, err)
			}
			name := rand.Text()
			carry(what, "$JS.API.CONSUMER.CREATE.KV_voice."+name, tried.to, `{"stream_name":"KV_voice","action":"create","config":{"name":"`+name+
				`","filter_subject":"`+key+`","deliver_subject":"`+tried.to+`","deliver_policy":"all","ack_policy":"none"}}`)
			for _, body := range []string{"", `{"no_hdr":true}`} {
				lure := &nats.Msg{Subject: "$JS.API.DIRECT.GET.KV_voice." + key, Reply: tried.to, Data: []byte(body)}
				if err := voice.nc.PublishMsg(lure); err != nil {
					t.Fatal(what, err)
				}
			}
			if err := voice.nc.PublishMsg(&nats.Msg{Subject: key, Reply: tried.to, Data: tried.says.Data}); err != nil {
				t.Fatal(what, err)
			}
		}
		voice.flush()
		await.Pause(t.Context(), time.Second) // for what must not come, there is nothing to wait for
		fresh := anna.in(t).another()
		if n := len(fresh.Init.Servers); n != 1 {
			t.Errorf("anna has %d servers, want 1", n)
		}
		for _, f := range anna.Waiting() {
			if f.Type == "system" && f.Field("content") == "I am chat." {
				t.Errorf("anna was told %s", f.Raw)
			}
		}
		if heard := exchange(t, mouth, ear); slices.Contains(heard, "I am the mouth.") {
			t.Error("a packet was injected into the relay")
		}
		carried := 0
		for {
			m, err := passed.NextMsg(200 * time.Millisecond)
			if err != nil {
				break
			}
			if strings.Contains(string(m.Data), "I am the mouth.") {
				carried++
			}
		}
		if carried < 4 {
			t.Errorf("JetStream carried %d packets: the attempt was none", carried)
		}

		// A gateway could: it is the mark that makes the difference, and not the form.
		if err := firsthand.Send(gateway.nc, contract.Gateway, subject, packet); err != nil {
			t.Fatal(err)
		}
		gateway.flush()
		await.Until(t, await.Patience, "a packet in its right form arrives", func() error {
			if heard := exchange(t, mouth, ear); !slices.Contains(heard, "I am the mouth.") {
				return fmt.Errorf("heard %q", heard) // its way may take longer
			}
			return nil
		})
	})

	t.Run("nobody without a key", func(t *testing.T) {
		for name, option := range map[string]nats.Option{
			"none": nats.Name("stranger"), "a password": nats.UserInfo("auth", "auth"), "a token": nats.Token("auth"),
		} {
			nc, err := nats.Connect("nats://"+inst.NATS(), option)
			if err == nil {
				nc.Close()
			}
			if !errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("%s: connecting gave %v, want an authorization error", name, err)
			}
		}
	})
	anna.write(general, "all is well", "1") // nothing of this did harm
}

// allocate takes an address of the relay, as a browser does.
func allocate(t *testing.T, p *person) net.PacketConn {
	t.Helper()
	credentials := p.ask("get_turn_credentials", nil, "turn_credentials")
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(p.base, "http://")
	c, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: address, TURNServerAddr: address, Conn: conn,
		Username: credentials.Field("username"), Password: credentials.Field("credential"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		_ = conn.Close()
	})
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	var relayed net.PacketConn
	await.Until(t, await.Patience, "the relay gives an address", func() (err error) {
		relayed, err = c.Allocate()
		return err
	})
	t.Cleanup(func() { _ = relayed.Close() })
	return relayed
}

// exchange sends from one to the other until it arrives, and returns what else did.
func exchange(t *testing.T, from, to net.PacketConn) (heard []string) {
	t.Helper()
	text := rand.Text()
	await.Until(t, await.Patience, "a packet goes through the relay", func() error {
		for _, way := range [][2]net.PacketConn{{to, from}, {from, to}} { // who sends permits answers
			if _, err := way[0].WriteTo([]byte(text), way[1].LocalAddr()); err != nil {
				return err
			}
		}
		buffer := make([]byte, 1500)
		for {
			_ = to.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			n, _, err := to.ReadFrom(buffer)
			if err != nil {
				return err
			}
			if string(buffer[:n]) == text {
				return nil
			}
			heard = append(heard, string(buffer[:n]))
		}
	})
	return heard
}

// relayPacket is a packet from one to the other as gateways pass it on, and the
// subject where the gateway listens that has the other.
func relayPacket(t *testing.T, from, to net.PacketConn, text string) (packet []byte, subject string) {
	t.Helper()
	for _, conn := range []net.PacketConn{to, from} {
		udp, ok := conn.LocalAddr().(*net.UDPAddr)
		if !ok {
			t.Fatalf("the relay gave the address %v", conn.LocalAddr())
		}
		packet = binary.BigEndian.AppendUint16(append(packet, udp.IP.To4()...), uint16(udp.Port))
	}
	return append(packet, text...), contract.RelayPackets + hex.EncodeToString(packet[:3])
}

// methods are the subjects of all methods that there are.
func methods(t *testing.T) []string {
	t.Helper()
	owners := map[string]string{"Auth": contract.Auth, "Chat": contract.Chat, "Social": contract.Social, "Voice": contract.Voice}
	files, err := filepath.Glob("../pkg/contract/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		made := strings.Count(string(source), "rpc.Method[")
		found := method.FindAllStringSubmatch(string(source), -1)
		if len(found) != made {
			t.Errorf("%s makes %d methods, and %d are understood", file, made, len(found))
		}
		for _, m := range found {
			all = append(all, owners[m[1]]+".rpc."+m[2])
		}
	}
	return all
}

var method = regexp.MustCompile(`rpc\.Method\[[^]]*(?:\[\][^]]*)*\]\{Service: (\w+), Name: "(\w+)"`)

// intruder holds the key of a service.
type intruder struct {
	t       *testing.T
	nc      *nats.Conn
	refused chan error
}

func takeOver(t *testing.T, inst *installation.Installation, service string) *intruder {
	t.Helper()
	key, err := nats.NkeyOptionFromSeed(inst.Key(service))
	if err != nil {
		t.Fatal(err)
	}
	refused := make(chan error, 16)
	nc, err := nats.Connect("nats://"+inst.NATS(), key, nats.CustomInboxPrefix("_INBOX."+service),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return &intruder{t: t, nc: nc, refused: refused}
}

func (i *intruder) flush() {
	i.t.Helper()
	if err := i.nc.FlushTimeout(soon); err != nil {
		i.t.Fatal(err)
	}
}

func (i *intruder) mayNotSay(subject string) {
	i.t.Helper()
	if err := i.nc.Publish(subject, []byte(`{"type":"system","content":"I am somebody else."}`)); err != nil {
		i.t.Fatal(err)
	}
	i.isRefused("Publish", subject)
}

func (i *intruder) mayNotHear(subject string) {
	i.t.Helper()
	subscription, err := i.nc.SubscribeSync(subject)
	if err != nil {
		i.t.Fatal(err)
	}
	defer func() { _ = subscription.Unsubscribe() }() // the server never had it
	i.isRefused("Subscription", subject)
}

// isRefused waits for the server's word about what was just tried.
func (i *intruder) isRefused(what, subject string) {
	i.t.Helper()
	i.flush()
	select {
	case err := <-i.refused:
		if !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(), `"`+subject+`"`) {
			i.t.Errorf("%s of %s gave %v, want a permissions violation", what, subject, err)
		}
	case <-time.After(await.Patience):
		i.t.Errorf("%s of %s was let through", what, subject)
	}
}
