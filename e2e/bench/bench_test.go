package bench

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	listeners   int           // who hear what is sent by the clock
	clock       time.Duration // for which messages are sent by the clock
	flooders    int           // who log in all the time
	idle        []int         // connections
	rest        time.Duration // for which they are watched
	returning   int           // clients that come back after a kill
	history     int           // messages
	pages       time.Duration // for which pages are read
	watched     time.Duration // of a profile, whole seconds
	growth      growth
	written     bool // to docs
}

// growth is what grows, and how far.
type growth struct {
	connections, serversOfUser, servers, messages, gateways []int
}

var extents = map[string]extent{
	"smoke": {
		repetitions: 1, spell: 50 * time.Millisecond, members: []int{5}, rooms: 2, listeners: 10, clock: 100 * time.Millisecond, flooders: 4,
		idle: []int{20}, rest: 100 * time.Millisecond, returning: 12, history: 1000, pages: 50 * time.Millisecond, watched: time.Second,
		growth: growth{connections: []int{0, 10}, serversOfUser: []int{1, 2}, servers: []int{10, 12}, messages: []int{100, 200}, gateways: []int{1, 2}},
	},
	"short": {
		repetitions: 3, spell: 1200 * time.Millisecond, members: []int{100, 500, 1000}, rooms: 100, listeners: 100, clock: 3 * time.Second, flooders: 200,
		idle: []int{1000}, rest: 3 * time.Second, returning: 500, history: 100_000, pages: 400 * time.Millisecond, watched: 2 * time.Second,
		growth: growth{connections: []int{0, 1000, 5000}, serversOfUser: []int{1, 10, 100}, servers: []int{10, 100, 1000},
			messages: []int{10_000, 100_000, 1_000_000}, gateways: []int{1, 2, 3, 4}},
		written: true,
	},
	"long": {
		repetitions: 3, spell: 4 * time.Second, members: []int{100, 500, 1000, 5000}, rooms: 100, listeners: 100, clock: 10 * time.Second, flooders: 200,
		idle: []int{1000, 10_000}, rest: 10 * time.Second, returning: 5000, history: 1_000_000, pages: 2 * time.Second, watched: 3 * time.Second,
		growth: growth{connections: []int{0, 1000, 5000, 10_000}, serversOfUser: []int{1, 10, 100}, servers: []int{10, 100, 1000},
			messages: []int{10_000, 100_000, 1_000_000, 10_000_000}, gateways: []int{1, 2, 3, 4}},
		written: true,
	},
}

// parts are what is measured, in the order of the document. `go test -run
// "TestBench/^NAME$"` measures one alone, and writes no document.
var parts = []struct {
	name    string
	measure func(*bench)
}{
	{"fanout", (*bench).fanOut},
	{"rooms", (*bench).rooms},
	{"latency", (*bench).latency},
	{"flood", (*bench).flood},
	{"start", (*bench).start},
	{"idle", (*bench).idle},
	{"restart", (*bench).restart},
	{"pages", (*bench).pages},
	{"growth", (*bench).growth},
	{"profiles", (*bench).profiles},
}

// The directory of the documents, from here.
var docs = filepath.Join("..", "..", "docs")

// bench is one run of one part.
type bench struct {
	*testing.T
	extent
	*results
}

// results are those of all parts.
type results struct {
	report    report
	byMembers *growing // the fan-out's: what growth begins with
	ratio     plot
	grown     []plot
}

// TestBench measures what DECENTRA_BENCH says: short or long; without it, just
// enough to see that the tool works.
func TestBench(t *testing.T) {
	name := cmp.Or(os.Getenv("DECENTRA_BENCH"), "smoke")
	e, ok := extents[name]
	if !ok {
		t.Fatalf("DECENTRA_BENCH is %q, neither short nor long", name)
	}
	r := &results{}
	measured := 0
	started := time.Now()
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			began := time.Now()
			part.measure(&bench{T: t, extent: e, results: r})
			measured++
			t.Logf("%s took %s", part.name, time.Since(began).Round(time.Second))
		})
	}
	text := r.report.String()
	fmt.Println(text)
	if t.Failed() || !e.written || measured < len(parts) {
		return
	}
	document := strings.NewReplacer("<machine>", machine(), "<repetitions>", fmt.Sprint(e.repetitions), "<extent>", name,
		"<took>", time.Since(started).Round(time.Second).String()).Replace(introduction) + text
	for file, content := range map[string]string{
		"benchmarks.md": document,
		filepath.Join("pictures", "benchmarks.svg"): picture(1, r.ratio),
		filepath.Join("pictures", "growth.svg"):     picture(3, r.grown...),
	} {
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

What grows, and what a delivery takes then, in milliseconds of processor time for 1,000:

![Processor time of a delivery against members, connections, servers, messages and gateways](pictures/growth.svg)
`

// systems starts the yardstick and both topologies.
func (b *bench) systems(flags ...string) []*system {
	b.Helper()
	return append([]*system{yardstick(b.T)}, b.decentras(flags...)...)
}

// decentras starts both topologies.
func (b *bench) decentras(flags ...string) []*system {
	b.Helper()
	return []*system{decentra(b.T, installation.AllInOne, 1, flags...), decentra(b.T, installation.Split, 1, flags...)}
}

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
