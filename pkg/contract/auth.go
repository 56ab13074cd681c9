package contract

import (
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// SignUpRequest makes an account. Origin describes the client for the list of
// sessions.
type SignUpRequest struct {
	wire.Signup
	Origin Origin `json:"origin"`
}

// LoginRequest starts a session.
type LoginRequest struct {
	wire.Login
	Origin Origin `json:"origin"`
}

// Origin is where a session was started.
type Origin struct {
	Address   string `json:"address"`
	UserAgent string `json:"user_agent"`
	// Public: neither from the machine itself nor from a private network, as far as
	// the gateway can tell.
	Public bool `json:"public,omitempty"`
}

// Session is a started or resumed session. AtLeast is the newest fact that its
// user caused: snapshots asked for with it have all that the user did.
type Session struct {
	ID      string       `json:"id"`
	Token   string       `json:"token,omitempty"` // only when just started
	Profile wire.Profile `json:"profile"`
	AtLeast int64        `json:"at_least"`
}

// Methods of auth. What somebody whose account is gone had begun is unauthenticated.
var (
	// SignUp: invalid, too_large, conflict (name taken), not_found (code).
	SignUp = rpc.Method[SignUpRequest, Session]{Service: Auth, Name: "sign_up"}
	// Login: invalid, unauthenticated, rate_limited.
	Login = rpc.Method[LoginRequest, Session]{Service: Auth, Name: "login"}
	// Resume: unauthenticated.
	Resume = rpc.Method[ResumeRequest, Session]{Service: Auth, Name: "resume"}
	// LiveSessions says which sessions have not ended. At most 1,000 ids: invalid.
	LiveSessions = rpc.Method[LiveSessionsRequest, LiveSessionsAnswer]{Service: Auth, Name: "live_sessions"}
	// Logout ends the caller's session and closes its sockets.
	Logout = rpc.Method[Nothing, Nothing]{Service: Auth, Name: "logout"}
	// ChangePassword: permission_denied for a wrong present password, invalid,
	// too_large, rate_limited.
	ChangePassword = rpc.Method[wire.ChangePassword, Nothing]{Service: Auth, Name: "change_password"}
	// SetAvatar: invalid, too_large.
	SetAvatar = rpc.Method[wire.SetAvatar, Nothing]{Service: Auth, Name: "set_avatar"}
	// SetProfile: invalid, too_large.
	SetProfile = rpc.Method[wire.SetProfile, Nothing]{Service: Auth, Name: "set_profile"}
	// GetPicture returns a stored picture by its name: not_found.
	GetPicture = rpc.Method[PictureRequest, Picture]{Service: Auth, Name: "picture"}
	// DeleteAccount: permission_denied for a wrong password, invalid, rate_limited.
	DeleteAccount = rpc.Method[wire.DeleteAccount, Nothing]{Service: Auth, Name: "delete_account"}
	// GetSessions lists the caller's sessions.
	GetSessions = rpc.Method[Nothing, wire.Sessions]{Service: Auth, Name: "sessions"}
	// RevokeSession: not_found for a session that is not the caller's.
	RevokeSession = rpc.Method[wire.RevokeSession, Nothing]{Service: Auth, Name: "revoke_session"}
	// Installation says whether an account exists yet.
	Installation = rpc.Method[Nothing, InstallationState]{Service: Auth, Name: "installation"}
	// Profiles of users by canonical name or any spelling of it; unknown ones
	// are left out. At most 1,000 names: invalid.
	Profiles = rpc.Method[ProfilesRequest, ProfilesAnswer]{Service: Auth, Name: "profiles"}
	// SearchNames finds users whose name contains the text, without regard to
	// case, the caller left out.
	SearchNames = rpc.Method[SearchNamesRequest, ProfilesAnswer]{Service: Auth, Name: "search"}
	// GenerateInvite makes an account code of the caller's: invalid terms,
	// conflict (too many open codes).
	GenerateInvite = rpc.Method[wire.InviteTerms, wire.InviteCode]{Service: Auth, Name: "generate_invite"}
	// GetInvites lists the caller's open account codes.
	GetInvites = rpc.Method[Nothing, wire.Invites]{Service: Auth, Name: "invites"}
	// RevokeInvite: not_found for a code that is not the caller's.
	RevokeInvite = rpc.Method[wire.RevokeInvite, Nothing]{Service: Auth, Name: "revoke_invite"}
	// ListServerInvites and RevokeServerInvites are chat's to ask, who knows that
	// the caller may. Without a code all of the server's are revoked.
	ListServerInvites   = rpc.Method[MakeServerInviteRequest, wire.Invites]{Service: Auth, Name: "list_server_invites"}
	RevokeServerInvites = rpc.Method[RevokeServerInvitesRequest, Nothing]{Service: Auth, Name: "revoke_server_invites"}
	// MakeServerInvite makes a code for a server; only chat asks, who knows that the
	// caller may.
	MakeServerInvite = rpc.Method[MakeServerInviteRequest, wire.InviteCode]{Service: Auth, Name: "make_server_invite"}
	// FindInvite says what an unused code is for: not_found.
	FindInvite = rpc.Method[FindInviteRequest, Invite]{Service: Auth, Name: "find_invite"}
	// RedeemInvite uses a server code up for the caller and leaves the fact that
	// chat follows: not_found. The same caller again gets the same answer until
	// chat has followed.
	RedeemInvite = rpc.Method[RedeemInviteRequest, Redemption]{Service: Auth, Name: "redeem_invite"}
)

// ResumeRequest carries a session token.
type ResumeRequest struct {
	Token string `json:"token"`
}

// LiveSessionsRequest names sessions by their ids.
type LiveSessionsRequest struct {
	IDs []string `json:"ids"`
}

// LiveSessionsAnswer has those that live.
type LiveSessionsAnswer struct {
	IDs []string `json:"ids"`
}

// InstallationState is what a page needs to know before the login.
type InstallationState struct {
	// FirstAccount: there is no account yet, and from where this was asked the first
	// one takes no code.
	FirstAccount bool `json:"first_account"`
}

// ProfilesRequest names users.
type ProfilesRequest struct {
	Usernames []string `json:"usernames"`
}

// ProfilesAnswer has profiles.
type ProfilesAnswer struct {
	Profiles []wire.Profile `json:"profiles"`
}

// SearchNamesRequest has the text to look for.
type SearchNamesRequest struct {
	Query string `json:"query"`
}

// MakeServerInviteRequest names the server.
type MakeServerInviteRequest struct {
	ServerID string `json:"server_id"`
	wire.InviteTerms
}

// RevokeServerInvitesRequest names the server, and one code or all.
type RevokeServerInvitesRequest struct {
	ServerID string `json:"server_id"`
	Code     string `json:"code,omitempty"`
}

// FindInviteRequest has a code.
type FindInviteRequest struct {
	Code string `json:"code"`
}

// RedeemInviteRequest has a code, and the last fact that chat had applied when
// the caller was no member.
type RedeemInviteRequest struct {
	Code    string `json:"code"`
	Applied int64  `json:"applied"`
}

// Invite is what a code is good for: an account, or a server when it names one.
type Invite struct {
	ServerID string `json:"server_id,omitempty"`
	Creator  string `json:"creator"`
}

// Redemption of a server code.
type Redemption struct {
	ServerID string `json:"server_id"`
	Fact     int64  `json:"fact"`
}

// PictureRequest names a picture by the SHA-256 of its content, in hex.
type PictureRequest struct {
	Hash string `json:"hash"`
}

// Picture is a stored picture.
type Picture struct {
	Type string `json:"type"` // its media type, as checked when it was stored
	Data []byte `json:"data"`
}

// Kinds of facts.
const (
	// FactAccountCreated: there is a new account.
	FactAccountCreated = "account_created"
	// FactProfileChanged: somebody looks, or is called, differently.
	FactProfileChanged = "profile_changed"
	// FactAccountDeleted: an account is gone; its name is never given again.
	FactAccountDeleted = "account_deleted"
	// FactAccountInvited: an account was made with somebody's code; they become
	// friends.
	FactAccountInvited = "account_invited"
	// FactServerInvited: somebody used a server code up, with or without making
	// their account by it; they become a member.
	FactServerInvited = "server_invited"
)

// AccountCreated is the data of FactAccountCreated.
type AccountCreated struct {
	Username string `json:"username"`
	// Friends is how others become friends of the account, as the owner has set it;
	// empty: as social was started.
	Friends string `json:"friends,omitempty"`
}

// ProfileChanged is the data of FactProfileChanged.
type ProfileChanged struct {
	Profile wire.Profile `json:"profile"`
}

// AccountDeleted is the data of FactAccountDeleted.
type AccountDeleted struct {
	Username       string `json:"username"`
	RemoveMessages bool   `json:"remove_messages"`
}

// AccountInvited is the data of FactAccountInvited.
type AccountInvited struct {
	Username string `json:"username"`
	Inviter  string `json:"inviter"`
}

// ServerInvited is the data of FactServerInvited.
type ServerInvited struct {
	Username   string `json:"username"`
	ServerID   string `json:"server_id"`
	Connection string `json:"connection,omitempty"` // the socket that asked and is answered
}
