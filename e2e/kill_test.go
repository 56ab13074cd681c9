package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

const (
	channelWriters = 12
	dmWriters      = 4
	// writerPace makes some hundred messages a second of all writers together.
	writerPace = 40 * time.Millisecond
)

// TestKill ends processes with SIGKILL while people write. What was acknowledged
// must be there in the end, once and in order, and every client must hold
// exactly the server's history.
func TestKill(t *testing.T) {
	both(t, func(t *testing.T, topology installation.Topology) {
		random := choices(t)
		inst := installation.Start(t, installation.Options{Topology: topology})
		crowd := gather(t, inst)

		targets := []string{"decentra"}
		if topology != installation.AllInOne {
			targets = []string{"auth", "chat", "social", "gateway", installation.NATS}
		}
		var bag []string
		for kill := range killCount(t) {
			if len(bag) == 0 { // everyone's turn comes, in an order nobody knows
				bag = slices.Clone(targets)
				random.Shuffle(len(bag), func(i, j int) { bag[i], bag[j] = bag[j], bag[i] })
			}
			target := bag[0]
			bag = bag[1:]
			await.Pause(t.Context(), time.Duration(random.IntN(600))*time.Millisecond)
			inst.Kill(target)
			await.Pause(t.Context(), time.Duration(random.IntN(400))*time.Millisecond)
			inst.StartOne(target)
			if random.IntN(3) == 0 {
				continue // the next one dies while this one is not back yet
			}
			inst.AwaitReady()
			before := crowd.acked()
			await.Until(t, await.Patience, fmt.Sprintf("writing goes on after kill %d, of %s", kill+1, target), func() error {
				for _, w := range crowd.writers {
					if err := w.Err(); err != nil {
						t.Fatalf("writer %s gave up: %v", w.Name, err)
					}
				}
				if n := crowd.acked() - before; n < len(crowd.writers) {
					return fmt.Errorf("%d messages acknowledged since", n)
				}
				return nil
			})
		}
		inst.AwaitReady()
		crowd.check(t)
	})
}

// killCount is how many processes are killed.
func killCount(t *testing.T) int {
	t.Helper()
	text := os.Getenv("DECENTRA_KILLS")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("DECENTRA_KILLS is %q; it must be a number", text)
	}
	return n
}

// choices makes the test's random numbers; DECENTRA_SEED repeats them.
func choices(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("DECENTRA_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("DECENTRA_SEED is %q; it must be a number", text)
		}
		seed = n
	}
	t.Logf("DECENTRA_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// crowd is people who write and mirrors that read.
type crowd struct {
	writers []*client.Writer
	mirrors []*client.Mirror
	places  map[client.Place]*person // with somebody who may read them
}

// gather signs people up and lets them write: most in one channel, two pairs of
// friends in DMs.
func gather(t *testing.T, inst *installation.Installation) *crowd {
	t.Helper()
	owner := signUp(t, inst, "owner", "")
	server, general := owner.createServer("The square")
	c := &crowd{places: map[client.Place]*person{general: owner}}
	var people []*person
	for i := range channelWriters + dmWriters {
		people = append(people, signUp(t, inst, fmt.Sprintf("writer%d", i), owner.serverInvite(server.ID)))
	}
	spots := slices.Repeat([]client.Place{general}, channelWriters)
	friends := people[channelWriters:]
	for i := 0; i < len(friends); i += 2 {
		friends[i].ask("add_friend", client.Fields{"username": friends[i+1].Username}, "ok")
		dm := friends[i].openDM(friends[i+1].Username)
		c.places[dm] = friends[i]
		spots = append(spots, dm, dm)
	}
	mirror := func(name string, p *person, places ...client.Place) {
		m := client.StartMirror(t.Context(), name, inst.URL, p.Token, places...)
		t.Cleanup(m.Stop)
		c.mirrors = append(c.mirrors, m)
	}
	mirror("owner", owner, general)
	mirror("owner, second page", owner, general)
	mirror("writer0", people[0], general)
	for i := 0; i < len(friends); i++ {
		mirror(friends[i].Username, friends[i], spots[channelWriters+i], general)
	}
	for i, p := range people {
		c.writers = append(c.writers, client.StartWriter(t.Context(), p.Username, inst.URL, p.Token, spots[i], writerPace))
		p.Conn.Close() // the writer has its own
	}
	return c
}

func (c *crowd) acked() int {
	n := 0
	for _, w := range c.writers {
		n += w.Count()
	}
	return n
}

// check ends the writers and compares what they know, what the server has and
// what the mirrors hold.
func (c *crowd) check(t *testing.T) {
	t.Helper()
	for _, fault := range c.faults(t) {
		t.Error(fault)
	}
	retries := 0
	for _, w := range c.writers {
		retries += w.Retries()
	}
	for _, m := range c.mirrors {
		t.Logf("mirror %s: %+v", m.Name, m.Tally())
	}
	t.Logf("%d messages acknowledged, %d sent again", c.acked(), retries)
}

// faults ends the writers and lists how what they know, what the server has and
// what the mirrors hold differ.
func (c *crowd) faults(t *testing.T) (faults []string) {
	t.Helper()
	for _, w := range c.writers {
		if err := w.Finish(); err != nil {
			faults = append(faults, fmt.Sprintf("writer %s gave up: %v", w.Name, err))
		}
	}
	deadline := time.Now().Add(await.Patience)
	for place, reader := range c.places {
		messages, seq, err := reader.rest().History(t.Context(), place)
		if err == nil {
			err = client.CheckHistory(messages)
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("history of %s: %v", place.ID, err))
		}
		faults = append(faults, checkWritten(c.writers, place, messages)...)
		for _, m := range c.mirrors {
			if !m.Has(place) {
				continue
			}
			if err := await.Try(time.Until(deadline), func() error { return m.Differs(place, messages, seq) }); err != nil {
				faults = append(faults, err.Error())
			}
		}
	}
	return faults
}

// checkWritten holds the history of a place to what its writers know: every
// acknowledged message once, in the writer's order and as it was last changed,
// and no other.
func checkWritten(writers []*client.Writer, place client.Place, messages []wire.StoredMessage) (faults []string) {
	stored := map[string][]client.Written{}
	for _, m := range messages {
		stored[m.Username] = append(stored[m.Username], client.Written{Nonce: m.Nonce, Content: m.Content})
	}
	for _, w := range writers {
		if w.Place != place {
			continue
		}
		kept := slices.DeleteFunc(w.Written(), func(m client.Written) bool { return m.Deleted })
		for i := range max(len(kept), len(stored[w.Name])) {
			switch {
			case i >= len(stored[w.Name]):
				faults = append(faults, fmt.Sprintf("the acknowledged %+v is not stored", kept[i]))
			case i >= len(kept):
				faults = append(faults, fmt.Sprintf("the stored %+v comes twice, was deleted or was never acknowledged", stored[w.Name][i]))
			case kept[i] != stored[w.Name][i]:
				faults = append(faults, fmt.Sprintf("acknowledged was %+v where stored is %+v", kept[i], stored[w.Name][i]))
			default:
				continue
			}
			break // what follows differs too
		}
	}
	return faults
}
