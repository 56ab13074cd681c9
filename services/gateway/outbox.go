package gateway

import (
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	// outboxBytes bounds what waits for one connection, besides a single frame
	// that is larger by itself.
	outboxBytes = 512 << 10
	// batchBytes is how much leaves in one system call.
	batchBytes = 64 << 10
	// stallTimeout is how long one write may take before the connection is dead.
	stallTimeout = 10 * time.Second
)

var errSlow = errors.New("connection can't keep up")

// textFrame makes a whole unmasked WebSocket text frame (RFC 6455, 5.2), the
// same bytes for every connection it goes to.
func textFrame(payload []byte) []byte {
	n := len(payload)
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
	return append(frame, payload...)
}

// outbox is what waits to be written to one connection. A goroutine exists only
// while there is something to write; everything that waits leaves together.
type outbox struct {
	conn net.Conn
	fail func(error) // called once, without the lock, when a write fails

	mu       sync.Mutex
	frames   [][]byte
	bytes    int
	held     bool // the frames from heldFrom on are kept back
	heldFrom int
	flushing bool
	closed   bool
	idle     chan struct{} // closed when closing and all is written
}

// send queues a frame made by textFrame. It never blocks; errSlow says that the
// connection is too far behind.
func (o *outbox) send(frame []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	if len(o.frames) > 0 && o.bytes+len(frame) > outboxBytes {
		return errSlow
	}
	o.frames = append(o.frames, frame)
	o.bytes += len(frame)
	o.start()
	return nil
}

// hold keeps back everything sent from now on, until release or drop.
func (o *outbox) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held, o.heldFrom = true, len(o.frames)
}

// release sends the given frames and then what was kept back.
func (o *outbox) release(first ...[]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	for _, frame := range first {
		o.bytes += len(frame)
	}
	o.frames = slices.Insert(o.frames, o.heldFrom, first...)
	o.held = false
	o.start()
}

// drop forgets what was kept back.
func (o *outbox) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	for _, frame := range o.frames[o.heldFrom:] {
		o.bytes -= len(frame)
	}
	o.frames = o.frames[:o.heldFrom]
	o.held = false
	o.start()
}

// ready is how many frames may leave now. The lock is held.
func (o *outbox) ready() int {
	if o.held {
		return o.heldFrom
	}
	return len(o.frames)
}

// start makes the writer run if there is work for it. The lock is held.
func (o *outbox) start() {
	if !o.flushing && o.ready() > 0 {
		o.flushing = true
		go o.flush()
	}
}

// close takes no more frames and waits, at most until the timeout, for those
// that are queued.
func (o *outbox) close(timeout time.Duration) {
	o.mu.Lock()
	o.closed, o.held = true, false
	o.start()
	var idle chan struct{}
	if o.flushing {
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

var batches = sync.Pool{New: func() any { b := make([]byte, 0, batchBytes); return &b }}

func (o *outbox) flush() {
	for {
		o.mu.Lock()
		ready := o.ready()
		if ready == 0 {
			o.flushing = false
			if len(o.frames) == 0 {
				o.frames = nil
			}
			if o.idle != nil {
				close(o.idle)
				o.idle = nil
			}
			o.mu.Unlock()
			return
		}
		n, size := 0, 0
		for n < ready && (n == 0 || size+len(o.frames[n]) <= batchBytes) {
			size += len(o.frames[n])
			n++
		}
		take := o.frames[:n:n]
		o.frames = o.frames[n:]
		o.heldFrom -= n
		o.mu.Unlock()

		if err := o.write(take); err != nil {
			o.mu.Lock()
			o.closed, o.held, o.frames, o.bytes = true, false, nil, 0
			o.mu.Unlock()
			o.fail(err)
			continue
		}
		o.mu.Lock()
		o.bytes -= size
		o.mu.Unlock()
	}
}

// write hands frames to the connection in one call. Whole frames in each call
// keep clear of the control frames that the reader answers with.
func (o *outbox) write(frames [][]byte) error {
	if err := o.conn.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
		return err
	}
	if len(frames) == 1 {
		_, err := o.conn.Write(frames[0])
		return err
	}
	batch := batches.Get().(*[]byte)
	b := (*batch)[:0]
	for _, frame := range frames {
		b = append(b, frame...)
	}
	_, err := o.conn.Write(b)
	*batch = b
	batches.Put(batch)
	return err
}
