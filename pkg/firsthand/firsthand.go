// Package firsthand owns the mark of what a service says itself. JetStream hands what
// it stores to any subject that a reader of a stream names, whatever NATS lets that
// reader say there. Such a message has a subject for acknowledgements, or the name of
// its stream, or no headers at all: never the mark alone. What must be fast, and so has
// no headers, names the service where answers would go, of which there are none: what
// JetStream hands on has a subject of JetStream's there, or nothing.
package firsthand

import "github.com/nats-io/nats.go"

const (
	mark   = "From"
	stream = "Nats-Stream"
)

// Mark marks a message as one that the service says.
func Mark(m *nats.Msg, service string) {
	if m.Header == nil {
		m.Header = nats.Header{}
	}
	m.Header[mark] = []string{service}
}

// Send says something without headers.
func Send(nc *nats.Conn, service, subject string, data []byte) error {
	return nc.PublishRequest(subject, service, data)
}

// SentBy is By for what was said with Send.
func SentBy(m *nats.Msg, service string) bool { return m.Reply == service }

// By reports whether a service said the message itself, which NATS lets nobody else
// do on its subjects.
func By(m *nats.Msg, service string) bool {
	return m.Reply == "" && m.Header.Get(mark) == service && m.Header.Get(stream) == ""
}
