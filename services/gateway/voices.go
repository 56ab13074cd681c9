package gateway

import (
	"strings"
	"sync"
	"time"

	"decentra.local/pkg/rpc"
)

// brokenGrace is how long a connection that broke, and did not say goodbye, stays
// in its room or call: its client may come back.
const brokenGrace = 5 * time.Second

// voices are the connections that have asked something of voice-signal. They are
// made known as long as they live, so that it knows whom to take out of their room.
type voices struct {
	changed chan struct{}

	mu  sync.Mutex
	all map[string]*voice // by connection
}

type voice struct {
	until time.Time // zero while it lives
	shown bool      // its life was made known, and so its end will be
}

func newVoices() *voices {
	return &voices{changed: make(chan struct{}, 1), all: map[string]*voice{}}
}

func (v *voices) enter(connection string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all[connection] == nil {
		v.all[connection] = &voice{}
		v.wake()
	}
}

// leave ends a connection, at once or after a while.
func (v *voices) leave(connection string, atOnce bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	of := v.all[connection]
	if of == nil {
		return
	}
	of.until = time.Now()
	if !atOnce {
		of.until = of.until.Add(brokenGrace)
	}
	v.wake()
}

// living lists those that are not over.
func (v *voices) living() map[string]bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	living := map[string]bool{}
	for connection, of := range v.all {
		over := !of.until.IsZero() && !now.Before(of.until)
		switch {
		case over && of.shown:
			delete(v.all, connection)
			continue
		case over:
			v.wake()
		}
		living[connection], of.shown = true, true
	}
	return living
}

func (v *voices) wake() {
	select {
	case v.changed <- struct{}{}:
	default: // it will look anyway
	}
}

// serviceOf names the service that serves an endpoint.
func serviceOf(e rpc.Endpoint) string {
	service, _, _ := strings.Cut(e.Subject(), ".")
	return service
}
