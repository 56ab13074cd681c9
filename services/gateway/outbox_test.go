package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// pipe is an outbox and the other end of its connection.
func pipe(t *testing.T) (*outbox, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	far, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	o := &outbox{}
	o.open(near, &atomic.Int64{}, func(error) {})
	return o, far
}

func readAll(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func TestFramesAreReadableByAnyClient(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			payload := bytes.Repeat([]byte("x"), size)
			upgrader := newUpgrader()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if conn, err := upgrader.Upgrade(w, r, nil); err == nil {
					_, _ = conn.NetConn().Write(textFrame(payload))
					_ = conn.Close()
				}
			}))
			defer server.Close()
			client, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			kind, got, err := client.ReadMessage()
			if err != nil || kind != websocket.TextMessage || !bytes.Equal(got, payload) {
				t.Fatalf("got kind %d, %d bytes, %v", kind, len(got), err)
			}
		})
	}
}

func TestHeldFramesComeAfterTheFirstOnes(t *testing.T) {
	o, far := pipe(t)
	for _, step := range []func(){
		func() { _ = o.send([]byte("before ")) },
		o.hold,
		func() { _ = o.send([]byte("event1 ")); _ = o.send([]byte("event2 ")) },
		func() { _ = o.release([]byte("init ")) },
		func() { _ = o.send([]byte("after")) },
	} {
		step()
	}
	readAll(t, far, "before init event1 event2 after")
}

func TestDroppedFramesLeaveTheAnswersBefore(t *testing.T) {
	o, far := pipe(t)
	o.hold()
	_ = o.send([]byte("event "))
	o.drop()
	_ = o.send([]byte("refusal"))
	readAll(t, far, "refusal")
}

func TestCloseWritesWhatWaits(t *testing.T) {
	o, far := pipe(t)
	want := strings.Repeat("frame ", 1000)
	for range 1000 {
		_ = o.send([]byte("frame "))
	}
	o.close(5 * time.Second)
	if err := o.send([]byte("late")); err != nil {
		t.Fatal(err)
	}
	o.conn.Close()
	got, err := io.ReadAll(far)
	if err != nil || string(got) != want {
		t.Fatalf("got %d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestAConnectionThatNeverReadsIsBounded(t *testing.T) {
	o, _ := pipe(t)
	frame := make([]byte, 64<<10)
	for range 10_000 {
		if err := o.send(frame); err != nil {
			if !errors.Is(err, errSlow) {
				t.Fatal(err)
			}
			if o.bytes > outboxBytes+batchBytes {
				t.Fatalf("%d bytes wait, more than %d", o.bytes, outboxBytes)
			}
			return
		}
	}
	t.Fatal("640 MB were queued for a connection that reads nothing")
}

func TestWhoDoesNotReadAnswersGetsNoMore(t *testing.T) {
	o, far := pipe(t)
	over := make(chan struct{})
	if !o.await(over) {
		t.Fatal("one that reads has to wait")
	}
	sent := 0
	for ; o.waiting() <= askBytes; sent += 64 << 10 {
		if err := o.send(make([]byte, 64<<10)); err != nil {
			t.Fatal(err)
		}
	}
	let := make(chan bool)
	go func() { let <- o.await(over) }()
	select {
	case <-let:
		t.Fatal("one that does not read is let on")
	case <-time.After(50 * time.Millisecond):
	}
	_ = far.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadFull(far, make([]byte, sent)); err != nil {
		t.Fatal(err)
	}
	if !<-let {
		t.Fatal("one that has read is not let on")
	}

	for o.waiting() <= askBytes {
		_ = o.send(make([]byte, 64<<10))
	}
	go func() { let <- o.await(over) }()
	close(over)
	if <-let {
		t.Fatal("one that has ended is let on")
	}
}

// waiting is how much waits, of which a goroutine writes.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.behind {
		return 0
	}
	return o.bytes
}

func TestSnapshotsForAConnectionThatNeverReadsAreBounded(t *testing.T) {
	o, _ := pipe(t)
	snapshot := make([]byte, 200<<10)
	for range 1000 {
		o.hold()
		if err := o.release(snapshot); err != nil {
			if !errors.Is(err, errSlow) || o.bytes > outboxBytes+batchBytes {
				t.Fatalf("%v, and %d bytes wait", err, o.bytes)
			}
			return
		}
	}
	t.Fatal("200 MB were queued for a connection that reads nothing")
}

func TestAllConnectionsTogetherAreBounded(t *testing.T) {
	o, far := pipe(t)
	o.all.Store(waitingBytes + 1) // of others
	if err := o.send([]byte("one that keeps up hears ")); err != nil {
		t.Fatal(err)
	}
	readAll(t, far, "one that keeps up hears ")
	frame := make([]byte, 64<<10)
	for range 10_000 {
		if err := o.send(frame); err != nil {
			t.Fatal(err)
		}
		if o.closed { // as soon as it is behind
			if o.await(nil) {
				t.Fatal("one that is let go is worked for")
			}
			if left := o.all.Load(); left != waitingBytes+1 {
				t.Fatalf("%d bytes stay counted", left-waitingBytes-1)
			}
			return
		}
	}
	t.Fatal("more is queued for one that is behind")
}

func TestConnectionsOfOneUserTogetherAreBounded(t *testing.T) {
	var mine atomic.Int64
	first, _ := pipe(t)
	first.belong(&mine)
	if err := first.send(make([]byte, 8<<20)); err != nil || first.waiting() <= outboxBytes {
		t.Fatalf("%v, and %d bytes wait", err, first.waiting())
	}
	before := mine.Load()
	second, _ := pipe(t)
	_ = second.queue(make([]byte, 8<<20))
	second.belong(&mine)
	second.flush()
	if !second.closed || mine.Load() != before {
		t.Fatalf("another that is behind is let go: %t; %d bytes wait, and did %d", second.closed, mine.Load(), before)
	}
	other, _ := pipe(t)
	other.belong(new(atomic.Int64))
	if err := other.send(make([]byte, 8<<20)); err != nil || other.closed {
		t.Fatalf("somebody else's is let go: %v", err)
	}
}

func TestAWriteThatFailsIsToldOnceAndEndsTheQueue(t *testing.T) {
	o, far := pipe(t)
	var failures atomic.Int32
	failed := make(chan struct{})
	o.fail = func(error) {
		if failures.Add(1) == 1 {
			close(failed)
		}
	}
	far.Close()
	for done := false; !done; {
		_ = o.send([]byte("x"))
		select {
		case <-failed:
			done = true
		default:
		}
	}
	o.close(5 * time.Second)
	if n := failures.Load(); n != 1 {
		t.Fatalf("told %d times", n)
	}
}
