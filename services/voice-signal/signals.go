package voicesignal

import (
	"context"
	"regexp"
	"strings"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// longestTarget bounds the name of a target, in bytes: nobody has a longer one.
const longestTarget = 512

// peers finds the caller and the target of a signal, who must be in the same room
// or accepted call.
func (s *Service) peers(ctx context.Context, caller rpc.Caller, to wire.Signal) (mine, theirs *place, err error) {
	if to.Target == "" {
		return nil, nil, fault.New(fault.Invalid, "The field target is missing.")
	}
	if mine, err = s.mine(ctx, caller); err != nil {
		return nil, nil, err
	}
	if len(to.Target) > longestTarget {
		return nil, nil, fault.New(fault.NotFound, "There is no %.64s in your voice channel or call.", to.Target)
	}
	if theirs, err = read[place](ctx, s.book, placeKey(to.Target)); err != nil {
		return nil, nil, err
	}
	if to.Target == caller.User || !mine.with(theirs) {
		return nil, nil, fault.New(fault.NotFound, "There is no %.64s in your voice channel or call.", to.Target)
	}
	if mine.CallID != "" {
		c, err := read[call](ctx, s.book, callKey(mine.CallID))
		if err != nil {
			return nil, nil, err
		}
		if !c.lives() || c.State != wire.CallAccepted {
			return nil, nil, fault.New(fault.NotFound, "There is no %.64s in your voice channel or call.", to.Target)
		}
	}
	if to.VoiceSession != "" && to.VoiceSession != mine.VoiceSession || to.ToSession != "" && to.ToSession != theirs.VoiceSession {
		return nil, nil, fault.New(fault.Conflict, "This is for a connection of before.")
	}
	return mine, theirs, nil
}

// pass gives a frame to the connection of the one it is for.
func (s *Service) pass(to *place, frame wire.Frame) {
	s.events.Publish(event.User(to.User), frame, event.Only(to.Connection))
}

func signalled(p *place) wire.Signalled {
	return wire.Signalled{From: p.User, VoiceSession: p.VoiceSession, CallID: p.CallID}
}

func (s *Service) offer(ctx context.Context, caller rpc.Caller, r wire.SendOffer) (contract.Nothing, error) {
	mine, theirs, err := s.peers(ctx, caller, r.Signal)
	if err != nil {
		return contract.Nothing{}, err
	}
	offer := wire.WebRTCOffer{Signalled: signalled(mine), Offer: mine.discreet(r.Offer), OfferID: r.OfferID}
	if mine.CallID == "" {
		offer.Context = &mine.VoicePlace
	}
	s.pass(theirs, offer)
	return contract.Nothing{}, nil
}

func (s *Service) answer(ctx context.Context, caller rpc.Caller, r wire.SendAnswer) (contract.Nothing, error) {
	mine, theirs, err := s.peers(ctx, caller, r.Signal)
	if err == nil {
		s.pass(theirs, wire.WebRTCAnswer{Signalled: signalled(mine), Answer: mine.discreet(r.Answer), OfferID: r.OfferID})
	}
	return contract.Nothing{}, err
}

func (s *Service) candidate(ctx context.Context, caller rpc.Caller, r wire.SendCandidate) (contract.Nothing, error) {
	mine, theirs, err := s.peers(ctx, caller, r.Signal)
	if err != nil {
		return contract.Nothing{}, err
	}
	if mine.RelayOnly && r.Candidate != nil {
		if !relayed(r.Candidate.Candidate) {
			return contract.Nothing{}, nil
		}
		r.Candidate.Candidate = withoutBase(r.Candidate.Candidate)
	}
	s.pass(theirs, wire.WebRTCICECandidate{Signalled: signalled(mine), Candidate: r.Candidate})
	return contract.Nothing{}, nil
}

// discreet leaves out of a description the candidates and the defaults that would
// tell an address that is not to be told.
func (p *place) discreet(d wire.SessionDescription) wire.SessionDescription {
	if !p.RelayOnly {
		return d
	}
	lines := strings.SplitAfter(d.SDP, "\n")
	kept := lines[:0]
	for _, line := range lines {
		if !strings.HasPrefix(line, "a=candidate:") || relayed(line) {
			kept = append(kept, line)
		}
	}
	d.SDP = byDefault.ReplaceAllString(withoutBase(strings.Join(kept, "")), "${1}IN IP4 0.0.0.0")
	return d
}

// byDefault is where a description has media go without candidates (RFC 8839, 4.2.1.2).
var byDefault = regexp.MustCompile(`(?m)^(c=|a=rtcp:\d+ )IN IP[46] \S+`)

// base is the address at which the relay sees a client (RFC 8839, 5.1).
var base = regexp.MustCompile(` raddr \S+ rport \d+`)

// withoutBase leaves out of candidates of the relay's whose they are.
func withoutBase(candidates string) string {
	return base.ReplaceAllString(candidates, " raddr 0.0.0.0 rport 9")
}

// relayed reports whether a candidate (RFC 8839, 5.1) is one of the relay's, or the
// end of candidates.
func relayed(candidate string) bool {
	return candidate == "" || strings.Contains(candidate, " typ relay")
}
