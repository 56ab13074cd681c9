package gateway

import (
	"bytes"
	"context"
	"sync"

	"decentra.local/pkg/event"
	"decentra.local/pkg/wire"
)

// attachBacklog bounds what waits to be looked at again.
const attachBacklog = 4096

// attachment is what connections joined since an event told them to.
type attachment struct {
	topic    event.Topic
	audience *audience
	frame    []byte // what they were told
	sockets  []*socket
}

// attach makes connections part of a topic's audience, as an event says that they
// are now. What was published between that event and the moment the subscription
// stands is not heard here: lookAgain makes good for it.
func (h *hub) attach(sockets []*socket, t event.Topic, frame []byte) {
	for _, s := range sockets {
		h.join(s, t)
	}
	h.mu.RLock()
	to := h.topics[t]
	settled := to == nil || to.settled
	h.mu.RUnlock()
	if settled || len(sockets) == 0 {
		return
	}
	select {
	case h.attached <- attachment{topic: t, audience: to, frame: frame, sockets: sockets}:
	default:
		resyncAll(sockets)
	}
}

// lookAgain asks what those who joined would be told now, when the subscription
// stands; who was told other resyncs.
func (h *hub) lookAgain(ctx context.Context, ask directory) {
	slots := make(chan struct{}, relinkWorkers)
	var workers sync.WaitGroup
	defer workers.Wait()
	for {
		var a attachment
		select {
		case <-ctx.Done():
			return
		case a = <-h.attached:
		}
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			// They are one user's: what says that somebody joined goes to nobody else.
			user := a.sockets[0].me().user
			if user == "" {
				return
			}
			now, err := ask.joined(ctx, user, a.topic)
			if err != nil || now != nil && !bytes.Equal(now, a.frame) {
				resyncAll(a.sockets)
			}
			if err == nil {
				h.mu.Lock()
				a.audience.settled = true
				h.mu.Unlock()
			}
		})
	}
}

func resyncAll(sockets []*socket) {
	for _, s := range sockets {
		s.send(textFrame(wire.Encode(wire.Resync{})))
	}
}
