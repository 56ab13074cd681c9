package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"runtime"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/wire"
)

const (
	// smallFrame is how long a frame may be that nothing else waits for. Of longer
	// ones a user has longFramesAtOnce on the way, on all connections: else many that
	// are begun and never ended would fill the memory.
	smallFrame       = 8 << 10
	longFramesAtOnce = 4
	// largeFrame is from when on a frame is large: it waits for its turn to be read,
	// so that a flood of them takes a bounded part of the memory.
	largeFrame = 64 << 10
	// largeFramesAtOnce are read and worked on at the same time, of all connections
	// of a gateway; of one user it is one.
	largeFramesAtOnce = 16
	// largeFrameTimeout is how long the rest of one may take to come.
	largeFrameTimeout = 30 * time.Second
)

// largeFrames are the turns of large frames: some may be read at the same time, and
// fewer worked on, so that most processors stay with what is small.
type largeFrames struct {
	turns chan struct{}
	work  chan struct{}

	mu    sync.Mutex
	users map[string]chan struct{} // whose turn it is; closed when it is over
	long  map[string]*longFrames
}

// longFrames are the turns of one user's frames that are not small.
type longFrames struct {
	turns   chan struct{}
	holders int
}

func newLargeFrames() *largeFrames {
	return &largeFrames{turns: make(chan struct{}, largeFramesAtOnce), work: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		users: map[string]chan struct{}{}, long: map[string]*longFrames{}}
}

// takeLong waits until a user may have one more frame that is not small; false: over
// came first.
func (l *largeFrames) takeLong(user string, over <-chan struct{}) (done func(), ok bool) {
	l.mu.Lock()
	u := l.long[user]
	if u == nil {
		u = &longFrames{turns: make(chan struct{}, longFramesAtOnce)}
		l.long[user] = u
	}
	u.holders++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if u.holders--; u.holders == 0 {
			delete(l.long, user)
		}
	}
	select {
	case u.turns <- struct{}{}:
		return func() { <-u.turns; leave() }, true
	case <-over:
		leave()
		return nil, false
	}
}

// take waits for a user's turn; false: over came first.
func (l *largeFrames) take(user string, over <-chan struct{}) (done func(), ok bool) {
	mine := make(chan struct{})
	for {
		l.mu.Lock()
		before := l.users[user]
		if before == nil {
			l.users[user] = mine
			l.mu.Unlock()
			break
		}
		l.mu.Unlock()
		select {
		case <-before:
		case <-over:
			return nil, false
		}
	}
	leave := func() {
		l.mu.Lock()
		delete(l.users, user)
		l.mu.Unlock()
		close(mine)
	}
	select {
	case l.turns <- struct{}{}:
		return func() { <-l.turns; leave() }, true
	case <-over:
		leave()
		return nil, false
	}
}

// errLarge is the refusal of a large frame that has no picture in it.
var errLarge = fault.New(fault.TooLarge, "This frame may have at most %d kB.", largeFrame>>10)

// mayBeLarge reports whether a frame that begins so may be large, and as much of its
// envelope as it begins with. One whose beginning does not say its type may be.
func mayBeLarge(beginning []byte) (envelope, bool) {
	var e envelope
	d := json.NewDecoder(bytes.NewReader(beginning))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return e, false
	}
	for e.Type == "" || e.RequestID == "" {
		name, err := d.Token()
		if err != nil {
			break
		}
		switch name {
		case "type":
			err = d.Decode(&e.Type)
		case "request_id":
			err = d.Decode(&e.RequestID)
		default:
			err = d.Decode(new(skipped))
		}
		if err != nil {
			break
		}
	}
	if utf8.RuneCountInString(e.RequestID) > requestIDLength {
		e.RequestID = ""
	}
	route, ok := contract.Find(e.Type, "")
	return e, e.Type == "" || ok && route.Large
}

// skipped is a value that nobody wants.
type skipped struct{}

func (*skipped) UnmarshalJSON([]byte) error { return nil }

// smallFrames are read into, so that what waits for its turn takes no more room than
// it has bytes.
var smallFrames = sync.Pool{New: func() any { return new([smallFrame + 1]byte) }}

// readSmall reads a message, of one that is not small the beginning.
func readSmall(r io.Reader) ([]byte, error) {
	buffer := smallFrames.Get().(*[smallFrame + 1]byte)
	defer smallFrames.Put(buffer)
	n := 0
	for n < len(buffer) {
		m, err := r.Read(buffer[n:])
		n += m
		if err == io.EOF { // one that is broken off has another error
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return bytes.Clone(buffer[:n]), nil
}

// read reads a whole message; errLarge says that it was refused. Swallowed is called when it is done with.
func (s *socket) read() (kind int, data []byte, swallowed func(), err error) {
	swallowed = func() {}
	kind, message, err := s.conn.NextReader()
	if err != nil {
		return kind, nil, swallowed, err
	}
	r := said{message, &s.framed}
	data, err = readSmall(r)
	if err != nil || len(data) <= smallFrame {
		return kind, data, swallowed, err
	}
	if s.me().user != "" { // others have a smaller bound
		var ok bool
		if swallowed, ok = s.service.large.takeLong(s.me().user, s.over); !ok {
			return kind, nil, func() {}, websocket.ErrCloseSent
		}
		s.extend(silenceTimeout) // pongs don't
		s.swallowing = true
		defer func() { s.swallowing = false }()
	}
	rest, err := io.ReadAll(io.LimitReader(r, largeFrame-smallFrame))
	data = append(data, rest...)
	if err != nil || len(data) <= largeFrame {
		return kind, data, swallowed, err
	}
	long := swallowed
	select {
	case <-time.After(s.service.limits.largeFrame(s.me().user)):
	case <-s.over:
	}
	taken, ok := s.service.large.take(s.me().user, s.over)
	if !ok {
		return kind, nil, swallowed, websocket.ErrCloseSent
	}
	done := func() { taken(); long() }
	s.extend(largeFrameTimeout)
	e, ok := mayBeLarge(data)
	if !ok || kind != websocket.TextMessage {
		if _, err := io.Copy(io.Discard, r); err != nil {
			return kind, nil, done, err
		}
		s.lane.wait() // its answer comes in its turn
		s.refuse(e.RequestID, errLarge)
		return kind, nil, done, errLarge
	}
	whole := bytes.NewBuffer(make([]byte, 0, wire.Bounds.FrameBytes+bytes.MinRead))
	whole.Write(data)
	if _, err := whole.ReadFrom(r); err != nil {
		return kind, nil, done, err
	}
	s.service.large.work <- struct{}{}
	return kind, whole.Bytes(), func() { <-s.service.large.work; done() }, nil
}
