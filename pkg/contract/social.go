package contract

import (
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// Methods of social. An unknown user answers not_found; so does a DM that is
// not the caller's.
var (
	// SocialSnapshot is social's part of `init`.
	SocialSnapshot = rpc.Method[SnapshotRequest, SocialState]{Service: Social, Name: "snapshot"}

	// SearchUsers: at most 20 hits.
	SearchUsers = rpc.Method[wire.SearchUsers, wire.SearchResults]{Service: Social, Name: "search"}
	// AddFriend: conflict when already friends or already asked, invalid for
	// oneself.
	AddFriend = rpc.Method[wire.Peer, Nothing]{Service: Social, Name: "add_friend"}
	// ApproveFriendRequest: not_found without a request.
	ApproveFriendRequest = rpc.Method[wire.Peer, Nothing]{Service: Social, Name: "approve_request"}
	// DenyFriendRequest: not_found without a request.
	DenyFriendRequest = rpc.Method[wire.Peer, Nothing]{Service: Social, Name: "deny_request"}
	// CancelFriendRequest: not_found without a request.
	CancelFriendRequest = rpc.Method[wire.Peer, Nothing]{Service: Social, Name: "cancel_request"}
	// RemoveFriend: not_found when they are no friends.
	RemoveFriend = rpc.Method[wire.Peer, Nothing]{Service: Social, Name: "remove_friend"}
	// StartDM: permission_denied when they are no friends.
	StartDM = rpc.Method[wire.Peer, wire.DMStarted]{Service: Social, Name: "start_dm"}

	// SendDM: invalid, too_large, permission_denied when they are friends no more.
	SendDM = rpc.Method[wire.SendMessage, wire.Sent]{Service: Social, Name: "send"}
	// EditDM is the author's.
	EditDM = rpc.Method[wire.EditMessage, wire.Changed]{Service: Social, Name: "edit"}
	// DeleteDM is the author's.
	DeleteDM = rpc.Method[wire.DeleteMessage, wire.Changed]{Service: Social, Name: "delete"}
	// MarkDMRead moves the caller's read mark.
	MarkDMRead = rpc.Method[wire.MarkRead, wire.Progress]{Service: Social, Name: "mark_read"}
	// TypeInDM tells the other that the caller is writing.
	TypeInDM = rpc.Method[wire.Typing, Nothing]{Service: Social, Name: "typing"}
	// BlockUser ends the friendship and keeps the other from asking for a new one:
	// invalid for oneself, conflict when blocked already.
	BlockUser = rpc.Method[wire.Peer, Nothing]{Service: Social, Name: "block"}
	// UnblockUser: not_found for who is not blocked.
	UnblockUser = rpc.Method[wire.Peer, Nothing]{Service: Social, Name: "unblock"}
	// SetFriendPolicy: invalid.
	SetFriendPolicy = rpc.Method[wire.SetFriendPolicy, Nothing]{Service: Social, Name: "set_friend_policy"}
	// GetDMHistory: invalid window.
	GetDMHistory = rpc.Method[wire.GetDMHistory, wire.DMHistory]{Service: Social, Name: "history"}
	// GetDMChanges after a number.
	GetDMChanges = rpc.Method[wire.GetChanges, wire.Changes]{Service: Social, Name: "changes"}
)

// SocialState is social's part of `init`.
type SocialState struct {
	DMs              []wire.DM       `json:"dms"`
	Friends          []wire.Profile  `json:"friends"`
	RequestsSent     []wire.Profile  `json:"requests_sent"`
	RequestsReceived []wire.Profile  `json:"requests_received"`
	Blocked          []wire.Profile  `json:"blocked"`
	Settings         wire.Settings   `json:"settings"`
	Read             []wire.Progress `json:"read"`
	Online           []string        `json:"online"` // of the caller's friends
}
