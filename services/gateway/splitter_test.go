package gateway

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"
)

func newTestSplitter(t *testing.T) *splitter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newSplitter(listener, slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- s.run() }()
	t.Cleanup(func() {
		_ = s.http.Close()
		_ = s.stun.Close()
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	return s
}

// say opens a connection and says something.
func say(t *testing.T, s *splitter, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestConnectionsAreToldApart(t *testing.T) {
	s := newTestSplitter(t)
	for _, c := range []struct {
		name, text string
		to         *branch
	}{
		{"a page", "GET / HTTP/1.1\r\n\r\n", s.http},
		{"any method", "PATCH /api HTTP/1.1\r\n\r\n", s.http},
		{"a STUN request", "\x00\x01\x00\x00\x21\x12\xa4\x42", s.stun},
		{"a TURN request", "\x00\x03\x00\x00\x21\x12\xa4\x42", s.stun},
		{"one byte", "G", s.http},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := say(t, s, c.text)
			taken, err := c.to.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			got := make([]byte, len(c.text))
			if _, err := io.ReadFull(taken, got); err != nil || string(got) != c.text {
				t.Errorf("it reads %q, %v; want all that was sent, %q", got, err, c.text)
			}
			if _, err := taken.Write([]byte("hello")); err != nil {
				t.Error(err)
			}
			answer := make([]byte, 5)
			if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "hello" {
				t.Errorf("the answer is %q, %v", answer, err)
			}
		})
	}
}

func TestWhatNobodyTakesIsClosed(t *testing.T) {
	s := newTestSplitter(t)
	for _, text := range []string{"\x16\x03\x01", "get / HTTP/1.1", "\x04", "\xff", "@"} {
		conn := say(t, s, text)
		_ = conn.SetReadDeadline(time.Now().Add(firstByteTimeout / 2))
		if n, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, net.ErrClosed) || isTimeout(err) {
			t.Errorf("%q: %d bytes, %v; want it closed", text, n, err)
		}
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// Whoever copies from the connection must get the first byte too.
func TestAllOfAConnectionIsCopied(t *testing.T) {
	s := newTestSplitter(t)
	conn := say(t, s, "Hello")
	taken, err := s.http.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	if _, err := io.Copy(&all, taken); err != nil || all.String() != "Hello" {
		t.Errorf("copied %q, %v", all.String(), err)
	}
}

// A connection that says nothing holds up nobody.
func TestSilentConnectionsHoldUpNobody(t *testing.T) {
	s := newTestSplitter(t)
	for range 20 {
		say(t, s, "")
	}
	say(t, s, "GET /")
	if _, err := s.http.Accept(); err != nil {
		t.Fatal(err)
	}
}
