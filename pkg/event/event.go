// Package event owns the way of an event from the service where something
// happened to the gateways: its subject, its payload (a finished client frame,
// the same bytes for everybody) and the few instructions to gateways that
// travel as headers beside it.
package event

import (
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/firsthand"
	"decentra.local/pkg/wire"
)

// Topic names an audience. It is the part of an event's subject that gateways
// subscribe to, whichever service publishes.
type Topic string

// Subjects covers the subjects of all events, whichever service publishes.
const Subjects = "*.event.>"

// Everyone is the audience of all who are logged in.
const Everyone Topic = "everyone"

// Terminals is the audience of the connections on the root path, where the
// first clients are told of everybody who comes and goes.
const Terminals Topic = "terminals"

// Server is the audience of a server's members.
func Server(id string) Topic { return Topic("server." + token(id)) }

// User is the audience of all connections of a user.
func User(name string) Topic { return Topic("user." + token(name)) }

// Subject is what a gateway subscribes to for the topic.
func (t Topic) Subject() string { return "*.event." + string(t) }

// token makes any text one token of a NATS subject: no dots, spaces, wildcards.
func token(text string) string {
	return strings.ReplaceAll(url.PathEscape(text), ".", "%2E")
}

// Headers of an event: instructions to the gateways.
const (
	headerAttach  = "Attach"  // the audience's connections join this topic
	headerDetach  = "Detach"  // the audience's connections leave this topic
	headerOnly    = "Only"    // this connection alone gets the frame
	headerExcept  = "Except"  // this connection does not get the frame
	headerAnswers = "Answers" // this connection gets its answer instead of the frame
	headerSkip    = "Skip"    // this user's connections do not get the frame
	headerOnce    = "Once"    // a connection gets the frame once, whatever topics it comes by
	headerEnd     = "End"     // connections that this session opened are closed
	headerPatient = "Patient" // the frame may wait for another to leave with
	headerAt      = "At"      // when it was published, Unix microseconds; in one of timedEvery
)

// Event is what a gateway receives.
type Event struct {
	Frame          []byte // nil: only instructions
	Attach, Detach Topic
	Only, Except   string
	Answers        string
	Skip           string
	Once           string
	End            string
	Patient        bool
	At             time.Time // zero for most: when it was published
}

// Decode reads an event off NATS; not one that is not its service's own.
func Decode(m *nats.Msg) (e Event, ok bool) {
	service, _, _ := strings.Cut(m.Subject, ".")
	if !firsthand.By(m, service) {
		return Event{}, false
	}
	e.Frame = m.Data
	if len(m.Data) == 0 {
		e.Frame = nil
	}
	if len(m.Header) > 1 {
		e.Attach = Topic(m.Header.Get(headerAttach))
		e.Detach = Topic(m.Header.Get(headerDetach))
		e.Only = m.Header.Get(headerOnly)
		e.Except = m.Header.Get(headerExcept)
		e.Answers = m.Header.Get(headerAnswers)
		e.Skip, _ = url.PathUnescape(m.Header.Get(headerSkip)) // as NotTo escaped it
		e.Once = m.Header.Get(headerOnce)
		e.End = m.Header.Get(headerEnd)
		e.Patient = m.Header.Get(headerPatient) != ""
		if us, err := strconv.ParseInt(m.Header.Get(headerAt), 10, 64); err == nil {
			e.At = time.UnixMicro(us)
		}
	}
	return e, true
}

// Option is an instruction that goes with an event.
type Option func(nats.Header)

// Attach makes the audience's connections join a topic before they get what is
// published there later.
func Attach(t Topic) Option { return func(h nats.Header) { h.Set(headerAttach, string(t)) } }

// Detach makes the audience's connections leave a topic.
func Detach(t Topic) Option { return func(h nats.Header) { h.Set(headerDetach, string(t)) } }

// Only gives the frame to one connection of the audience.
func Only(connection string) Option {
	return func(h nats.Header) { h.Set(headerOnly, connection) }
}

// Answers gives one connection the answer that it waits for in the place of the
// frame, which says the same: what is published later comes after the answer.
func Answers(connection string) Option {
	return func(h nats.Header) {
		if connection != "" {
			h.Set(headerAnswers, connection)
		}
	}
}

// Except keeps the frame from one connection.
func Except(connection string) Option {
	return func(h nats.Header) {
		if connection != "" {
			h.Set(headerExcept, connection)
		}
	}
}

// NotTo keeps the frame from all connections of one user.
func NotTo(user string) Option {
	return func(h nats.Header) { h.Set(headerSkip, url.PathEscape(user)) }
}

// Once names the occasion of frames that several topics carry: a connection in
// the audience of more than one gets the first.
func Once(occasion string) Option { return func(h nats.Header) { h.Set(headerOnce, occasion) } }

// End closes the connections, among the audience's, that a session opened.
func End(session string) Option { return func(h nats.Header) { h.Set(headerEnd, session) } }

// Patient lets the frame wait a little for others to leave with, in their order: it
// is one of many, and nobody waits for it.
func Patient() Option { return func(h nats.Header) { h.Set(headerPatient, "1") } }

// Publisher publishes the events of one service.
type Publisher struct {
	nc      *nats.Conn
	service string
	prefix  string
	log     *slog.Logger
	count   atomic.Uint64
}

// timedEvery is how many events share one that says when it was published.
const timedEvery = 16

// NewPublisher makes the publisher of the service with that name.
func NewPublisher(nc *nats.Conn, service string, log *slog.Logger) *Publisher {
	return &Publisher{nc: nc, service: service, prefix: service + ".event.", log: log}
}

// Resync tells everybody that events of this service may be missing: what was
// committed but not published before a crash, or while the link was down.
func (p *Publisher) Resync() { p.Publish(Everyone, wire.Resync{}) }

// Publish hands the frame to NATS and returns at once. An event that can't be
// sent is lost here and found missing by its receivers: a gateway resyncs its
// clients after a lost link, and numbers without holes show the rest.
// A nil frame sends instructions alone.
func (p *Publisher) Publish(to Topic, frame wire.Frame, options ...Option) {
	m := &nats.Msg{Subject: p.prefix + string(to)}
	firsthand.Mark(m, p.service)
	if frame != nil {
		m.Data = wire.Encode(frame)
	}
	for _, option := range options {
		option(m.Header)
	}
	if p.count.Add(1)%timedEvery == 0 {
		m.Header.Set(headerAt, strconv.FormatInt(time.Now().UnixMicro(), 10))
	}
	if err := p.nc.PublishMsg(m); err != nil {
		p.log.Warn("event not sent", "error", fmt.Errorf("publish: %w", err))
	}
}
