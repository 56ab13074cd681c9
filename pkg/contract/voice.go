package contract

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// VoiceBucket is the key-value bucket in which voice-signal keeps who is where, and
// which calls there are. Gateways make it.
var VoiceBucket = jetstream.KeyValueConfig{
	Bucket: "voice", History: 1, Storage: jetstream.MemoryStorage,
	LimitMarkerTTL: time.Minute, // how long the end of a record is known
}

// Methods of voice-signal. What is sent by a connection that is in no room or call
// answers conflict.
var (
	// VoiceSnapshot is voice-signal's part of `init`.
	VoiceSnapshot = rpc.Method[VoiceSnapshotRequest, VoiceState]{Service: Voice, Name: "snapshot"}

	// JoinVoiceChannel: not_found for a channel that is not there or not the
	// caller's to see, invalid for one that is no voice channel.
	JoinVoiceChannel = rpc.Method[wire.JoinVoiceChannel, wire.VoiceJoined]{Service: Voice, Name: "join"}
	// LeaveVoiceChannel leaves the room, hangs up, or gives up ringing. To be in
	// none is no error.
	LeaveVoiceChannel = rpc.Method[wire.LeaveVoiceChannel, Nothing]{Service: Voice, Name: "leave"}
	VoiceMute         = rpc.Method[wire.VoiceMute, Nothing]{Service: Voice, Name: "mute"}
	VoiceDeafen       = rpc.Method[wire.VoiceDeafen, Nothing]{Service: Voice, Name: "deafen"}
	VoiceVideo        = rpc.Method[wire.VoiceVideo, Nothing]{Service: Voice, Name: "video"}
	VoiceScreenShare  = rpc.Method[wire.VoiceScreenShare, Nothing]{Service: Voice, Name: "screen_share"}
	VoiceSpeaking     = rpc.Method[wire.VoiceSpeaking, Nothing]{Service: Voice, Name: "speaking"}
	// GetTURNCredentials: of whoever has a session.
	GetTURNCredentials = rpc.Method[Nothing, wire.TURNCredentials]{Service: Voice, Name: "turn_credentials"}

	// SendOffer, SendAnswer, SendCandidate: not_found for a target that is not in
	// the caller's room or accepted call, conflict for voice sessions of before.
	SendOffer     = rpc.Method[wire.SendOffer, Nothing]{Service: Voice, Name: "offer"}
	SendAnswer    = rpc.Method[wire.SendAnswer, Nothing]{Service: Voice, Name: "answer"}
	SendCandidate = rpc.Method[wire.SendCandidate, Nothing]{Service: Voice, Name: "candidate"}

	// StartVoiceCall: as MayCall; conflict when the other is in another call.
	StartVoiceCall = rpc.Method[wire.StartVoiceCall, wire.CallEntered]{Service: Voice, Name: "start_call"}
	// AcceptVoiceCall: not_found for a call that does not ring, conflict when it was
	// answered on another device.
	AcceptVoiceCall = rpc.Method[wire.AcceptVoiceCall, wire.CallEntered]{Service: Voice, Name: "accept_call"}
	// RejectVoiceCall: not_found for a call that does not ring.
	RejectVoiceCall = rpc.Method[wire.RejectVoiceCall, Nothing]{Service: Voice, Name: "reject_call"}
	// ResumeVoiceCall: not_found for a call that has ended, and as MayCall.
	ResumeVoiceCall = rpc.Method[wire.ResumeVoiceCall, wire.CallEntered]{Service: Voice, Name: "resume_call"}
)

// VoiceSnapshotRequest has the servers whose rooms the caller is shown.
type VoiceSnapshotRequest struct {
	ServerIDs []string `json:"server_ids"`
}

// VoiceState is voice-signal's part of `init`.
type VoiceState struct {
	Rooms []wire.VoiceRoom `json:"rooms"`
	Calls []wire.Call      `json:"calls"`
}

// VoiceStandings says for each who may be in a voice room. It is voice-signal's to
// ask.
var VoiceStandings = rpc.Method[VoiceStandingsRequest, VoiceStandingsAnswer]{Service: Chat, Name: "voice_standings"}

// VoiceStanding is somebody and a voice room.
type VoiceStanding struct {
	Username  string `json:"username"`
	ServerID  string `json:"server_id"`
	ChannelID string `json:"channel_id"`
}

// VoiceStandingsRequest has at most 1,000: invalid.
type VoiceStandingsRequest struct {
	Standings []VoiceStanding `json:"standings"`
}

// VoiceStandingsAnswer has, in the same order, ok, not_found (no member, no such
// channel) or invalid (no voice channel).
type VoiceStandingsAnswer struct {
	Standings []string `json:"standings"`
}

// StandingOK says that somebody may be in a voice room.
const StandingOK = "ok"

// MayCall says whether one may call the other: not_found for no user and one who
// blocked the first, permission_denied when they are no friends. It is
// voice-signal's to ask.
var MayCall = rpc.Method[CallPair, Nothing]{Service: Social, Name: "may_call"}

// CallPair are two users by their canonical names.
type CallPair struct {
	Caller string `json:"caller"`
	Callee string `json:"callee"`
}

// NoteMissedCall leaves a line in the DM of the two, once for each call. It is
// voice-signal's to ask.
var NoteMissedCall = rpc.Method[MissedCall, Nothing]{Service: Social, Name: "note_missed_call"}

// MissedCall is a call that was not answered.
type MissedCall struct {
	CallPair
	CallID string `json:"call_id"`
}

// MissedCallNonce begins the nonce of a missed call's line in a DM.
const MissedCallNonce = "missed-call-"

// MembershipTold is the subject on which chat says who became a member of a server,
// or that rights there have ended.
const MembershipTold = Chat + ".membership"

// Membership is what is said there.
type Membership struct {
	ServerID string `json:"server_id"`
	Joined   string `json:"joined,omitempty"` // the new member; empty: somebody's right may have ended
}

// FriendshipTold is the subject on which social says that two are friends no more.
const FriendshipTold = Social + ".friendship"
