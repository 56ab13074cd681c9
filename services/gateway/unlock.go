package gateway

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"
)

// unlockTimeout is how long a client may take to begin with TLS, and then to say
// what it is there for.
const unlockTimeout = 15 * time.Second

// unlock speaks TLS on a connection and hands on what is inside: the web, or TURN
// over TLS, for who is in a network that lets nothing else out. Browsers name the
// web's protocols (RFC 7301), and none for TURN; who names none is known by the
// first byte again.
func (s *splitter) unlock(outer net.Conn) {
	conn := tls.Server(outer, s.secure)
	_ = conn.SetDeadline(time.Now().Add(unlockTimeout)) // on a closed connection the handshake fails too
	if err := conn.Handshake(); err != nil {
		s.log.Debug("tls", "error", err)
		_ = outer.Close()
		return
	}
	if conn.ConnectionState().NegotiatedProtocol != "" {
		_ = conn.SetDeadline(time.Time{})
		s.https.giveOrClose(conn)
		return
	}
	c := &unlocked{Conn: conn}
	if _, err := io.ReadFull(conn, c.first[:]); err != nil {
		_ = conn.Close()
		return
	}
	_ = conn.SetDeadline(time.Time{})
	switch {
	case isSTUN(c.first[0]):
		s.stun.giveOrClose(c)
	case isHTTP(c.first[0]):
		s.https.giveOrClose(c)
	default:
		_ = conn.Close()
	}
}

// unlocked is a connection over TLS whose first byte has been read already.
type unlocked struct {
	*tls.Conn
	ahead
}

// Read implements net.Conn.
func (c *unlocked) Read(p []byte) (int, error) { return c.read(p, c.Conn) }

// markUnlocked notes with the requests of such a connection that they came over
// TLS: net/http sees that only of connections that are nothing but TLS.
func markUnlocked(ctx context.Context, conn net.Conn) context.Context {
	if _, is := conn.(*unlocked); is {
		return context.WithValue(ctx, secureKey{}, true)
	}
	return ctx
}
