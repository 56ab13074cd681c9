package relay

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// inboxPackets bounds what waits for one allocation's client: about a second
	// of video. What is more is lost.
	inboxPackets = 256
	// packetBytes is the largest packet that is passed on.
	packetBytes = 1600
)

// endpoint is the virtual address of one allocation: what pion/turn takes for
// the relay's socket.
type endpoint struct {
	board   *switchboard
	address netip.AddrPort
	udp     *net.UDPAddr
	owner   atomic.Pointer[account]
	inbox   chan packet
	closed  chan struct{}
	close   sync.Once
}

// packet lies in a buffer of the pool.
type packet struct {
	from   *net.UDPAddr
	buffer *[]byte
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, packetBytes); return &b }}

func newEndpoint(b *switchboard, address netip.AddrPort) *endpoint {
	return &endpoint{
		board: b, address: address, udp: net.UDPAddrFromAddrPort(address),
		inbox: make(chan packet, inboxPackets), closed: make(chan struct{}),
	}
}

// deliver puts a packet into the inbox, or drops it.
func (e *endpoint) deliver(from *net.UDPAddr, data []byte) {
	if len(data) > packetBytes {
		return
	}
	buffer := buffers.Get().(*[]byte)
	*buffer = append((*buffer)[:0], data...)
	select {
	case e.inbox <- packet{from, buffer}:
	default:
		buffers.Put(buffer)
		e.board.metrics.dropped.Inc()
	}
}

// ReadFrom implements net.PacketConn: what came for the allocation. TURN checks
// that its client has permitted the sender.
func (e *endpoint) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case <-e.closed: // also while more waits
		return 0, nil, net.ErrClosed
	default:
	}
	select {
	case next := <-e.inbox:
		n := copy(p, *next.buffer)
		buffers.Put(next.buffer)
		return n, next.from, nil
	case <-e.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo implements net.PacketConn: what the allocation's client sends.
func (e *endpoint) WriteTo(p []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not a UDP address")
	}
	address := udp.AddrPort()
	if owner := e.owner.Load(); owner != nil && owner.may(len(p)) {
		e.board.pass(e, unmapped(address), p)
	}
	return len(p), nil // sent, as far as a datagram is
}

// Close implements net.PacketConn.
func (e *endpoint) Close() error {
	e.close.Do(func() {
		close(e.closed)
		e.board.remove(e)
	})
	return nil
}

// LocalAddr implements net.PacketConn.
func (e *endpoint) LocalAddr() net.Addr { return e.udp }

// SetDeadline implements net.PacketConn; pion/turn sets none here.
func (e *endpoint) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.PacketConn.
func (e *endpoint) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.PacketConn.
func (e *endpoint) SetWriteDeadline(time.Time) error { return nil }
