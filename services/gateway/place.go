package gateway

import (
	"context"
	"sync"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// placeTimeout is how long an answer waits for its place.
const placeTimeout = 2 * time.Second

// place is where among the events of a connection an answer belongs: where the
// event would be that says the same. Without that, what happened since could
// overtake the answer, and be undone by it.
type place struct {
	hold func() // keeps back what comes from here on

	mu    sync.Mutex
	found chan struct{} // nil: no answer waits
	event []byte        // what would have come there
}

// expect says that an answer waits; found is closed at its place.
func (p *place) expect() (found <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found, p.event = make(chan struct{}), nil
	return p.found
}

// take is the fan-out's: it reports whether an answer waits for this event's place,
// and keeps back what follows.
func (p *place) take(event []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil || p.event != nil {
		return false
	}
	p.event = event
	p.hold()
	close(p.found)
	return true
}

// done ends the waiting, and returns the event whose place was found.
func (p *place) done() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	event := p.event
	p.found, p.event = nil, nil
	return event
}

// handlePlaced is handle for a request whose answer has a place among the events.
func (s *socket) handlePlaced(ctx context.Context, r request, route contract.Route) {
	found := s.place.expect()
	body, err := rpc.Raw(ctx, s.service.nc, route.Endpoint, s.caller(), r.data)
	if err != nil {
		// It may have happened all the same: then the event tells it.
		if event := s.place.done(); event != nil {
			s.judge(s.out.release(event))
		}
		s.refuse(r.RequestID, err)
		return
	}
	select {
	case <-found:
	case <-s.over:
	case <-time.After(placeTimeout):
	}
	if s.place.done() != nil {
		s.judge(s.out.release(textFrame(wire.Compose(route.Answer, r.RequestID, body))))
		return
	}
	s.answer(route.Answer, r.RequestID, body)
	s.send(textFrame(wire.Encode(wire.Resync{})))
}
