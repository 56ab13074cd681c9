package bench

import (
	"fmt"
	"math"
	"testing"

	"decentra.local/e2e/internal/client"
	"decentra.local/e2e/internal/installation"
	"decentra.local/pkg/wire"
)

// steadyRate is how many messages a second are sent while something grows.
const steadyRate = 200

// growing is what a delivery takes, by the size of something.
type growing struct {
	what    string
	sizes   []int
	besides int // of it, always
	values  map[installation.Topology]map[int][]float64
}

func (g *growing) add(size int, topology installation.Topology, values ...float64) {
	if g.values == nil {
		g.values = map[installation.Topology]map[int][]float64{installation.AllInOne: {}, installation.Split: {}}
	}
	g.values[topology][size] = append(g.values[topology][size], values...)
}

// kinds are what an installation has many of. `go test -run
// "TestBench/^growth$/^NAME$"` lets one grow alone.
var kinds = []struct {
	name string
	grow func(*bench) *growing
}{
	{"connections", func(b *bench) *growing {
		g := b.grows("idle connections", b.extent.growth.connections, func(s *system, _ people, from, to int) {
			s.gather(b.T, b.idlePeople(s, to-from))
		})
		g.besides = b.listeners
		return g
	}},
	{"memberships", func(b *bench) *growing {
		return b.grows("servers of each member", b.extent.growth.serversOfUser, func(s *system, p people, from, to int) {
			var codes []string
			for n := max(from, 1); n < to; n++ {
				server, _ := s.server(b.T, fmt.Sprint("another ", n))
				codes = append(codes, s.code(b.T, server))
			}
			each(b.T, len(p.tokens), func(i int) error { return s.join(b.T, p.tokens[i], codes...) })
		})
	}},
	{"servers", func(b *bench) *growing {
		return b.grows("servers", b.extent.growth.servers, func(s *system, _ people, from, to int) {
			missing := to - max(from, 1) - 1 // one more is that of those who make them
			makers := s.people(b.T, 1+missing/wire.Bounds.Servers)
			each(b.T, len(makers.tokens), func(i int) error {
				conn, err := client.Resume(b.Context(), s.url, makers.tokens[i])
				if err != nil {
					return err
				}
				defer conn.Close()
				for n := i; n < missing; n += len(makers.tokens) {
					if _, err := conn.Ask(b.Context(), "create_server", client.Fields{"name": fmt.Sprint("another ", n)}); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}},
	{"messages", func(b *bench) *growing {
		return b.grows("messages stored", b.extent.growth.messages, func(s *system, p people, _, to int) {
			s.again(b.T, func() { s.fill(b.T, p, to) })
		})
	}},
	{"gateways", func(b *bench) *growing {
		g := &growing{what: "gateways", sizes: b.extent.growth.gateways}
		for _, n := range g.sizes {
			s := decentra(b.T, installation.Split, n)
			b.steady(s, s.people(b.T, b.listeners), g, n)
			s.stop(b.T)
		}
		return g
	}},
}

// growth lets people talk by the clock while, one after the other, everything grows
// that an installation has many of.
func (b *bench) growth() {
	in := b.report.section("Growth", fmt.Sprintf("Milliseconds of processor time for 1,000 deliveries. Members: as in the first table, with one message in flight. "+
		"The rest: %d members, %d messages a second by the clock, and beside them so many idle connections; servers that all of them are members of; "+
		"servers in all; messages in the channel; gateways. Nothing grows faster than the logarithm of what grows while the growth is less than the logarithm's, "+
		"which is taken of one more than there are; of connections the %d are some.", b.listeners, steadyRate, b.listeners))
	if b.byMembers != nil {
		b.grown = append(b.grown, in.grows(b.byMembers))
	}
	for _, kind := range kinds {
		b.Run(kind.name, func(t *testing.T) {
			b.grown = append(b.grown, in.grows(kind.grow(&bench{T: t, extent: b.extent, results: b.results})))
		})
	}
}

// grows lets people talk in both topologies each time something has grown.
func (b *bench) grows(what string, sizes []int, grow func(s *system, p people, from, to int)) *growing {
	g := &growing{what: what, sizes: sizes}
	for _, topology := range []installation.Topology{installation.AllInOne, installation.Split} {
		s := decentra(b.T, topology, 1)
		p := s.people(b.T, b.listeners)
		from := 0
		for _, size := range sizes {
			grow(s, p, from, size)
			from = size
			b.steady(s, p, g, size)
		}
		s.stop(b.T)
	}
	return g
}

// steady lets the people talk by the clock.
func (b *bench) steady(s *system, p people, in *growing, size int) {
	c := s.gather(b.T, p)
	s.settle(b.T)
	b.repeat([]*system{s}, func(_ int, s *system) error {
		o, err := run(s, []*crowd{c}, load{senders: clockSenders, rate: steadyRate, spell: b.spell})
		if err == nil {
			in.add(size, s.inst.Topology, o.cpuPerThousand())
			fmt.Printf("  %-12s %-60s %s\n", s.name, in.what+" "+whole(size), number(o.cpuPerThousand()))
		}
		return err
	})
	c.close()
}

// grows enters what a delivery takes and how much more that is at the end than at the
// beginning, beside how much the logarithm grew.
func (s *section) grows(g *growing) plot {
	p := plot{title: g.what, sizes: g.sizes}
	log := func(size int) float64 { return math.Log(float64(g.besides + size + 1)) }
	grew := log(g.sizes[len(g.sizes)-1]) / log(g.sizes[0])
	for _, topology := range []installation.Topology{installation.AllInOne, installation.Split} {
		line := plotLine{name: columns[topology], topology: topology}
		for _, size := range g.sizes {
			if values := g.values[topology][size]; len(values) > 0 {
				line.values = append(line.values, median(values))
			}
		}
		if len(line.values) == 0 {
			continue
		}
		of := &system{name: columns[topology]}
		for i, size := range g.sizes {
			s.add(g.what+": "+whole(size), of, line.values[i])
		}
		s.add(g.what+": last ÷ first", of, line.values[len(line.values)-1]/line.values[0])
		s.add(g.what+": the logarithm, last ÷ first", of, grew)
		p.lines = append(p.lines, line)
	}
	return p
}
