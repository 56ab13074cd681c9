package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/wire"
)

const (
	// eventBacklog bounds the events that wait for the fan-out.
	eventBacklog = 64 << 10
	// pingPeriod is how often a silent connection is asked whether it lives.
	pingPeriod = 30 * time.Second
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

	mu      sync.RWMutex
	topics  map[event.Topic]*audience
	sockets map[*socket]struct{}
}

// audience are the connections of one topic. The list is replaced, never
// changed: the fan-out reads it without the lock.
type audience struct {
	subscription *nats.Subscription
	sockets      []*socket
}

func newHub(nc *nats.Conn, log *slog.Logger, m *metrics) (*hub, error) {
	h := &hub{
		nc: nc, log: log, metrics: m,
		events:  make(chan *nats.Msg, eventBacklog),
		topics:  map[event.Topic]*audience{},
		sockets: map[*socket]struct{}{},
	}
	if _, err := nc.ChanSubscribe(event.Everyone.Subject(), h.events); err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	h.topics[event.Everyone] = &audience{}
	return h, nil
}

// run starts the fan-out. Each time relink fires, events may have been missed:
// memberships are asked for again and clients told to resync.
func (h *hub) run(ctx context.Context, relink <-chan struct{}, memberships func(context.Context, string) ([]event.Topic, error)) {
	h.running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case m := <-h.events:
				h.deliver(m)
			}
		}
	})
	h.running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-relink:
				h.relink(ctx, memberships)
			}
		}
	})
	h.running.Go(func() {
		ticker := time.NewTicker(pingPeriod)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				for _, s := range h.all() {
					s.ping()
				}
			}
		}
	})
}

func (h *hub) wait() { h.running.Wait() }

// deliver fans one event out.
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
	e := event.Decode(m)
	if e.Attach != "" {
		for _, s := range sockets {
			h.join(s, e.Attach)
		}
	}
	if e.Frame != nil {
		frame := textFrame(e.Frame)
		for _, s := range sockets {
			if e.Except == "" || e.Except != s.id {
				s.send(frame)
			}
		}
		h.metrics.deliveries.Add(float64(len(sockets)))
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
	to.sockets = append(slices.Clip(to.sockets), s)
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

// relink makes good for events that may have been missed. What somebody was a
// member of may have changed too: nothing of a server is delivered to them
// until that is known again.
func (h *hub) relink(ctx context.Context, memberships func(context.Context, string) ([]event.Topic, error)) {
	byUser := map[string][]*socket{}
	h.mu.Lock()
	for s := range h.sockets {
		user := s.me().user
		if user == "" {
			continue
		}
		byUser[user] = append(byUser[user], s)
		kept := s.topics[:0]
		for _, t := range s.topics {
			if t == event.Everyone || t == event.User(user) {
				kept = append(kept, t)
			} else {
				h.drop(s, t)
			}
		}
		s.topics = kept
	}
	h.mu.Unlock()
	h.log.Info("events may have been missed; clients resync", "users", len(byUser))

	slots := make(chan struct{}, relinkWorkers)
	var workers sync.WaitGroup
	for user, sockets := range byUser {
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			topics := h.fetch(ctx, user, memberships)
			for _, s := range sockets {
				for _, t := range topics {
					h.join(s, t)
				}
				s.send(textFrame(wire.Encode(wire.Resync{})))
			}
		})
	}
	workers.Wait()
}

// fetch asks until it is answered.
func (h *hub) fetch(ctx context.Context, user string, memberships func(context.Context, string) ([]event.Topic, error)) []event.Topic {
	for {
		topics, err := memberships(ctx, user)
		if err == nil || ctx.Err() != nil {
			return topics
		}
		h.log.Warn("memberships not known yet", "error", err)
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
	h.join(s, event.User(user))
	h.join(s, event.Everyone)
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
