package gateway

import (
	"net"
	"syscall"
	"testing"
	"time"
)

func TestTheSystemKeepsLittleForWhoReadsNothing(t *testing.T) {
	s := newTestSplitter(t)
	far := say(t, s, "GET /")
	if err := far.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	near, err := s.http.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	raw, err := near.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	const most = 2 * unsentBytes // with what the other side has room for
	taken, since := 0, time.Now()
	for time.Since(since) < 100*time.Millisecond {
		n, err := writeNow(raw, make([]byte, askBytes))
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			time.Sleep(time.Millisecond)
			continue
		}
		if taken, since = taken+n, time.Now(); taken > most {
			t.Fatalf("%d bytes were taken, more than %d", taken, most)
		}
	}
}
