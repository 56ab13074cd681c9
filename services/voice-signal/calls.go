package voicesignal

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// ringing is how long a call rings.
const ringing = 45 * time.Second

// callEnded is the third state of a call, besides those that clients know; its
// record goes a moment later.
const callEnded = "ended"

// call is between two friends. Where they are in it, their places say.
type call struct {
	ID             string
	Caller, Callee wire.Profile
	State          string
	Reason         string // of its end
	At             int64  // when the state began, in Unix microseconds
	// The caller's connection; the callee's once it is accepted.
	CallerConnection, CalleeConnection string
	CalleeSession                      string
}

func callKey(id string) string { return callPrefix + id }

func drawID() string { return rand.Text()[:16] }

// isID reports whether a text may be an id that was drawn.
func isID(text string) bool {
	return len(text) == 16 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// parties are the caller and the callee.
func (c *call) parties() []string { return []string{c.Caller.Username, c.Callee.Username} }

func (c *call) from(p wire.Profile) wire.CallFrom {
	return wire.CallFrom{From: p.Username, CallID: c.ID, Profile: p}
}

// lives reports whether it rings or is accepted.
func (c *call) lives() bool { return c != nil && c.State != callEnded }

// between lists the calls of two, the latest first.
func (s *Service) between(a, b string) []*call {
	all := slices.DeleteFunc(list[call](s.book, callPrefix), func(c *call) bool {
		return !c.lives() || !slices.Contains(c.parties(), a) || !slices.Contains(c.parties(), b)
	})
	slices.SortFunc(all, func(x, y *call) int { return cmp.Compare(y.At, x.At) })
	return all
}

// callsOf lists the calls of a user as `init` has them.
func (s *Service) callsOf(user string) []wire.Call {
	calls := []wire.Call{}
	for _, c := range list[call](s.book, callPrefix) {
		if !c.lives() || !slices.Contains(c.parties(), user) {
			continue
		}
		shown := wire.Call{CallID: c.ID, Profile: c.Callee, State: c.State}
		if c.Callee.Username == user {
			shown.Profile, shown.Incoming = c.Caller, true
		}
		calls = append(calls, shown)
	}
	slices.SortFunc(calls, func(a, b wire.Call) int { return strings.Compare(a.CallID, b.CallID) })
	return calls
}

// pair finds the caller and another by the name that a frame has, if the first may
// call the second.
func (s *Service) pair(ctx context.Context, caller rpc.Caller, named string) (me, other wire.Profile, err error) {
	named = strings.TrimSpace(named)
	if named == "" {
		return me, other, fault.New(fault.Invalid, "The field username is missing.")
	}
	found, err := s.profiles(ctx, caller.User, named)
	if err != nil {
		return me, other, err
	}
	if len(found) == 1 && strings.EqualFold(found[0].Username, named) {
		return me, other, fault.New(fault.Invalid, "That is you.")
	}
	if len(found) < 2 {
		return me, other, fault.New(fault.NotFound, "There is no user %.64s.", named)
	}
	me, other = found[0], found[1]
	if me.Username == other.Username {
		return me, other, fault.New(fault.Invalid, "That is you.")
	}
	return me, other, s.mayCall(ctx, me.Username, other.Username)
}

func (s *Service) mayCall(ctx context.Context, caller, callee string) error {
	_, err := rpc.Call(ctx, s.nc, contract.MayCall, rpc.Caller{}, contract.CallPair{Caller: caller, Callee: callee})
	return err
}

// startCall rings a friend.
func (s *Service) startCall(ctx context.Context, caller rpc.Caller, r wire.StartVoiceCall) (wire.CallEntered, error) {
	me, other, err := s.pair(ctx, caller, r.Username)
	if err != nil {
		return wire.CallEntered{}, err
	}
	if busy, err := s.busy(ctx, other.Username, me.Username); err != nil {
		return wire.CallEntered{}, err
	} else if busy {
		return wire.CallEntered{}, fault.New(fault.Conflict, "Busy: %s is in another call.", other.Username)
	}
	turn, err := s.turn(ctx, caller, r.RelayOnly.RelayOnly)
	if err != nil {
		return wire.CallEntered{}, err
	}
	if err := s.book.current(ctx); err != nil {
		return wire.CallEntered{}, err
	}
	for _, c := range s.between(me.Username, other.Username) {
		reason := wire.VoiceHungUp
		if c.State == wire.CallRinging {
			reason = wire.VoiceCancelled
		}
		if err := s.endCall(ctx, c.ID, reason); err != nil {
			return wire.CallEntered{}, err
		}
	}
	id := drawID()
	entered, err := s.enter(ctx, caller, place{CallID: id, VoiceSession: r.VoiceSession, Profile: me, RelayOnly: r.RelayOnly.RelayOnly})
	if err != nil {
		return wire.CallEntered{}, err
	}
	_, _, err = change(ctx, s.book, callKey(id), func(*call) (*call, error) {
		return &call{ID: id, Caller: me, Callee: other, State: wire.CallRinging, At: s.now().UnixMicro(), CallerConnection: caller.Connection}, nil
	})
	return wire.CallEntered{CallID: id, VoiceSession: entered.VoiceSession, TURN: turn}, err
}

// busy reports whether somebody is in a call with a third. Only a client that says
// when a call is over can be.
func (s *Service) busy(ctx context.Context, user, with string) (bool, error) {
	p, err := read[place](ctx, s.book, placeKey(user))
	if err != nil || !p.stands() || p.CallID == "" || !p.Resumes {
		return false, err
	}
	c, err := read[call](ctx, s.book, callKey(p.CallID))
	return err == nil && c.lives() && c.State == wire.CallAccepted && !slices.Contains(c.parties(), with), err
}

// rung finds the call that rings at the caller's.
func (s *Service) rung(caller rpc.Caller, from, id string) (*call, error) {
	for _, c := range s.between(caller.User, strings.TrimSpace(from)) {
		if c.State == wire.CallRinging && c.Callee.Username == caller.User && (id == "" || c.ID == id) {
			return c, nil
		}
	}
	return nil, errNoCall
}

var errNoCall = fault.New(fault.NotFound, "This call is over.")

// acceptCall enters a call that rings.
func (s *Service) acceptCall(ctx context.Context, caller rpc.Caller, r wire.AcceptVoiceCall) (wire.CallEntered, error) {
	if err := s.book.current(ctx); err != nil {
		return wire.CallEntered{}, err
	}
	rung, err := s.rung(caller, r.From, r.CallID)
	if err != nil {
		return wire.CallEntered{}, err
	}
	if err := s.mayCall(ctx, rung.Caller.Username, rung.Callee.Username); err != nil {
		return wire.CallEntered{}, err
	}
	turn, err := s.turn(ctx, caller, r.RelayOnly.RelayOnly)
	if err != nil {
		return wire.CallEntered{}, err
	}
	entered, err := s.enter(ctx, caller, place{CallID: rung.ID, VoiceSession: r.VoiceSession, Profile: rung.Callee, RelayOnly: r.RelayOnly.RelayOnly})
	if err != nil {
		return wire.CallEntered{}, err
	}
	_, _, err = change(ctx, s.book, callKey(rung.ID), func(before *call) (*call, error) {
		if !before.lives() || before.State != wire.CallRinging {
			return nil, errNoCall
		}
		after := *before
		after.State, after.At = wire.CallAccepted, s.now().UnixMicro()
		after.CalleeConnection, after.CalleeSession = caller.Connection, entered.VoiceSession
		return &after, nil
	})
	if err != nil {
		if _, undo := s.end(ctx, caller.User, wire.VoiceLeft, func(p *place) bool { return p.CallID == rung.ID }); undo != nil {
			s.log.Debug("a place in a call that is over stays for a while", "error", undo)
		}
		return wire.CallEntered{}, err
	}
	return wire.CallEntered{CallID: rung.ID, VoiceSession: entered.VoiceSession, TURN: turn}, nil
}

// rejectCall refuses a call that rings.
func (s *Service) rejectCall(ctx context.Context, caller rpc.Caller, r wire.RejectVoiceCall) (contract.Nothing, error) {
	if err := s.book.current(ctx); err != nil {
		return contract.Nothing{}, err
	}
	rung, err := s.rung(caller, r.From, r.CallID)
	if err != nil {
		return contract.Nothing{}, err
	}
	return contract.Nothing{}, s.endCall(ctx, rung.ID, wire.VoiceRejected)
}

// resumeCall puts a new connection in the place of one that broke. When all that
// knew of the call is gone, it goes on as soon as both have come back.
func (s *Service) resumeCall(ctx context.Context, caller rpc.Caller, r wire.ResumeVoiceCall) (wire.CallEntered, error) {
	if r.VoiceSession == "" {
		return wire.CallEntered{}, fault.New(fault.Invalid, "The field voice_session is missing.")
	}
	if !isID(r.CallID) {
		return wire.CallEntered{}, fault.New(fault.Invalid, "The field call_id has no id of a call.")
	}
	me, other, err := s.pair(ctx, caller, r.Username)
	if err != nil {
		return wire.CallEntered{}, err
	}
	turn, err := s.turn(ctx, caller, r.RelayOnly.RelayOnly)
	if err != nil {
		return wire.CallEntered{}, err
	}
	_, known, err := change(ctx, s.book, callKey(r.CallID), func(before *call) (*call, error) {
		if before != nil {
			return nil, nil
		}
		c := call{ID: r.CallID, Caller: me, Callee: other, State: wire.CallAccepted, At: s.now().UnixMicro()}
		if r.Incoming {
			c.Caller, c.Callee = other, me
		}
		return &c, nil
	})
	if err != nil {
		return wire.CallEntered{}, err
	}
	if !known.lives() || known.State != wire.CallAccepted || !slices.Contains(known.parties(), me.Username) || !slices.Contains(known.parties(), other.Username) {
		return wire.CallEntered{}, errNoCall
	}
	entered, err := s.enter(ctx, caller, place{CallID: r.CallID, VoiceSession: r.VoiceSession, Profile: me, RelayOnly: r.RelayOnly.RelayOnly})
	if err != nil {
		return wire.CallEntered{}, err
	}
	return wire.CallEntered{CallID: r.CallID, VoiceSession: entered.VoiceSession, TURN: turn}, nil
}

// leaveCall ends the call of a place that somebody has left, if it was one.
func (s *Service) leaveCall(ctx context.Context, p *place) {
	if p.CallID == "" {
		return
	}
	if err := s.endCall(ctx, p.CallID, wire.VoiceHungUp); err != nil {
		s.log.Debug("a call that was left stays for a while", "error", err)
	}
}

// endCall ends a call and the places in it. To hang up a call that still rings is
// to cancel it. One that nobody answered leaves a line in the DM.
func (s *Service) endCall(ctx context.Context, id, reason string) error {
	var ended *call
	_, _, err := change(ctx, s.book, callKey(id), func(before *call) (*call, error) {
		ended = nil
		if !before.lives() {
			return nil, nil
		}
		after := *before
		after.State, after.Reason, after.At = callEnded, reason, s.now().UnixMicro()
		if before.State == wire.CallRinging && (reason == wire.VoiceHungUp || reason == wire.VoiceLost) {
			after.Reason = wire.VoiceCancelled
		}
		ended = before
		return &after, nil
	})
	if err != nil || ended == nil {
		return err
	}
	for _, user := range ended.parties() {
		if _, err := s.end(ctx, user, wire.VoiceHungUp, func(p *place) bool { return p.CallID == id }); err != nil {
			return err
		}
	}
	if ended.State == wire.CallRinging && reason != wire.VoiceRejected && reason != wire.VoiceRemoved {
		missed := contract.MissedCall{CallPair: contract.CallPair{Caller: ended.Caller.Username, Callee: ended.Callee.Username}, CallID: id}
		if _, err := rpc.Call(ctx, s.nc, contract.NoteMissedCall, rpc.Caller{}, missed); err != nil {
			s.log.Warn("a missed call was not noted", "error", err)
		}
	}
	return nil
}
