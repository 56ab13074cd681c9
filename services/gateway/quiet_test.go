package gateway

import (
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// pair are the two ends of a connection.
func pair(tb testing.TB) (ours, theirs *net.TCPConn) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	other, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close(); other.Close() })
	return conn.(*net.TCPConn), other.(*net.TCPConn)
}

func raw(tb testing.TB, conn *net.TCPConn) syscall.RawConn {
	tb.Helper()
	c, err := conn.SyscallConn()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestInputIsAwaited(t *testing.T) {
	for name, happen := range map[string]func(ours, theirs *net.TCPConn){
		"something comes":     func(_, theirs *net.TCPConn) { _, _ = theirs.Write([]byte("x")) },
		"the other side ends": func(_, theirs *net.TCPConn) { _ = theirs.Close() },
		"a deadline comes":    func(ours, _ *net.TCPConn) { _ = ours.SetReadDeadline(time.Now()) },
		"it is closed":        func(ours, _ *net.TCPConn) { _ = ours.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := pair(t)
			conn := raw(t, ours)
			done := make(chan struct{})
			go func() { awaitInput(conn); close(done) }()
			select {
			case <-done:
				t.Fatal("it was not waited for")
			case <-time.After(20 * time.Millisecond):
			}
			happen(ours, theirs)
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Fatal("it was not noticed")
			}
			awaitInput(conn) // it stays so
		})
	}
}

// BenchmarkQuiet measures the stack of who waits for a connection that says nothing
// any more.
func BenchmarkQuiet(b *testing.B) {
	const connections = 500
	for name, wait := range map[string]func(*net.TCPConn, syscall.RawConn){
		"awaiting": func(_ *net.TCPConn, conn syscall.RawConn) { awaitInput(conn) },
		"reading":  func(conn *net.TCPConn, _ syscall.RawConn) { _, _ = conn.Read(make([]byte, 1)) },
	} {
		b.Run(name, func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for range connections {
				ours, _ := pair(b)
				conn := raw(b, ours)
				go func() { deep(16); wait(ours, conn) }()
			}
			for b.Loop() {
				runtime.GC()
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.StackInuse-before.StackInuse)/connections, "stack-B/conn")
		})
	}
}

// deep takes much of the stack.
//
//go:noinline
func deep(n int) byte {
	var room [400]byte
	if n > 0 {
		room[n] = deep(n - 1)
	}
	return room[n]
}
