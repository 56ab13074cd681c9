package auth

import (
	"log/slog"
	"testing"
	"time"

	"decentra.local/pkg/bus/bustest"
	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
)

// TestTheSessionThatMakesRoomCloses: of one too many the one unused for the longest
// ends, and the gateways hear of it.
func TestTheSessionThatMakesRoomCloses(t *testing.T) {
	now := time.Now()
	s := serviceAt(t, &now)
	connect := bustest.Start(t)
	s.events = event.NewPublisher(connect(contract.Auth), contract.Auth, slog.New(slog.DiscardHandler))
	gateway := connect(contract.Gateway)
	events, err := gateway.SubscribeSync(event.User("ann").Subject())
	if err != nil {
		t.Fatal(err)
	}
	if err := gateway.Flush(); err != nil {
		t.Fatal(err)
	}

	oldest := started(t, s)
	for range sessionsPerUser {
		now = now.Add(time.Second)
		started(t, s)
	}
	m, err := events.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := event.Decode(m); !ok || e.End != oldest.ID || e.Frame != nil {
		t.Errorf("heard %+v, want the end of %s alone", e, oldest.ID)
	}
	if n, _, err := events.Pending(); n != 0 || err != nil {
		t.Errorf("%d more events wait, %v", n, err)
	}
}
