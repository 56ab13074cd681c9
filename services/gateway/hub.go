package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/wire"
)

const (
	// eventBacklog bounds the events that wait for the fan-out.
	eventBacklog = 64 << 10
	// eventBatch bounds the events that are fanned out before anything is written.
	eventBatch = 256
	// After a round of writing in which some connection got more than one frame, or in
	// which more than one message from here was on its way to the log, the next is put
	// off for busyRest times as long as it took, at most for mostRest, and only until
	// all that was on its way has come.
	busyRest = 3
	mostRest = 2 * time.Millisecond
	// A frame that may wait for others waits for patience; then patientBatch
	// connections at once get what waits, with patientRest after them. A connection
	// that has more than patientBytes waiting is not kept waiting.
	patience     = 200 * time.Millisecond
	patientBytes = 16 << 10
	patientBatch = 100
	patientRest  = 5 * time.Millisecond
	// pingPeriod is how often a silent connection is asked whether it lives.
	pingPeriod = 30 * time.Second
	// pingBatch are asked at once, with pingRest after them.
	pingBatch = 100
	pingRest  = 5 * time.Millisecond
	// leaveGrace is how long somebody whose last connection ended is still there.
	leaveGrace = 3 * time.Second
	// sessionPeriod is how often it is asked whether the sessions here still live.
	sessionPeriod = time.Minute
	// sessionBatch bounds the sessions asked for at once.
	sessionBatch = 500
	// relinkWorkers bounds how many users' memberships are fetched at once.
	relinkWorkers = 16
)

// hub knows every connection and what each gets. It holds one NATS subscription
// per topic that somebody here listens to; all deliver into one channel, so
// that events reach a connection in the order they were published.
type hub struct {
	nc      *nats.Conn
	log     *slog.Logger
	metrics *metrics
	events  chan *nats.Msg
	running sync.WaitGroup // the fan-out, the pings

	once    occasions   // the fan-out's alone, like touched
	touched []*socket   // have frames queued that are not written yet
	patient []*socket   // have frames queued that may wait
	queued  int         // how many frames these are
	timed   []time.Time // when some of these were published

	coming  atomic.Int64  // messages from here that are on their way to the log
	resting atomic.Bool   // the fan-out puts off writing
	settled chan struct{} // nothing is on its way any more, while it did

	mu      sync.RWMutex
	topics  map[event.Topic]*audience
	sockets map[*socket]struct{}
	left    map[string]time.Time // users whose connection ended lately

	changed  chan struct{}   // the users online here may have changed
	attached chan attachment // what was joined by an event

	sessionEnd atomic.Pointer[func(session string)] // told besides the connections
}

// audience are the connections of one topic. The list grows at its end or is
// replaced: the fan-out reads without the lock what was in it.
type audience struct {
	subscription *nats.Subscription
	sockets      []*socket
	settled      bool // the subscription stands: the server has answered since
}

func newHub(nc *nats.Conn, log *slog.Logger, m *metrics) (*hub, error) {
	h := &hub{
		nc: nc, log: log, metrics: m,
		events:   make(chan *nats.Msg, eventBacklog),
		topics:   map[event.Topic]*audience{},
		sockets:  map[*socket]struct{}{},
		left:     map[string]time.Time{},
		settled:  make(chan struct{}, 1),
		changed:  make(chan struct{}, 1),
		attached: make(chan attachment, attachBacklog),
	}
	if _, err := nc.ChanSubscribe(event.Everyone.Subject(), h.events); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	h.topics[event.Everyone] = &audience{}
	return h, nil
}

// directory is what the hub asks the owners of sessions and memberships.
type directory struct {
	memberships func(ctx context.Context, user string) ([]event.Topic, error)
	// live picks, of at most sessionBatch sessions, those that have not ended.
	live func(ctx context.Context, sessions []string) (map[string]bool, error)
	// joined is the frame that would tell a user now of having joined a topic; nil:
	// the user is not there any more.
	joined func(ctx context.Context, user string, t event.Topic) ([]byte, error)
}

// run starts the fan-out. Each time relink fires, events may have been missed:
// sessions and memberships are asked for again and clients told to resync. The
// end of a session, which no number would show as missing, is asked for every
// minute besides.
func (h *hub) run(ctx context.Context, relink <-chan struct{}, ask directory) {
	h.running.Go(func() { h.fanOut(ctx) })
	h.running.Go(func() {
		look := time.NewTicker(sessionPeriod)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-relink:
				h.relink(ctx, ask)
			case <-look.C:
				if err := h.endSessions(ctx, h.all(), ask); err != nil {
					h.log.Warn("sessions not known", "error", err)
				}
			}
		}
	})
	h.running.Go(func() { h.lookAgain(ctx, ask) })
	h.running.Go(func() {
		ticker := time.NewTicker(pingPeriod)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				for some := range slices.Chunk(h.all(), pingBatch) {
					for _, s := range some {
						s.ping()
					}
					time.Sleep(pingRest) // nobody's message waits for thousands of them
				}
			}
		}
	})
}

func (h *hub) wait() { h.running.Wait() }

// fanOut delivers events until ctx ends. After a round of writing it may rest, and
// only collect: what people write at the same time, and what comes fast, leaves
// together, in one system call for each connection. Where messages come one by one,
// each leaves at once.
func (h *hub) fanOut(ctx context.Context) {
	rest := time.NewTimer(0)
	defer rest.Stop()
	var until time.Time         // the rest lasts; the timer may be late
	var waited <-chan time.Time // nil: nothing waits for others
	for {
		if waited == nil && len(h.patient) > 0 {
			waited = time.After(patience)
		}
		select {
		case <-ctx.Done():
			return
		case m := <-h.events:
			h.deliver(m)
		case <-h.settled:
			until = time.Time{}
		case <-rest.C:
		case <-waited:
			waited = nil
			if h.touchPatient() {
				waited = time.After(patientRest)
			}
		}
		if len(h.touched) == 0 || time.Now().Before(until) {
			continue
		}
		runtime.Gosched() // what is about to come leaves with the rest
		for range min(len(h.events), eventBatch) {
			h.deliver(<-h.events)
		}
		h.metrics.backlog.Set(float64(len(h.events)))
		h.resting.Store(false)
		start, busy := time.Now(), h.queued > len(h.touched)
		h.flush()
		if busy || h.coming.Load() > 1 {
			pause := min(busyRest*time.Since(start), mostRest)
			until = time.Now().Add(pause)
			rest.Reset(pause)
			h.resting.Store(true)
		}
	}
}

// expect says that a message from here is on its way to the log, until arrived is
// called.
func (h *hub) expect() (arrived func()) {
	h.coming.Add(1)
	return func() {
		if h.coming.Add(-1) > 0 || !h.resting.Load() {
			return
		}
		select {
		case h.settled <- struct{}{}:
		default:
		}
	}
}

// flush writes what was queued.
func (h *hub) flush() {
	for _, s := range h.touched {
		s.touched = false
		s.out.flush()
	}
	h.metrics.writes.Add(float64(len(h.touched)))
	clear(h.touched)
	h.touched, h.queued = h.touched[:0], 0
	for _, published := range h.timed {
		h.metrics.latency.Observe(max(0, time.Since(published).Seconds())) // the clocks may differ
	}
	h.timed = h.timed[:0]
}

// touchPatient has the next flush write what waited, for some connections, and
// reports whether there are others.
func (h *hub) touchPatient() bool {
	n := min(len(h.patient), patientBatch)
	for _, s := range h.patient[:n] {
		s.patient = false
		h.touch(s)
	}
	h.patient = slices.Delete(h.patient, 0, n)
	return len(h.patient) > 0
}

// touch has the next flush write what is queued for a connection.
func (h *hub) touch(s *socket) {
	if !s.touched {
		s.touched = true
		h.touched = append(h.touched, s)
	}
}

// deliver fans one event out; flush makes it leave.
func (h *hub) deliver(m *nats.Msg) {
	_, topic, ok := strings.Cut(m.Subject, ".event.")
	if !ok {
		return
	}
	h.mu.RLock()
	to := h.topics[event.Topic(topic)]
	var sockets []*socket
	if to != nil {
		sockets = to.sockets
	}
	h.mu.RUnlock()
	e, ok := event.Decode(m)
	if !ok {
		h.log.Warn("an event that is not its service's", "subject", m.Subject)
		return
	}
	if !e.At.IsZero() && !e.Patient {
		h.timed = append(h.timed, e.At)
	}
	if e.Attach != "" {
		h.attach(sockets, e.Attach, e.Frame)
	}
	if e.Frame != nil {
		frame := textFrame(e.Frame)
		for _, s := range sockets {
			if e.Answers == s.id && s.place.take(frame) {
				continue
			}
			if (e.Only == "" || e.Only == s.id) && (e.Except == "" || e.Except != s.id) && (e.Skip == "" || e.Skip != s.me().user) && h.once.first(e.Once, s) {
				h.queue(s, frame, e.Patient)
			}
		}
		h.metrics.deliveries.Add(float64(len(sockets)))
	}
	if e.End != "" {
		h.sessionEnded(e.End)
	}
	for _, s := range sockets {
		if e.Detach != "" {
			h.leave(s, e.Detach)
		}
		if e.End != "" && e.End == s.me().session {
			s.close(closeSessionEnded, "The session has ended.")
		}
	}
}

// queue has a frame leave with the next flush, or with the next of its connection's.
func (h *hub) queue(s *socket, frame []byte, patient bool) {
	s.queue(frame)
	switch {
	case !patient || s.out.waits() > patientBytes:
		h.queued++
		h.touch(s)
	case !s.patient:
		s.patient = true
		h.patient = append(h.patient, s)
	}
}

func (h *hub) add(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets[s] = struct{}{}
	h.metrics.connections.Inc()
}

// remove forgets a connection and ends the subscriptions that it was the last
// one for.
func (h *hub) remove(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.sockets[s]; !ok {
		return
	}
	delete(h.sockets, s)
	for _, t := range s.topics {
		h.drop(s, t)
	}
	s.topics = nil
	if user := s.me().user; user != "" {
		h.left[user] = time.Now()
	}
	h.metrics.connections.Dec()
}

// join makes a connection part of a topic's audience.
func (h *hub) join(s *socket, t event.Topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.sockets[s]; !ok || slices.Contains(s.topics, t) {
		return
	}
	to := h.topics[t]
	if to == nil {
		subscription, err := h.nc.ChanSubscribe(t.Subject(), h.events)
		if err != nil {
			h.log.Error("not subscribed", "error", err)
			return
		}
		to = &audience{subscription: subscription}
		h.topics[t] = to
	}
	to.sockets = append(to.sockets, s)
	s.topics = append(s.topics, t)
}

func (h *hub) leave(s *socket, t event.Topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(s.topics, t); i >= 0 {
		s.topics = slices.Delete(s.topics, i, i+1)
		h.drop(s, t)
	}
}

// drop takes a connection out of an audience. The lock is held.
func (h *hub) drop(s *socket, t event.Topic) {
	to := h.topics[t]
	if to == nil {
		return
	}
	i := slices.Index(to.sockets, s)
	if i < 0 {
		return
	}
	rest := make([]*socket, 0, len(to.sockets)-1)
	to.sockets = append(append(rest, to.sockets[:i]...), to.sockets[i+1:]...)
	if len(to.sockets) == 0 && to.subscription != nil {
		if err := to.subscription.Unsubscribe(); err != nil {
			h.log.Debug("not unsubscribed", "error", err)
		}
		delete(h.topics, t)
	}
}

func (h *hub) all() []*socket {
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := make([]*socket, 0, len(h.sockets))
	for s := range h.sockets {
		all = append(all, s)
	}
	return all
}

// relink makes good for events that may have been missed. Sessions may have
// ended, memberships too: nothing is delivered to anybody who was here until that
// is known again.
func (h *hub) relink(ctx context.Context, ask directory) {
	byUser := map[string][]*socket{}
	h.mu.Lock()
	for s := range h.sockets {
		user := s.me().user
		if user == "" {
			continue
		}
		byUser[user] = append(byUser[user], s)
		for _, t := range s.topics {
			h.drop(s, t)
		}
		s.topics = nil
	}
	h.mu.Unlock()
	h.metrics.linkLost.Inc()
	h.log.Info("events may have been missed; clients resync", "users", len(byUser))

	untilAnswered(ctx, h.log, func() error {
		return h.endSessions(ctx, slices.Concat(slices.Collect(maps.Values(byUser))...), ask)
	})
	slots := make(chan struct{}, relinkWorkers)
	var workers sync.WaitGroup
	for user, sockets := range byUser {
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			var topics []event.Topic
			untilAnswered(ctx, h.log, func() (err error) {
				topics, err = ask.memberships(ctx, user)
				return err
			})
			for _, s := range sockets {
				h.joinOwn(s, user)
				for _, t := range topics {
					h.join(s, t)
				}
				s.send(textFrame(wire.Encode(wire.Resync{})))
			}
		})
	}
	workers.Wait()
}

// endSessions closes the connections whose session has ended.
func (h *hub) endSessions(ctx context.Context, sockets []*socket, ask directory) error {
	bySession := map[string][]*socket{}
	for _, s := range sockets {
		if session := s.me().session; session != "" {
			bySession[session] = append(bySession[session], s)
		}
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(bySession)), sessionBatch) {
		live, err := ask.live(ctx, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if live[id] {
				continue
			}
			h.sessionEnded(id)
			for _, s := range bySession[id] {
				s.close(closeSessionEnded, "The session has ended.")
			}
		}
	}
	return nil
}

// onSessionEnd has somebody told of sessions that end.
func (h *hub) onSessionEnd(tell func(session string)) { h.sessionEnd.Store(&tell) }

func (h *hub) sessionEnded(session string) {
	if tell := h.sessionEnd.Load(); tell != nil {
		(*tell)(session)
	}
}

// hasSession reports whether a connection here was opened by the session.
func (h *hub) hasSession(session string) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for s := range h.sockets {
		if s.me().session == session {
			return true
		}
	}
	return false
}

// untilAnswered asks until it is answered or ctx ends.
func untilAnswered(ctx context.Context, log *slog.Logger, ask func() error) {
	for {
		err := ask()
		if err == nil || ctx.Err() != nil {
			return
		}
		log.Warn("not known yet who gets what", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// closeAll ends every connection after the frame it is working on.
func (h *hub) closeAll(ctx context.Context, code int, reason string) {
	for _, s := range h.all() {
		s.close(code, reason)
	}
	for len(h.all()) > 0 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
}

// Close codes of our own (RFC 6455, 7.4.2): after both the client comes back.
const (
	closeSessionEnded = 4001
	closeTooSlow      = 4002
)

// enter makes a connection its user's: from here it gets the user's events.
func (h *hub) enter(s *socket, session contract.Session) {
	user := session.Profile.Username
	s.who.Store(&identity{user: user, session: session.ID})
	h.joinOwn(s, user)
	h.wakePresence()
}

// joinOwn makes a connection hear what is for its user, wherever they are a member.
func (h *hub) joinOwn(s *socket, user string) {
	h.join(s, event.User(user))
	h.join(s, event.Everyone)
	if s.terminal {
		h.join(s, event.Terminals)
	}
}

// online lists the users with a connection here. One whose last connection just
// ended stays for a while: a page that is loaded anew does not leave.
func (h *hub) online() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	users := map[string]bool{}
	for s := range h.sockets {
		if me := s.me(); me.user != "" {
			users[me.user] = true
		}
	}
	now := time.Now()
	for user, left := range h.left {
		if users[user] || now.Sub(left) > leaveGrace {
			delete(h.left, user)
		} else {
			users[user] = true
		}
	}
	return users
}

// wakePresence makes the entries of this gateway be looked at.
func (h *hub) wakePresence() {
	select {
	case h.changed <- struct{}{}:
	default:
	}
}

// exit undoes enter after a login that could not be finished.
func (h *hub) exit(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range s.topics {
		h.drop(s, t)
	}
	s.topics = nil
	s.who.Store(nil)
}
