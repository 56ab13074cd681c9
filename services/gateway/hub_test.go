package gateway

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"decentra.local/pkg/bus/bustest"
	"decentra.local/pkg/event"
	"decentra.local/pkg/wire"
)

func TestWhatMayWaitLeavesInItsPlace(t *testing.T) {
	nc := bustest.Start(t)("chat")
	h, err := newHub(nc, slog.New(slog.DiscardHandler), newMetrics(prometheus.NewRegistry()))
	if err != nil {
		t.Fatal(err)
	}
	h.running.Go(func() { h.fanOut(t.Context()) })
	s := &socket{id: "one"}
	o, far := pipe(t)
	s.out.open(o.conn, o.all, o.fail)
	h.add(s)
	h.join(s, event.Server("s"))

	publisher := event.NewPublisher(nc, "chat", slog.New(slog.DiscardHandler))
	say := func(name string, options ...event.Option) string {
		frame := wire.ServerRenamed{Name: name}
		publisher.Publish(event.Server("s"), frame, options...)
		return string(textFrame(wire.Encode(frame)))
	}
	began := time.Now()
	together := say("may wait", event.Patient()) + say("may not")
	readAll(t, far, together)
	if took := time.Since(began); took >= patience {
		t.Errorf("what may not wait came after %s", took)
	}
	readAll(t, far, say("alone", event.Patient()))
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
