package relay

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// strangerTimeout is how long a TCP connection may stay without credentials.
	strangerTimeout = 30 * time.Second
	// silenceTimeout is how long one with credentials may say nothing: longer than
	// the lifetime of an allocation, which its client renews.
	silenceTimeout = 11 * time.Minute
	// renewEvery spares a deadline for each packet.
	renewEvery = 30 * time.Second
	// stallTimeout is how long one write may take.
	stallTimeout = 10 * time.Second
)

// streams is a listener for TURN over TCP whose connections end when they are
// silent, or not known for too long.
type streams struct {
	net.Listener
	mu   sync.Mutex
	open map[string]*stream // by the client's address
}

func newStreams(listener net.Listener) *streams {
	return &streams{Listener: listener, open: map[string]*stream{}}
}

// Accept implements net.Listener.
func (l *streams) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	s := &stream{Conn: conn, from: l, name: client(conn.RemoteAddr())}
	_ = conn.SetReadDeadline(time.Now().Add(strangerTimeout)) // on a closed connection the read fails too
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[s.name] = s
	return s, nil
}

// trust notes that the credentials of a client were right.
func (l *streams) trust(from net.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.open[client(from)]; s != nil {
		s.trusted.Store(true)
	}
}

// stream is a TCP connection of a client.
type stream struct {
	net.Conn
	from    *streams
	name    string
	trusted atomic.Bool
	renewed time.Time // the reader's
}

// Read implements net.Conn.
func (s *stream) Read(p []byte) (int, error) {
	if s.trusted.Load() {
		if now := time.Now(); now.Sub(s.renewed) > renewEvery {
			s.renewed = now
			_ = s.SetReadDeadline(now.Add(silenceTimeout)) // on a closed connection the read fails too
		}
	}
	return s.Conn.Read(p)
}

// Write implements net.Conn.
func (s *stream) Write(p []byte) (int, error) {
	_ = s.SetWriteDeadline(time.Now().Add(stallTimeout)) // on a closed connection the write fails too
	n, err := s.Conn.Write(p)
	if err != nil {
		_ = s.Conn.Close() // half a frame may have left: nothing after it would be understood
	}
	return n, err
}

// Close implements net.Conn.
func (s *stream) Close() error {
	s.from.mu.Lock()
	if s.from.open[s.name] == s {
		delete(s.from.open, s.name)
	}
	s.from.mu.Unlock()
	return s.Conn.Close()
}
