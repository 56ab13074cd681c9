package gateway

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAConnectionIsReadInABurstAndThenAtARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, never := newPace(true), make(chan struct{})
		start := time.Now()
		for range readBurst {
			p.next(never)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the burst took %s", took)
		}
		for range readsPerSecond {
			p.next(never)
		}
		if took := time.Since(start); took.Round(time.Millisecond) != time.Second {
			t.Errorf("%d more took %s, want 1 s", readsPerSecond, took)
		}
	})
}

func TestRefusalsSlowAConnectionDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, never := newPace(true), make(chan struct{})
		start := time.Now()
		const most = readBurst / (refusalReads + 1)
		for range most {
			p.next(never)
			p.refused()
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the first %d refusals took %s", most, took)
		}
		for range 20 {
			p.next(never)
			p.refused()
		}
		if took, least := time.Since(start), 18*refusalReads*time.Second/readsPerSecond; took < least {
			t.Errorf("20 more refusals took %s, want %s at least", took, least)
		}
		over := make(chan struct{})
		close(over)
		start = time.Now()
		p.next(over)
		if took := time.Since(start); took != 0 {
			t.Errorf("a connection that has ended waits for %s", took)
		}
	})
}

func TestNothingIsSlowedDownWithoutLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, a, start := newPace(false), newArrivals(false), time.Now()
		for range 10 * max(readBurst, arrivalBurst) {
			p.next(nil)
			p.refused()
			if !a.wait("192.0.2.1") {
				t.Fatal("a connection is refused")
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %s", took)
		}
	})
}

func TestConnectionsOfAnAddressWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, start := newArrivals(true), time.Now()
		const waiting = int(arrivalsPerSecond * arrivalWait / time.Second)
		var taken, refused atomic.Int64
		for range arrivalBurst + waiting + 100 {
			go func() {
				if a.wait("192.0.2.1") {
					taken.Add(1)
				} else {
					refused.Add(1)
				}
			}()
		}
		synctest.Wait()
		if taken.Load() != arrivalBurst || refused.Load() != 100 {
			t.Errorf("%d were taken at once and %d refused, want %d and 100", taken.Load(), refused.Load(), arrivalBurst)
		}
		if !a.wait("192.0.2.2") || time.Since(start) != 0 {
			t.Error("another address has to wait")
		}
		time.Sleep(arrivalWait)
		synctest.Wait()
		if taken.Load() != int64(arrivalBurst+waiting) {
			t.Errorf("%d were taken within %s, want %d", taken.Load(), arrivalWait, arrivalBurst+waiting)
		}
	})
}

func TestRememberedAddressesAreBounded(t *testing.T) {
	a, now := newArrivals(true), time.Now()
	for n := range 2 * addressesRemembered {
		a.of(fmt.Sprint(n), now).AllowN(now, 1)
	}
	if len(a.addresses) > addressesRemembered {
		t.Errorf("%d addresses are remembered", len(a.addresses))
	}
}

func TestAnIPv6HostIsOneAddress(t *testing.T) {
	one, another := netip.MustParseAddr("2001:db8:1:2::1"), netip.MustParseAddr("2001:db8:1:2:ffff::1")
	if addressOf(one) != addressOf(another) {
		t.Errorf("%s and %s are not the same", one, another)
	}
}
