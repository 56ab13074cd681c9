package gateway

import "sync"

const (
	// laneRequests and laneBytes bound what waits for its turn on one connection,
	// besides a single request that is larger by itself. While it is full,
	// nothing more is read.
	laneRequests = 64
	laneBytes    = 16 << 10
)

// request is a frame of somebody who is logged in.
type request struct {
	envelope
	data []byte
}

// lane has the requests of one connection, which are worked on in their order.
// What has come while one was worked on is handled together where it may be. A
// worker has it only while there is something to do.
type lane struct {
	spawn    func(func()) // gives work to a worker
	handle   func([]request)
	together func(a, b request) bool

	mu      sync.Mutex
	waiting []request
	bytes   int
	running bool
	changed chan struct{} // closed when something is done, if somebody waits
}

// add queues a request, and blocks while too much waits.
func (l *lane) add(r request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) == laneRequests || l.bytes > 0 && l.bytes+len(r.data) > laneBytes {
		l.await()
	}
	l.waiting = append(l.waiting, r)
	l.bytes += len(r.data)
	if !l.running {
		l.running = true
		l.spawn(l.run)
	}
}

// wait blocks until everything that was added is done.
func (l *lane) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.running {
		l.await()
	}
}

// await blocks until something has changed. The lock is held, but not meanwhile.
func (l *lane) await() {
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	changed := l.changed
	l.mu.Unlock()
	<-changed
	l.mu.Lock()
}

func (l *lane) run() {
	for {
		next := l.next()
		if next == nil {
			return
		}
		l.handle(next)
	}
}

// next takes the requests to be handled next; nil: there are none.
func (l *lane) next() []request {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	if len(l.waiting) == 0 {
		l.waiting, l.running = nil, false
		return nil
	}
	n := 1
	for n < len(l.waiting) && l.together(l.waiting[0], l.waiting[n]) {
		n++
	}
	taken := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	for _, r := range taken {
		l.bytes -= len(r.data)
	}
	return taken
}
