package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/presence"
	"decentra.local/pkg/wire"
)

// lounge is a server with a voice channel, and people who are its members.
type lounge struct {
	server, channel, other string // two voice channels
	place                  client.Place
}

func (l lounge) fields(more client.Fields) client.Fields {
	return with(client.Fields{"server_id": l.server, "channel_id": l.channel}, more)
}

// openLounge makes a server of the first's that the others join.
func openLounge(owner *person, others ...*person) lounge {
	server, place := owner.createServer("Lounge")
	l := lounge{server: server.ID, place: place}
	for name, id := range map[string]*string{"sofa": &l.channel, "bar": &l.other} {
		owner.ask("create_voice_channel", client.Fields{"server_id": l.server, "name": name}, "ok")
		*id = owner.hears("channel_created", "channel.name", name).Field("channel.id")
	}
	for _, p := range others {
		p.ask("join_server_with_invite", client.Fields{"invite_code": owner.serverInvite(l.server)}, "server_joined")
	}
	return l
}

// acquainted are four people, the last three friends of the first, in an
// installation of their own.
func acquainted(t *testing.T, topology installation.Topology) (anna, ben, carl, mallory *person) {
	t.Helper()
	inst := installation.Start(t, installation.Options{Topology: topology})
	anna = signUp(t, inst, "anna", "")
	ben = signUp(t, inst, "ben", anna.invite())
	carl = signUp(t, inst, "carl", anna.invite())
	return anna, ben, carl, signUp(t, inst, "mallory", anna.invite())
}

// enters joins the channel, and is heard to by those who watch.
func (p *person) enters(l lounge, session string, watch ...*person) wire.VoiceJoined {
	p.t.Helper()
	var joined wire.VoiceJoined
	if err := p.ask("join_voice_channel", l.fields(client.Fields{"voice_session": session}), "voice_joined").Into(&joined); err != nil {
		p.t.Fatal(err)
	}
	for _, w := range append(watch, p) {
		w.hears("voice_state_update", "username", p.Username, "channel_id", l.channel, "state", "joined")
	}
	return joined
}

// roster is who is in the rooms of one's servers, as a fresh `init` has it.
func (p *person) roster() []string {
	p.t.Helper()
	var init wire.Init
	if err := p.ask("resync", nil, "init").Into(&init); err != nil {
		p.t.Fatal(err)
	}
	var all []string
	for _, room := range init.Voice {
		for _, m := range room.VoiceMembers {
			all = append(all, m.Username+"@"+room.ChannelID)
		}
	}
	slices.Sort(all)
	return all
}

func (p *person) seesInVoice(want ...string) {
	p.t.Helper()
	slices.Sort(want)
	await.Until(p.t, soon, p.Username+" sees who is in voice", func() error {
		if got := p.roster(); !slices.Equal(got, want) {
			return fmt.Errorf("there are %q, want %q", got, want)
		}
		return nil
	})
}

func TestVoiceRooms(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		anna, ben, carl, mallory := acquainted(t, topology)
		l := openLounge(anna, ben, carl)
		elsewhere := l
		elsewhere.channel = l.other

		joined := anna.enters(l, "a1", ben, carl)
		if len(joined.VoiceMembers) != 1 || joined.VoiceMembers[0].Username != "anna" || joined.VoiceSession != "a1" ||
			joined.TURN.Credential == "" || joined.TURN.RelayOnly {
			t.Errorf("the first is answered with %+v", joined)
		}
		joined = ben.enters(l, "b1", anna, carl)
		if len(joined.VoiceMembers) != 2 || joined.VoiceMembers[1].Username != "ben" {
			t.Errorf("the second is answered with %+v", joined)
		}
		carl.seesInVoice("anna@"+l.channel, "ben@"+l.channel)
		mallory.seesInVoice()

		for _, state := range []struct{ frame, field, update string }{
			{"voice_mute", "muted", "voice_mute_update"}, {"voice_deafen", "deafened", "voice_deafen_update"},
			{"voice_video", "video", "voice_video_update"}, {"voice_screen_share", "screen_sharing", "voice_screen_share_update"},
		} {
			ben.ask(state.frame, client.Fields{state.field: true}, "ok")
			for _, p := range []*person{anna, ben, carl} {
				p.hears(state.update, "username", "ben", state.field, "true", "channel_id", l.channel)
			}
			carl.refused(state.frame, client.Fields{state.field: true}, "conflict")
		}
		ben.ask("voice_speaking", client.Fields{"speaking": true}, "ok")
		anna.hears("voice_speaking_update", "username", "ben", "speaking", "true")

		t.Run("moving", func(t *testing.T) {
			anna, ben, carl := anna.in(t), ben.in(t), carl.in(t)
			ben.enters(elsewhere, "b2", anna, carl)
			for _, p := range []*person{anna, ben, carl} {
				p.hears("voice_state_update", "username", "ben", "channel_id", l.channel, "state", "left")
			}
			carl.seesInVoice("anna@"+l.channel, "ben@"+l.other)
			carl.heardNot("voice_speaking_update")
			ben.enters(l, "b3", anna, carl)
		})

		t.Run("another device takes over", func(t *testing.T) {
			anna, ben := anna.in(t), ben.in(t)
			tablet := ben.another()
			tablet.enters(l, "b4", anna)
			ben.hears("voice_ended", "reason", "elsewhere", "channel_id", l.channel)
			anna.hears("voice_state_update", "username", "ben", "state", "left", "voice_session", "b3")
			ben.ask("leave_voice_channel", nil, "ok") // of what it is not in any more: nothing
			anna.seesInVoice("anna@"+l.channel, "ben@"+l.channel)
			tablet.Close()
			anna.hears("voice_state_update", "username", "ben", "state", "left", "voice_session", "b4")
		})

		t.Run("a connection that broke", func(t *testing.T) {
			anna, ben := anna.in(t), ben.in(t)
			first := ben.another()
			first.enters(l, "b5", anna)
			first.Break()
			second := ben.another()
			second.ask("join_voice_channel", l.fields(client.Fields{"voice_session": "b5"}), "voice_joined")
			second.ask("voice_mute", client.Fields{"muted": true}, "ok")
			anna.hears("voice_mute_update", "username", "ben")
			anna.heardNot("voice_state_update", "username", "ben", "voice_session", "b5")
			second.Break() // and does not come back
			anna.hears("voice_state_update", "username", "ben", "state", "left", "voice_session", "b5")
		})

		t.Run("leaving with another connection", func(t *testing.T) {
			anna, ben := anna.in(t), ben.in(t)
			first := ben.another()
			first.enters(l, "b7", anna)
			first.Break()
			second := ben.another() // which has not come back to the room
			second.ask("leave_voice_channel", client.Fields{"voice_session": "b6"}, "ok")
			anna.heardNot("voice_state_update", "username", "ben", "voice_session", "b7")
			second.ask("leave_voice_channel", client.Fields{"voice_session": "b7"}, "ok")
			anna.hears("voice_state_update", "username", "ben", "state", "left", "voice_session", "b7")
		})

		t.Run("rights", func(t *testing.T) {
			anna, ben, mallory := anna.in(t), ben.in(t), mallory.in(t)
			mallory.refused("join_voice_channel", l.fields(nil), "not_found")
			anna.refused("join_voice_channel", client.Fields{"server_id": l.server, "channel_id": "nowhere"}, "not_found")
			_, text, _ := strings.Cut(l.place.ID, "/")
			anna.refused("join_voice_channel", client.Fields{"server_id": l.server, "channel_id": text}, "invalid")
			ben.enters(l, "b6", anna)
			anna.ask("kick_member", client.Fields{"server_id": l.server, "username": "ben"}, "ok")
			anna.hears("voice_state_update", "username", "ben", "state", "left", "voice_session", "b6")
			ben.hears("voice_ended", "reason", "removed")
			ben.refused("webrtc_offer", offerTo("anna"), "conflict")
			anna.refused("webrtc_offer", offerTo("ben"), "not_found")
			ben.ask("join_server_with_invite", client.Fields{"invite_code": anna.serverInvite(l.server)}, "server_joined")
			ben.hears("voice_rooms", "server_id", l.server)
			anna.ask("delete_channel", l.fields(nil), "ok")
			anna.hears("voice_ended", "reason", "removed")
			anna.seesInVoice()
		})
	})
}

func offerTo(name string) client.Fields {
	return client.Fields{"target": name, "offer": client.Fields{"type": "offer", "sdp": "v=0"}}
}

func TestVoiceSignals(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		anna, ben, carl, mallory := acquainted(t, topology)
		l := openLounge(anna, ben, carl)
		anna.enters(l, "a1", ben)
		ben.enters(l, "b1", anna)
		benElsewhere := ben.another()

		anna.ask("webrtc_offer", with(offerTo("ben"), client.Fields{"voice_session": "a1", "to_session": "b1"}), "ok")
		offer := ben.hears("webrtc_offer", "from", "anna", "voice_session", "a1", "offer.sdp", "v=0", "context.channel_id", l.channel)
		if offer.Field("call_id") != "" {
			t.Errorf("an offer in a room names a call: %s", offer.Raw)
		}
		ben.ask("webrtc_answer", client.Fields{"target": "anna", "answer": client.Fields{"type": "answer", "sdp": "v=0"}}, "ok")
		anna.hears("webrtc_answer", "from", "ben", "voice_session", "b1")
		for i := range 30 {
			candidate := fmt.Sprintf("candidate:%d 1 udp 1 192.0.2.1 9 typ host", i)
			if err := anna.Tell("webrtc_ice_candidate", client.Fields{"target": "ben", "candidate": client.Fields{"candidate": candidate, "sdpMid": "0"}}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 30 {
			got := ben.hears("webrtc_ice_candidate").Field("candidate.candidate")
			if want := fmt.Sprintf("candidate:%d 1 udp 1 192.0.2.1 9 typ host", i); got != want {
				t.Fatalf("candidate %d is %q", i, got)
			}
		}
		benElsewhere.heardNot("webrtc_offer")

		anna.refused("webrtc_offer", with(offerTo("ben"), client.Fields{"to_session": "b0"}), "conflict")
		anna.refused("webrtc_offer", with(offerTo("ben"), client.Fields{"voice_session": "a0"}), "conflict")
		anna.refused("webrtc_offer", offerTo("carl"), "not_found") // a member, outside
		anna.refused("webrtc_offer", offerTo("nobody"), "not_found")
		anna.refused("webrtc_offer", offerTo("anna"), "not_found")
		anna.refused("webrtc_offer", client.Fields{"offer": client.Fields{}}, "invalid")
		carl.refused("webrtc_offer", offerTo("anna"), "conflict")
		mallory.refused("webrtc_answer", client.Fields{"target": "anna", "answer": client.Fields{"type": "answer", "sdp": "v=0"}}, "conflict")
		benElsewhere.refused("webrtc_ice_candidate", client.Fields{"target": "anna", "candidate": nil}, "conflict")

		t.Run("nobody learns an address that is not to be told", func(t *testing.T) {
			anna, ben := anna.in(t), ben.in(t)
			anna.ask("join_voice_channel", l.fields(client.Fields{"voice_session": "a2", "relay_only": true}), "voice_joined")
			const host, relayed = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", "a=candidate:2 1 udp 1 198.18.0.1 9 typ relay raddr 192.0.2.9 rport 9\r\n"
			sdp := "v=0\r\n" + host + relayed
			anna.ask("webrtc_offer", client.Fields{"target": "ben", "offer": client.Fields{"type": "offer", "sdp": sdp}}, "ok")
			if got := ben.hears("webrtc_offer", "voice_session", "a2").Field("offer.sdp"); strings.Contains(got, "192.0.2.1 ") || !strings.Contains(got, "typ relay") {
				t.Errorf("passed on was %q", got)
			}
			for _, candidate := range []string{"candidate:1 1 udp 1 192.0.2.1 9 typ host", "candidate:2 1 udp 1 198.18.0.1 9 typ relay"} {
				anna.ask("webrtc_ice_candidate", client.Fields{"target": "ben", "candidate": client.Fields{"candidate": candidate}}, "ok")
			}
			if got := ben.hears("webrtc_ice_candidate", "voice_session", "a2").Field("candidate.candidate"); !strings.Contains(got, "typ relay") {
				t.Errorf("passed on was %q", got)
			}
		})
	})
}

// returns opens a connection again after a gateway died, and goes on where it was.
func (p *person) returns(kind string, fields client.Fields, want string) *person {
	p.t.Helper()
	var back *person
	await.Until(p.t, soon, p.Username+" is back", func() error {
		conn, err := client.Resume(p.t.Context(), p.base, p.Token)
		if err != nil {
			return err
		}
		p.t.Cleanup(conn.Close)
		back = &person{Conn: conn, t: p.t, base: p.base}
		answer, err := conn.Ask(p.t.Context(), kind, fields)
		if err == nil && answer.Type != want {
			err = fmt.Errorf("%s was answered with %.300s", kind, answer.Raw)
		}
		return err
	})
	return back
}

// passes waits until a signal of one reaches the other.
func (p *person) passes(to *person) {
	p.t.Helper()
	await.Until(p.t, soon, "a signal of "+p.Username+" passes", func() error {
		_, err := p.Ask(p.t.Context(), "webrtc_offer", offerTo(to.Username))
		return err
	})
	to.hears("webrtc_offer", "from", p.Username)
}

// TestNobodyWaitsForVoiceThatIsNotThere has many come in at once while there is no
// voice: each gets everything else, and voice once it is back.
func TestNobodyWaitsForVoiceThatIsNotThere(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.Split})
	anna := signUp(t, inst, "anna", "")
	const many = 60
	inst.Kill("voice-signal")
	conns := make([]*client.Conn, many)
	started := time.Now()
	var coming sync.WaitGroup
	for n := range conns {
		coming.Go(func() {
			conn, err := client.Resume(t.Context(), inst.URL, anna.Token)
			if err != nil {
				t.Error(err)
				return
			}
			conns[n] = conn
			t.Cleanup(conn.Close)
		})
	}
	coming.Wait()
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("%d came in within %s", many, took)
	}
	if t.Failed() {
		return
	}
	inst.StartOne("voice-signal")
	for _, conn := range conns {
		(&person{Conn: conn, t: t, base: inst.URL}).hears("resync")
	}
}

// TestVoiceSurvives kills what a room and a call need, one after the other and all
// at once: rosters are right afterwards, and signals pass.
// TestWhoIsTakenForLostComesBack has the records of connections run out while they
// live, as when the clock of NATS leaps ahead.
func TestWhoIsTakenForLostComesBack(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.Split})
	anna := signUp(t, inst, "anna", "")
	ben := signUp(t, inst, "ben", anna.invite())
	l := openLounge(anna, ben)
	anna.enters(l, "a1", ben)
	ben.enters(l, "b1", anna)
	js, err := jetstream.New(takeOver(t, inst, "gateway").nc)
	if err != nil {
		t.Fatal(err)
	}
	var connections jetstream.KeyValue
	var keys []string
	await.Until(t, soon, "the gateway has written the connections", func() (err error) {
		if connections, err = js.KeyValue(t.Context(), presence.Connections.Name); err != nil {
			return err
		}
		if keys, err = connections.Keys(t.Context()); err == nil && len(keys) != 2 {
			err = fmt.Errorf("there are %q", keys)
		}
		return err
	})
	for _, key := range keys {
		if err := connections.Purge(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	for p, session := range map[*person]string{anna: "a1", ben: "b1"} {
		p.hears("voice_ended", "channel_id", l.channel, "reason", "lost")
		p.enters(l, session)
	}
	// Nobody is taken for lost again until gateways have written anew.
	await.Pause(t.Context(), presence.Connections.Life)
	anna.seesInVoice("anna@"+l.channel, "ben@"+l.channel)
	for _, p := range []*person{anna, ben} {
		p.heardNot("voice_ended")
	}
}

func TestVoiceSurvives(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.Split})
	anna := signUp(t, inst, "anna", "")
	ben := signUp(t, inst, "ben", anna.invite())
	carl := signUp(t, inst, "carl", anna.invite())
	dora := signUp(t, inst, "dora", carl.invite())
	l := openLounge(anna, ben, carl)
	anna.enters(l, "a1", ben)
	ben.enters(l, "b1", anna)
	id := carl.calls(dora, "c1")
	dora.accepts(carl, id, "d1")
	inside := []string{"anna@" + l.channel, "ben@" + l.channel}

	// As the page does: after a lost connection, and after each resync.
	back := func(p *person, lost bool, kind string, fields client.Fields, want string) *person {
		if lost {
			return p.returns(kind, fields, want)
		}
		p.hears("resync")
		await.Until(t, soon, p.Username+" enters again", func() error {
			_, err := p.Ask(t.Context(), kind, fields)
			return err
		})
		return p
	}
	call := func(with string, incoming bool, session string) client.Fields {
		return client.Fields{"call_id": id, "username": with, "incoming": incoming, "voice_session": session}
	}
	for _, victims := range [][]string{{"voice-signal"}, {installation.NATS}, {"chat", "social"}, {"gateway"}, {installation.NATS, "voice-signal"}, inst.Processes()} {
		t.Logf("killed are %s", strings.Join(victims, ", "))
		for _, victim := range victims {
			inst.Kill(victim)
		}
		for _, victim := range victims {
			inst.StartOne(victim)
		}
		inst.AwaitReady()
		lost := slices.Contains(victims, "gateway")
		anna = back(anna, lost, "join_voice_channel", l.fields(client.Fields{"voice_session": "a1"}), "voice_joined")
		ben = back(ben, lost, "join_voice_channel", l.fields(client.Fields{"voice_session": "b1"}), "voice_joined")
		carl = back(carl, lost, "resume_voice_call", call("dora", false, "c1"), "call_entered")
		dora = back(dora, lost, "resume_voice_call", call("carl", true, "d1"), "call_entered")
		carl.seesInVoice(inside...)
		anna.passes(ben)
		carl.passes(dora)
		for _, p := range []*person{carl, dora} {
			if calls := p.ownCalls(); len(calls) != 1 || calls[0].State != wire.CallAccepted {
				t.Errorf("%s has the calls %+v", p.Username, calls)
			}
			p.heardNot("voice_call_ended")
		}
		ben.heardNot("voice_state_update", "state", "left")
	}

	// And who does not come back.
	inst.Kill("gateway")
	inst.StartOne("gateway")
	inst.AwaitReady()
	anna = anna.returns("join_voice_channel", l.fields(client.Fields{"voice_session": "a1"}), "voice_joined")
	await.Until(t, 2*soon, "the others are out", func() error {
		if got := anna.roster(); !slices.Equal(got, inside[:1]) {
			return fmt.Errorf("there are %q", got)
		}
		return nil
	})
	anna.hears("voice_state_update", "username", "ben", "state", "left")
}
