package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

const (
	// usualChaosKills and usualChaosMessages are what a run has when nothing else
	// is asked for: under two minutes.
	usualChaosKills, usualChaosMessages = 24, 5_000
	// staleness is how long somebody may be shown online whose gateway died: the
	// life of an entry, and some.
	staleness = 75 * time.Second
)

// everythingAtOnce kills all processes of an installation together.
const everythingAtOnce = "everything"

// TestChaos kills every process of a split installation with two gateways, one
// after the other and all at once, while people write and read through both. The
// checker knows nothing of the server: it compares the journals of the clients
// with the history that is read over REST afterwards.
func TestChaos(t *testing.T) {
	kills := int(number(t, "DECENTRA_CHAOS_KILLS", usualChaosKills))
	messages := int(number(t, "DECENTRA_CHAOS_MESSAGES", usualChaosMessages))
	c := newChaos(t)
	started := time.Now()
	deaths := c.rage(kills, messages)
	faults := c.crowd.faults(t)
	faults = append(faults, c.stale()...)
	for i, fault := range faults {
		if i == 20 {
			t.Errorf("and %d more", len(faults)-i)
			break
		}
		t.Error(fault)
	}
	retries := 0
	for _, w := range c.crowd.writers {
		retries += w.Retries()
	}
	t.Logf("%d messages acknowledged, %d kills (%s), %d steps sent again, %d faults, in %s",
		c.crowd.acked(), kills, deaths, retries, len(faults), time.Since(started).Round(time.Second))
}

// TestChaosNoticesALostCommit puts a chat service among them that loses some commits
// and says that they are stored, once nothing but messages is written.
func TestChaosNoticesALostCommit(t *testing.T) {
	program := filepath.Join(t.TempDir(), "chat")
	build := exec.Command("go", "build", "-tags", "lossy", "-o", program, "./services/chat/cmd/chat")
	build.Dir = ".."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build a chat service that loses: %v\n%s", err, out)
	}
	c := newChaos(t)
	written := func() (n int) { // in channels: the others are not chat's
		for _, w := range c.crowd.writers {
			if w.Place.Context == wire.ContextServer {
				n += w.Count()
			}
		}
		return n
	}
	c.inst.Replace("chat", program)
	before := written()
	await.Until(t, time.Minute, "writing goes on past the loss", func() error {
		for _, w := range c.crowd.writers {
			if w.Err() != nil {
				return nil // noticed already
			}
		}
		if n := written() - before; n < 2000 {
			return fmt.Errorf("%d messages acknowledged since", n)
		}
		return nil
	})
	faults := c.crowd.faults(t)
	if len(faults) == 0 {
		t.Fatal("commits were lost, and nobody noticed")
	}
	t.Logf("noticed: %.300s", faults[0])
}

// chaos is an installation that is killed, and people who go on.
type chaos struct {
	t      *testing.T
	inst   *installation.Installation
	random *rand.Rand
	crowd  *crowd
	owner  *person
	server string
	people []string // the members
	seen   []string // those who stay online
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	inst := installation.Start(t, installation.Options{Topology: installation.Split, Gateways: 2})
	c := &chaos{t: t, inst: inst, random: choices(t), crowd: &crowd{places: map[client.Place]*person{}}}
	c.owner = signUp(t, inst, "owner", "")
	server, general := c.owner.createServer("Under fire")
	c.server = server.ID
	places := []client.Place{general}
	for _, name := range []string{"second", "third", "fourth"} {
		id := c.owner.ask("create_channel", client.Fields{"server_id": server.ID, "name": name}, "ok").Field("channel.id")
		if id == "" {
			id = c.owner.hears("channel_created", "server_id", server.ID, "channel.name", name).Field("channel.id")
		}
		places = append(places, client.Channel(server.ID, id))
	}
	c.people = []string{"owner"}
	base := func(i int) string { return inst.URLs[i%2] }
	var friends []*person
	for i := range 16 {
		name := fmt.Sprintf("writer%d", i)
		p := signUp(t, inst, name, c.owner.serverInvite(server.ID))
		c.people = append(c.people, name)
		place := places[i%len(places)]
		if i >= 12 {
			friends = append(friends, p)
			if i%2 == 0 {
				continue
			}
			other := friends[len(friends)-2]
			p.ask("add_friend", client.Fields{"username": other.Username}, "ok")
			place = p.openDM(other.Username)
			c.crowd.places[place] = p
			c.write(other, base(i-1), place)
		}
		c.write(p, base(i), place)
		if i >= 14 {
			c.mirror(p, base(i+1), place)
		}
	}
	for _, place := range places {
		c.crowd.places[place] = c.owner
	}
	c.mirror(c.owner, inst.URL, places...)
	c.mirror(c.owner, inst.URLs[1], places...)
	for i := range 2 {
		name := fmt.Sprintf("reader%d", i)
		p := signUp(t, inst, name, c.owner.serverInvite(server.ID))
		c.people = append(c.people, name)
		c.mirror(p, base(i), places...)
		p.Close()
	}
	return c
}

func (c *chaos) write(p *person, base string, place client.Place) {
	c.crowd.writers = append(c.crowd.writers, client.StartWriter(c.t.Context(), p.Username, base, p.Token, place, 2*time.Millisecond))
	p.Close() // the writer has its own
}

func (c *chaos) mirror(p *person, base string, places ...client.Place) {
	m := client.StartMirror(c.t.Context(), p.Username, base, p.Token, places...)
	c.t.Cleanup(m.Stop)
	c.crowd.mirrors = append(c.crowd.mirrors, m)
	if !slices.Contains(c.seen, p.Username) {
		c.seen = append(c.seen, p.Username)
	}
}

// rage kills until both counts are reached, and says what died how often.
func (c *chaos) rage(kills, messages int) string {
	t := c.t
	targets := append(slices.Clone(c.inst.Processes()), everythingAtOnce)
	died := map[string]int{}
	var bag []string
	for n := range kills {
		if len(bag) == 0 { // everyone's turn comes, in an order nobody knows
			bag = slices.Clone(targets)
			c.random.Shuffle(len(bag), func(i, j int) { bag[i], bag[j] = bag[j], bag[i] })
		}
		target := bag[0]
		bag = bag[1:]
		c.progress(messages * n / kills)
		await.Pause(t.Context(), time.Duration(c.random.IntN(400))*time.Millisecond)
		died[target]++
		victims := []string{target}
		if target == everythingAtOnce {
			victims = slices.Clone(c.inst.Processes())
			c.random.Shuffle(len(victims), func(i, j int) { victims[i], victims[j] = victims[j], victims[i] })
		}
		for _, victim := range victims {
			c.inst.Kill(victim)
		}
		await.Pause(t.Context(), time.Duration(c.random.IntN(300))*time.Millisecond)
		for _, victim := range victims {
			c.inst.StartOne(victim)
		}
		if c.random.IntN(3) > 0 { // else the next one dies while this one is not back yet
			c.inst.AwaitReady()
		}
	}
	c.inst.AwaitReady()
	c.progress(messages)
	var list []string
	for _, target := range targets {
		list = append(list, fmt.Sprintf("%s %d", target, died[target]))
	}
	return strings.Join(list, ", ")
}

// progress waits until that many messages are acknowledged, and some in any case.
func (c *chaos) progress(messages int) {
	c.t.Helper()
	before, at := c.crowd.acked(), time.Now()
	for {
		now := c.crowd.acked()
		if now >= messages && now >= before+len(c.crowd.writers) {
			return
		}
		for _, w := range c.crowd.writers {
			if err := w.Err(); err != nil {
				c.t.Fatalf("writer %s gave up: %v", w.Name, err)
			}
		}
		if now > before+1000 {
			before, at = now-len(c.crowd.writers), time.Now()
		}
		if time.Since(at) > 2*await.Patience {
			c.t.Fatalf("%d messages acknowledged, no more than a minute ago", now)
		}
		await.Pause(c.t.Context(), 50*time.Millisecond)
	}
}

// stale tells what is wrong with the members and with who is shown online, once
// nothing dies any more.
func (c *chaos) stale() []string {
	owner := logIn(c.t, c.inst, "owner")
	err := await.Try(staleness, func() error {
		var init wire.Init
		if err := owner.ask("resync", nil, "init").Into(&init); err != nil {
			return err
		}
		online := []string{"owner"}
		for _, server := range init.Servers {
			online = append(online, server.Online...)
		}
		slices.Sort(online)
		want := slices.Sorted(slices.Values(c.seen))
		if !slices.Equal(online, want) {
			return fmt.Errorf("online are %q, want %q", online, want)
		}
		return nil
	})
	var faults []string
	if err != nil {
		faults = append(faults, err.Error())
	}
	var list wire.ServerMembers
	if err := owner.ask("get_server_members", client.Fields{"server_id": c.server}, "server_members").Into(&list); err != nil {
		return append(faults, err.Error())
	}
	var members []string
	for _, m := range list.Members {
		members = append(members, m.Username)
	}
	slices.Sort(members)
	if want := slices.Sorted(slices.Values(c.people)); !slices.Equal(members, want) {
		faults = append(faults, fmt.Sprintf("members are %q, want %q", members, want))
	}
	return faults
}
