package wire

// Avatar is the trio that shows a person: an emoji, or an image.
type Avatar struct {
	Emoji *string `json:"avatar"` // nil for an image
	Kind  string  `json:"avatar_type" enum:"emoji,image"`
	Data  *string `json:"avatar_data"` // what an <img src> takes; nil for an emoji
}

// DefaultAvatar is what everybody starts with: U+1F464.
func DefaultAvatar() Avatar {
	bust := "\U0001F464"
	return Avatar{Emoji: &bust, Kind: "emoji"}
}

// Profile is a user as others see them. It comes by several frames, and not always
// the newest last: of two versions the greater counts.
type Profile struct {
	Username    string `json:"username"`
	DisplayName string `json:"display_name,omitempty"`
	Avatar
	Version int64 `json:"profile_version"` // grows with every change of the profile
}

// NewProfile is what everybody starts with.
func NewProfile(username string) Profile {
	return Profile{Username: username, Avatar: DefaultAvatar(), Version: 1}
}

// DeletedProfile is how somebody is shown whose account is gone. Nothing comes
// after it: its version is the greatest that JavaScript can count to.
func DeletedProfile() Profile {
	return Profile{Username: DeletedUser, Avatar: DefaultAvatar(), Version: 1<<53 - 1}
}

// DeletedUser is the name that messages of a deleted account are shown under. No
// account can have it: it has a space.
const DeletedUser = "deleted user"

// SetAvatar shows an emoji, or a picture: a data URL (RFC 2397) of a PNG, JPEG,
// GIF or WebP of at most 2 MB.
type SetAvatar struct {
	Kind  string `json:"avatar_type" enum:"emoji,image"`
	Emoji string `json:"avatar,omitempty"`
	Data  string `json:"avatar_data,omitempty"`
}

// AvatarUpdated tells all connections of who changed their avatar.
type AvatarUpdated struct{ Profile }

// FrameType implements Frame.
func (AvatarUpdated) FrameType() string { return "avatar_updated" }

// AvatarUpdate tells friends and fellow members, each once, how somebody looks
// and is called now.
type AvatarUpdate struct{ Profile }

// FrameType implements Frame.
func (AvatarUpdate) FrameType() string { return "avatar_update" }

// SetProfile sets the display name; empty: none.
type SetProfile struct {
	DisplayName string `json:"display_name"`
}

// ProfileUpdated tells all connections of who changed their profile.
type ProfileUpdated struct{ Profile }

// FrameType implements Frame.
func (ProfileUpdated) FrameType() string { return "profile_updated" }

// DeleteAccount ends one's account. Messages stay under DeletedUser, or go.
type DeleteAccount struct {
	Password string `json:"password"`
	Messages string `json:"messages" enum:"keep,remove"`
}

// Signup makes an account. The code may be missing while no account exists.
type Signup struct {
	Username   string `json:"username"`
	Password   string `json:"password"`
	InviteCode string `json:"invite_code,omitempty"`
}

// Login starts a session with a password.
type Login struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// Auth resumes a session; without a token, the one of the handshake's cookie.
type Auth struct {
	Token string `json:"token,omitempty"`
}

// AuthSuccess answers a login. The token resumes the session later; it is given
// only to those who came with a password.
type AuthSuccess struct {
	Message string `json:"message"`
	Token   string `json:"token,omitempty"`
}

// FrameType implements Frame.
func (AuthSuccess) FrameType() string { return "auth_success" }

// AuthError refuses a login.
type AuthError struct {
	Refusal
}

// FrameType implements Frame.
func (AuthError) FrameType() string { return "auth_error" }

// Error refuses a frame.
type Error struct {
	Refusal
}

// FrameType implements Frame.
func (Error) FrameType() string { return "error" }

// Refusal says why something was not done.
type Refusal struct {
	Message    string  `json:"message"`
	Code       string  `json:"code" enum:"invalid,unauthenticated,permission_denied,not_found,conflict,rate_limited,too_large,unavailable,internal"`
	RetryAfter float64 `json:"retry_after,omitempty"` // seconds
}

// Init is the state of a client's world at its login.
type Init struct {
	Profile
	Servers          []Server    `json:"servers"`
	DMs              []DM        `json:"dms"`
	Friends          []Profile   `json:"friends"`
	RequestsSent     []Profile   `json:"friend_requests_sent"`
	RequestsReceived []Profile   `json:"friend_requests_received"`
	Blocked          []Profile   `json:"blocked"`
	Settings         Settings    `json:"settings"`
	Read             []Progress  `json:"read"`     // of every conversation but the lobby: channels in the order of `servers`, then `dms`
	Presence         []string    `json:"presence"` // the friends who are online, by name; servers have their own
	Voice            []VoiceRoom `json:"voice"`    // the rooms of one's servers with somebody inside
	Calls            []Call      `json:"calls"`    // one's own, on whichever connection
	Limits           Limits      `json:"limits"`
}

// FrameType implements Frame.
func (Init) FrameType() string { return "init" }

// ChangePassword ends every other session of the account.
type ChangePassword struct {
	Password    string `json:"password"` // the present one
	NewPassword string `json:"new_password"`
}

// SessionInfo is one of one's own sessions.
type SessionInfo struct {
	ID        string `json:"id"`
	Address   string `json:"address"`
	UserAgent string `json:"user_agent"`
	CreatedAt Time   `json:"created_at"`
	UsedAt    Time   `json:"used_at"` // to the hour
	Current   bool   `json:"current"`
}

// Sessions answers `get_sessions`, the last used first.
type Sessions struct {
	Sessions []SessionInfo `json:"sessions"`
}

// FrameType implements Frame.
func (Sessions) FrameType() string { return "sessions" }

// RevokeSession ends one of one's own sessions; its sockets are closed.
type RevokeSession struct {
	ID string `json:"id"`
}

// Resync tells a client that events may have been missed: it asks for `resync`
// and for the changes of the conversations it holds.
type Resync struct{}

// FrameType implements Frame.
func (Resync) FrameType() string { return "resync" }

// InviteCode answers `generate_invite`. The message contains the code.
type InviteCode struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// FrameType implements Frame.
func (InviteCode) FrameType() string { return "invite_code" }

// Invites answers `get_invites`: one's own open account codes, newest first.
type Invites struct {
	Invites []Invite `json:"invites"`
}

// FrameType implements Frame.
func (Invites) FrameType() string { return "invites" }

// RevokeInvite makes an account code of one's own good for nothing.
type RevokeInvite struct {
	Code string `json:"code"`
}

// System is a notice: somebody joined, somebody left. It is not stored.
type System struct {
	Content   string  `json:"content"`
	Timestamp Time    `json:"timestamp"`
	Context   string  `json:"context" enum:"server,dm,global"`
	ContextID *string `json:"context_id"`
}

// FrameType implements Frame.
func (System) FrameType() string { return "system" }
