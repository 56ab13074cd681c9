package gateway

import (
	"io"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// A connection is read in a burst of frames, and then at a rate that nobody needs
	// who keeps to what a user may send.
	readBurst, readsPerSecond = 1000, 100
	// headerBytes count as a frame, of what a connection sends besides messages.
	headerBytes = 8
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
type pace struct {
	limiter *rate.Limiter
	rest    atomic.Pointer[time.Time] // until when nothing is read after a refusal
}

func (p *pace) begin() { p.limiter = rate.NewLimiter(readsPerSecond, readBurst) }

// next counts frames, and waits until more may be read, or over.
func (p *pace) next(frames int, over <-chan struct{}) {
	if p.limiter == nil {
		return
	}
	d := p.limiter.ReserveN(time.Now(), frames).Delay()
	if rest := p.rest.Load(); rest != nil {
		d = max(d, time.Until(*rest))
	}
	if d > 0 {
		wait := time.NewTimer(d)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-over:
		}
	}
}

// refused counts a refusal, after which nothing is read for a while at least.
func (p *pace) refused(rest time.Duration) {
	if p.limiter == nil {
		return
	}
	now := time.Now()
	p.limiter.ReserveN(now, refusalReads)
	if rest > 0 {
		until := now.Add(rest)
		p.rest.Store(&until)
	}
}

// framed reads a connection at its pace. What it counts are the bytes that are no
// part of a message, of which every frame has some (RFC 6455, 5.2): fragments and
// pings cost what messages do.
type framed struct {
	conn    io.Reader
	pace    *pace
	over    <-chan struct{}
	besides int // bytes that are not counted yet
}

// Read implements io.Reader.
func (f *framed) Read(p []byte) (int, error) {
	f.pace.next(f.besides/headerBytes, f.over)
	f.besides %= headerBytes
	n, err := f.conn.Read(p)
	f.besides += n
	return n, err
}

// said reads a message of a connection.
type said struct {
	message io.Reader
	from    *framed
}

// Read implements io.Reader.
func (s said) Read(p []byte) (int, error) {
	n, err := s.message.Read(p)
	s.from.besides -= n
	return n, err
}

// addressed are the token buckets of addresses.
type addressed struct {
	perSecond rate.Limit
	burst     int

	mu        sync.Mutex
	addresses map[string]*rate.Limiter
}

func newAddressed(perSecond rate.Limit, burst int) *addressed {
	return &addressed{perSecond: perSecond, burst: burst, addresses: map[string]*rate.Limiter{}}
}

func (a *addressed) of(address string, now time.Time) *rate.Limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.addresses[address]
	if l == nil {
		if len(a.addresses) >= addressesRemembered {
			maps.DeleteFunc(a.addresses, func(_ string, l *rate.Limiter) bool { return l.TokensAt(now) >= float64(a.burst) })
		}
		if len(a.addresses) >= addressesRemembered {
			clear(a.addresses)
		}
		l = rate.NewLimiter(a.perSecond, a.burst)
		a.addresses[address] = l
	}
	return l
}

// arrivals are the new connections of each address; nil bounds nothing.
type arrivals struct{ *addressed }

func newArrivals(on bool) *arrivals {
	if !on {
		return nil
	}
	return &arrivals{newAddressed(arrivalsPerSecond, arrivalBurst)}
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
