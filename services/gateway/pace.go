package gateway

import (
	"maps"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// A connection is read in a burst of frames, and then at a rate that nobody needs
	// who keeps to what a user may send.
	readBurst, readsPerSecond = 1000, 100
	// refusalReads is how many frames a refused one counts as: little is cheaper to
	// send than what makes no sense.
	refusalReads = 50
	// New connections of an address are taken in a burst and then at a rate; of
	// those that come faster some wait. A club that reloads its pages is within it.
	arrivalBurst, arrivalsPerSecond = 2000, 200
	arrivalWait                     = 10 * time.Second
)

// pace is how fast one connection is read. What comes faster waits at the other
// side. The zero pace bounds nothing.
type pace struct{ limiter *rate.Limiter }

func newPace(on bool) pace {
	if !on {
		return pace{}
	}
	return pace{rate.NewLimiter(readsPerSecond, readBurst)}
}

// next waits until the next frame may be read, or over.
func (p pace) next(over <-chan struct{}) {
	if p.limiter == nil {
		return
	}
	if d := p.limiter.Reserve().Delay(); d > 0 {
		wait := time.NewTimer(d)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-over:
		}
	}
}

// refused counts a refusal.
func (p pace) refused() {
	if p.limiter != nil {
		p.limiter.ReserveN(time.Now(), refusalReads)
	}
}

// arrivals are the new connections of each address; nil bounds nothing.
type arrivals struct {
	mu        sync.Mutex
	addresses map[string]*rate.Limiter
}

func newArrivals(on bool) *arrivals {
	if !on {
		return nil
	}
	return &arrivals{addresses: map[string]*rate.Limiter{}}
}

// wait waits until it is a connection's turn; false: too many wait.
func (a *arrivals) wait(address string) bool {
	if a == nil {
		return true
	}
	now := time.Now()
	turn := a.of(address, now).ReserveN(now, 1)
	d := turn.DelayFrom(now)
	if d > arrivalWait {
		turn.CancelAt(now)
		return false
	}
	time.Sleep(d)
	return true
}

func (a *arrivals) of(address string, now time.Time) *rate.Limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.addresses[address]
	if l == nil {
		if len(a.addresses) >= addressesRemembered {
			maps.DeleteFunc(a.addresses, func(_ string, l *rate.Limiter) bool { return l.TokensAt(now) >= arrivalBurst })
		}
		if len(a.addresses) >= addressesRemembered {
			clear(a.addresses)
		}
		l = rate.NewLimiter(arrivalsPerSecond, arrivalBurst)
		a.addresses[address] = l
	}
	return l
}

// addressOf is where a connection comes from: an IPv4 address, or the /64 that an
// IPv6 host can choose its address in.
func addressOf(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.Masked().String()
		}
	}
	return address.String()
}

// arrive waits until it is the turn of a connection's address; false: it is closed.
// Those of a proxy are other people's.
func (s *splitter) arrive(client net.Addr) bool {
	from, is := client.(*net.TCPAddr)
	if !is {
		return true
	}
	address := from.AddrPort().Addr()
	return s.proxies.trust(address) || s.balancers.trust(address) || s.arrivals.wait(addressOf(address))
}
