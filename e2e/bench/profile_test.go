package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// profiles watches where the time goes while people write, read and log in.
func (b *bench) profiles() {
	systems := b.systems("--profile")
	for _, c := range []struct {
		title          string
		rooms, members int
		load           load
	}{
		{fanOutRow(b.members[0], 1), 1, b.members[0], load{senders: fanOutSenders, window: 1}},
		{fanOutRow(b.members[0], 16), 1, b.members[0], load{senders: fanOutSenders, window: 16}},
		{roomsTitle(b.extent.rooms), b.extent.rooms, roomMembers, load{senders: 1, window: 1}},
		{roomsTitle(1), 1, roomMembers, load{senders: 1, window: 1}},
		{latencyTitle(), 1, b.listeners, load{senders: clockSenders, rate: clockRate}},
	} {
		all := b.gather(systems, c.rooms, c.members)
		c.load.spell = b.watched
		in := b.whereTimeGoes(c.title, "1,000 deliveries")
		b.repeat(systems, func(i int, s *system) error {
			return b.watch(in, s, func() (int64, error) {
				o, err := run(s, all[i], c.load)
				return o.delivered, err
			})
		})
		part(all)
	}

	systems = systems[1:] // the relay keeps nothing and knows nobody
	who := b.withHistory(systems)
	for _, w := range ways {
		if w.compressed {
			continue // is a page over REST, and its compression
		}
		for _, position := range []struct {
			name   string
			before func() int64
		}{
			{"a page that is kept", func() int64 { return 0 }},
			{"any page", func() int64 { return pageSize + 1 + rand.Int64N(int64(b.history)-pageSize) }},
		} {
			in := b.whereTimeGoes(fmt.Sprintf("%s, %s", position.name, w.name), "1,000 pages")
			b.repeat(systems, func(i int, s *system) error {
				var pages []page
				for reader := range readers {
					pages = append(pages, w.open(b, s, who[i], reader))
				}
				return b.watch(in, s, func() (int64, error) {
					_, took, err := turn(b.Context(), pages, b.history, position.before, b.watched, 0)
					return int64(len(took)), err
				})
			})
		}
	}
	in := b.whereTimeGoes("logins by token", "1,000 logins")
	b.repeat(systems, func(i int, s *system) error {
		return b.watch(in, s, func() (n int64, err error) {
			for began := time.Now(); time.Since(began) < b.watched; n += roomMembers {
				s.gather(b.T, who[i]).close()
			}
			return n, nil
		})
	})
}

func (b *bench) whereTimeGoes(title, unit string) *section {
	return b.report.section("Where the time goes: "+title, "Milliseconds of processor time for "+unit+
		", of all processes of the server, by what their profiles say it went to.")
}

// watch takes a profile of a system while it works, and enters what a thousand units
// of work took of whom.
func (b *bench) watch(in *section, s *system, work func() (int64, error)) error {
	type watched struct {
		shares map[string]float64
		err    error
	}
	done := make(chan watched, 1)
	before, err := s.cpu()
	if err != nil {
		return err
	}
	go func() {
		shares, err := s.profile(b.Context(), b.watched)
		done <- watched{shares, err}
	}()
	n, err := work()
	w := <-done
	if err != nil {
		return err
	}
	if w.err != nil {
		return w.err
	}
	after, err := s.cpu()
	if err != nil {
		return err
	}
	perThousand := 1000 * 1000 * (after - before).Seconds() / float64(n)
	for _, holder := range holders {
		in.add(holder, s, w.shares[holder]*perThousand)
	}
	in.add("together", s, perThousand)
	return nil
}

func TestHolderOf(t *testing.T) {
	t.Parallel()
	for want, stack := range map[string][]string{
		sockets:    {"internal/runtime/syscall/linux.Syscall6", "syscall.write", "internal/poll.(*FD).Write", "net.(*conn).Write", "decentra.local/services/gateway.(*outbox).write", "net/http.(*conn).serve"},
		sqlite:     {"internal/runtime/syscall/linux.Syscall6", "syscall.Syscall", "modernc.org/libc.Xfdatasync", "database/sql.(*Tx).Commit", "decentra.local/pkg/convlog.(*Log).Append"},
		nats:       {"syscall.write", "net.(*conn).Write", "github.com/nats-io/nats%2ego.(*Conn).flusher"},
		encodings:  {"runtime.memmove", "encoding/json.Marshal", "decentra.local/pkg/wire.Encode", "net/http.(*conn).serve"},
		memory:     {"runtime.nextFreeFast", "runtime.mallocgc", "encoding/json.Marshal"},
		scheduling: {"runtime.futex", "runtime.futexwakeup", "runtime.ready", "runtime.chansend", "decentra.local/services/gateway.serve"},
		own:        {"runtime.memmove", "decentra.local/services/gateway.fan", "github.com/nats-io/nats%2ego.(*Conn).waitForMsgs"},
	} {
		if got := holderOf(stack); got != want {
			t.Errorf("%v is held by %s, want %s", stack, got, want)
		}
	}
}
