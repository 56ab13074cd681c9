package bench

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"decentra.local/e2e/internal/client"
	"decentra.local/pkg/wire"
)

// epoch is what the times in marks are counted from.
var epoch = time.Now()

const (
	// content is a message of ordinary length.
	content = "a message of ordinary length, as people write them all day long"
	// stuck is how long nothing may come while something is missing.
	stuck = 10 * time.Second
)

// crowd is everybody in one room: all receive, the first few send as well.
type crowd struct {
	links   []*link
	begin   []byte // of a message as this system takes it, up to the nonce
	reading sync.WaitGroup
	round   atomic.Pointer[round]
	closing atomic.Bool
	err     atomic.Pointer[error] // the first
}

// round is one measurement in one room.
type round struct {
	id     int64
	window int            // how many messages each sender has on their way; 0: they are sent by the clock
	timed  bool           // every receiver notes how long messages took, not their senders alone
	until  time.Time      // when nothing more is sent
	sent   []atomic.Int64 // by sender
}

var rounds atomic.Int64

// next is the number of the message that a sender sends now; 0: none.
func (r *round) next(sender int) int64 {
	if !time.Now().Before(r.until) {
		return 0
	}
	return r.sent[sender].Add(1)
}

// beginMessage is the beginning of a message to a place.
func beginMessage(place client.Place) []byte {
	body, _ := wire.Marshal(wire.SendMessage{Content: content, Context: place.Context, ContextID: &place.ID, Nonce: "0"}) // plain fields
	return beforeNonce(wire.Compose("message", "", body))
}

// beginEvent is the beginning of what Decentra makes of such a message: to the
// relay it is sent as it is to arrive, so that both deliver as many bytes.
func beginEvent() []byte {
	id := "AAAAAAAAAAAAAAAAAAAAAAAAAA/AAAAAAAAAAAAAAAAAAAAAAAAAA"
	return beforeNonce(wire.Encode(wire.Message{ID: 10_000, Seq: 10_000, Username: "u123-1234", Content: content,
		Timestamp: wire.MicroTime(time.Now().UnixMicro()), Context: wire.ContextServer, ContextID: &id, Nonce: "0"}))
}

func beforeNonce(frame []byte) []byte {
	return frame[:bytes.LastIndex(frame, nonceField)+len(nonceField)]
}

// append appends a message's frame.
func (c *crowd) append(b []byte, r *round, sender int, number int64, at time.Time) []byte {
	m := mark{r.id, int64(sender), number, at.Sub(epoch).Microseconds()}
	payload := append(m.append(bytes.Clone(c.begin)), `"}`...)
	return appendFrame(b, websocket.TextMessage, payload, true)
}

// listen makes everybody read.
func (c *crowd) listen() {
	for _, l := range c.links {
		l.crowd = c
		c.reading.Go(l.read)
	}
}

// close ends the connections.
func (c *crowd) close() {
	c.closing.Store(true)
	for _, l := range c.links {
		_ = l.conn.Close()
	}
	c.reading.Wait()
}

func (c *crowd) fail(err error) {
	if !c.closing.Load() {
		c.err.CompareAndSwap(nil, &err)
	}
}

// load says what is sent.
type load struct {
	senders int // in each room
	window  int // messages of each sender on their way
	spell   time.Duration
	rate    float64 // messages a second by the clock, of all senders; 0: each sends when the last has come
}

// outcome is what a round came to.
type outcome struct {
	sent, delivered int64
	elapsed         time.Duration
	cpu             time.Duration // of the server's processes
	took            []time.Duration
}

func (o outcome) perSecond(n int64) float64 { return float64(n) / o.elapsed.Seconds() }

// cpuPerThousand is the milliseconds of processor time of 1,000 deliveries.
func (o outcome) cpuPerThousand() float64 {
	return float64(o.cpu.Microseconds()) / float64(o.delivered)
}

// percentile is in milliseconds.
func (o outcome) percentile(p float64) float64 { return percentile(o.took, p) }

func percentile(took []time.Duration, p float64) float64 {
	slices.Sort(took)
	return float64(took[min(int(float64(len(took))*p/100), len(took)-1)].Microseconds()) / 1000
}

// run puts a load on rooms of a system, all at once, and waits until everything has
// come.
func run(s *system, crowds []*crowd, l load) (outcome, error) {
	before, err := s.cpu()
	if err != nil {
		return outcome{}, err
	}
	start := time.Now()
	earlier := count(crowds)
	rs := make([]*round, len(crowds))
	for i, c := range crowds {
		rs[i] = &round{id: rounds.Add(1), window: l.window, timed: l.rate > 0, until: start.Add(l.spell),
			sent: make([]atomic.Int64, l.senders)}
		for n, link := range c.links {
			link.sender = -1 // nothing is on its way, and nobody else looks at it
			if n < l.senders {
				link.sender = n
			}
		}
		c.round.Store(rs[i])
	}
	if l.rate > 0 {
		err = byTheClock(crowds[0], rs[0], l, start)
	} else {
		err = begin(crowds, rs)
	}
	if err != nil {
		return outcome{}, err
	}
	var o outcome
	last, lastAt := int64(0), time.Now()
	for {
		now := time.Now()
		o.delivered, o.sent = count(crowds)-earlier, 0
		expected := int64(0)
		for i, r := range rs {
			for n := range r.sent {
				sent := r.sent[n].Load()
				o.sent += sent
				expected += sent * int64(len(crowds[i].links))
			}
		}
		for _, c := range crowds {
			if err := c.err.Load(); err != nil {
				return o, *err
			}
		}
		// Nothing of what is expected can follow once all of it is there: who sends
		// the next message does so before it counts the last.
		if o.delivered == expected {
			break
		}
		if o.delivered != last {
			last, lastAt = o.delivered, now
		} else if now.Sub(lastAt) > stuck {
			return o, fmt.Errorf("lost: of %d deliveries %d have come", expected, o.delivered)
		}
		time.Sleep(5 * time.Millisecond)
	}
	o.elapsed = time.Since(start)
	after, err := s.cpu()
	o.cpu = after - before
	for i, c := range crowds {
		for _, link := range c.links {
			if link.round == rs[i] {
				o.took = append(o.took, link.took...)
			}
		}
	}
	if o.delivered == 0 {
		return o, errors.New("nothing was sent")
	}
	return o, err
}

func count(crowds []*crowd) (n int64) {
	for _, c := range crowds {
		for _, l := range c.links {
			n += l.got.Load()
		}
	}
	return n
}

// begin sends the first messages of every sender; each that comes back lets the
// next go.
func begin(crowds []*crowd, rs []*round) error {
	for i, c := range crowds {
		for sender := range rs[i].sent {
			var frames []byte
			for range rs[i].window {
				if n := rs[i].next(sender); n > 0 {
					frames = c.append(frames, rs[i], sender, n, time.Now())
				}
			}
			if _, err := c.links[sender].conn.Write(frames); err != nil {
				return err
			}
		}
	}
	return nil
}

// byTheClock sends at a fixed rate, whatever comes back, and counts the time from
// when a message was due.
func byTheClock(c *crowd, r *round, l load, start time.Time) error {
	for n := range int(l.rate * l.spell.Seconds()) {
		due := start.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
		time.Sleep(time.Until(due))
		sender := n % l.senders
		frame := c.append(nil, r, sender, r.sent[sender].Add(1), due)
		if _, err := c.links[sender].conn.Write(frame); err != nil {
			return err
		}
	}
	return nil
}
