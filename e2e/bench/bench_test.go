package bench

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(relayVariable); address != "" {
		os.Exit(serveRelay(address))
	}
	os.Exit(installation.Main(m))
}

// extent says how much is measured.
type extent struct {
	repetitions int
	spell       time.Duration // of one measurement
	members     []int         // of the rooms of the fan-out
	rooms       int           // of ten members
	rate        float64       // messages a second by the clock
	clock       time.Duration // for so long
	idle        int           // connections
	rest        time.Duration // for which they are watched
	history     int64         // messages
	pages       time.Duration // for which pages are read
	written     bool          // to docs
}

var extents = map[string]extent{
	"smoke": {1, 50 * time.Millisecond, []int{5}, 2, 100, 100 * time.Millisecond, 20, 100 * time.Millisecond, 1000, 50 * time.Millisecond, false},
	"short": {3, 1500 * time.Millisecond, []int{100, 500, 1000}, 100, 500, 4 * time.Second, 1000, 4 * time.Second, 100_000, 700 * time.Millisecond, true},
	"long":  {5, 5 * time.Second, []int{100, 500, 1000, 5000}, 100, 500, 20 * time.Second, 10_000, 30 * time.Second, 1_000_000, 3 * time.Second, true},
}

// inFlight are how many messages each sender has on their way at most.
var inFlight = []int{1, 16}

const (
	fanOutSenders = 4
	clockSenders  = 10
	clockMembers  = 100
	roomMembers   = 10
	// serverMembers are those of a server of idle people.
	serverMembers = 200
	// historyWriters fill a channel.
	historyWriters = 8
)

// The directory of the documents, from here.
var docs = filepath.Join("..", "..", "docs")

// bench is one run.
type bench struct {
	*testing.T
	extent
	report report
}

// TestBench measures what DECENTRA_BENCH says: short or long; without it, just
// enough to see that the tool works.
func TestBench(t *testing.T) {
	name := cmp.Or(os.Getenv("DECENTRA_BENCH"), "smoke")
	e, ok := extents[name]
	if !ok {
		t.Fatalf("DECENTRA_BENCH is %q, neither short nor long", name)
	}
	measure(t, e)
}

func measure(t *testing.T, e extent) {
	b := &bench{T: t, extent: e}
	started := time.Now()
	cpu := b.report.section("Processor time of a delivery", "Milliseconds of processor time for 1,000 deliveries, of all processes of the server; "+
		"the ratio is what Decentra takes for each millisecond of the relay's. Four people write, everybody gets everything, the writers too.")
	rate := b.report.section("Deliveries a second", "The same, by the clock. The generator shares the processors with the server.")
	b.startAndIdle()
	systems := []*system{yardstick(t), decentra(t, installation.AllInOne), decentra(t, installation.Split)}
	b.fanOut(systems, cpu, rate)
	b.rooms(systems)
	b.latency(systems)
	b.history(systems[1:])
	text := b.report.String()
	fmt.Println(text)
	if t.Failed() || !e.written {
		return
	}
	document := strings.NewReplacer("<machine>", machine(), "<repetitions>", fmt.Sprint(e.repetitions), "<extent>", os.Getenv("DECENTRA_BENCH"),
		"<took>", time.Since(started).Round(time.Second).String()).Replace(introduction) + text
	for file, content := range map[string]string{"benchmarks.md": document, filepath.Join("pictures", "benchmarks.svg"): chart(cpu, e.members)} {
		if err := os.WriteFile(filepath.Join(docs, file), []byte(content), 0o644); err != nil {
			t.Error(err)
		}
	}
}

const introduction = `# Benchmarks

Written by ` + "`make bench`" + `, which anybody can run (` + "`EXTENT=long`" + `: more members, connections and messages). It starts the built
programs on loopback, all in one and split into five services and a NATS server, and a yardstick: a bare relay on the same
WebSocket library that stores nothing, checks nothing and knows no accounts, makes each frame once, and lets several frames that
wait for a connection leave in one system call. Both deliver the same frames. Decentra stores each message, synced to the disk,
before anybody gets it. A message lost, doubled or out of order ends the run.

On <machine>, the load generator included; the <extent> form, each figure
the median of <repetitions>, <took> in all. Processor time is the figure to compare: it holds on a machine that has other things to do.

![Processor time of a delivery as a multiple of the relay's, against members](pictures/benchmarks.svg)
`

// repeat does something with every system in turn, several times.
func (b *bench) repeat(systems []*system, do func(i int, s *system) error) {
	b.Helper()
	for range b.repetitions {
		for i, s := range systems {
			if err := do(i, s); err != nil {
				b.Fatalf("%s: %v", s.name, err)
			}
		}
	}
}

// gather makes the same rooms in every system, connects everybody and waits until
// all is calm.
func (b *bench) gather(systems []*system, rooms, members int) [][]*crowd {
	b.Helper()
	all := make([][]*crowd, len(systems))
	for i, s := range systems {
		for range rooms {
			all[i] = append(all[i], s.gather(b.T, s.people(b.T, members)))
		}
	}
	for _, s := range systems {
		s.settle(b.T)
	}
	return all
}

func part(all [][]*crowd) {
	for _, crowds := range all {
		for _, c := range crowds {
			c.close()
		}
	}
}

// fanOut lets four people write in rooms of different sizes.
func (b *bench) fanOut(systems []*system, cpu, rate *section) {
	for _, members := range b.members {
		all := b.gather(systems, 1, members)
		for _, window := range inFlight {
			what := fanOutRow(members, window)
			b.repeat(systems, func(i int, s *system) error {
				o, err := run(s, all[i], load{senders: fanOutSenders, window: window, spell: b.spell})
				if err == nil {
					cpu.add(what, s, o.cpuPerThousand())
					rate.add(what, s, o.perSecond(o.delivered))
				}
				return err
			})
		}
		part(all)
	}
}

func fanOutRow(members, window int) string {
	return fmt.Sprintf("%s members, %d in flight", whole(members), window)
}

// rooms lets one person write in each of many small rooms, and in one.
func (b *bench) rooms(systems []*system) {
	note := "A message counts when its writer has got it, which is after it was synced to the disk; the relay has no disk to wait for."
	for _, rooms := range []int{b.extent.rooms, 1} {
		title := fmt.Sprintf("%d channels of %d members, one writer each", rooms, roomMembers)
		if rooms == 1 {
			title = fmt.Sprintf("One writer to %d members", roomMembers)
		}
		in := b.report.section(title, note)
		all := b.gather(systems, rooms, roomMembers)
		for _, window := range inFlight {
			b.repeat(systems, func(i int, s *system) error {
				o, err := run(s, all[i], load{senders: 1, window: window, spell: b.spell})
				if err == nil {
					in.add(fmt.Sprintf("CPU per 1,000 deliveries, ms, %d in flight", window), s, o.cpuPerThousand())
					in.add(fmt.Sprintf("messages/s, %d in flight", window), s, o.perSecond(o.sent))
					in.add(fmt.Sprintf("p50 until acknowledged, ms, %d in flight", window), s, o.percentile(50))
				}
				return err
			})
		}
		part(all)
	}
}

// latency lets ten people write by the clock.
func (b *bench) latency(systems []*system) {
	in := b.report.section(fmt.Sprintf("Latency at %.0f messages a second", b.rate),
		fmt.Sprintf("To %d members, sent by the clock whatever comes back; from when a message was due until each member has it.", clockMembers))
	all := b.gather(systems, 1, clockMembers)
	b.repeat(systems, func(i int, s *system) error {
		o, err := run(s, all[i], load{senders: clockSenders, rate: b.rate, spell: b.clock})
		if err == nil {
			in.add("CPU per 1,000 deliveries, ms", s, o.cpuPerThousand())
			in.add("p50, ms", s, o.percentile(50))
			in.add("p99, ms", s, o.percentile(99))
			in.add("lost", s, float64(o.sent*clockMembers-o.delivered))
		}
		return err
	})
	part(all)
}

// startAndIdle starts installations on empty directories, fills them with people
// who do nothing, and starts them again for each repetition.
func (b *bench) startAndIdle() {
	starts := b.report.section("Start", "From an empty directory until the published port's /readyz answers well; memory is what is resident, all processes together, NATS too.")
	idles := b.report.section(fmt.Sprintf("%s idle connections", whole(b.idle)),
		fmt.Sprintf("Logged in by token, %d at once, each in two servers of %d people.", atOnce, serverMembers))
	for _, topology := range []installation.Topology{installation.AllInOne, installation.Split} {
		for range b.repetitions {
			b.start(topology, starts)
		}
		b.rest(topology, idles)
	}
}

// start measures one start.
func (b *bench) start(topology installation.Topology, in *section) {
	s := &system{name: columns[topology], inst: installation.New(b.T, installation.Options{Topology: topology})}
	started := time.Now()
	for _, name := range s.inst.Processes() {
		s.inst.StartOne(name)
	}
	if err := ready(s.inst.URL, started); err != nil {
		b.Fatal(err)
	}
	in.add("until ready, ms", s, float64(time.Since(started).Milliseconds()))
	s.inst.AwaitReady()
	s.settle(b.T)
	in.add("memory, MB", s, float64(must(s.memory())(b.T))/1e6)
	size := 0
	for _, name := range s.inst.Processes() {
		if name == installation.NATS {
			continue // what the operator runs
		}
		size += int(must(os.Stat(installation.Program(name)))(b.T).Size())
	}
	in.add("size of the programs, MB", s, float64(size)/1e6)
	s.inst.StopAll()
}

// rest connects people who do nothing.
func (b *bench) rest(topology installation.Topology, in *section) {
	s := decentra(b.T, topology)
	groups := b.idlePeople(s)
	s.settle(b.T)
	for range b.repetitions {
		s.inst.StopAll() // memory is to be fresh
		s.inst.StartAll()
		s.settle(b.T)
		before := must(s.memory())(b.T)
		started := time.Now()
		crowd := s.gather(b.T, groups)
		took := time.Since(started)
		s.settle(b.T)
		cpu, at := must(s.cpu())(b.T), time.Now()
		time.Sleep(b.extent.rest)
		used := must(s.cpu())(b.T) - cpu
		memory := must(s.memory())(b.T)
		in.add("idle CPU, % of one processor", s, 100*used.Seconds()/time.Since(at).Seconds())
		in.add("memory of a connection, kB", s, float64(memory-before)/1000/float64(b.idle))
		in.add("logins by token until init, per second", s, float64(b.idle)/took.Seconds())
		if err := crowd.err.Load(); err != nil {
			b.Fatal(*err)
		}
		crowd.close()
	}
	s.inst.StopAll()
}

// idlePeople makes accounts that are members of two servers each: with those who
// signed up before and after them, and with others.
func (b *bench) idlePeople(s *system) people {
	var all people
	for len(all.tokens) < b.idle {
		group := s.people(b.T, min(serverMembers, b.idle-len(all.tokens)))
		all.tokens = append(all.tokens, group.tokens...)
		all.place = group.place
	}
	var codes []string
	for n := range (b.idle + serverMembers - 1) / serverMembers {
		server, _ := s.server(b.T, fmt.Sprint("others ", n))
		codes = append(codes, s.code(b.T, server))
	}
	each(b.T, b.idle, func(i int) error {
		conn, err := client.Resume(b.Context(), s.url, all.tokens[i])
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Ask(b.Context(), "join_server_with_invite", client.Fields{"invite_code": codes[i%len(codes)]})
		return err
	})
	return all
}
