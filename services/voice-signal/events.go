package voicesignal

import (
	"strconv"

	"decentra.local/pkg/event"
	"decentra.local/pkg/wire"
)

// tell publishes what every replica publishes; connections get the first.
func (s *Service) tell(o *occasion, to event.Topic, frame wire.Frame, options ...event.Option) {
	o.told++
	s.events.Publish(to, frame, append(options, event.Once(o.name+"."+strconv.Itoa(o.told)))...)
}

// placeChanged tells what becomes of where somebody is.
func (s *Service) placeChanged(before, after *place, o *occasion) {
	same := before.with(after) && before.VoiceSession == after.VoiceSession
	if before.stands() && !same {
		s.left(before, after, o)
	}
	switch {
	case !after.stands():
	case same:
		s.altered(before, after, o)
	case after.inRoom():
		s.moved(after, "joined", o)
	}
}

// left tells that somebody is there no more: all members of a room's server, and
// the connection itself if it did not ask for that. One that was lost may live: it
// comes back, then.
func (s *Service) left(before, after *place, o *occasion) {
	if before.inRoom() {
		s.moved(before, "left", o)
	}
	reason := wire.VoiceElsewhere
	if !after.stands() {
		if after == nil || after.Ended != wire.VoiceRemoved && after.Ended != wire.VoiceLost {
			return
		}
		reason = after.Ended
	} else if after.Connection == before.Connection {
		return
	}
	ended := wire.VoiceEnded{VoicePlace: before.VoicePlace, CallID: before.CallID, Reason: reason}
	s.tell(o, event.User(before.User), ended, event.Only(before.Connection))
}

func (s *Service) moved(p *place, state string, o *occasion) {
	s.tell(o, event.Server(p.ServerID), wire.VoiceStateUpdate{
		ServerID: p.ServerID, ChannelID: p.ChannelID, Profile: p.Profile, VoiceSession: p.VoiceSession,
		State: state, VoiceMembers: members(s.inside(p.VoicePlace)),
	})
}

// altered tells what is on now and was off, or the other way round.
func (s *Service) altered(before, after *place, o *occasion) {
	subject := after.subject()
	var frames []wire.Frame
	if before.Muted != after.Muted {
		frames = append(frames, wire.VoiceMuteUpdate{VoiceSubject: subject, VoiceMute: wire.VoiceMute{Muted: after.Muted}})
	}
	if before.Deafened != after.Deafened {
		frames = append(frames, wire.VoiceDeafenUpdate{VoiceSubject: subject, VoiceDeafen: wire.VoiceDeafen{Deafened: after.Deafened}})
	}
	if before.Video != after.Video {
		frames = append(frames, wire.VoiceVideoUpdate{VoiceSubject: subject, VoiceVideo: wire.VoiceVideo{Video: after.Video}})
	}
	if before.ScreenSharing != after.ScreenSharing {
		frames = append(frames, wire.VoiceScreenShareUpdate{VoiceSubject: subject, VoiceScreenShare: wire.VoiceScreenShare{ScreenSharing: after.ScreenSharing}})
	}
	var audience []event.Topic
	if after.CallID == "" {
		audience = []event.Topic{event.Server(after.ServerID)}
	} else if c := lookUp[call](s.book, callKey(after.CallID)); c != nil {
		for _, user := range c.parties() {
			audience = append(audience, event.User(user))
		}
	}
	for _, frame := range frames {
		for _, to := range audience {
			s.tell(o, to, frame)
		}
	}
}

// callChanged tells what becomes of a call.
func (s *Service) callChanged(before, after *call, o *occasion) {
	switch {
	case after == nil:
	case before == nil && after.State == wire.CallRinging:
		s.tell(o, event.User(after.Callee.Username), wire.IncomingVoiceCall{CallFrom: after.from(after.Caller)})
		s.tell(o, event.User(after.Caller.Username), wire.OutgoingVoiceCall{CallID: after.ID, Profile: after.Callee})
	case before == nil:
	case before.State == wire.CallRinging && after.State == wire.CallAccepted:
		s.tell(o, event.User(after.Caller.Username),
			wire.VoiceCallAccepted{CallFrom: after.from(after.Callee), VoiceSession: after.CalleeSession}, event.Only(after.CallerConnection))
		for _, user := range after.parties() {
			s.tell(o, event.User(user), wire.VoiceCallAnswered{CallID: after.ID})
		}
		s.tell(o, event.User(after.Callee.Username),
			wire.VoiceCallEnded{CallID: after.ID, Username: after.Caller.Username, Reason: wire.VoiceAnsweredElsewhere}, event.Except(after.CalleeConnection))
	case before.State != callEnded && after.State == callEnded:
		if after.Reason == wire.VoiceRejected {
			s.tell(o, event.User(after.Caller.Username),
				wire.VoiceCallRejected{From: after.Callee.Username, CallID: after.ID}, event.Only(after.CallerConnection))
		}
		for i, user := range after.parties() {
			s.tell(o, event.User(user), wire.VoiceCallEnded{CallID: after.ID, Username: after.parties()[1-i], Reason: after.Reason})
		}
	}
}
