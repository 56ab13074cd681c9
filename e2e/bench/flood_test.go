package bench

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// floodAccounts are those whose passwords the flood knows.
const floodAccounts = 4

// flood lets people write by the clock, at first alone and then while others log in
// with passwords, right and wrong, as fast as they are answered. The limits are on:
// everybody writes, so that nobody is too fast, and each of those who log in has an
// address of its own, so that none has used its tries up before the end.
func (b *bench) flood() {
	in := b.report.section(fmt.Sprintf("%d logins by password at once", b.flooders),
		fmt.Sprintf("%d messages a second to %d members, as above, while sockets log in again and again, half of them with a wrong password. "+
			"Limits are on and passwords cost what they do by default; each socket has an address of its own.", clockRate, b.listeners))
	for _, s := range b.decentras("--limits", "on") {
		p := s.people(b.T, b.listeners)
		s.again(b.T, func() { s.configure("--bcrypt-cost", "12") }) // the people's own were to be made quickly
		c := s.gather(b.T, p)
		known := s.people(b.T, floodAccounts)
		s.settle(b.T)
		b.repeat([]*system{s}, func(_ int, s *system) error {
			talk := load{senders: b.listeners, rate: clockRate, spell: b.clock}
			s.settle(b.T) // what an earlier flood left to be checked
			quiet, err := run(s, []*crowd{c}, talk)
			if err != nil {
				return err
			}
			f := startFlood(b.Context(), s, known, b.flooders)
			flooded, err := run(s, []*crowd{c}, talk)
			if err := f.end(); err != nil {
				return err
			}
			if err != nil {
				return err
			}
			in.add("p50, ms, before", s, quiet.percentile(50))
			in.add("p50, ms, during the flood", s, flooded.percentile(50))
			in.add("p99, ms, before", s, quiet.percentile(99))
			in.add("p99, ms, during the flood", s, flooded.percentile(99))
			in.add("p99, times as long", s, flooded.percentile(99)/quiet.percentile(99))
			in.add("passwords checked per second", s, flooded.perSecond(f.checked.Load()))
			in.add("logins put off per second", s, flooded.perSecond(f.refused.Load()))
			return nil
		})
		c.close()
		s.stop(b.T)
	}
}

// logins is a flood of them.
type logins struct {
	stop             context.CancelFunc
	running          sync.WaitGroup
	turn             atomic.Int64
	checked, refused atomic.Int64
	err              atomic.Pointer[error] // the first
}

// startFlood returns once every socket has sent its first login.
func startFlood(ctx context.Context, s *system, known people, sockets int) *logins {
	ctx, stop := context.WithCancel(ctx)
	f := &logins{stop: stop}
	var begun sync.WaitGroup
	begun.Add(sockets)
	for n := range sockets {
		f.running.Go(func() {
			first := sync.OnceFunc(begun.Done)
			defer first()
			for ctx.Err() == nil {
				if err := f.login(ctx, s, known, fmt.Sprintf("127.1.%d.%d", n/200, n%200+1), first); err != nil && ctx.Err() == nil {
					f.err.CompareAndSwap(nil, &err)
					return
				}
			}
		})
	}
	begun.Wait()
	return f
}

// end returns the flood's first error.
func (f *logins) end() error {
	f.stop()
	f.running.Wait()
	if err := f.err.Load(); err != nil {
		return *err
	}
	return nil
}

// login tries passwords on one connection until one is right.
func (f *logins) login(ctx context.Context, s *system, known people, address string, sent func()) error {
	l, err := dial(ctx, s.url, "", address)
	if err != nil {
		return err
	}
	defer l.conn.Close()
	defer context.AfterFunc(ctx, func() { _ = l.conn.Close() })()
	for {
		n := f.turn.Add(1)
		name, word := known.names[int(n/2)%len(known.names)], password
		if n%2 == 0 {
			name, word = fmt.Sprintf("nobody%d", n), "a wrong one"
		}
		if err := l.send(fmt.Appendf(nil, `{"type":"login","username":%q,"password":%q}`, name, word)); err != nil {
			return err
		}
		sent()
		answer, err := l.next()
		switch {
		case err != nil:
			return err
		case bytes.HasPrefix(answer, authSuccess):
			f.checked.Add(1)
			return nil
		case bytes.Contains(answer, []byte(`"code":"unauthenticated"`)):
			f.checked.Add(1)
		case bytes.Contains(answer, unavailable):
			f.refused.Add(1)
		default:
			return fmt.Errorf("a login by password was answered with %.200s", answer)
		}
	}
}
