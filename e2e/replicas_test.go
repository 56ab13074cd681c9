package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

// insists asks until it is answered, as clients do when a service is unavailable.
func (p *person) insists(kind string, fields client.Fields) {
	p.t.Helper()
	await.Until(p.t, soon, p.Username+"'s "+kind+" is answered", func() error {
		_, err := p.Ask(p.t.Context(), kind, fields)
		return err
	})
}

// TestTwoReplicasOfVoiceSignal: two are as one. Each event comes once, in order,
// from whichever of them tells it first, and either may die at any moment.
func TestTwoReplicasOfVoiceSignal(t *testing.T) {
	inst := installation.Start(t, installation.Options{Topology: installation.Split, SecondVoice: true})
	anna := signUp(t, inst, "anna", "")
	ben := signUp(t, inst, "ben", anna.invite())
	carl := signUp(t, inst, "carl", anna.invite())
	dora := signUp(t, inst, "dora", carl.invite())
	l := openLounge(anna, ben, carl)
	anna.enters(l, "a1", ben)
	id := carl.calls(dora, "c1")
	dora.accepts(carl, id, "d1")
	anna.Record()
	carl.Record()

	var want []string
	var dying sync.WaitGroup
	const rounds = 60
	for i := range rounds {
		switch i {
		case rounds / 4:
			dying.Go(func() { inst.Kill("voice-signal") }) // while it has something to do
		case rounds / 2:
			dying.Wait()
			inst.StartOne("voice-signal")
			inst.AwaitReady()
			dying.Go(func() { inst.Kill("voice-signal-2") })
		case rounds * 3 / 4:
			dying.Wait()
			inst.StartOne("voice-signal-2")
			inst.AwaitReady()
		}
		session := fmt.Sprintf("b%d", i)
		ben.insists("join_voice_channel", l.fields(client.Fields{"voice_session": session}))
		ben.insists("voice_mute", client.Fields{"muted": true})
		anna.passes(ben)
		carl.passes(dora)
		dora.passes(carl)
		ben.insists("leave_voice_channel", nil)
		want = append(want, "joined "+session, "muted", "left "+session)
	}
	anna.seesInVoice("anna@" + l.channel)
	for _, replica := range []string{"voice-signal", "voice-signal-2"} { // both have told all they will
		await.Until(t, soon, replica+" knows who is there", func() error {
			if metrics := metricsOf(t, inst, replica); !strings.Contains(metrics, `decentra_voice_members{service="voice-signal"} 3`) {
				return fmt.Errorf("%s", metrics[strings.Index(metrics, "decentra_voice_members"):])
			}
			return nil
		})
	}
	ben.insists("join_voice_channel", l.fields(client.Fields{"voice_session": "last"}))
	for _, p := range []*person{anna, carl} {
		p.hears("voice_state_update", "username", "ben", "voice_session", "last")
	}
	want = append(want, "joined last")

	for _, p := range []*person{anna, carl} {
		var told []string
		for _, f := range p.Journal() {
			switch {
			case f.Type == "voice_state_update" && f.Field("username") == "ben":
				told = append(told, f.Field("state")+" "+f.Field("voice_session"))
			case f.Type == "voice_mute_update":
				told = append(told, "muted")
			}
		}
		if !slices.Equal(told, want) {
			t.Errorf("%s was told %q, want %q", p.Username, told, want)
		}
	}
}
