package gateway

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
)

// The rates. A burst is what may come at once.
const (
	messageBurst, messagesPerSecond = 20, 5
	frameBurst, framesPerSecond     = 120, 30
	// Somebody who enters a full room, or whose network changes, has much to tell
	// everybody there.
	signalBurst, signalsPerSecond = 600, 60
	largeBurst, largePeriod       = 5, 10 * time.Second // of large frames
	passwordBurst                 = 60
	passwordsPerMinute            = 30
	addressesRemembered           = 50_000
	usersRemembered               = 50_000 // without a connection
	connectionsPerUser            = 100
	entriesPerSecond              = 0.5 // of a user; all that may be open may enter at once
	requestsPerUser               = 4   // worked on at once; the others wait on their connections
	// strangersPerAddress bounds the connections of an address that are not logged
	// in: after a restart all who are behind one come back at once.
	strangersPerAddress = 500
	// slowEntries is how many entries one counts as that ends since the connection
	// does not take what it is sent: entering is dearer than not reading. Whoever is
	// let go again and again waits for the next entry, but not for longer than
	// slowWait, whatever the others of the same user's connections did.
	slowEntries, slowWait = 10, time.Minute
	// Of refusals, of a user or of those without a login at an address, some come at
	// once. Beyond, who was refused is read again in its turn.
	refusalBurst, refusalsPerSecond = 100, 10
)

// limits bound what one user and one address may ask for; nil bounds nothing.
type limits struct {
	mu        sync.Mutex
	users     map[string]*userLimit
	addresses map[string]*bucket
	strangers map[string]int // connections not logged in, by address
	refusals  *addressed     // of these
	now       func() time.Time
}

type userLimit struct {
	connections      int
	messages, frames *rate.Limiter
	signals          *rate.Limiter // between peers
	large            *rate.Limiter
	entries          *rate.Limiter
	refusals         *rate.Limiter
	waiting          atomic.Int64  // bytes, for all connections
	turns            chan struct{} // of requests that are worked on
	long             chan struct{} // of those with a long answer
}

// bucket is a token bucket that can be given back to.
type bucket struct {
	tokens float64
	filled time.Time
	turns  chan struct{} // of tries that are worked on
}

func newLimits(on bool) *limits {
	if !on {
		return nil
	}
	return &limits{users: map[string]*userLimit{}, addresses: map[string]*bucket{}, strangers: map[string]int{},
		refusals: newAddressed(refusalsPerSecond, refusalBurst), now: time.Now}
}

// welcome and parted count the connections of an address that are not logged in.
func (l *limits) welcome(address string) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.strangers[address] >= strangersPerAddress {
		return fault.Limited(5*time.Second, "Too many connections of your address wait for a login.")
	}
	l.strangers[address]++
	return nil
}

func (l *limits) parted(address string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.strangers[address]--; l.strangers[address] <= 0 {
		delete(l.strangers, address)
	}
}

// acquire and release count the connections of a user: what is known of a user
// lives as long as one of them, and until the bursts are whole again.
func (l *limits) acquire(user string) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.user(user)
	if u.connections >= connectionsPerUser {
		return fault.Limited(time.Minute, "You have too many connections open, %d.", connectionsPerUser)
	}
	if now := l.now(); !u.entries.AllowN(now, 1) {
		return fault.Limited(missing(u.entries, now), "You connect too often. Please wait a moment.")
	}
	u.connections++
	return nil
}

func (l *limits) release(user string, slow bool) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if u := l.users[user]; u != nil {
		now := l.now()
		if slow {
			const debt = entriesPerSecond*float64(slowWait/time.Second) - 1
			u.entries.ReserveN(now, min(slowEntries, int(u.entries.TokensAt(now)+debt)))
		}
		if u.connections--; u.idle(now) {
			delete(l.users, user)
		}
	}
}

// user is what is known of a user. The lock is held.
func (l *limits) user(name string) *userLimit {
	u := l.users[name]
	if u == nil {
		if len(l.users) >= usersRemembered {
			now := l.now()
			maps.DeleteFunc(l.users, func(_ string, u *userLimit) bool { return u.idle(now) })
		}
		u = &userLimit{
			messages: rate.NewLimiter(messagesPerSecond, messageBurst),
			frames:   rate.NewLimiter(framesPerSecond, frameBurst),
			signals:  rate.NewLimiter(signalsPerSecond, signalBurst),
			large:    rate.NewLimiter(rate.Every(largePeriod), largeBurst),
			entries:  rate.NewLimiter(entriesPerSecond, connectionsPerUser),
			refusals: rate.NewLimiter(refusalsPerSecond, refusalBurst),
			turns:    make(chan struct{}, requestsPerUser),
			long:     make(chan struct{}, 1),
		}
		l.users[name] = u
	}
	return u
}

// idle reports whether forgetting the user changes nothing.
func (u *userLimit) idle(now time.Time) bool {
	return u.connections <= 0 && u.messages.TokensAt(now) >= messageBurst && u.frames.TokensAt(now) >= frameBurst &&
		u.signals.TokensAt(now) >= signalBurst && u.large.TokensAt(now) >= largeBurst && u.entries.TokensAt(now) >= connectionsPerUser &&
		u.refusals.TokensAt(now) >= refusalBurst
}

// allowFrame refuses with rate_limited what comes too fast, as a frame or as a
// request over REST.
func (l *limits) allowFrame(user, frameType string) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	u := l.user(user)
	l.mu.Unlock()
	limiter := u.frames
	switch {
	case frameType == "message":
		limiter = u.messages
	case strings.HasPrefix(frameType, "webrtc_"):
		limiter = u.signals
	}
	now := l.now()
	if limiter.AllowN(now, 1) {
		return nil
	}
	return fault.Limited(missing(limiter, now), "You are too fast. Please wait a moment.")
}

// refused counts a refusal, and is how long whoever was refused is not read.
func (l *limits) refused(user, address string) time.Duration {
	if l == nil {
		return 0
	}
	now := l.now()
	refusals := l.refusals.of(address, now)
	if user != "" {
		l.mu.Lock()
		refusals = l.user(user).refusals
		l.mu.Unlock()
	}
	return refusals.ReserveN(now, 1).DelayFrom(now)
}

// missing is how long it takes until one more is allowed.
func missing(l *rate.Limiter, now time.Time) time.Duration {
	return time.Duration((1 - l.TokensAt(now)) / float64(l.Limit()) * float64(time.Second))
}

// largeFrame is how long the user's next large frame has to wait until it is read.
func (l *limits) largeFrame(user string) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	large := l.user(user).large
	l.mu.Unlock()
	now := l.now()
	return large.ReserveN(now, 1).DelayFrom(now)
}

// turn waits until fewer requests of the user are worked on than may be at once;
// false: over came first. Somebody with many connections takes no more of the
// services than somebody with few.
func (l *limits) turn(user string, over <-chan struct{}) (done func(), ok bool) {
	if l == nil {
		return func() {}, true
	}
	l.mu.Lock()
	turns := l.user(user).turns
	l.mu.Unlock()
	return await(turns, over)
}

// longTurn is turn for what has a long answer, of which one is worked on: in the
// queue for those of everybody each user is once.
func (l *limits) longTurn(user string, over <-chan struct{}) (done func(), ok bool) {
	if l == nil {
		return func() {}, true
	}
	l.mu.Lock()
	turns := l.user(user).long
	l.mu.Unlock()
	return await(turns, over)
}

// waiting counts the bytes that wait for the connections of a user.
func (l *limits) waiting(user string) *atomic.Int64 {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return &l.user(user).waiting
}

func await(turns chan struct{}, over <-chan struct{}) (done func(), ok bool) {
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, true
	case <-over:
		return nil, false
	}
}

// password runs a sign-up or a password check of an address. A malformed one
// does not count, and a successful one is given back.
// No more of an address are worked on than passwords are checked at once: others
// wait behind these alone.
func (l *limits) password(ctx context.Context, address string, try func() error) error {
	if l == nil {
		return try()
	}
	b, wait := l.takeToken(address)
	if wait > 0 {
		return fault.Limited(wait, "Too many tries from your address. Please wait.")
	}
	ctx, cancel := context.WithTimeout(ctx, rpc.Timeout)
	defer cancel()
	done, ok := await(b.turns, ctx.Done())
	if !ok {
		l.giveBack(address)
		return fault.New(fault.Unavailable, "Too many people at your address are logging in right now. Please try again.")
	}
	defer done()
	err := try()
	if err == nil || fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
		l.giveBack(address)
	}
	return err
}

func (l *limits) takeToken(address string) (*bucket, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.addresses[address]
	if b == nil {
		if len(l.addresses) >= addressesRemembered {
			l.forget(now)
		}
		b = &bucket{tokens: passwordBurst, filled: now, turns: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
		l.addresses[address] = b
	}
	b.fill(now)
	if b.tokens < 1 {
		return b, time.Duration((1 - b.tokens) / passwordsPerMinute * float64(time.Minute))
	}
	b.tokens--
	return b, 0
}

func (l *limits) giveBack(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.addresses[address]; b != nil {
		b.tokens = min(b.tokens+1, passwordBurst)
	}
}

func (b *bucket) fill(now time.Time) {
	if minutes := now.Sub(b.filled).Minutes(); minutes > 0 {
		b.tokens = min(b.tokens+minutes*passwordsPerMinute, passwordBurst)
	}
	b.filled = now
}

// forget drops the addresses whose buckets are full again, or all when there are
// none such.
func (l *limits) forget(now time.Time) {
	for address, b := range l.addresses {
		if b.fill(now); b.tokens >= passwordBurst {
			delete(l.addresses, address)
		}
	}
	if len(l.addresses) >= addressesRemembered {
		clear(l.addresses)
	}
}

// clientAddress is where a request comes from.
func clientAddress(r *http.Request) string {
	text, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return text
	}
	return addressOf(address)
}
