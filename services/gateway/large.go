package gateway

import (
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// largeFrame is from when on a frame is large: it waits for its turn to be read,
	// so that a flood of them takes a bounded part of the memory.
	largeFrame = 256 << 10
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
}

func newLargeFrames() *largeFrames {
	return &largeFrames{turns: make(chan struct{}, largeFramesAtOnce), work: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), users: map[string]chan struct{}{}}
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

// read reads a whole message. Swallowed is called when it is done with.
func (s *socket) read() (kind int, data []byte, swallowed func(), err error) {
	swallowed = func() {}
	kind, r, err := s.conn.NextReader()
	if err != nil {
		return kind, nil, swallowed, err
	}
	data, err = io.ReadAll(io.LimitReader(r, largeFrame+1))
	if err != nil || len(data) <= largeFrame {
		return kind, data, swallowed, err
	}
	select {
	case <-time.After(s.service.limits.largeFrame(s.me().user)):
	case <-s.over:
	}
	done, ok := s.service.large.take(s.me().user, s.over)
	if !ok {
		return kind, nil, swallowed, websocket.ErrCloseSent
	}
	s.extend(largeFrameTimeout)
	s.swallowing = true
	defer func() { s.swallowing = false }()
	rest, err := io.ReadAll(r)
	if err != nil {
		return kind, nil, done, err
	}
	s.service.large.work <- struct{}{}
	return kind, append(data, rest...), func() { <-s.service.large.work; done() }, nil
}
