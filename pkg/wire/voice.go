package wire

// VoiceMember is somebody inside a voice room.
type VoiceMember struct {
	Profile
	Muted         bool   `json:"muted"`
	Deafened      bool   `json:"deafened"`
	Video         bool   `json:"video"`
	ScreenSharing bool   `json:"screen_sharing"`
	VoiceSession  string `json:"voice_session"` // another one: another peer connection
}

// VoiceRoom is a voice channel with somebody inside.
type VoiceRoom struct {
	ServerID     string        `json:"server_id"`
	ChannelID    string        `json:"channel_id"`
	VoiceMembers []VoiceMember `json:"voice_members"`
}

// VoicePlace says which room something is about; empty: a call.
type VoicePlace struct {
	ServerID  string `json:"server_id,omitempty"`
	ChannelID string `json:"channel_id,omitempty"`
}

// TURNCredentials let a client use the relay: the TURN REST convention, an
// HMAC-SHA1 over the user name.
type TURNCredentials struct {
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
	ExpiresAt  Time     `json:"expires_at"` // or earlier, with the session
	URLs       []string `json:"urls"`       // empty: the host and port of the page, over UDP and TCP
	// RelayOnly: nothing but the relay is to be used, as one chose or as the
	// installation has it.
	RelayOnly bool `json:"relay_only"`
}

// FrameType implements Frame.
func (TURNCredentials) FrameType() string { return "turn_credentials" }

// JoinVoiceChannel enters a voice room; the connection leaves what it was in.
type JoinVoiceChannel struct {
	ServerID  string `json:"server_id"`
	ChannelID string `json:"channel_id"`
	// VoiceSession is drawn by the client, once for each time it enters. With the
	// same one a new connection takes the place of a broken one, unnoticed by the
	// others. Without it the user counts as new each time.
	VoiceSession string `json:"voice_session,omitempty"`
	Muted        bool   `json:"muted,omitempty"`
	Deafened     bool   `json:"deafened,omitempty"`
	RelayOnly
}

// LeaveVoiceChannel leaves the room, hangs up, or gives up ringing.
type LeaveVoiceChannel struct {
	// VoiceSession is the one that ends, whichever connection it was entered with.
	// Without it, it is the one that this connection is in.
	VoiceSession string `json:"voice_session,omitempty"`
}

// RelayOnly says whether one's voice goes through the relay alone, so that the
// others do not learn one's address: other candidates are not passed on.
type RelayOnly struct {
	RelayOnly bool `json:"relay_only,omitempty"`
}

// VoiceJoined acknowledges JoinVoiceChannel: who is inside, oneself among them.
type VoiceJoined struct {
	VoiceRoom
	VoiceSession string          `json:"voice_session"`
	TURN         TURNCredentials `json:"turn"`
}

// FrameType implements Frame.
func (VoiceJoined) FrameType() string { return "voice_joined" }

// VoiceMute says whether one's microphone is off.
type VoiceMute struct {
	Muted bool `json:"muted"`
}

// VoiceDeafen says whether one hears the others.
type VoiceDeafen struct {
	Deafened bool `json:"deafened"`
}

// VoiceVideo says whether one's camera is on.
type VoiceVideo struct {
	Video bool `json:"video"`
}

// VoiceScreenShare says whether one shows one's screen.
type VoiceScreenShare struct {
	ScreenSharing bool `json:"screen_sharing"`
}

// VoiceSpeaking tells those inside that one speaks. It is not stored.
type VoiceSpeaking struct {
	Speaking bool `json:"speaking"`
}

// VoiceStateUpdate tells a server's members who came or went, and who is inside
// now.
type VoiceStateUpdate struct {
	ServerID  string `json:"server_id"`
	ChannelID string `json:"channel_id"`
	Profile
	VoiceSession string        `json:"voice_session"`
	State        string        `json:"state" enum:"joined,left"`
	VoiceMembers []VoiceMember `json:"voice_members"`
}

// FrameType implements Frame.
func (VoiceStateUpdate) FrameType() string { return "voice_state_update" }

// VoiceRooms tells a new member who is in a server's voice rooms.
type VoiceRooms struct {
	ServerID string      `json:"server_id"`
	Voice    []VoiceRoom `json:"voice"`
}

// FrameType implements Frame.
func (VoiceRooms) FrameType() string { return "voice_rooms" }

// VoiceSubject is whose state changes, and where: in a room or in a call.
type VoiceSubject struct {
	Username string `json:"username"`
	VoicePlace
	CallID string `json:"call_id,omitempty"`
}

// VoiceMuteUpdate tells a server's members, or both parties of a call.
type VoiceMuteUpdate struct {
	VoiceSubject
	VoiceMute
}

// FrameType implements Frame.
func (VoiceMuteUpdate) FrameType() string { return "voice_mute_update" }

// VoiceDeafenUpdate likewise.
type VoiceDeafenUpdate struct {
	VoiceSubject
	VoiceDeafen
}

// FrameType implements Frame.
func (VoiceDeafenUpdate) FrameType() string { return "voice_deafen_update" }

// VoiceVideoUpdate likewise.
type VoiceVideoUpdate struct {
	VoiceSubject
	VoiceVideo
}

// FrameType implements Frame.
func (VoiceVideoUpdate) FrameType() string { return "voice_video_update" }

// VoiceScreenShareUpdate likewise.
type VoiceScreenShareUpdate struct {
	VoiceSubject
	VoiceScreenShare
}

// FrameType implements Frame.
func (VoiceScreenShareUpdate) FrameType() string { return "voice_screen_share_update" }

// VoiceSpeakingUpdate tells those inside alone.
type VoiceSpeakingUpdate struct {
	VoiceSubject
	VoiceSpeaking
}

// FrameType implements Frame.
func (VoiceSpeakingUpdate) FrameType() string { return "voice_speaking_update" }

// Why a connection is in its room or call no more, or a call has ended.
const (
	VoiceLeft              = "left"               // of one's own will
	VoiceElsewhere         = "elsewhere"          // taken over by another device of the user
	VoiceRemoved           = "removed"            // the right ended
	VoiceHungUp            = "hung_up"            // one of the two left an accepted call
	VoiceCancelled         = "cancelled"          // the caller gave up
	VoiceRejected          = "rejected"           // the callee would not
	VoiceNoAnswer          = "no_answer"          // nobody answered in time
	VoiceAnsweredElsewhere = "answered_elsewhere" // on another device of the callee
	VoiceLost              = "lost"               // one of the two vanished
)

// VoiceEnded tells a connection that it is in its room or call no more. One that was
// taken for lost, and hears of it, may enter again.
type VoiceEnded struct {
	VoicePlace
	CallID string `json:"call_id,omitempty"`
	Reason string `json:"reason" enum:"elsewhere,removed,lost"`
}

// FrameType implements Frame.
func (VoiceEnded) FrameType() string { return "voice_ended" }

// SessionDescription is WebRTC's (RFC 8829).
type SessionDescription struct {
	Type string `json:"type" enum:"offer,answer,pranswer,rollback"`
	SDP  string `json:"sdp"`
}

// ICECandidate is WebRTC's RTCIceCandidateInit; an empty candidate ends them.
type ICECandidate struct {
	Candidate        string  `json:"candidate"`
	SDPMid           *string `json:"sdpMid,omitempty"`
	SDPMLineIndex    *int    `json:"sdpMLineIndex,omitempty"`
	UsernameFragment *string `json:"usernameFragment,omitempty"`
}

// Signal is what the frames between two peers have in common.
type Signal struct {
	Target string `json:"target"`
	// VoiceSession is the sender's, and ToSession the one of the target's that
	// this is meant for. Where they are given and not the present ones, the frame
	// is refused: conflict.
	VoiceSession string `json:"voice_session,omitempty"`
	ToSession    string `json:"to_session,omitempty"`
}

// SendOffer offers a session to somebody in the same room or accepted call.
type SendOffer struct {
	Signal
	Offer   SessionDescription `json:"offer"`
	Context *VoicePlace        `json:"context,omitempty"`
	// OfferID tells this offer from others of the sender's. Who sends an offer
	// again, since no answer came, gives it the same.
	OfferID string `json:"offer_id,omitempty"`
}

// SendAnswer answers an offer.
type SendAnswer struct {
	Signal
	Answer  SessionDescription `json:"answer"`
	OfferID string             `json:"offer_id,omitempty"` // the offer's that is answered
}

// SendCandidate names a candidate.
type SendCandidate struct {
	Signal
	Candidate *ICECandidate `json:"candidate"` // null ends them
}

// Signalled says who sends, with which voice session, and in which call if it is
// one.
type Signalled struct {
	From         string `json:"from"`
	VoiceSession string `json:"voice_session"`
	CallID       string `json:"call_id,omitempty"`
}

// WebRTCOffer is SendOffer as its target gets it.
type WebRTCOffer struct {
	Signalled
	Offer   SessionDescription `json:"offer"`
	Context *VoicePlace        `json:"context,omitempty"`
	OfferID string             `json:"offer_id,omitempty"`
}

// FrameType implements Frame.
func (WebRTCOffer) FrameType() string { return "webrtc_offer" }

// WebRTCAnswer is SendAnswer as its target gets it.
type WebRTCAnswer struct {
	Signalled
	Answer  SessionDescription `json:"answer"`
	OfferID string             `json:"offer_id,omitempty"`
}

// FrameType implements Frame.
func (WebRTCAnswer) FrameType() string { return "webrtc_answer" }

// WebRTCICECandidate is SendCandidate as its target gets it.
type WebRTCICECandidate struct {
	Signalled
	Candidate *ICECandidate `json:"candidate"`
}

// FrameType implements Frame.
func (WebRTCICECandidate) FrameType() string { return "webrtc_ice_candidate" }
