package gateway

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
)

func limitsAt(now *time.Time) *limits {
	l := newLimits(true)
	l.now = func() time.Time { return *now }
	return l
}

func TestMessagesComeInABurstAndThenFiveASecond(t *testing.T) {
	now := time.Now()
	l := limitsAt(&now)
	acquire(t, l, "ann")
	for i := range messageBurst {
		if err := l.allowFrame("ann", "message"); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	err := l.allowFrame("ann", "message")
	if coded := fault.Of(err); coded.Code != fault.RateLimited || coded.RetryAfter <= 0 || coded.RetryAfter > time.Second/messagesPerSecond {
		t.Fatalf("got %v, retry after %s", err, coded.RetryAfter)
	}
	if err := l.allowFrame("ann", "get_changes"); err != nil {
		t.Fatal("messages used up what other frames have: ", err)
	}
	now = now.Add(time.Second)
	for i := range messagesPerSecond {
		if err := l.allowFrame("ann", "message"); err != nil {
			t.Fatalf("a second later, message %d: %v", i, err)
		}
	}
	l.release("ann", false)
	if err := l.allowFrame("ann", "message"); !fault.Is(err, fault.RateLimited) {
		t.Fatal("a new connection has a new burst: ", err)
	}
	now = now.Add(time.Minute)
	acquire(t, l, "ann")
	now = now.Add(time.Minute)
	l.release("ann", false)
	if len(l.users) != 0 {
		t.Fatal("a user without connections is remembered")
	}
}

func TestSignalsUseUpNothingOfOtherFrames(t *testing.T) {
	now := time.Now()
	l := limitsAt(&now)
	acquire(t, l, "ann")
	for i := range signalBurst {
		if err := l.allowFrame("ann", "webrtc_ice_candidate"); err != nil {
			t.Fatalf("signal %d: %v", i, err)
		}
	}
	if err := l.allowFrame("ann", "webrtc_offer"); !fault.Is(err, fault.RateLimited) {
		t.Fatalf("one more: %v", err)
	}
	for _, frame := range []string{"voice_mute", "message"} {
		if err := l.allowFrame("ann", frame); err != nil {
			t.Fatalf("%s: %v", frame, err)
		}
	}
}

func TestPasswordTriesOfAnAddress(t *testing.T) {
	now := time.Now()
	wrong := errors.New("wrong password")
	try := func(l *limits, result error) error {
		return l.password(t.Context(), "192.0.2.1", func() error { return result })
	}
	for _, c := range []struct {
		name    string
		result  error
		refused bool
	}{
		{"wrong ones are counted", wrong, true},
		{"right ones are given back", nil, false},
		{"malformed ones are not counted", fault.New(fault.Invalid, "x"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := limitsAt(&now)
			for range passwordBurst {
				if err := try(l, c.result); !errors.Is(err, c.result) {
					t.Fatal(err)
				}
			}
			if got := fault.Is(try(l, c.result), fault.RateLimited); got != c.refused {
				t.Fatalf("refused: %v, want %v", got, c.refused)
			}
			if err := l.password(t.Context(), "192.0.2.2", func() error { return nil }); err != nil {
				t.Fatal("another address is refused: ", err)
			}
		})
	}
}

func TestClientAddress(t *testing.T) {
	for _, c := range []struct{ remote, want string }{
		{"192.0.2.1:1234", "192.0.2.1"},
		{"[::ffff:192.0.2.1]:1234", "192.0.2.1"},
		{"[2001:db8:1:2:3:4:5:6]:1234", "2001:db8:1:2::/64"},
		{"[fe80::1%eth0]:1234", "fe80::/64"},
	} {
		if got := clientAddress(&http.Request{RemoteAddr: c.remote}); got != c.want {
			t.Errorf("%s: got %s, want %s", c.remote, got, c.want)
		}
	}
}

func acquire(t *testing.T, l *limits, user string) {
	t.Helper()
	if err := l.acquire(user); err != nil {
		t.Fatal(err)
	}
}

func TestConnectionsOfAUserAndStrangersOfAnAddress(t *testing.T) {
	now := time.Now()
	l := limitsAt(&now)
	for range connectionsPerUser {
		acquire(t, l, "ann")
	}
	if err := l.acquire("ann"); !fault.Is(err, fault.RateLimited) {
		t.Fatal("one too many of a user: ", err)
	}
	acquire(t, l, "ben")
	l.release("ann", false)
	now = now.Add(2 * time.Second)
	acquire(t, l, "ann")

	for range strangersPerAddress {
		if err := l.welcome("192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.welcome("192.0.2.1"); !fault.Is(err, fault.RateLimited) {
		t.Fatal("one too many of an address: ", err)
	}
	if err := l.welcome("192.0.2.2"); err != nil {
		t.Fatal(err)
	}
	for range strangersPerAddress {
		l.parted("192.0.2.1")
	}
	if len(l.strangers) != 1 {
		t.Fatalf("remembered are %v", l.strangers)
	}
}

func TestPasswordsOfAnAddressWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		l := limitsAt(&now)
		checking, right := make(chan struct{}), make(chan error, passwordBurst)
		slow := func() error { <-checking; return nil }
		most := max(1, runtime.GOMAXPROCS(0)/2)
		for range most + 1 {
			go func() { right <- l.password(t.Context(), "192.0.2.1", slow) }()
		}
		synctest.Wait()
		if err := l.password(t.Context(), "192.0.2.2", func() error { return nil }); err != nil {
			t.Fatal("another address has to wait: ", err)
		}
		time.Sleep(rpc.Timeout)
		synctest.Wait()
		if err := <-right; !fault.Is(err, fault.Unavailable) || len(right) != 0 {
			t.Fatalf("one too many of an address got %v", err)
		}
		close(checking)
		for range most {
			if err := <-right; err != nil {
				t.Fatal(err)
			}
		}
		if b := l.addresses["192.0.2.1"]; b.tokens != passwordBurst {
			t.Errorf("%g tries are left of %d, though none was wrong", b.tokens, passwordBurst)
		}
	})
}

func TestAUserIsOnceInTheQueueForLongAnswers(t *testing.T) {
	now := time.Now()
	l, over := limitsAt(&now), make(chan struct{})
	acquire(t, l, "ann")
	done, ok := l.longTurn("ann", over)
	if _, bens := l.longTurn("ben", over); !ok || !bens {
		t.Fatal("no turn")
	}
	close(over)
	if _, ok := l.longTurn("ann", over); ok {
		t.Fatal("a user has two turns at once")
	}
	done()
	if done, ok = l.longTurn("ann", nil); !ok {
		t.Fatal("no turn after the last")
	}
	done()
}

func TestAUserWhoComesAndGoesHasToWait(t *testing.T) {
	now := time.Now()
	l := limitsAt(&now)
	for range connectionsPerUser {
		acquire(t, l, "ann")
		l.release("ann", false)
	}
	err := l.acquire("ann")
	if coded := fault.Of(err); coded.Code != fault.RateLimited || coded.RetryAfter <= 0 || coded.RetryAfter > 2*time.Second {
		t.Fatalf("got %v, retry after %s", err, coded.RetryAfter)
	}
	acquire(t, l, "ben")
	now = now.Add(2 * time.Second)
	acquire(t, l, "ann")
}

// Somebody with a bad link is let go now and then, and comes back at once; it is who
// never reads that waits.
func TestWhoIsLetGoAsTooSlowComesBackAtOnceNowAndThen(t *testing.T) {
	const slowly = slowEntries/entriesPerSecond + 2 // seconds that one being let go takes to be forgotten
	for _, c := range []struct {
		name  string
		every time.Duration // is the phone let go
		times int
		waits bool
	}{
		{"eight times on end", 0, 8, false},
		{"every half minute, for a day", 30 * time.Second, 2880, false},
		{"whenever it enters", 0, 50, true},
		{"sooner than it is forgotten, for an hour", time.Duration(slowly/2) * time.Second, 360, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Now()
			l := limitsAt(&now)
			acquire(t, l, "ann") // at a desk, all the time
			waited := false
			for range c.times {
				if err := l.acquire("ann"); err != nil {
					if coded := fault.Of(err); coded.Code != fault.RateLimited || coded.RetryAfter > slowWait {
						t.Fatalf("got %v, retry after %s", err, coded.RetryAfter)
					}
					waited = true
				} else {
					l.release("ann", true)
				}
				now = now.Add(c.every)
			}
			if waited != c.waits {
				t.Errorf("has to wait: %t", waited)
			}
			now = now.Add(slowWait)
			acquire(t, l, "ann")
			acquire(t, l, "ben")
		})
	}
}

// However many connections of a user are let go at once, the wait has an end.
func TestNobodyWaitsForMoreThanAMinute(t *testing.T) {
	now := time.Now()
	l := limitsAt(&now)
	for range connectionsPerUser {
		acquire(t, l, "ann")
	}
	for range connectionsPerUser {
		l.release("ann", true)
	}
	if err := l.acquire("ann"); !fault.Is(err, fault.RateLimited) {
		t.Fatalf("got %v", err)
	}
	now = now.Add(slowWait)
	acquire(t, l, "ann")
}

func TestWhoIsRefusedIsReadInTurn(t *testing.T) {
	now := time.Now()
	l := limitsAt(&now)
	for _, c := range []struct{ name, user string }{
		{"the connections of a user", "ann"}, {"those of an address without a login", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for n := range refusalBurst {
				if wait := l.refused(c.user, "192.0.2.1"); wait != 0 {
					t.Fatalf("refusal %d takes %s", n, wait)
				}
			}
			for n := range 3 {
				if wait := l.refused(c.user, "192.0.2.1"); wait != time.Duration(n+1)*time.Second/refusalsPerSecond {
					t.Errorf("refusal %d more takes %s", n+1, wait)
				}
			}
			if wait := l.refused("", "192.0.2.2"); wait != 0 {
				t.Errorf("another address waits for %s", wait)
			}
			if wait := l.refused("zoe", "192.0.2.1"); wait != 0 {
				t.Errorf("another user of the address waits for %s", wait)
			}
		})
	}
}

func TestRequestsOfAUserTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		l, over := limitsAt(&now), make(chan struct{})
		acquire(t, l, "ann")
		var done []func()
		for range requestsPerUser {
			d, ok := l.turn("ann", over)
			if !ok {
				t.Fatal("no turn")
			}
			done = append(done, d)
		}
		if d, ok := l.turn("ben", over); !ok {
			t.Fatal("another user has no turn")
		} else {
			d()
		}
		next, gone := make(chan func()), make(chan bool)
		go func() {
			d, _ := l.turn("ann", over)
			next <- d
		}()
		synctest.Wait()
		select {
		case <-next:
			t.Fatal("more than may be at once")
		default:
		}
		done[0]()
		done[0] = <-next
		go func() {
			_, ok := l.turn("ann", over)
			gone <- !ok
		}()
		synctest.Wait()
		close(over)
		if !<-gone {
			t.Fatal("a connection that has ended got a turn")
		}
		for _, d := range done {
			d()
		}
	})
}

// The clock of limits counts on whatever the machine's clock says; one that did not
// would neither lock anybody out for long nor let anybody go on.
func TestLimitsOutliveAClockThatJumps(t *testing.T) {
	if now := newLimits(true).now().String(); !strings.Contains(now, " m=") {
		t.Errorf("limits go by a clock that may jump: %s", now)
	}
	now := time.Now()
	l := limitsAt(&now)
	try := func() error {
		return l.password(t.Context(), "192.0.2.1", func() error { return fault.New(fault.Unauthenticated, "The password is wrong.") })
	}
	for _, jump := range []time.Duration{0, 365 * 24 * time.Hour, 0} {
		if jump != 0 {
			now = now.Add(jump) // all tries are back
		}
		for !fault.Is(try(), fault.RateLimited) {
		}
		now = now.Add(-jump)
		if err := try(); !fault.Is(err, fault.RateLimited) {
			t.Errorf("after a jump of %s and back: %v", jump, err)
		}
		now = now.Add(time.Minute)
		if err := try(); fault.Is(err, fault.RateLimited) {
			t.Errorf("a minute after a jump of %s and back: %v", jump, err)
		}
	}
}
