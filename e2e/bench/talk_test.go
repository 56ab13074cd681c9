package bench

import (
	"fmt"

	"decentra.local/e2e/internal/installation"
)

// inFlight are how many messages each sender has on their way at most.
var inFlight = []int{1, 16}

const (
	fanOutSenders = 4
	roomMembers   = 10
	// Those who write by the clock.
	clockSenders = 10
	clockRate    = 500 // messages a second
)

// fanOut lets four people write in rooms of different sizes.
func (b *bench) fanOut() {
	cpu := b.report.section("Processor time of a delivery", "Milliseconds of processor time for 1,000 deliveries, of all processes of the server; "+
		"the ratio is what Decentra takes for each millisecond of the relay's. Four people write, everybody gets everything, the writers too.")
	rate := b.report.section("Deliveries a second", "The same, by the clock. The generator shares the processors with the server.")
	systems := b.systems()
	b.byMembers = &growing{what: "members", sizes: b.members}
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
	b.ratio = plot{title: "Processor time of a delivery, times the relay's, against members", sizes: b.members}
	for _, topology := range []installation.Topology{installation.AllInOne, installation.Split} {
		name := columns[topology]
		for _, window := range inFlight {
			line := plotLine{name: fmt.Sprintf("%s, %d in flight", name, window), topology: topology, dashed: window > 1}
			for _, members := range b.members {
				values := cpu.row(fanOutRow(members, window)).values
				line.values = append(line.values, median(values[name])/median(values[relayColumn]))
				if window == 1 {
					b.byMembers.add(members, topology, values[name]...)
				}
			}
			b.ratio.lines = append(b.ratio.lines, line)
		}
	}
}

func fanOutRow(members, window int) string {
	return fmt.Sprintf("%s members, %d in flight", whole(members), window)
}

// rooms lets one person write in each of many small rooms, and in one.
func (b *bench) rooms() {
	note := "A message counts when its writer has got it, which is after it was synced to the disk; the relay has no disk to wait for."
	systems := b.systems()
	for _, rooms := range []int{b.extent.rooms, 1} {
		in := b.report.section(roomsTitle(rooms), note)
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

func roomsTitle(rooms int) string {
	if rooms == 1 {
		return fmt.Sprintf("One writer to %d members", roomMembers)
	}
	return fmt.Sprintf("%d channels of %d members, one writer each", rooms, roomMembers)
}

// latency lets ten people write by the clock.
func (b *bench) latency() {
	in := b.report.section(latencyTitle(),
		fmt.Sprintf("To %d members, sent by the clock whatever comes back; from when a message was due until each member has it.", b.listeners))
	systems := b.systems()
	all := b.gather(systems, 1, b.listeners)
	b.repeat(systems, func(i int, s *system) error {
		o, err := run(s, all[i], load{senders: clockSenders, rate: clockRate, spell: b.clock})
		if err == nil {
			in.add("CPU per 1,000 deliveries, ms", s, o.cpuPerThousand())
			in.add("p50, ms", s, o.percentile(50))
			in.add("p99, ms", s, o.percentile(99))
			in.add("lost", s, float64(o.sent*int64(b.listeners)-o.delivered))
		}
		return err
	})
	part(all)
}

func latencyTitle() string { return fmt.Sprintf("Latency at %d messages a second", clockRate) }
