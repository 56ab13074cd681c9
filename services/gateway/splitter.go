package gateway

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// firstByteTimeout is how long a connection may say nothing before it is known
// what it is for.
const firstByteTimeout = 10 * time.Second

// splitter tells apart what comes in on the published port by the first byte of
// each connection (RFC 7983, 7): STUN begins with 0x00 to 0x03, HTTP with an
// upper-case letter, TLS with 0x16; within TLS it tells them apart once more.
// What nobody takes is closed.
type splitter struct {
	listener net.Listener
	log      *slog.Logger
	// The kinds of connections. Each is a listener of its own; one that is closed
	// takes none.
	http, https, stun *branch
	secure            *tls.Config // nil: TLS is not spoken
	balancers         proxies     // whose connections begin with whom they are passed on for
	proxies           proxies     // whose connections are other people's
	arrivals          *arrivals
	sorting           sync.WaitGroup
}

func newSplitter(listener net.Listener, log *slog.Logger) *splitter {
	return &splitter{
		listener: listener, log: log,
		http: newBranch(listener.Addr()), https: newBranch(listener.Addr()), stun: newBranch(listener.Addr()),
	}
}

// run accepts connections until close is called.
func (s *splitter) run() error {
	defer s.sorting.Wait()
	pause := time.Duration(0)
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			var passing net.Error
			if !errors.As(err, &passing) {
				return err
			}
			// Out of descriptors, for example: those in use go on.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.log.Warn("connection not accepted", "error", err)
			time.Sleep(pause)
			continue
		}
		pause = 0
		s.sorting.Go(func() { s.sort(conn) })
	}
}

func (s *splitter) close() error { return s.listener.Close() }

// sort waits for the first byte and hands the connection on.
func (s *splitter) sort(conn net.Conn) {
	c := &begun{TCPConn: conn.(*net.TCPConn), client: conn.RemoteAddr()}
	boundUnsent(c.TCPConn)
	_ = conn.SetReadDeadline(time.Now().Add(firstByteTimeout)) // on a closed connection the read fails too
	if err := s.begin(c); err != nil {
		s.log.Debug("connection not understood", "from", conn.RemoteAddr(), "error", err)
		_ = conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	if !s.arrive(c.client) {
		s.log.Debug("too many connections", "from", c.client)
		_ = conn.Close()
		return
	}
	switch {
	case isSTUN(c.first[0]):
		s.stun.giveOrClose(c)
	case isHTTP(c.first[0]):
		s.http.giveOrClose(c)
	case c.first[0] == 0x16 && s.secure != nil:
		s.unlock(c)
	default:
		_ = conn.Close()
	}
}

// begin reads whom the connection is from, and its first byte.
func (s *splitter) begin(c *begun) (err error) {
	if from, is := c.client.(*net.TCPAddr); is && s.balancers.trust(from.AddrPort().Addr()) {
		if c.client, err = readPassedOn(c.TCPConn, c.client); err != nil {
			return err
		}
	}
	_, err = io.ReadFull(c.TCPConn, c.first[:])
	return err
}

func isSTUN(first byte) bool { return first <= 0x03 }

func isHTTP(first byte) bool { return first >= 'A' && first <= 'Z' }

// branch is the listener of one kind of connections.
type branch struct {
	address net.Addr
	conns   chan net.Conn
	closed  chan struct{}
	close   sync.Once
}

func newBranch(address net.Addr) *branch {
	return &branch{address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// giveOrClose hands a connection to whoever accepts; if nobody does, it is closed.
func (b *branch) giveOrClose(conn net.Conn) {
	select {
	case b.conns <- conn:
	case <-b.closed:
		_ = conn.Close()
	}
}

// Accept implements net.Listener.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (b *branch) Close() error {
	b.close.Do(func() { close(b.closed) })
	return nil
}

// Addr implements net.Listener.
func (b *branch) Addr() net.Addr { return b.address }

// ahead is the first byte of a connection, read before who the connection is for
// reads from it.
type ahead struct {
	first [1]byte
	given bool
}

// read gives the first byte, and then what the connection has.
func (a *ahead) read(p []byte, conn io.Reader) (int, error) {
	if a.given || len(p) == 0 {
		return conn.Read(p)
	}
	a.given = true
	return copy(p, a.first[:]), nil
}

// begun is a connection whose first byte has been read already. In everything
// else it is the connection itself, so that writing to it stays as direct.
type begun struct {
	*net.TCPConn
	ahead
	client net.Addr
}

// RemoteAddr implements net.Conn: the client's, whoever passes it on.
func (c *begun) RemoteAddr() net.Addr { return c.client }

// Read implements net.Conn.
func (c *begun) Read(p []byte) (int, error) { return c.read(p, c.TCPConn) }

// WriteTo implements io.WriterTo: the connection's own would leave the first
// byte out.
func (c *begun) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{c})
}
