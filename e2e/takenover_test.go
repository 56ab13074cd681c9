package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/installation"
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
			if service != "gateway" { // it alone asks for users
				s.mayNotHear("*.event.>")
				s.mayNotSay("$KV.presence.anybody.here")
				s.mayNotSay("$JS.API.STREAM.UPDATE.KV_presence")
				for _, method := range []string{"auth.rpc.change_password", "auth.rpc.resume", "auth.rpc.generate_invite",
					"chat.rpc.send", "chat.rpc.history", "social.rpc.send", "social.rpc.history"} {
					s.mayNotSay(method)
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
