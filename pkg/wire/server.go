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
	ID          string `json:"id"`
	Name        string `json:"name"`
	Type        string `json:"type" enum:"text,voice"`
	Description string `json:"description,omitempty"`
}

// Server as one of its members sees it: permissions are theirs, and missing for
// the owner, who may everything.
type Server struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Owner       string       `json:"owner"`
	Channels    []Channel    `json:"channels"`
	Permissions *Permissions `json:"permissions,omitempty"`
	Online      []string     `json:"online"`    // the other members who are online, by name
	JoinedAt    Time         `json:"joined_at"` // when one became a member: servers are listed in this order, then by id
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

// ServerJoined tells that a server was made or joined, and what else `init` would
// have of it.
type ServerJoined struct {
	Server Server     `json:"server"`
	Read   []Progress `json:"read"` // of its text channels
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

// LeaveServer ends one's own membership; the owner hands the server over first.
type LeaveServer struct {
	ServerID string `json:"server_id"`
}

// ServerLeft tells a former member's connections, and why.
type ServerLeft struct {
	ServerID string `json:"server_id"`
	Reason   string `json:"reason" enum:"left,kicked,banned,deleted"`
}

// FrameType implements Frame.
func (ServerLeft) FrameType() string { return "server_left" }

// MemberLeft tells the remaining members.
type MemberLeft struct {
	ServerID string `json:"server_id"`
	Username string `json:"username"`
}

// FrameType implements Frame.
func (MemberLeft) FrameType() string { return "member_left" }

// DeleteServer is the owner's: the server goes with its channels and messages.
type DeleteServer struct {
	ServerID string `json:"server_id"`
}

// TransferServer is the owner's: another member becomes the owner.
type TransferServer struct {
	ServerID string `json:"server_id"`
	Username string `json:"username"`
}

// ServerOwnerChanged tells the members. The former owner keeps all permissions,
// as a member.
type ServerOwnerChanged struct {
	ServerID    string      `json:"server_id"`
	Owner       string      `json:"owner"`
	FormerOwner string      `json:"former_owner"`
	Permissions Permissions `json:"former_owner_permissions"`
}

// FrameType implements Frame.
func (ServerOwnerChanged) FrameType() string { return "server_owner_changed" }

// KickMember is the owner's: the member may come back with an invite.
type KickMember struct {
	ServerID string `json:"server_id"`
	Username string `json:"username"`
}

// BanMember is the owner's: the member, or whoever is not one yet, can't come
// back until unbanned.
type BanMember struct {
	ServerID string `json:"server_id"`
	Username string `json:"username"`
}

// UnbanMember is the owner's.
type UnbanMember struct {
	ServerID string `json:"server_id"`
	Username string `json:"username"`
}

// GetServerBans is the owner's.
type GetServerBans struct {
	ServerID string `json:"server_id"`
}

// Ban keeps somebody out of a server.
type Ban struct {
	Username string `json:"username"`
	BannedAt Time   `json:"banned_at"`
}

// ServerBans answers GetServerBans.
type ServerBans struct {
	ServerID string `json:"server_id"`
	Bans     []Ban  `json:"bans"`
}

// FrameType implements Frame.
func (ServerBans) FrameType() string { return "server_bans" }

// GenerateServerInvite is the owner's: a code, for one use unless it says
// otherwise.
type GenerateServerInvite struct {
	ServerID string `json:"server_id"`
	InviteTerms
}

// InviteTerms bound an invite code.
type InviteTerms struct {
	MaxUses   int   `json:"max_uses,omitempty"`   // 1 to 1,000; default 1
	ExpiresIn int64 `json:"expires_in,omitempty"` // seconds, at most a year; default never
}

// Invite is a code that can still be used.
type Invite struct {
	Code      string `json:"code"`
	Creator   string `json:"creator"`
	UsesLeft  int    `json:"uses_left"`
	MaxUses   int    `json:"max_uses"`
	CreatedAt Time   `json:"created_at"`
	ExpiresAt *Time  `json:"expires_at"`
}

// GetServerInvites is the owner's.
type GetServerInvites struct {
	ServerID string `json:"server_id"`
}

// ServerInvites answers GetServerInvites, newest first.
type ServerInvites struct {
	ServerID string   `json:"server_id"`
	Invites  []Invite `json:"invites"`
}

// FrameType implements Frame.
func (ServerInvites) FrameType() string { return "server_invites" }

// RevokeServerInvite is the owner's: the code is good for nothing any more.
type RevokeServerInvite struct {
	ServerID string `json:"server_id"`
	Code     string `json:"code"`
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
	ChannelType string `json:"channel_type,omitempty" enum:"text,voice"`
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

// UpdateChannel takes can_edit_channel. A field that is missing stays.
type UpdateChannel struct {
	ServerID    string  `json:"server_id"`
	ChannelID   string  `json:"channel_id"`
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
}

// ChannelUpdated tells the members.
type ChannelUpdated struct {
	ServerID string  `json:"server_id"`
	Channel  Channel `json:"channel"`
}

// FrameType implements Frame.
func (ChannelUpdated) FrameType() string { return "channel_updated" }

// ReorderChannels takes can_edit_channel. It names every channel of the server,
// once.
type ReorderChannels struct {
	ServerID   string   `json:"server_id"`
	ChannelIDs []string `json:"channel_ids"`
}

// ChannelsReordered tells the members.
type ChannelsReordered struct {
	ServerID   string   `json:"server_id"`
	ChannelIDs []string `json:"channel_ids"`
}

// FrameType implements Frame.
func (ChannelsReordered) FrameType() string { return "channels_reordered" }

// DeleteChannel takes can_delete_channel: the channel goes with its messages.
type DeleteChannel struct {
	ServerID  string `json:"server_id"`
	ChannelID string `json:"channel_id"`
}

// ChannelDeleted tells the members.
type ChannelDeleted struct {
	ServerID  string `json:"server_id"`
	ChannelID string `json:"channel_id"`
}

// FrameType implements Frame.
func (ChannelDeleted) FrameType() string { return "channel_deleted" }
