// Package firsthand owns the mark of what a service says itself. JetStream hands what
// it stores to any subject that a reader of a stream names, whatever NATS lets that
// reader say there. Such a message has a subject for acknowledgements, or the name of
// its stream, or no headers at all: never the mark alone.
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

// By reports whether a service said the message itself, which NATS lets nobody else
// do on its subjects.
func By(m *nats.Msg, service string) bool {
	return m.Reply == "" && m.Header.Get(mark) == service && m.Header.Get(stream) == ""
}
