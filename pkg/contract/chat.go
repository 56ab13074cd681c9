package contract

import (
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// Methods of chat. A server or channel that is not there and one that the
// caller is no member of both answer not_found; what a member may not do
// answers permission_denied.
var (
	// ChatTopics lists the servers whose events the caller gets.
	ChatTopics = rpc.Method[SnapshotRequest, TopicsAnswer]{Service: Chat, Name: "topics"}
	// ChatSnapshot is chat's part of `init`.
	ChatSnapshot = rpc.Method[SnapshotRequest, ChatState]{Service: Chat, Name: "snapshot"}
	// OnlineMembers says who is online of the members of servers. Gateways ask, and
	// tell it to members alone.
	OnlineMembers = rpc.Method[OnlineMembersRequest, OnlineMembersAnswer]{Service: Chat, Name: "online_members"}

	// CreateServer: invalid, too_large, conflict (too many).
	CreateServer = rpc.Method[wire.CreateServer, wire.ServerCreated]{Service: Chat, Name: "create_server"}
	// RenameServer is the owner's: invalid, too_large.
	RenameServer = rpc.Method[wire.RenameServer, Nothing]{Service: Chat, Name: "rename_server"}
	// GenerateServerInvite is the owner's.
	GenerateServerInvite = rpc.Method[wire.GenerateServerInvite, wire.ServerInviteCode]{Service: Chat, Name: "generate_server_invite"}
	// JoinServerWithInvite: not_found for an unknown code, conflict for a member.
	JoinServerWithInvite = rpc.Method[wire.JoinServerWithInvite, wire.ServerJoined]{Service: Chat, Name: "join_server_with_invite"}
	// JoinServer is always refused: permission_denied.
	JoinServer = rpc.Method[wire.JoinServer, Nothing]{Service: Chat, Name: "join_server"}
	// GetServerInvites is the owner's.
	GetServerInvites = rpc.Method[wire.GetServerInvites, wire.ServerInvites]{Service: Chat, Name: "server_invites"}
	// RevokeServerInvite is the owner's: not_found for a code that is none of
	// the server's.
	RevokeServerInvite = rpc.Method[wire.RevokeServerInvite, Nothing]{Service: Chat, Name: "revoke_server_invite"}
	// LeaveServer: conflict for the owner.
	LeaveServer = rpc.Method[wire.LeaveServer, Nothing]{Service: Chat, Name: "leave_server"}
	// DeleteServer is the owner's.
	DeleteServer = rpc.Method[wire.DeleteServer, Nothing]{Service: Chat, Name: "delete_server"}
	// TransferServer is the owner's: not_found for no member.
	TransferServer = rpc.Method[wire.TransferServer, Nothing]{Service: Chat, Name: "transfer_server"}
	// KickMember is the owner's: not_found for no member, conflict for oneself.
	KickMember = rpc.Method[wire.KickMember, Nothing]{Service: Chat, Name: "kick_member"}
	// BanMember is the owner's: not_found for no user, conflict for oneself and
	// for who is banned already.
	BanMember = rpc.Method[wire.BanMember, Nothing]{Service: Chat, Name: "ban_member"}
	// UnbanMember is the owner's: not_found for who is not banned.
	UnbanMember = rpc.Method[wire.UnbanMember, Nothing]{Service: Chat, Name: "unban_member"}
	// GetServerBans is the owner's.
	GetServerBans = rpc.Method[wire.GetServerBans, wire.ServerBans]{Service: Chat, Name: "server_bans"}
	// GetServerMembers lists them, the owner first.
	GetServerMembers = rpc.Method[wire.GetServerMembers, wire.ServerMembers]{Service: Chat, Name: "members"}
	// UpdateUserPermissions is the owner's: not_found for no member, conflict for
	// the owner.
	UpdateUserPermissions = rpc.Method[wire.UpdateUserPermissions, Nothing]{Service: Chat, Name: "update_permissions"}
	// CreateChannel takes can_create_channel: invalid, too_large, conflict (too
	// many).
	CreateChannel = rpc.Method[wire.CreateChannel, wire.ChannelCreated]{Service: Chat, Name: "create_channel"}
	// CreateVoiceChannel likewise.
	CreateVoiceChannel = rpc.Method[wire.CreateVoiceChannel, wire.ChannelCreated]{Service: Chat, Name: "create_voice_channel"}
	// UpdateChannel takes can_edit_channel: invalid, too_large.
	UpdateChannel = rpc.Method[wire.UpdateChannel, Nothing]{Service: Chat, Name: "update_channel"}
	// ReorderChannels takes can_edit_channel: conflict when the list is not that
	// of the server's channels.
	ReorderChannels = rpc.Method[wire.ReorderChannels, Nothing]{Service: Chat, Name: "reorder_channels"}
	// DeleteChannel takes can_delete_channel.
	DeleteChannel = rpc.Method[wire.DeleteChannel, Nothing]{Service: Chat, Name: "delete_channel"}

	// SendChannelMessage: invalid (empty, no text channel), too_large.
	SendChannelMessage = rpc.Method[wire.SendMessage, wire.Sent]{Service: Chat, Name: "send"}
	// EditChannelMessage is the author's.
	EditChannelMessage = rpc.Method[wire.EditMessage, wire.Changed]{Service: Chat, Name: "edit"}
	// DeleteChannelMessage is the author's or the server owner's.
	DeleteChannelMessage = rpc.Method[wire.DeleteMessage, wire.Changed]{Service: Chat, Name: "delete"}
	// MarkChannelRead moves the caller's read mark.
	MarkChannelRead = rpc.Method[wire.MarkRead, wire.Progress]{Service: Chat, Name: "mark_read"}
	// TypeInChannel tells the members that the caller is writing.
	TypeInChannel = rpc.Method[wire.Typing, Nothing]{Service: Chat, Name: "typing"}
	// GetChannelHistory: invalid window.
	GetChannelHistory = rpc.Method[wire.GetChannelHistory, wire.ChannelHistory]{Service: Chat, Name: "history"}
	// GetLobbyHistory: invalid window.
	GetLobbyHistory = rpc.Method[wire.GetLobbyHistory, wire.LobbyHistory]{Service: Chat, Name: "lobby_history"}
	// GetChannelChanges after a number.
	GetChannelChanges = rpc.Method[wire.GetChanges, wire.Changes]{Service: Chat, Name: "changes"}
)

// TopicsAnswer has the ids of the caller's servers.
type TopicsAnswer struct {
	ServerIDs []string `json:"server_ids"`
}

// OnlineMembersRequest names servers.
type OnlineMembersRequest struct {
	ServerIDs []string `json:"server_ids"`
}

// OnlineMembersAnswer has names in their order, by server.
type OnlineMembersAnswer struct {
	Online map[string][]string `json:"online"`
}

// ChatState is chat's part of `init`, and the lobby's last messages, which have
// another mark after each change and are the same for everybody.
type ChatState struct {
	Servers   []wire.Server       `json:"servers"`
	Lobby     []wire.LobbyMessage `json:"lobby"`
	LobbyMark string              `json:"lobby_mark,omitempty"`
	Read      []wire.Progress     `json:"read"`
}
