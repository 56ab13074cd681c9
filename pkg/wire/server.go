package wire

// The kinds of channels.
const (
	ChannelText  = "text"
	ChannelVoice = "voice"
)

// Permissions are what the owner may allow a member.
type Permissions struct {
	CreateChannel bool `json:"can_create_channel"`
	EditChannel   bool `json:"can_edit_channel"`
	DeleteChannel bool `json:"can_delete_channel"`
}

// Channel belongs to a server.
type Channel struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type" enum:"text,voice"`
}

// Server as one of its members sees it: permissions are theirs, and missing for
// the owner, who may everything.
type Server struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Owner       string       `json:"owner"`
	Channels    []Channel    `json:"channels"`
	Permissions *Permissions `json:"permissions,omitempty"`
}

// CreateServer makes a server with a text channel `general`.
type CreateServer struct {
	Name string `json:"name"`
}

// ServerCreated answers CreateServer.
type ServerCreated struct {
	Server Server `json:"server"`
}

// FrameType implements Frame.
func (ServerCreated) FrameType() string { return "server_created" }

// ServerJoined tells that a server was made or joined.
type ServerJoined struct {
	Server Server `json:"server"`
}

// FrameType implements Frame.
func (ServerJoined) FrameType() string { return "server_joined" }

// MemberJoined tells the other members.
type MemberJoined struct {
	ServerID string `json:"server_id"`
	Username string `json:"username"`
}

// FrameType implements Frame.
func (MemberJoined) FrameType() string { return "member_joined" }

// RenameServer is the owner's.
type RenameServer struct {
	ServerID string `json:"server_id"`
	Name     string `json:"name"`
}

// ServerRenamed tells the members.
type ServerRenamed struct {
	ServerID string `json:"server_id"`
	Name     string `json:"name"`
}

// FrameType implements Frame.
func (ServerRenamed) FrameType() string { return "server_renamed" }

// GenerateServerInvite is the owner's: a code for one use.
type GenerateServerInvite struct {
	ServerID string `json:"server_id"`
}

// ServerInviteCode answers GenerateServerInvite.
type ServerInviteCode struct {
	ServerID string `json:"server_id"`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

// FrameType implements Frame.
func (ServerInviteCode) FrameType() string { return "server_invite_code" }

// JoinServerWithInvite joins the server that the code is for.
type JoinServerWithInvite struct {
	InviteCode string `json:"invite_code"`
}

// JoinServer is always refused: joining takes an invite.
type JoinServer struct {
	ServerID string `json:"server_id"`
}

// GetServerMembers lists the members.
type GetServerMembers struct {
	ServerID string `json:"server_id"`
}

// Member of a server.
type Member struct {
	Profile
	IsOwner     bool         `json:"is_owner"`
	Permissions *Permissions `json:"permissions,omitempty"`
}

// ServerMembers answers GetServerMembers.
type ServerMembers struct {
	ServerID string   `json:"server_id"`
	Members  []Member `json:"members"`
}

// FrameType implements Frame.
func (ServerMembers) FrameType() string { return "server_members" }

// UpdateUserPermissions sets all three; a missing one is false.
type UpdateUserPermissions struct {
	ServerID    string      `json:"server_id"`
	Username    string      `json:"username"`
	Permissions Permissions `json:"permissions"`
}

// PermissionsUpdated tells the member.
type PermissionsUpdated struct {
	ServerID    string      `json:"server_id"`
	Permissions Permissions `json:"permissions"`
}

// FrameType implements Frame.
func (PermissionsUpdated) FrameType() string { return "permissions_updated" }

// PermissionsUpdatedSuccess tells the owner.
type PermissionsUpdatedSuccess struct {
	ServerID    string      `json:"server_id"`
	Username    string      `json:"username"`
	Permissions Permissions `json:"permissions"`
}

// FrameType implements Frame.
func (PermissionsUpdatedSuccess) FrameType() string { return "permissions_updated_success" }

// CreateChannel makes a channel; its type is text unless it says voice.
type CreateChannel struct {
	ServerID    string `json:"server_id"`
	Name        string `json:"name"`
	ChannelType string `json:"channel_type,omitempty"`
}

// CreateVoiceChannel is CreateChannel with type voice.
type CreateVoiceChannel struct {
	ServerID string `json:"server_id"`
	Name     string `json:"name"`
}

// ChannelCreated tells the members.
type ChannelCreated struct {
	ServerID string  `json:"server_id"`
	Channel  Channel `json:"channel"`
}

// FrameType implements Frame.
func (ChannelCreated) FrameType() string { return "channel_created" }
