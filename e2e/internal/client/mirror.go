package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"decentra.local/pkg/wire"
)

// tailPeriod is how often a mirror asks whether it missed the newest changes: a
// lost frame that nothing follows leaves no hole.
const tailPeriod = time.Second

// Entry is one step of a conversation in a mirror's journal.
type Entry struct {
	Seq    int64
	ID     int64
	Kind   string // message, message_edited, message_deleted, changes or page
	Caught bool   // it came as a change asked for, not as an event
}

// Tally is what happened to a mirror.
type Tally struct {
	Connects, Resyncs, Events, Duplicates, Holes, Asked, Resets int
}

// Mirror is a client that keeps conversations as the server has them: it applies
// events by their numbers, asks for what a hole hides, and after every reconnect
// and resync asks for the changes after the last it holds.
type Mirror struct {
	Name string

	base, token string
	places      []Place
	stop        context.CancelFunc
	running     sync.WaitGroup

	mu    sync.Mutex
	tally Tally
	views map[Place]*view
	err   error // what a good client can't get over
}

type view struct {
	last     int64
	messages map[int64]wire.StoredMessage
	journal  []Entry
}

// StartMirror starts a mirror of the places for the session's user.
func StartMirror(ctx context.Context, name, base, token string, places ...Place) *Mirror {
	ctx, stop := context.WithCancel(ctx)
	m := &Mirror{Name: name, base: base, token: token, places: places, stop: stop, views: map[Place]*view{}}
	for _, p := range places {
		m.views[p] = &view{messages: map[int64]wire.StoredMessage{}}
	}
	m.running.Go(func() { m.run(ctx) })
	return m
}

// Stop ends the mirror.
func (m *Mirror) Stop() {
	m.stop()
	m.running.Wait()
}

// Tally returns what happened so far.
func (m *Mirror) Tally() Tally {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tally
}

// Err is what the mirror could not get over.
func (m *Mirror) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// Has reports whether the mirror follows a place.
func (m *Mirror) Has(p Place) bool { return slices.Contains(m.places, p) }

// Seq is the newest change that the mirror holds of a place.
func (m *Mirror) Seq(p Place) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.views[p].last
}

// Journal is every step that the mirror took.
func (m *Mirror) Journal(p Place) []Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.views[p].journal)
}

// Messages is the mirror's view, oldest first.
func (m *Mirror) Messages(p Place) []wire.StoredMessage {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []wire.StoredMessage
	for _, message := range m.views[p].messages {
		all = append(all, message)
	}
	slices.SortFunc(all, func(a, b wire.StoredMessage) int { return int(a.ID - b.ID) })
	return all
}

func (m *Mirror) note(change func(*Tally)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.tally)
}

func (m *Mirror) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.err = err
	}
}

// run keeps the mirror connected.
func (m *Mirror) run(ctx context.Context) {
	for ctx.Err() == nil {
		conn, err := Resume(ctx, m.base, m.token)
		if err == nil {
			m.note(func(t *Tally) { t.Connects++ })
			err = m.follow(ctx, conn)
			conn.Close()
		}
		if ctx.Err() != nil {
			return
		}
		if code := Code(err); code != "" && code != "unavailable" || errors.Is(err, ErrSilence) {
			m.fail(err)
			return
		}
		pause(ctx, 100*time.Millisecond)
	}
}

// follow uses one connection until it ends.
func (m *Mirror) follow(ctx context.Context, conn *Conn) error {
	resync := false
	for due := time.Now(); ; {
		if !time.Now().Before(due) {
			if err := m.refresh(ctx, conn, &resync); err != nil {
				return err
			}
			due = time.Now().Add(tailPeriod)
		}
		waiting, cancel := context.WithDeadline(ctx, due)
		f, err := conn.Next(waiting)
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			continue
		case err != nil:
			return err
		}
		switch f.Type {
		case "resync":
			m.note(func(t *Tally) { t.Resyncs++ })
			resync, due = true, time.Now()
		case "message", "message_edited", "message_deleted":
			if err := m.apply(ctx, conn, f); err != nil {
				return err
			}
		}
	}
}

// refresh asks for what was missed everywhere; after a resync for a fresh init
// first. A server that can't answer right now is asked again with the next tail
// check.
func (m *Mirror) refresh(ctx context.Context, conn *Conn, resync *bool) error {
	if *resync {
		answer, err := conn.Ask(ctx, "resync", nil)
		if err != nil {
			return passing(err)
		}
		if answer.Type != "init" {
			m.fail(fmt.Errorf("resync was answered with %.200s", answer.Raw))
		}
		*resync = false
	}
	for _, p := range m.places {
		if err := passing(m.catchUp(ctx, conn, p)); err != nil {
			return err
		}
	}
	return nil
}

// passing forgives what is answered for a part of the server that is away.
func passing(err error) error {
	if Code(err) == "unavailable" {
		return nil
	}
	return err
}

// event is what the three events about messages have in common.
type event struct {
	wire.MessageEdited
	Nonce string `json:"nonce"`
}

func (m *Mirror) apply(ctx context.Context, conn *Conn, f Frame) error {
	var e event
	if err := f.Into(&e); err != nil {
		m.fail(err)
		return err
	}
	p := Place{Context: e.Context}
	if e.ContextID != nil {
		p.ID = *e.ContextID
	}
	m.mu.Lock()
	v := m.views[p]
	if v == nil {
		m.mu.Unlock()
		return nil
	}
	m.tally.Events++
	switch {
	case e.Seq <= v.last:
		m.tally.Duplicates++
		m.mu.Unlock()
		return nil
	case e.Seq > v.last+1:
		m.tally.Holes++
		m.mu.Unlock()
		return passing(m.catchUp(ctx, conn, p))
	}
	defer m.mu.Unlock()
	v.last = e.Seq
	v.journal = append(v.journal, Entry{Seq: e.Seq, ID: e.ID, Kind: f.Type})
	if f.Type == "message_deleted" {
		delete(v.messages, e.ID)
		return nil
	}
	stored := wire.StoredMessage{
		ID: e.ID, Seq: e.Seq, Username: e.Username, Content: e.Content, Timestamp: e.Timestamp,
		ContextType: p.Context, ContextID: p.ID, Nonce: e.Nonce,
	}
	if f.Type == "message_edited" {
		stored.Nonce, stored.EditedAt = v.messages[e.ID].Nonce, &e.EditedAt
	}
	v.messages[e.ID] = stored
	return nil
}

// catchUp asks for the changes after the last that the mirror holds.
func (m *Mirror) catchUp(ctx context.Context, conn *Conn, p Place) error {
	after := m.Seq(p)
	answer, err := conn.Ask(ctx, "get_changes", p.Fields(Fields{"after": after}))
	if err != nil {
		return err
	}
	var changes wire.Changes
	if err := answer.Into(&changes); err != nil {
		m.fail(err)
		return err
	}
	if changes.Reset {
		return m.reset(ctx, p)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.views[p]
	m.tally.Asked++
	for _, message := range changes.Messages {
		if message.Seq <= v.last {
			continue
		}
		v.journal = append(v.journal, Entry{Seq: message.Seq, ID: message.ID, Kind: "changes", Caught: true})
		if message.Deleted {
			delete(v.messages, message.ID)
		} else {
			v.messages[message.ID] = message
		}
	}
	v.last = max(v.last, changes.Seq)
	return nil
}

// reset starts anew from the history.
func (m *Mirror) reset(ctx context.Context, p Place) error {
	messages, seq, err := REST{Base: m.base, Token: m.token}.History(ctx, p)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tally.Resets++
	v := &view{last: seq, messages: map[int64]wire.StoredMessage{}}
	v.journal = append(m.views[p].journal, Entry{Seq: seq, Kind: "page", Caught: true})
	for _, message := range messages {
		v.messages[message.ID] = message
	}
	m.views[p] = v
	return nil
}
