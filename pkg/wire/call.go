package wire

// The states of a call.
const (
	CallRinging  = "ringing"
	CallAccepted = "accepted"
)

// Call is one of the user's, on whichever connection; the profile is the other
// party's.
type Call struct {
	CallID string `json:"call_id"`
	Profile
	State    string `json:"state" enum:"ringing,accepted"`
	Incoming bool   `json:"incoming"`
}

// StartVoiceCall rings all connections of a friend.
type StartVoiceCall struct {
	Username     string `json:"username"`
	VoiceSession string `json:"voice_session,omitempty"`
	RelayOnly
}

// CallEntered acknowledges that one is in a call, or rings.
type CallEntered struct {
	CallID       string          `json:"call_id"`
	VoiceSession string          `json:"voice_session"`
	TURN         TURNCredentials `json:"turn"`
}

// FrameType implements Frame.
func (CallEntered) FrameType() string { return "call_entered" }

// AcceptVoiceCall takes a call that rings. Without a call id: the one of that
// caller.
type AcceptVoiceCall struct {
	From         string `json:"from"`
	CallID       string `json:"call_id,omitempty"`
	VoiceSession string `json:"voice_session,omitempty"`
	RelayOnly
}

// RejectVoiceCall refuses a call that rings.
type RejectVoiceCall struct {
	From   string `json:"from"`
	CallID string `json:"call_id,omitempty"`
}

// ResumeVoiceCall puts a new connection in the place of one that broke during an
// accepted call. Both parties may have to, after a restart of everything; the
// call goes on as soon as both have.
type ResumeVoiceCall struct {
	CallID       string `json:"call_id"`
	Username     string `json:"username"` // the other party
	Incoming     bool   `json:"incoming"` // one was called
	VoiceSession string `json:"voice_session"`
	RelayOnly
}

// OutgoingVoiceCall tells all connections of the caller that one of them rings.
type OutgoingVoiceCall struct {
	CallID string `json:"call_id"`
	Profile
}

// FrameType implements Frame.
func (OutgoingVoiceCall) FrameType() string { return "outgoing_voice_call" }

// CallFrom names a call and the other party.
type CallFrom struct {
	From   string `json:"from"`
	CallID string `json:"call_id"`
	Profile
}

// IncomingVoiceCall rings all connections of the callee.
type IncomingVoiceCall struct{ CallFrom }

// FrameType implements Frame.
func (IncomingVoiceCall) FrameType() string { return "incoming_voice_call" }

// VoiceCallAccepted tells the caller's connection: it offers.
type VoiceCallAccepted struct {
	CallFrom
	VoiceSession string `json:"voice_session"`
}

// FrameType implements Frame.
func (VoiceCallAccepted) FrameType() string { return "voice_call_accepted" }

// VoiceCallAnswered tells all connections of both that the call is accepted.
type VoiceCallAnswered struct {
	CallID string `json:"call_id"`
}

// FrameType implements Frame.
func (VoiceCallAnswered) FrameType() string { return "voice_call_answered" }

// VoiceCallRejected tells the caller's connection.
type VoiceCallRejected struct {
	From   string `json:"from"`
	CallID string `json:"call_id"`
}

// FrameType implements Frame.
func (VoiceCallRejected) FrameType() string { return "voice_call_rejected" }

// VoiceCallEnded tells all connections of both; answered_elsewhere tells the other
// connections of the callee, and the call goes on.
type VoiceCallEnded struct {
	CallID   string `json:"call_id"`
	Username string `json:"username"` // the other party
	Reason   string `json:"reason" enum:"hung_up,cancelled,rejected,no_answer,answered_elsewhere,removed,lost"`
}

// FrameType implements Frame.
func (VoiceCallEnded) FrameType() string { return "voice_call_ended" }
