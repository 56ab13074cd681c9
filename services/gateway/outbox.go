package gateway

import (
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// outboxBytes bounds what waits for one connection, besides a single frame
	// that is larger by itself. Whoever is behind is let go while more waits for others
	// of the same user: few who read nothing are not to fill waitingBytes.
	outboxBytes = 512 << 10
	// askBytes may wait for a connection while something else that it asks is worked
	// on: who does not read the answers gets no more of them.
	askBytes = 64 << 10
	// unsentBytes is how much the system takes of a connection's that the other side has
	// no room for yet: a short stall harms nobody, and who reads nothing is noticed.
	unsentBytes = 256 << 10
	// batchBytes is how much leaves in one system call.
	batchBytes = 64 << 10
	// waitingBytes bounds what waits for all connections of a gateway, besides a
	// single frame for each. Past it, whoever is behind is let go.
	waitingBytes = 128 << 20
	// stallTimeout is how long one write may take before the connection is dead.
	stallTimeout = 10 * time.Second
)

var errSlow = errors.New("connection can't keep up")

// textFrame makes a whole unmasked WebSocket text frame (RFC 6455, 5.2) of a payload
// in parts, the same bytes for every connection it goes to.
func textFrame(payload ...[]byte) []byte {
	n := 0
	for _, part := range payload {
		n += len(part)
	}
	frame := make([]byte, 0, n+10)
	switch {
	case n < 126:
		frame = append(frame, 0x81, byte(n))
	case n < 1<<16:
		frame = append(frame, 0x81, 126)
		frame = binary.BigEndian.AppendUint16(frame, uint16(n))
	default:
		frame = append(frame, 0x81, 127)
		frame = binary.BigEndian.AppendUint64(frame, uint64(n))
	}
	for _, part := range payload {
		frame = append(frame, part...)
	}
	return frame
}

// controlFrame makes a whole unmasked control frame (RFC 6455, 5.5); its data has
// at most 125 bytes.
func controlFrame(opcode byte, data string) []byte {
	return append([]byte{0x80 | opcode, byte(len(data))}, data...)
}

var pingFrame = controlFrame(websocket.PingMessage, "")

// outbox is what waits to be written to one connection. Whoever queues a frame
// writes it, and everything that waits with it, as far as the connection takes it
// without blocking; a goroutine exists only while a connection is behind.
type outbox struct {
	conn net.Conn
	raw  syscall.RawConn // nil: the connection can't be tried without blocking
	fail func(error)     // called once, without the lock, when a write fails
	all  *atomic.Int64   // bytes that wait for any connection
	mine *atomic.Int64   // for any of its user; nil: nobody's, or not bounded

	mu       sync.Mutex
	frames   [][]byte
	bytes    int
	held     bool // the frames from heldFrom on are kept back
	heldFrom int
	rest     []byte // of frames that have left in part
	behind   bool   // a goroutine writes, since the connection takes no more without blocking
	closed   bool
	idle     chan struct{} // closed when closing and all is written
	room     chan struct{} // closed when little waits, if somebody waits for that
}

// open makes the outbox that of a connection, whose writes all go through it.
func (o *outbox) open(conn net.Conn, all *atomic.Int64, fail func(error)) {
	o.conn, o.all, o.fail = conn, all, fail
	if c, ok := conn.(syscall.Conn); ok {
		o.raw, _ = c.SyscallConn() // it fails on a closed connection, whose writes do too
	}
}

// send queues a frame made by textFrame and writes what waits. It never blocks;
// errSlow says that the connection is too far behind.
func (o *outbox) send(frame []byte) error {
	err := o.queue(frame)
	o.flush()
	return err
}

// queue is send without the writing, for which flush is called later.
func (o *outbox) queue(frame []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	if len(o.frames) > 0 && o.bytes+len(frame) > outboxBytes || o.behind && o.tooMuch() {
		return errSlow
	}
	o.frames = append(o.frames, frame)
	o.grow(len(frame))
	return nil
}

// waits is how many bytes do.
func (o *outbox) waits() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}

// belong counts what waits for a connection as its user's too.
func (o *outbox) belong(mine *atomic.Int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.mine = mine; mine != nil {
		mine.Add(int64(o.bytes))
	}
}

// tooMuch reports whether so much waits that whoever is behind is let go. The lock is held.
func (o *outbox) tooMuch() bool {
	return o.all.Load() > waitingBytes || o.mine != nil && o.mine.Load()-int64(o.bytes) > outboxBytes
}

// grow counts bytes that wait. The lock is held.
func (o *outbox) grow(n int) {
	o.bytes += n
	o.all.Add(int64(n))
	if o.mine != nil {
		o.mine.Add(int64(n))
	}
	if o.room != nil && o.bytes <= askBytes {
		close(o.room)
		o.room = nil
	}
}

// await waits until little waits for the connection; false: over came first, or
// nothing more can be written.
func (o *outbox) await(over <-chan struct{}) bool {
	o.mu.Lock()
	if o.closed || !o.behind || o.bytes <= askBytes {
		defer o.mu.Unlock()
		return !o.closed
	}
	if o.room == nil {
		o.room = make(chan struct{})
	}
	room := o.room
	o.mu.Unlock()
	select {
	case <-room:
		return true
	case <-over:
		return false
	}
}

// hold keeps back everything sent from now on, until release or drop.
func (o *outbox) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held, o.heldFrom = true, len(o.frames)
}

// release sends the given frames and then what was kept back. errSlow says that
// the connection has not taken yet what was sent before.
func (o *outbox) release(first ...[]byte) error {
	o.mu.Lock()
	defer o.flush()
	defer o.mu.Unlock()
	o.held = false
	if o.closed {
		return nil
	}
	size := 0
	for _, frame := range first {
		size += len(frame)
	}
	if (o.behind || o.heldFrom > 0) && o.bytes+size > outboxBytes {
		return errSlow
	}
	o.grow(size)
	o.frames = slices.Insert(o.frames, o.heldFrom, first...)
	return nil
}

// drop forgets what was kept back.
func (o *outbox) drop() {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return
	}
	for _, frame := range o.frames[o.heldFrom:] {
		o.grow(-len(frame))
	}
	o.frames = o.frames[:o.heldFrom]
	o.held = false
	o.mu.Unlock()
	o.flush()
}

// close takes no more frames and waits, at most until the timeout, for those
// that are queued.
func (o *outbox) close(timeout time.Duration) {
	o.mu.Lock()
	o.closed, o.held = true, false
	o.mu.Unlock()
	o.flush()
	o.mu.Lock()
	var idle chan struct{}
	if o.behind {
		idle = make(chan struct{})
		o.idle = idle
	}
	o.mu.Unlock()
	if idle != nil {
		select {
		case <-idle:
		case <-time.After(timeout):
		}
	}
}

// ready is how many frames may leave now. The lock is held.
func (o *outbox) ready() int {
	if o.held {
		return o.heldFrom
	}
	return len(o.frames)
}

// flush writes what may leave now. What the connection does not take without
// blocking is left to a goroutine.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.behind && o.ready() > 0 {
		o.behind = o.raw == nil || !o.try()
		if o.behind && o.tooMuch() {
			o.behind = false
			o.abandon()
			go o.fail(errSlow)
			return
		}
		if o.behind {
			go o.catchUp()
		}
	}
}

// try writes a batch without blocking, and reports whether that was possible. The
// lock is held.
func (o *outbox) try() bool {
	b, buffer := o.take()
	defer release(buffer)
	n, err := writeNow(o.raw, b)
	if err != nil {
		o.abandon()
		go o.fail(err)
		return true
	}
	o.grow(-n)
	if n < len(b) {
		o.rest = b[n:]
		if buffer != nil {
			o.rest = slices.Clone(o.rest) // the buffer is another's next
		}
		return false
	}
	return true
}

// catchUp writes until nothing waits.
func (o *outbox) catchUp() {
	for {
		o.mu.Lock()
		b, buffer := o.rest, (*[]byte)(nil)
		o.rest = nil
		if b == nil && o.ready() > 0 {
			b, buffer = o.take()
		}
		if b == nil {
			o.behind = false
			if o.idle != nil {
				close(o.idle)
				o.idle = nil
			}
			_ = o.conn.SetWriteDeadline(time.Time{})
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()

		_ = o.conn.SetWriteDeadline(time.Now().Add(stallTimeout)) // on a closed connection the write fails too
		_, err := o.conn.Write(b)
		release(buffer)
		o.mu.Lock()
		o.grow(-min(len(b), o.bytes)) // nothing of it counts any more once it is abandoned
		if err != nil {
			o.abandon()
		}
		o.mu.Unlock()
		if err != nil {
			o.fail(err)
		}
	}
}

// end forgets what waits: the connection is closed.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.abandon()
}

// abandon forgets what waits for a connection that is dead. The lock is held.
func (o *outbox) abandon() {
	o.grow(-o.bytes)
	o.closed, o.held, o.frames, o.rest = true, false, nil, nil
}

// take takes the frames that leave together: the bytes, and the buffer they are
// in if they had to be put together. The lock is held.
func (o *outbox) take() ([]byte, *[]byte) {
	n, size, ready := 0, 0, o.ready()
	for n < ready && (n == 0 || size+len(o.frames[n]) <= batchBytes) {
		size += len(o.frames[n])
		n++
	}
	taken := o.frames[:n:n]
	o.frames = o.frames[n:]
	o.heldFrom -= n
	if len(o.frames) == 0 {
		o.frames = nil
	}
	if n == 1 {
		return taken[0], nil
	}
	buffer := batches.Get().(*[]byte)
	b := (*buffer)[:0]
	for _, frame := range taken {
		b = append(b, frame...)
	}
	*buffer = b
	return b, buffer
}

var batches = sync.Pool{New: func() any { b := make([]byte, 0, batchBytes); return &b }}

func release(buffer *[]byte) {
	if buffer != nil {
		batches.Put(buffer)
	}
}
