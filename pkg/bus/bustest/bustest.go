// Package bustest has a NATS server, with JetStream, inside a test.
package bustest

import (
	"log/slog"
	"testing"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/bus"
)

// Start starts the server, until the test ends, and returns what makes connections to
// it, by the name of a service.
func Start(t testing.TB) (connect func(service string) *nats.Conn) {
	t.Helper()
	b, err := bus.Open(bus.Config{Store: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return func(service string) *nats.Conn {
		t.Helper()
		nc, err := b.Connect(service)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
}
