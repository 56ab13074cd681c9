package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"decentra.local/e2e/internal/await"
	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

const (
	// sequencesVariable is how many sequences are run in all, over both topologies.
	sequencesVariable = "DECENTRA_SEQUENCES"
	// seedVariable starts the same sequences again.
	seedVariable = "DECENTRA_SEED"

	usualSequences   = 200
	actionsPerPlay   = 50
	playersPerPlay   = 4
	devicesPerPlayer = 2
	// togetherOneIn is how rarely several things are done at once. What comes of
	// them is not the same each time, even with the same seed.
	togetherOneIn = 10
	// settling is how long the last events of a sequence may take.
	settling = 10 * time.Second
)

// TestSnapshotPlusEvents has users do whatever they can, at random. Each of
// their devices builds its state from `init` and from every frame since, as a good
// client does; in the end it must be what a fresh `init` says.
func TestSnapshotPlusEvents(t *testing.T) {
	seed, sequences := number(t, seedVariable, rand.Uint64N(1<<32)), number(t, sequencesVariable, usualSequences)
	t.Logf("%s=%d", seedVariable, seed)
	both(t, func(t *testing.T, topology installation.Topology) {
		inst := installation.Start(t, installation.Options{Topology: topology, Gateways: 2})
		host := signUp(t, inst, "host", "")
		for n := range (sequences + 1) / 2 {
			t.Run(strconv.FormatUint(seed+n, 10), func(t *testing.T) {
				newPlay(t, inst, host.in(t), seed+n).run()
				host.Take()
			})
			if t.Failed() {
				return
			}
		}
	})
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// play is one sequence.
type play struct {
	t       *testing.T
	inst    *installation.Installation
	random  *rand.Rand
	players []*player
	written map[client.Place][]int64 // message ids
	guests  int
	script  []string // what was done
	planned []func() // what is to be done at once with other things; nil: nothing is
}

// player is a user with several devices.
type player struct {
	*play
	name    string
	token   string
	devices []*device
	gone    atomic.Bool // the account is deleted
}

// device is a connection with the model that its frames make.
type device struct {
	*client.Conn
	model *client.Model
}

func newPlay(t *testing.T, inst *installation.Installation, host *person, seed uint64) *play {
	p := &play{t: t, inst: inst, random: rand.New(rand.NewPCG(seed, 1)), written: map[client.Place][]int64{}}
	code := host.ask("generate_invite", client.Fields{"max_uses": playersPerPlay}, "invite_code").Field("code")
	for i := range playersPerPlay {
		one := &player{play: p, name: fmt.Sprintf("%s-%d", []string{"anna", "ben", "carl", "dora"}[i], seed)}
		for range devicesPerPlayer {
			if one.token == "" {
				one.enter("signup", client.Fields{"username": one.name, "password": password, "invite_code": code})
			} else {
				one.enter("auth", client.Fields{"token": one.token})
			}
		}
		p.players = append(p.players, one)
	}
	return p
}

// enter adds a device.
func (p *player) enter(kind string, fields client.Fields) {
	p.t.Helper()
	base := p.inst.URLs[len(p.devices)%len(p.inst.URLs)]
	conn, err := client.Dial(p.t.Context(), base, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(conn.Close)
	conn.Record()
	if err := conn.Enter(p.t.Context(), kind, fields); err != nil {
		p.t.Fatal(err)
	}
	p.token = conn.Token
	p.devices = append(p.devices, &device{Conn: conn, model: client.NewModel()})
}

// follow applies what came since, and asks for what no event shows.
func (d *device) follow(ctx context.Context) error {
	for {
		d.Take() // the journal has it all
		for _, f := range d.Journal() {
			if f.Type == "resync" {
				if _, err := d.Ask(ctx, "resync", nil); err != nil { // the answer is in the journal
					return err
				}
				continue
			}
			if err := d.model.Apply(f); err != nil {
				return err
			}
		}
		behind := d.model.Behind()
		if len(behind) == 0 && !d.Recorded() {
			return nil
		}
		for place, after := range behind {
			_, err := d.Ask(ctx, "get_changes", place.Fields(client.Fields{"after": after}))
			if err != nil && client.Code(err) != "not_found" { // what tells that it is gone comes yet
				return err
			}
		}
	}
}

// sees is the state of one of the player's devices, for choosing what to do.
func (p *player) sees() wire.Init {
	p.t.Helper()
	d := p.devices[0]
	if err := d.follow(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	var init wire.Init
	data, err := json.Marshal(d.model.State())
	if err == nil {
		err = json.Unmarshal(data, &init)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return init
}

// do sends a frame from any of the player's devices. It may be refused, for there
// is no telling what is allowed at random; it may not fail.
func (p *player) do(kind string, fields client.Fields) (client.Frame, bool) {
	p.t.Helper()
	at := p.random.IntN(len(p.devices))
	if p.planned != nil {
		p.script = append(p.script, fmt.Sprintf("%s at %d: %s %v, with the next", p.name, at, kind, fields))
		p.planned = append(p.planned, func() {
			_, err := p.devices[at].Ask(p.t.Context(), kind, fields)
			if kind == "delete_account" && err == nil {
				p.gone.Store(true)
			}
		})
		return client.Frame{}, false
	}
	answer, err := p.devices[at].Ask(p.t.Context(), kind, fields)
	code := client.Code(err)
	p.script = append(p.script, fmt.Sprintf("%s at %d: %s %v: %s", p.name, at, kind, fields, code))
	if err != nil && !slices.Contains([]string{"not_found", "permission_denied", "conflict", "invalid"}, code) {
		p.t.Fatalf("%s: %v\n%s", kind, err, strings.Join(p.play.script, "\n"))
	}
	return answer, err == nil
}

// another is any of the other players.
func (p *player) another() *player {
	for {
		if other := p.players[p.random.IntN(len(p.players))]; other != p {
			return other
		}
	}
}

func (p *play) run() {
	p.t.Helper()
	p.gather()
	for range actionsPerPlay {
		p.act()
		if p.random.IntN(togetherOneIn) == 0 {
			p.together()
		}
	}
	for _, one := range p.players {
		for at, d := range one.devices {
			if one.gone.Load() {
				awaitClose(p.t, d.Conn, 4001)
				continue
			}
			one.settle(at, d)
		}
	}
}

// act has somebody do something.
func (p *play) act() {
	one := p.players[p.random.IntN(len(p.players))]
	if one.gone.Load() {
		return
	}
	total := 0
	for _, a := range actions {
		total += a.weight
	}
	n := p.random.IntN(total)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			a.act(one)
			return
		}
	}
}

// together has several things done at once.
func (p *play) together() {
	p.planned = []func(){}
	for range 6 {
		p.act()
	}
	var doing sync.WaitGroup
	for _, do := range p.planned {
		doing.Go(do)
	}
	doing.Wait()
	p.planned = nil
}

// gather begins with a server that all are in, so that much can happen soon.
func (p *play) gather() {
	first := p.players[0]
	answer, _ := first.do("create_server", client.Fields{"name": "Home"})
	id := answer.Field("server.id")
	answer, _ = first.do("generate_server_invite", client.Fields{"server_id": id, "max_uses": playersPerPlay})
	for i, one := range p.players[1:] {
		one.do("join_server_with_invite", client.Fields{"invite_code": answer.Field("code")})
		if i > 0 {
			one.do("set_friend_policy", client.Fields{"friends": "ask"})
		}
		first.do("add_friend", client.Fields{"username": one.name})
	}
}

// settle compares what a device holds with a fresh `init` until they agree.
func (p *player) settle(at int, d *device) {
	p.t.Helper()
	started := time.Now()
	for {
		if err := d.follow(p.t.Context()); err != nil {
			p.t.Fatalf("%s at %d: %v\n%s", p.name, at, err, strings.Join(p.script, "\n"))
		}
		fresh := p.fresh()
		if reflect.DeepEqual(d.model.State(), fresh) {
			return
		}
		if time.Since(started) > settling {
			p.t.Fatalf("%s at %d holds other than a fresh init says:%s\nafter\n%s", p.name, at,
				difference("", d.model.State(), fresh), strings.Join(p.play.script, "\n"))
		}
		await.Pause(p.t.Context(), 10*time.Millisecond)
	}
}

// fresh is the state of a connection that is new.
func (p *player) fresh() map[string]any {
	p.t.Helper()
	conn, err := client.Dial(p.t.Context(), p.inst.URL, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	conn.Record()
	if err := conn.Enter(p.t.Context(), "auth", client.Fields{"token": p.token}); err != nil {
		p.t.Fatal(err)
	}
	for _, f := range conn.Journal() {
		if f.Type == "init" {
			var state map[string]any
			if err := json.Unmarshal(f.Raw, &state); err != nil {
				p.t.Fatal(err)
			}
			delete(state, "type")
			return state
		}
	}
	p.t.Fatal("there was no init")
	return nil
}

// difference lists where two states differ, by path.
func difference(path string, held, want any) string {
	h, ok := held.(map[string]any)
	w, both := want.(map[string]any)
	if ok && both {
		all := ""
		for key := range h {
			if _, there := w[key]; !there {
				all += fmt.Sprintf("\n%s.%s: held %v, there is none", path, key, h[key])
			}
		}
		for key, value := range w {
			all += difference(path+"."+key, h[key], value)
		}
		return all
	}
	hl, ok := held.([]any)
	wl, both := want.([]any)
	if ok && both && len(hl) == len(wl) {
		all := ""
		for i := range hl {
			all += difference(fmt.Sprintf("%s[%d]", path, i), hl[i], wl[i])
		}
		return all
	}
	if reflect.DeepEqual(held, want) {
		return ""
	}
	return fmt.Sprintf("\n%s: held %v, want %v", path, held, want)
}
