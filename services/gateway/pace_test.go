package gateway

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

func TestAConnectionIsReadInABurstAndThenAtARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, never := begunPace(), make(chan struct{})
		start := time.Now()
		for range readBurst {
			p.next(1, never)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the burst took %s", took)
		}
		for range readsPerSecond {
			p.next(1, never)
		}
		if took := time.Since(start); took.Round(time.Millisecond) != time.Second {
			t.Errorf("%d more took %s, want 1 s", readsPerSecond, took)
		}
	})
}

func TestRefusalsSlowAConnectionDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, never := begunPace(), make(chan struct{})
		start := time.Now()
		const most = readBurst / (refusalReads + 1)
		for range most {
			p.next(1, never)
			p.refused(0)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the first %d refusals took %s", most, took)
		}
		for range 20 {
			p.next(1, never)
			p.refused(0)
		}
		if took, least := time.Since(start), 18*refusalReads*time.Second/readsPerSecond; took < least {
			t.Errorf("20 more refusals took %s, want %s at least", took, least)
		}
		over := make(chan struct{})
		close(over)
		start = time.Now()
		p.next(1, over)
		if took := time.Since(start); took != 0 {
			t.Errorf("a connection that has ended waits for %s", took)
		}
	})
}

func TestAfterARefusalNothingIsReadForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, start := begunPace(), time.Now()
		p.refused(3 * time.Second)
		p.next(0, nil)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func begunPace() *pace {
	p := &pace{}
	p.begin()
	return p
}

// Each frame counts, whatever it is, and what a message says does not.
func TestAConnectionIsReadByItsFrames(t *testing.T) {
	const frames = 4000
	fragment := func(first byte, says string) string {
		return string([]byte{first, 0x80 | byte(len(says)), 0, 0, 0, 0}) + says // RFC 6455, 5.2, masked with zeros
	}
	long := string(binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, 1<<20)) + "\x00\x00\x00\x00" + strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		name, sends string
		slow        bool
	}{
		{"empty fragments", fragment(0x01, "") + strings.Repeat(fragment(0x00, ""), frames) + fragment(0x80, ""), true},
		{"fragments of a byte", fragment(0x01, "x") + strings.Repeat(fragment(0x00, "x"), frames) + fragment(0x80, "x"), true},
		{"pings", strings.Repeat(fragment(0x89, ""), frames) + fragment(0x81, "x"), true},
		{"pongs that say much", strings.Repeat(fragment(0x8a, strings.Repeat("x", 125)), frames/10) + fragment(0x81, "x"), true},
		{"one long message", long, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, reader := upgraded(t)
				f := framed{conn: strings.NewReader(c.sends), pace: begunPace()}
				reader.Reset(&f)
				start := time.Now()
				_, message, err := conn.NextReader()
				if err == nil {
					_, err = io.Copy(io.Discard, said{message, &f})
				}
				if err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				if c.slow && took < 10*time.Second || !c.slow && took != 0 {
					t.Errorf("it was read in %s", took)
				}
			})
		})
	}
}

// upgraded is a connection that nothing comes from, and what is read of it.
func upgraded(t *testing.T) (*websocket.Conn, *bufio.Reader) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	go func() { _, _ = io.Copy(io.Discard, far) }()
	l := &lean{ResponseWriter: hijackable{httptest.NewRecorder(), near}}
	request := httptest.NewRequest("GET", "/ws", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		request.Header.Set(name, value)
	}
	upgrader := newUpgrader()
	conn, err := upgrader.Upgrade(l, request, nil)
	if err != nil {
		t.Fatal(err)
	}
	return conn, l.reader
}

type hijackable struct {
	http.ResponseWriter
	conn net.Conn
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

func TestNothingIsSlowedDownWithoutLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, a, start := &pace{}, newArrivals(false), time.Now()
		for range 10 * max(readBurst, arrivalBurst) {
			p.next(1, nil)
			p.refused(time.Minute)
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
