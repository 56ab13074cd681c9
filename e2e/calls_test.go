package e2e

import (
	"errors"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// calls rings somebody, and returns the id of the call.
func (p *person) calls(other *person, session string) string {
	p.t.Helper()
	id := p.ask("start_voice_call", client.Fields{"username": other.Username, "voice_session": session}, "call_entered").Field("call_id")
	other.hears("incoming_voice_call", "from", p.Username, "call_id", id)
	p.hears("outgoing_voice_call", "username", other.Username, "call_id", id)
	return id
}

// accepts takes a call of the caller's.
func (p *person) accepts(caller *person, id, session string) {
	p.t.Helper()
	p.ask("accept_voice_call", client.Fields{"from": caller.Username, "call_id": id, "voice_session": session}, "call_entered")
	caller.hears("voice_call_accepted", "from", p.Username, "call_id", id, "voice_session", session)
	caller.hears("voice_call_answered", "call_id", id)
	p.hears("voice_call_answered", "call_id", id)
}

func (p *person) ownCalls() []wire.Call {
	p.t.Helper()
	var init wire.Init
	if err := p.ask("resync", nil, "init").Into(&init); err != nil {
		p.t.Fatal(err)
	}
	return init.Calls
}

func TestVoiceCalls(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology})
		anna := signUp(t, inst, "anna", "")
		ben := signUp(t, inst, "ben", anna.invite())
		carl := signUp(t, inst, "carl", anna.invite())
		stranger := signUp(t, inst, "stranger", ben.invite())
		tablet := ben.another()

		t.Run("ringing all devices, and accepting on one", func(t *testing.T) {
			anna, ben, tablet, carl := anna.in(t), ben.in(t), tablet.in(t), carl.in(t)
			id := anna.calls(ben, "a1")
			tablet.hears("incoming_voice_call", "call_id", id)
			if calls := ben.ownCalls(); len(calls) != 1 || !calls[0].Incoming || calls[0].Username != "anna" || calls[0].State != wire.CallRinging {
				t.Errorf("an init while it rings has %+v", calls)
			}
			anna.refused("webrtc_offer", offerTo("ben"), "not_found") // not accepted yet
			tablet.accepts(anna, id, "t1")
			ben.hears("voice_call_ended", "call_id", id, "reason", "answered_elsewhere")
			ben.refused("accept_voice_call", client.Fields{"from": "anna", "call_id": id}, "not_found")
			anna.ask("webrtc_offer", offerTo("ben"), "ok")
			tablet.hears("webrtc_offer", "from", "anna", "call_id", id)
			ben.heardNot("webrtc_offer")
			anna.ask("voice_mute", client.Fields{"muted": true}, "ok")
			tablet.hears("voice_mute_update", "username", "anna", "call_id", id)
			carl.refused("start_voice_call", client.Fields{"username": "anna"}, "conflict") // busy
			carl.refused("webrtc_offer", offerTo("ben"), "conflict")
			anna.ask("leave_voice_channel", nil, "ok")
			for _, p := range []*person{anna, ben, tablet} {
				p.hears("voice_call_ended", "call_id", id, "reason", "hung_up")
			}
			anna.refused("webrtc_offer", offerTo("ben"), "conflict")
			tablet.refused("webrtc_offer", offerTo("anna"), "conflict")
		})

		t.Run("rejecting, cancelling, calling again", func(t *testing.T) {
			anna, ben := anna.in(t), ben.in(t)
			id := anna.calls(ben, "a2")
			ben.ask("reject_voice_call", client.Fields{"from": "anna"}, "ok")
			anna.hears("voice_call_rejected", "from", "ben", "call_id", id)
			anna.hears("voice_call_ended", "call_id", id, "reason", "rejected")
			ben.refused("reject_voice_call", client.Fields{"from": "anna"}, "not_found")

			id = anna.calls(ben, "a3")
			anna.ask("leave_voice_channel", nil, "ok")
			ben.hears("voice_call_ended", "call_id", id, "reason", "cancelled")
			missed := ben.hears("message", "context", "dm", "username", "anna", "nonce", "missed-call-"+id)
			if missed.Field("content") != "Missed call" {
				t.Errorf("the line of a missed call is %s", missed.Raw)
			}

			first := anna.calls(ben, "a4")
			second := anna.calls(ben, "a5") // instead of the first
			ben.hears("voice_call_ended", "call_id", first)
			ben.accepts(anna, second, "b5")
			third := ben.calls(anna, "b6") // the other way round, instead of what they are in
			anna.hears("voice_call_ended", "call_id", second)
			anna.accepts(ben, third, "a6")
			anna.Tell("leave_voice_channel", nil)
			ben.hears("voice_call_ended", "call_id", third)
		})

		t.Run("a room ends a call, and a call leaves a room", func(t *testing.T) {
			anna, ben := anna.in(t), ben.in(t)
			l := openLounge(anna, ben)
			id := anna.calls(ben, "a7")
			ben.accepts(anna, id, "b7")
			ben.enters(l, "b8", anna)
			anna.hears("voice_call_ended", "call_id", id, "reason", "hung_up")
			id = anna.calls(ben, "a8")
			ben.accepts(anna, id, "b9")
			anna.hears("voice_state_update", "username", "ben", "state", "left")
			ben.ask("leave_voice_channel", nil, "ok")
		})

		t.Run("who comes back", func(t *testing.T) {
			anna, ben := anna.in(t), ben.in(t)
			caller := anna.another()
			id := caller.calls(ben, "a9")
			ben.accepts(caller, id, "b10")
			caller.Break()
			again := anna.another()
			again.ask("resume_voice_call", client.Fields{"call_id": id, "username": "ben", "incoming": false, "voice_session": "a9"}, "call_entered")
			ben.ask("webrtc_offer", offerTo("anna"), "ok")
			again.hears("webrtc_offer", "from", "ben", "call_id", id)
			again.Close() // says goodbye
			ben.hears("voice_call_ended", "call_id", id)
		})

		t.Run("rights", func(t *testing.T) {
			anna, ben, stranger := anna.in(t), ben.in(t), stranger.in(t)
			stranger.refused("start_voice_call", client.Fields{"username": "anna"}, "permission_denied")
			stranger.refused("start_voice_call", client.Fields{"username": "nobody"}, "not_found")
			stranger.refused("start_voice_call", client.Fields{"username": "stranger"}, "invalid")
			stranger.refused("accept_voice_call", client.Fields{"from": "anna"}, "not_found")
			stranger.refused("resume_voice_call", client.Fields{"call_id": "AAAAAAAAAAAAAAAA", "username": "anna", "voice_session": "x"}, "permission_denied")
			id := anna.calls(ben, "a10")
			ben.accepts(anna, id, "b11")
			ben.ask("block_user", client.Fields{"username": "anna"}, "ok")
			anna.hears("voice_call_ended", "call_id", id, "reason", "removed")
			if _, err := anna.Ask(t.Context(), "webrtc_offer", offerTo("ben")); client.Code(err) != "conflict" && client.Code(err) != "not_found" {
				t.Errorf("an offer after the call gave %v", err) // her own place in it may end a moment later
			}
			anna.refused("start_voice_call", client.Fields{"username": "ben"}, "not_found") // as an unknown name
		})
	})
}

// TestACallOutlivesALongOutage has a call's gateway away for longer than people are
// waited for: nobody is left to be told, and whoever comes back goes on.
func TestACallOutlivesALongOutage(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.Split})
	anna := signUp(t, inst, "anna", "")
	ben := signUp(t, inst, "ben", anna.invite())
	id := anna.calls(ben, "a1")
	ben.accepts(anna, id, "b1")
	inst.Kill("gateway")
	await.Until(t, time.Minute, "both are out", func() error {
		if counted(metricsOf(t, inst, "voice-signal"), "decentra_voice_members") {
			return errors.New("somebody is still in a call")
		}
		return nil
	})
	inst.StartOne("gateway")
	inst.AwaitReady()
	resume := func(p *person, with string, incoming bool, session string) *person {
		return p.returns("resume_voice_call", client.Fields{"call_id": id, "username": with, "incoming": incoming, "voice_session": session}, "call_entered")
	}
	anna = resume(anna, "ben", false, "a1")
	ben = resume(ben, "anna", true, "b1")
	anna.passes(ben)
	ben.passes(anna)
	if calls := anna.ownCalls(); len(calls) != 1 || calls[0].State != wire.CallAccepted || calls[0].Incoming {
		t.Errorf("anna has the calls %+v", calls)
	}
	anna.heardNot("voice_call_ended")
	ben.ask("leave_voice_channel", nil, "ok")
	anna.hears("voice_call_ended", "call_id", id, "reason", "hung_up")
}
