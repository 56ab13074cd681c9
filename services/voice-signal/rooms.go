package voicesignal

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/nats-io/nats.go"

	"decentra.local/pkg/contract"
	"decentra.local/pkg/event"
	"decentra.local/pkg/fault"
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// join enters a voice room.
func (s *Service) join(ctx context.Context, caller rpc.Caller, r wire.JoinVoiceChannel) (wire.VoiceJoined, error) {
	room := wire.VoicePlace{ServerID: r.ServerID, ChannelID: r.ChannelID}
	of := contract.VoiceStanding{Username: caller.User, ServerID: r.ServerID, ChannelID: r.ChannelID}
	standings, err := s.standings(ctx, []contract.VoiceStanding{of})
	if err != nil {
		return wire.VoiceJoined{}, err
	}
	switch standings[0] {
	case contract.StandingOK:
	case string(fault.Invalid):
		return wire.VoiceJoined{}, fault.New(fault.Invalid, "This is no voice channel.")
	default:
		return wire.VoiceJoined{}, fault.New(fault.NotFound, "There is no such channel.")
	}
	me, err := s.profiles(ctx, caller.User)
	if err != nil {
		return wire.VoiceJoined{}, err
	}
	if len(me) == 0 {
		return wire.VoiceJoined{}, fault.New(fault.NotFound, "This account is gone.")
	}
	turn, err := s.turn(ctx, caller, r.RelayOnly.RelayOnly)
	if err != nil {
		return wire.VoiceJoined{}, err
	}
	entered, err := s.enter(ctx, caller, place{
		VoicePlace: room, VoiceSession: r.VoiceSession, Profile: me[0],
		Muted: r.Muted, Deafened: r.Deafened, RelayOnly: r.RelayOnly.RelayOnly,
	})
	if err != nil {
		return wire.VoiceJoined{}, err
	}
	return wire.VoiceJoined{
		VoiceRoom:    wire.VoiceRoom{ServerID: r.ServerID, ChannelID: r.ChannelID, VoiceMembers: members(s.inside(room))},
		VoiceSession: entered.VoiceSession, TURN: turn,
	}, nil
}

// standings asks chat who may be in a room.
func (s *Service) standings(ctx context.Context, of []contract.VoiceStanding) ([]string, error) {
	answer, err := rpc.Call(ctx, s.nc, contract.VoiceStandings, rpc.Caller{}, contract.VoiceStandingsRequest{Standings: of})
	if err == nil && len(answer.Standings) != len(of) {
		err = fault.New(fault.Internal, "Something went wrong on the server.")
	}
	return answer.Standings, err
}

// rooms lists the rooms of servers with somebody inside.
func (s *Service) rooms(servers []string) []wire.VoiceRoom {
	inside := map[wire.VoicePlace][]*place{}
	for _, p := range list[place](s.book, placePrefix) {
		if p.inRoom() && slices.Contains(servers, p.ServerID) {
			inside[p.VoicePlace] = append(inside[p.VoicePlace], p)
		}
	}
	rooms := make([]wire.VoiceRoom, 0, len(inside))
	for room, places := range inside {
		rooms = append(rooms, wire.VoiceRoom{ServerID: room.ServerID, ChannelID: room.ChannelID, VoiceMembers: members(places)})
	}
	slices.SortFunc(rooms, func(a, b wire.VoiceRoom) int {
		return cmp.Or(cmp.Compare(a.ServerID, b.ServerID), cmp.Compare(a.ChannelID, b.ChannelID))
	})
	return rooms
}

// snapshot is voice-signal's part of `init`.
func (s *Service) snapshot(ctx context.Context, caller rpc.Caller, r contract.VoiceSnapshotRequest) (contract.VoiceState, error) {
	if err := s.book.current(ctx); err != nil {
		return contract.VoiceState{}, err
	}
	state := contract.VoiceState{Rooms: s.rooms(r.ServerIDs), Calls: s.callsOf(caller.User)}
	names := map[string]*wire.Profile{}
	var list []string
	for _, room := range state.Rooms {
		for i := range room.VoiceMembers {
			p := &room.VoiceMembers[i].Profile
			names[p.Username] = p // nobody is in two places
			list = append(list, p.Username)
		}
	}
	if len(list) > 0 {
		profiles, err := s.profiles(ctx, list...)
		if err != nil {
			return contract.VoiceState{}, err
		}
		for _, p := range profiles {
			if known := names[p.Username]; known != nil {
				*known = p
			}
		}
	}
	return state, nil
}

// membershipTold hears of new members, who are told what goes on in the rooms, and
// of rights that may have ended.
func (s *Service) membershipTold(verify chan<- struct{}) nats.MsgHandler {
	return func(m *nats.Msg) {
		var told contract.Membership
		if err := json.Unmarshal(m.Data, &told); err != nil {
			return
		}
		if told.Joined == "" {
			wake(verify)
			return
		}
		if rooms := s.rooms([]string{told.ServerID}); len(rooms) > 0 {
			s.events.Publish(event.User(told.Joined), wire.VoiceRooms{ServerID: told.ServerID, Voice: rooms})
		}
	}
}
