package gateway

import (
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"decentra.local/pkg/bus/bustest"
	"decentra.local/pkg/event"
	"decentra.local/pkg/wire"
)

func TestWhatMayWaitLeavesInItsPlace(t *testing.T) {
	h, publish := hubAlone(t)
	far := h.somebody(t, "s")
	h.running.Go(func() { h.fanOut(t.Context()) })
	say := func(name string, options ...event.Option) string { return publish("s", name, options...) }
	began := time.Now()
	together := say("may wait", event.Patient()) + say("may not")
	readAll(t, far, together)
	if took := time.Since(began); took >= patience {
		t.Errorf("what may not wait came after %s", took)
	}
	readAll(t, far, say("alone", event.Patient()))
}

func TestWhatMayWaitLeavesThoughItCameWithOthers(t *testing.T) {
	h, publish := hubAlone(t)
	one, other := h.somebody(t, "s"), h.somebody(t, "t")
	h.running.Go(func() { h.fanOut(t.Context()) })
	readAll(t, one, publish("s", "so that it runs"))
	h.mu.Lock() // until both are there
	first, second := publish("s", "may not"), publish("t", "may wait", event.Patient())
	for len(h.events) != 1 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(10 * time.Millisecond)
	h.mu.Unlock()
	readAll(t, one, first)
	readAll(t, other, second)
}

func TestWhatMayWaitIsNotTooMuch(t *testing.T) {
	h, publish := hubAlone(t)
	far := h.somebody(t, "s")
	h.running.Go(func() { h.fanOut(t.Context()) })
	var all strings.Builder
	for all.Len() < 2*outboxBytes { // more than may wait for a connection
		all.WriteString(publish("s", strings.Repeat("x", 1000), event.Patient()))
	}
	readAll(t, far, all.String())
}

// hubAlone is one whose fan-out is not started, and publishes to its servers what
// comes as the frame that is returned.
func hubAlone(t *testing.T) (*hub, func(server, name string, options ...event.Option) string) {
	t.Helper()
	nc := bustest.Start(t)("chat")
	h, err := newHub(nc, slog.New(slog.DiscardHandler), newMetrics(prometheus.NewRegistry()))
	if err != nil {
		t.Fatal(err)
	}
	publisher := event.NewPublisher(nc, "chat", slog.New(slog.DiscardHandler))
	return h, func(server, name string, options ...event.Option) string {
		frame := wire.ServerRenamed{Name: name}
		publisher.Publish(event.Server(server), frame, options...)
		return string(textFrame(wire.Encode(frame)))
	}
}

// somebody is the far end of a connection of a member of a server.
func (h *hub) somebody(t *testing.T, server string) net.Conn {
	t.Helper()
	s := &socket{id: server}
	o, far := pipe(t)
	s.out.open(o.conn, o.all, o.fail)
	h.add(s)
	h.join(s, event.Server(server))
	return far
}

func TestARestEndsWhenAllThatWasOnItsWayHasCome(t *testing.T) {
	h := &hub{settled: make(chan struct{}, 1)}
	ends := func() bool {
		select {
		case <-h.settled:
			return true
		default:
			return false
		}
	}
	first, second := h.expect(), h.expect()
	h.resting.Store(true)
	if first(); ends() {
		t.Error("it ended while a message was on its way")
	}
	if second(); !ends() {
		t.Error("it went on when the last had come")
	}
	h.resting.Store(false)
	if h.expect()(); ends() {
		t.Error("the fan-out was woken though it did not rest")
	}
}
