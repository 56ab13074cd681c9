package voicesignal

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"unicode/utf8"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// sessionLength bounds what a client draws as its voice session, in characters.
const sessionLength = 64

// place is where a user is: in a room, or in the call with that id.
type place struct {
	User         string
	Connection   string
	VoiceSession string
	wire.VoicePlace
	CallID string

	Muted, Deafened, Video, ScreenSharing bool
	RelayOnly                             bool
	// Resumes: the client knows of voice sessions, and so of all that is new since
	// the first clients.
	Resumes bool
	Profile wire.Profile
	Since   int64 // when it began, in Unix microseconds: the order inside a room
	// Ended is why the user is there no more; the record goes a moment later.
	Ended string
}

func placeKey(user string) string {
	return placePrefix + base64.RawURLEncoding.EncodeToString([]byte(user))
}

// stands reports whether somebody is there.
func (p *place) stands() bool { return p != nil && p.Ended == "" }

// inRoom reports whether somebody is there, and it is a room.
func (p *place) inRoom() bool { return p.stands() && p.CallID == "" }

// with reports whether two are in the same room or call.
func (p *place) with(other *place) bool {
	return p.stands() && other.stands() && p.VoicePlace == other.VoicePlace && p.CallID == other.CallID
}

func (p *place) member() wire.VoiceMember {
	return wire.VoiceMember{
		Profile: p.Profile, Muted: p.Muted, Deafened: p.Deafened,
		Video: p.Video, ScreenSharing: p.ScreenSharing, VoiceSession: p.VoiceSession,
	}
}

func (p *place) subject() wire.VoiceSubject {
	return wire.VoiceSubject{Username: p.User, VoicePlace: p.VoicePlace, CallID: p.CallID}
}

// inside lists those in a room, in no order.
func (s *Service) inside(room wire.VoicePlace) []*place {
	all := list[place](s.book, placePrefix)
	return slices.DeleteFunc(all, func(p *place) bool { return !p.inRoom() || p.VoicePlace != room })
}

// members lists people in the order in which they came.
func members(places []*place) []wire.VoiceMember {
	slices.SortFunc(places, func(a, b *place) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.User, b.User))
	})
	all := make([]wire.VoiceMember, 0, len(places))
	for _, p := range places {
		all = append(all, p.member())
	}
	return all
}

// enter puts the caller somewhere and ends what they were in. The same voice
// session comes back to where it was, unnoticed by others, with another connection.
func (s *Service) enter(ctx context.Context, caller rpc.Caller, to place) (*place, error) {
	if caller.Connection == "" {
		return nil, fault.New(fault.Invalid, "Voice takes a WebSocket.")
	}
	if utf8.RuneCountInString(to.VoiceSession) > sessionLength {
		return nil, fault.New(fault.TooLarge, "A voice session may have at most %d characters.", sessionLength)
	}
	to.User, to.Connection = caller.User, caller.Connection
	to.RelayOnly = to.RelayOnly || s.config.RelayOnly
	to.Since, to.Resumes = s.now().UnixMicro(), to.VoiceSession != ""
	if !to.Resumes {
		to.VoiceSession = drawID()
	}
	before, after, err := change(ctx, s.book, placeKey(caller.User), func(before *place) (*place, error) {
		next := to
		if before.stands() && to.CallID != "" && before.CallID == to.CallID && before.VoiceSession != to.VoiceSession {
			return nil, fault.New(fault.Conflict, "The call was answered on another device.")
		}
		if before.with(&to) && before.VoiceSession == to.VoiceSession {
			next.Since, next.Video, next.ScreenSharing = before.Since, before.Video, before.ScreenSharing
		}
		return &next, nil
	})
	if err != nil {
		return nil, err
	}
	if before.stands() && before.CallID != to.CallID {
		s.leaveCall(ctx, before)
	}
	return after, nil
}

// end ends a user's place, if the condition holds for it.
func (s *Service) end(ctx context.Context, user, reason string, condition func(*place) bool) (ended *place, err error) {
	_, _, err = change(ctx, s.book, placeKey(user), func(before *place) (*place, error) {
		ended = nil
		if !before.stands() || !condition(before) {
			return nil, nil
		}
		after := *before
		after.Ended = reason
		ended = before
		return &after, nil
	})
	return ended, err
}

// leave takes the caller out of where their voice session or their connection is.
// Who says goodbye may have come back with a connection that is not known here yet.
func (s *Service) leave(ctx context.Context, caller rpc.Caller, r wire.LeaveVoiceChannel) (contract.Nothing, error) {
	ended, err := s.end(ctx, caller.User, wire.VoiceLeft, func(p *place) bool {
		if r.VoiceSession != "" {
			return p.VoiceSession == r.VoiceSession
		}
		return p.Connection == caller.Connection
	})
	if err == nil && ended != nil {
		s.leaveCall(ctx, ended)
	}
	return contract.Nothing{}, err
}

// alter changes the state of the caller, who is somewhere with this connection.
func (s *Service) alter(ctx context.Context, caller rpc.Caller, set func(*place)) (contract.Nothing, error) {
	_, _, err := change(ctx, s.book, placeKey(caller.User), func(before *place) (*place, error) {
		if !before.stands() || before.Connection != caller.Connection {
			return nil, errNowhere
		}
		after := *before
		set(&after)
		if after == *before {
			return nil, nil
		}
		return &after, nil
	})
	return contract.Nothing{}, err
}

var errNowhere = fault.New(fault.Conflict, "You are in no voice channel or call with this connection.")

func (s *Service) mute(ctx context.Context, caller rpc.Caller, r wire.VoiceMute) (contract.Nothing, error) {
	return s.alter(ctx, caller, func(p *place) { p.Muted = r.Muted })
}

func (s *Service) deafen(ctx context.Context, caller rpc.Caller, r wire.VoiceDeafen) (contract.Nothing, error) {
	return s.alter(ctx, caller, func(p *place) { p.Deafened = r.Deafened })
}

func (s *Service) video(ctx context.Context, caller rpc.Caller, r wire.VoiceVideo) (contract.Nothing, error) {
	return s.alter(ctx, caller, func(p *place) { p.Video = r.Video })
}

func (s *Service) screenShare(ctx context.Context, caller rpc.Caller, r wire.VoiceScreenShare) (contract.Nothing, error) {
	return s.alter(ctx, caller, func(p *place) { p.ScreenSharing = r.ScreenSharing })
}

// speaking tells those in the same place, and nobody remembers.
func (s *Service) speaking(ctx context.Context, caller rpc.Caller, r wire.VoiceSpeaking) (contract.Nothing, error) {
	mine, err := s.mine(ctx, caller)
	if err != nil {
		return contract.Nothing{}, err
	}
	for _, p := range list[place](s.book, placePrefix) {
		if p.with(mine) && p.User != mine.User {
			s.events.Publish(event.User(p.User), wire.VoiceSpeakingUpdate{VoiceSubject: mine.subject(), VoiceSpeaking: r}, event.Only(p.Connection))
		}
	}
	return contract.Nothing{}, nil
}

// mine is where the caller is with this connection.
func (s *Service) mine(ctx context.Context, caller rpc.Caller) (*place, error) {
	p, err := read[place](ctx, s.book, placeKey(caller.User))
	if err == nil && (!p.stands() || p.Connection != caller.Connection) {
		err = errNowhere
	}
	return p, err
}

// profiles asks auth how users look, and for the exact form of their names.
func (s *Service) profiles(ctx context.Context, names ...string) ([]wire.Profile, error) {
	var all []wire.Profile
	for part := range slices.Chunk(names, 1000) {
		answer, err := rpc.Call(ctx, s.nc, contract.Profiles, rpc.Caller{}, contract.ProfilesRequest{Usernames: part})
		if err != nil {
			return nil, fmt.Errorf("find profiles: %w", err)
		}
		all = append(all, answer.Profiles...)
	}
	return all, nil
}
