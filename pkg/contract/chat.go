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
	// GetServerMembers lists them, the owner first.
	GetServerMembers = rpc.Method[wire.GetServerMembers, wire.ServerMembers]{Service: Chat, Name: "members"}
	// UpdateUserPermissions is the owner's: not_found for no member, conflict for
	// the owner.
	UpdateUserPermissions = rpc.Method[wire.UpdateUserPermissions, Nothing]{Service: Chat, Name: "update_permissions"}
	// CreateChannel takes can_create_channel: invalid, too_large, conflict (too
	// many).
	CreateChannel = rpc.Method[wire.CreateChannel, Nothing]{Service: Chat, Name: "create_channel"}
	// CreateVoiceChannel likewise.
	CreateVoiceChannel = rpc.Method[wire.CreateVoiceChannel, Nothing]{Service: Chat, Name: "create_voice_channel"}

	// SendChannelMessage: invalid (empty, no text channel), too_large.
	SendChannelMessage = rpc.Method[wire.SendMessage, wire.Sent]{Service: Chat, Name: "send"}
	// EditChannelMessage is the author's.
	EditChannelMessage = rpc.Method[wire.EditMessage, wire.Changed]{Service: Chat, Name: "edit"}
	// DeleteChannelMessage is the author's or the server owner's.
	DeleteChannelMessage = rpc.Method[wire.DeleteMessage, wire.Changed]{Service: Chat, Name: "delete"}
	// GetChannelHistory: invalid window.
	GetChannelHistory = rpc.Method[wire.GetChannelHistory, wire.ChannelHistory]{Service: Chat, Name: "history"}
	// GetChannelChanges after a number.
	GetChannelChanges = rpc.Method[wire.GetChanges, wire.Changes]{Service: Chat, Name: "changes"}
)

// TopicsAnswer has the ids of the caller's servers.
type TopicsAnswer struct {
	ServerIDs []string `json:"server_ids"`
}

// ChatState is chat's part of `init`, and the lobby's last messages.
type ChatState struct {
	Servers []wire.Server       `json:"servers"`
	Lobby   []wire.LobbyMessage `json:"lobby"`
}
