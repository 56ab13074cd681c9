package voicesignal

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/wire"
)

const (
	// sweepPeriod is how often it is looked what has ended by itself.
	sweepPeriod = time.Second
	// verifyPeriod is how often rights are asked for although nobody said that any
	// have ended.
	verifyPeriod = 20 * time.Second
	// grace is how long a place waits for the sign of life of its connection, and a
	// call for those who are in it.
	grace = 15 * time.Second
	// remembered is how long a record that has ended is kept.
	remembered = 30 * time.Second
)

// absences are the connections that are not known to live any more, but may be
// again: when the bucket of connections was lost with NATS, gateways write it anew.
type absences struct {
	mu sync.Mutex
	of map[string]absence
}

// absence is since when a connection is not known, and until when it is waited for.
type absence struct{ since, until time.Time }

func (a *absences) note(connection string, patience time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil {
		a.of = map[string]absence{}
	}
	now := time.Now()
	a.of[connection] = absence{now, now.Add(patience)}
}

func (a *absences) end(connection string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.of, connection)
}

// over reports whether a connection is gone for good. One that was heard of since
// then is not: it was taken for gone too early, as when NATS's clock leaps.
func (a *absences) over(connection string, heard time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	absent, ok := a.of[connection]
	return ok && !absent.until.After(time.Now()) && !heard.After(absent.since)
}

// waitsFor reports whether a connection was here, and may come back.
func (a *absences) waitsFor(connection string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of[connection].until.After(time.Now())
}

// prune forgets the connections that nobody's place is about.
func (a *absences) prune() {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.of, func(_ string, absent absence) bool { return time.Since(absent.since) > 4*grace })
}

// connectionsChanged hears of connections that come and go. One whose entry was
// taken away or ran out is over: the gateway has waited for it long enough.
func (s *Service) connectionsChanged(connections []string, online bool, revision uint64) {
	for _, connection := range connections {
		switch {
		case online:
			s.absent.end(connection)
		case revision == 0:
			s.absent.note(connection, grace)
		default:
			s.absent.note(connection, 0)
		}
	}
	if online || revision == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.sweepPlaces(ctx)
}

// sweep ends what has ended by itself, until ctx ends.
func (s *Service) sweep(ctx context.Context, verify <-chan struct{}) {
	tick := time.NewTicker(sweepPeriod)
	defer tick.Stop()
	verified := time.Time{} // rights may have ended while nobody was here to be told
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-verify:
			asked = true
		case <-tick.C:
		}
		step, cancel := context.WithTimeout(ctx, patience)
		if asked || time.Since(verified) > verifyPeriod {
			if err := s.verify(step); err != nil {
				s.log.Debug("rights are not known for now", "error", err)
			} else {
				verified = time.Now()
			}
		}
		s.sweepPlaces(step)
		s.sweepCalls(step)
		s.absent.prune()
		cancel()
	}
}

// sweepPlaces ends the places of connections that are over, and forgets those that
// have ended.
func (s *Service) sweepPlaces(ctx context.Context) {
	for _, p := range list[place](s.book, placePrefix) {
		switch {
		case !p.stands():
			if s.book.old(placeKey(p.User), remembered) {
				s.check(forget(ctx, s.book, placeKey(p.User)))
			}
		case s.connections.Online(p.Connection):
		case s.absent.over(p.Connection, s.book.known(placeKey(p.User))), s.book.old(placeKey(p.User), grace) && !s.absent.waitsFor(p.Connection):
			ended, err := s.end(ctx, p.User, wire.VoiceLost, func(now *place) bool { return now.Connection == p.Connection })
			s.check(err)
			if ended != nil && ended.CallID != "" && s.waiting(ended.CallID) != nil {
				s.check(s.endCall(ctx, ended.CallID, wire.VoiceLost))
			}
		}
	}
}

// waiting is somebody in a call whose connection lives, nil: there is nobody.
func (s *Service) waiting(id string) *place {
	for _, p := range list[place](s.book, placePrefix) {
		if p.stands() && p.CallID == id && s.connections.Online(p.Connection) {
			return p
		}
	}
	return nil
}

// sweepCalls ends the calls that nobody answered or that one has left, and forgets
// those that have ended. A call that both were lost from is forgotten as well, so
// that it goes on when they come back.
func (s *Service) sweepCalls(ctx context.Context) {
	in := map[string]int{} // how many are in a call
	for _, p := range list[place](s.book, placePrefix) {
		if p.stands() && p.CallID != "" {
			in[p.CallID]++
		}
	}
	known := map[string]bool{}
	for _, c := range list[call](s.book, callPrefix) {
		known[c.ID] = c.lives()
		switch {
		case c.State == callEnded:
			if s.book.old(callKey(c.ID), remembered) {
				s.check(forget(ctx, s.book, callKey(c.ID)))
			}
		case c.State == wire.CallRinging && s.book.old(callKey(c.ID), ringing):
			s.check(s.endCall(ctx, c.ID, wire.VoiceNoAnswer))
		case c.State == wire.CallRinging && in[c.ID] < 1 && s.book.old(callKey(c.ID), grace):
			s.check(s.endCall(ctx, c.ID, wire.VoiceLost))
		case c.State == wire.CallAccepted && in[c.ID] < 1 && s.book.old(callKey(c.ID), grace):
			s.check(forget(ctx, s.book, callKey(c.ID)))
		case c.State == wire.CallAccepted && in[c.ID] < 2:
			if p := s.waiting(c.ID); p != nil && s.book.old(placeKey(p.User), grace) {
				s.check(s.endCall(ctx, c.ID, wire.VoiceLost))
			}
		}
	}
	for _, p := range list[place](s.book, placePrefix) {
		if p.stands() && p.CallID != "" && !known[p.CallID] && s.book.old(placeKey(p.User), grace) {
			_, err := s.end(ctx, p.User, wire.VoiceLost, func(now *place) bool { return now.CallID == p.CallID })
			s.check(err)
		}
	}
}

// verify ends the places of those who may not be there any more.
func (s *Service) verify(ctx context.Context) error {
	var places []*place
	var of []contract.VoiceStanding
	for _, p := range list[place](s.book, placePrefix) {
		if p.inRoom() {
			places = append(places, p)
			of = append(of, contract.VoiceStanding{Username: p.User, ServerID: p.ServerID, ChannelID: p.ChannelID})
		}
	}
	for i := 0; i < len(of); i += 1000 {
		standings, err := s.standings(ctx, of[i:min(i+1000, len(of))])
		if err != nil {
			return err
		}
		for j, standing := range standings {
			if standing == contract.StandingOK {
				continue
			}
			p := places[i+j]
			if _, err := s.end(ctx, p.User, wire.VoiceRemoved, func(now *place) bool { return now.VoicePlace == p.VoicePlace }); err != nil {
				return err
			}
		}
	}
	for _, c := range list[call](s.book, callPrefix) {
		if !c.lives() {
			continue
		}
		err := s.mayCall(ctx, c.Caller.Username, c.Callee.Username)
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.PermissionDenied) {
			err = s.endCall(ctx, c.ID, wire.VoiceRemoved)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// check notes what will be tried again.
func (s *Service) check(err error) {
	if err != nil {
		s.log.Debug("a record stays for now", "error", err)
	}
}

// measure counts who is in voice.
func (s *Service) measure(r prometheus.Registerer) {
	gauge := func(name, help string, count func() int) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(count()) }))
	}
	standing := func(of func(*place) string) func() int {
		return func() int {
			different := map[string]bool{}
			for _, p := range list[place](s.book, placePrefix) {
				if p.stands() && of(p) != "" {
					different[of(p)] = true
				}
			}
			return len(different)
		}
	}
	gauge("voice_members", "People in voice rooms and calls.", standing(func(p *place) string { return p.User }))
	gauge("voice_rooms", "Voice rooms with somebody inside.", standing(func(p *place) string {
		if !p.inRoom() {
			return ""
		}
		return p.ServerID + "/" + p.ChannelID
	}))
	gauge("voice_calls", "Calls that ring or are accepted.", standing(func(p *place) string { return p.CallID }))
}
