package wire

// DM is a conversation of two, as one of them sees it: the profile is the other's.
type DM struct {
	ID string `json:"id"`
	Profile
}

// Peer names another user in a client's frame.
type Peer struct {
	Username string `json:"username"`
}

// DMStarted tells both that they have a DM.
type DMStarted struct {
	DM DM `json:"dm"`
}

// FrameType implements Frame.
func (DMStarted) FrameType() string { return "dm_started" }

// SearchUsers looks for user names that contain the query.
type SearchUsers struct {
	Query string `json:"query"`
}

// SearchHit is a found user and how the asker stands to them.
type SearchHit struct {
	Profile
	IsFriend        bool `json:"is_friend"`
	RequestSent     bool `json:"request_sent"`
	RequestReceived bool `json:"request_received"`
}

// SearchResults answers SearchUsers.
type SearchResults struct {
	Results []SearchHit `json:"results"`
}

// FrameType implements Frame.
func (SearchResults) FrameType() string { return "search_results" }

// FriendAdded: the two are friends now.
type FriendAdded struct{ Profile }

// FrameType implements Frame.
func (FriendAdded) FrameType() string { return "friend_added" }

// FriendRequestSent tells the requester's connections.
type FriendRequestSent struct{ Profile }

// FrameType implements Frame.
func (FriendRequestSent) FrameType() string { return "friend_request_sent" }

// FriendRequestReceived tells the asked.
type FriendRequestReceived struct{ Profile }

// FrameType implements Frame.
func (FriendRequestReceived) FrameType() string { return "friend_request_received" }

// FriendRequestApproved tells the one who approved.
type FriendRequestApproved struct{ Profile }

// FrameType implements Frame.
func (FriendRequestApproved) FrameType() string { return "friend_request_approved" }

// FriendRequestAccepted tells the requester.
type FriendRequestAccepted struct{ Profile }

// FrameType implements Frame.
func (FriendRequestAccepted) FrameType() string { return "friend_request_accepted" }

// FriendRequestDenied tells the one who denied, and nobody else.
type FriendRequestDenied struct{ Peer }

// FrameType implements Frame.
func (FriendRequestDenied) FrameType() string { return "friend_request_denied" }

// FriendRequestCancelled tells the requester's connections.
type FriendRequestCancelled struct{ Peer }

// FrameType implements Frame.
func (FriendRequestCancelled) FrameType() string { return "friend_request_cancelled" }

// FriendRequestCancelledBySender tells the asked.
type FriendRequestCancelledBySender struct{ Peer }

// FrameType implements Frame.
func (FriendRequestCancelledBySender) FrameType() string {
	return "friend_request_cancelled_by_sender"
}

// FriendRemoved tells both.
type FriendRemoved struct{ Peer }

// FrameType implements Frame.
func (FriendRemoved) FrameType() string { return "friend_removed" }

// The ways to become friends.
const (
	FriendsInstant = "instant" // anyone can add me
	FriendsAsk     = "ask"     // ask me first
)

// Settings are a user's own, kept on the server.
type Settings struct {
	Friends string `json:"friends" enum:"instant,ask"`
}

// SetFriendPolicy says how others become one's friends.
type SetFriendPolicy struct {
	Friends string `json:"friends" enum:"instant,ask"`
}

// SettingsUpdated tells all connections of the user.
type SettingsUpdated struct{ Settings }

// FrameType implements Frame.
func (SettingsUpdated) FrameType() string { return "settings_updated" }

// UserBlocked tells all connections of who blocked; the blocked learns nothing.
type UserBlocked struct{ Profile }

// FrameType implements Frame.
func (UserBlocked) FrameType() string { return "user_blocked" }

// UserUnblocked likewise.
type UserUnblocked struct{ Peer }

// FrameType implements Frame.
func (UserUnblocked) FrameType() string { return "user_unblocked" }

// Presence tells friends that somebody came or went, and the members of each
// server that one of them did. Who is both hears it as both: of whom one is no
// friend any more, one may still be a fellow member.
type Presence struct {
	Username string `json:"username"`
	Online   bool   `json:"online"`
	ServerID string `json:"server_id,omitempty"` // missing: as a friend
}

// FrameType implements Frame.
func (Presence) FrameType() string { return "presence" }
