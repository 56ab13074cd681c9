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
}

// Session is a started or resumed session. AtLeast is the newest fact that its
// user caused: snapshots asked for with it have all that the user did.
type Session struct {
	ID      string       `json:"id"`
	Token   string       `json:"token,omitempty"` // only when just started
	Profile wire.Profile `json:"profile"`
	AtLeast int64        `json:"at_least"`
}

// Methods of auth.
var (
	// SignUp: invalid, too_large, conflict (name taken), not_found (code).
	SignUp = rpc.Method[SignUpRequest, Session]{Service: Auth, Name: "sign_up"}
	// Login: invalid, unauthenticated, rate_limited.
	Login = rpc.Method[LoginRequest, Session]{Service: Auth, Name: "login"}
	// Resume: unauthenticated.
	Resume = rpc.Method[ResumeRequest, Session]{Service: Auth, Name: "resume"}
	// Logout ends the caller's session and closes its sockets.
	Logout = rpc.Method[Nothing, Nothing]{Service: Auth, Name: "logout"}
	// Installation says whether an account exists yet.
	Installation = rpc.Method[Nothing, InstallationState]{Service: Auth, Name: "installation"}
	// Profiles of users by canonical name or any spelling of it; unknown ones
	// are left out. At most 1,000 names: invalid.
	Profiles = rpc.Method[ProfilesRequest, ProfilesAnswer]{Service: Auth, Name: "profiles"}
	// SearchNames finds users whose name contains the text, without regard to
	// case, the caller left out.
	SearchNames = rpc.Method[SearchNamesRequest, ProfilesAnswer]{Service: Auth, Name: "search"}
	// GenerateInvite makes an account code of the caller's for one use.
	GenerateInvite = rpc.Method[Nothing, wire.InviteCode]{Service: Auth, Name: "generate_invite"}
	// MakeServerInvite makes a code for one use for a server; only chat asks, who
	// knows that the caller may.
	MakeServerInvite = rpc.Method[MakeServerInviteRequest, wire.InviteCode]{Service: Auth, Name: "make_server_invite"}
	// FindInvite says what an unused code is for: not_found.
	FindInvite = rpc.Method[FindInviteRequest, Invite]{Service: Auth, Name: "find_invite"}
	// RedeemInvite uses a server code up for the caller and leaves the fact that
	// chat follows: not_found. The same caller again gets the same answer.
	RedeemInvite = rpc.Method[FindInviteRequest, Redemption]{Service: Auth, Name: "redeem_invite"}
)

// ResumeRequest carries a session token.
type ResumeRequest struct {
	Token string `json:"token"`
}

// InstallationState is what a page needs to know before the login.
type InstallationState struct {
	FirstAccount bool `json:"first_account"` // no account exists: sign-up takes no code
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
}

// FindInviteRequest has a code.
type FindInviteRequest struct {
	Code string `json:"code"`
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

// Kinds of facts.
const (
	// FactAccountInvited: an account was made with somebody's code; they become
	// friends.
	FactAccountInvited = "account_invited"
	// FactServerInvited: somebody used a server code up, with or without making
	// their account by it; they become a member.
	FactServerInvited = "server_invited"
)

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
