package contract

import (
	"decentra.local/pkg/rpc"
	"decentra.local/pkg/wire"
)

// Route leads a client's frame to the method that takes it as its request.
type Route struct {
	// Answer is the type of the answering frame, whose fields are the method's
	// answer. Empty: `ok`, sent only to a frame that has a request_id.
	Answer   string
	Endpoint rpc.Endpoint
	// Batch: several that wait on one connection are asked for in one call.
	Batch bool
	// Placed: the answer takes the place of an event that says the same, among all
	// events.
	Placed bool
	// Quiet: the answer too is sent only to a frame that has a request_id.
	Quiet bool
	// Large: the frame may have a picture in it. Others are refused from a size on
	// that none of them needs.
	Large bool
	// Long: the answer may be, and takes its time. Fewer of those are asked for at
	// once than there are processors, whoever asks.
	Long bool
}

// FrameKey identifies a frame in the table: its type, and for frames about a
// conversation the context.
type FrameKey struct{ Type, Context string }

// Frames is the table of all frames that a logged-in client may send, but for
// those that are about the socket itself (`resync`).
var Frames = map[FrameKey]Route{
	{"message", wire.ContextServer}:        {Endpoint: SendChannelMessage, Batch: true},
	{"message", wire.ContextGlobal}:        {Endpoint: SendChannelMessage, Batch: true},
	{"message", wire.ContextDM}:            {Endpoint: SendDM, Batch: true},
	{"edit_message", wire.ContextServer}:   {Endpoint: EditChannelMessage},
	{"edit_message", wire.ContextGlobal}:   {Endpoint: EditChannelMessage},
	{"edit_message", wire.ContextDM}:       {Endpoint: EditDM},
	{"delete_message", wire.ContextServer}: {Endpoint: DeleteChannelMessage},
	{"delete_message", wire.ContextGlobal}: {Endpoint: DeleteChannelMessage},
	{"delete_message", wire.ContextDM}:     {Endpoint: DeleteDM},
	{"get_changes", wire.ContextServer}:    {Answer: "changes", Endpoint: GetChannelChanges, Long: true},
	{"get_changes", wire.ContextGlobal}:    {Answer: "changes", Endpoint: GetChannelChanges, Long: true},
	{"get_changes", wire.ContextDM}:        {Answer: "changes", Endpoint: GetDMChanges, Long: true},

	{"mark_read", wire.ContextServer}: {Endpoint: MarkChannelRead},
	{"mark_read", wire.ContextGlobal}: {Endpoint: MarkChannelRead},
	{"mark_read", wire.ContextDM}:     {Endpoint: MarkDMRead},
	{"typing", wire.ContextServer}:    {Endpoint: TypeInChannel},
	{"typing", wire.ContextGlobal}:    {Endpoint: TypeInChannel},
	{"typing", wire.ContextDM}:        {Endpoint: TypeInDM},

	{Type: "get_channel_history"}: {Answer: "channel_history", Endpoint: GetChannelHistory, Long: true},
	{Type: "get_lobby_history"}:   {Answer: "lobby_history", Endpoint: GetLobbyHistory, Long: true},
	{Type: "get_dm_history"}:      {Answer: "dm_history", Endpoint: GetDMHistory, Long: true},

	{Type: "create_server"}:           {Answer: "server_created", Endpoint: CreateServer, Placed: true},
	{Type: "rename_server"}:           {Endpoint: RenameServer},
	{Type: "generate_server_invite"}:  {Answer: "server_invite_code", Endpoint: GenerateServerInvite},
	{Type: "join_server_with_invite"}: {Answer: "server_joined", Endpoint: JoinServerWithInvite, Placed: true},
	{Type: "join_server"}:             {Endpoint: JoinServer},
	{Type: "get_server_members"}:      {Answer: "server_members", Endpoint: GetServerMembers},
	{Type: "update_user_permissions"}: {Endpoint: UpdateUserPermissions},
	{Type: "get_server_invites"}:      {Answer: "server_invites", Endpoint: GetServerInvites},
	{Type: "revoke_server_invite"}:    {Endpoint: RevokeServerInvite},
	{Type: "leave_server"}:            {Endpoint: LeaveServer},
	{Type: "delete_server"}:           {Endpoint: DeleteServer},
	{Type: "transfer_server"}:         {Endpoint: TransferServer},
	{Type: "kick_member"}:             {Endpoint: KickMember},
	{Type: "ban_member"}:              {Endpoint: BanMember},
	{Type: "unban_member"}:            {Endpoint: UnbanMember},
	{Type: "get_server_bans"}:         {Answer: "server_bans", Endpoint: GetServerBans},
	{Type: "update_channel"}:          {Endpoint: UpdateChannel},
	{Type: "reorder_channels"}:        {Endpoint: ReorderChannels},
	{Type: "delete_channel"}:          {Endpoint: DeleteChannel},
	{Type: "create_channel"}:          {Endpoint: CreateChannel},
	{Type: "create_voice_channel"}:    {Endpoint: CreateVoiceChannel},

	{Type: "set_avatar"}:      {Endpoint: SetAvatar, Large: true},
	{Type: "set_profile"}:     {Endpoint: SetProfile},
	{Type: "delete_account"}:  {Endpoint: DeleteAccount},
	{Type: "change_password"}: {Endpoint: ChangePassword},
	{Type: "get_sessions"}:    {Answer: "sessions", Endpoint: GetSessions},
	{Type: "revoke_session"}:  {Endpoint: RevokeSession},
	{Type: "generate_invite"}: {Answer: "invite_code", Endpoint: GenerateInvite},
	{Type: "get_invites"}:     {Answer: "invites", Endpoint: GetInvites},
	{Type: "revoke_invite"}:   {Endpoint: RevokeInvite},

	{Type: "get_accounts"}:              {Answer: "accounts", Endpoint: GetAccounts},
	{Type: "create_password_reset"}:     {Answer: "password_reset", Endpoint: CreatePasswordReset},
	{Type: "remove_account"}:            {Endpoint: RemoveAccount},
	{Type: "get_installation_settings"}: {Answer: "installation_settings", Endpoint: GetInstallationSettings},
	{Type: "update_installation"}:       {Endpoint: UpdateInstallation},

	{Type: "search_users"}:           {Answer: "search_results", Endpoint: SearchUsers},
	{Type: "add_friend"}:             {Endpoint: AddFriend},
	{Type: "approve_friend_request"}: {Endpoint: ApproveFriendRequest},
	{Type: "deny_friend_request"}:    {Endpoint: DenyFriendRequest},
	{Type: "cancel_friend_request"}:  {Endpoint: CancelFriendRequest},
	{Type: "remove_friend"}:          {Endpoint: RemoveFriend},
	{Type: "start_dm"}:               {Endpoint: StartDM},
	{Type: "block_user"}:             {Endpoint: BlockUser},
	{Type: "unblock_user"}:           {Endpoint: UnblockUser},
	{Type: "set_friend_policy"}:      {Endpoint: SetFriendPolicy},

	{Type: "join_voice_channel"}:   {Answer: "voice_joined", Endpoint: JoinVoiceChannel, Quiet: true},
	{Type: "leave_voice_channel"}:  {Endpoint: LeaveVoiceChannel},
	{Type: "voice_mute"}:           {Endpoint: VoiceMute},
	{Type: "voice_deafen"}:         {Endpoint: VoiceDeafen},
	{Type: "voice_video"}:          {Endpoint: VoiceVideo},
	{Type: "voice_screen_share"}:   {Endpoint: VoiceScreenShare},
	{Type: "voice_speaking"}:       {Endpoint: VoiceSpeaking},
	{Type: "get_turn_credentials"}: {Answer: "turn_credentials", Endpoint: GetTURNCredentials},

	{Type: "webrtc_offer"}:         {Endpoint: SendOffer},
	{Type: "webrtc_answer"}:        {Endpoint: SendAnswer},
	{Type: "webrtc_ice_candidate"}: {Endpoint: SendCandidate},

	{Type: "start_voice_call"}:  {Answer: "call_entered", Endpoint: StartVoiceCall, Quiet: true},
	{Type: "accept_voice_call"}: {Answer: "call_entered", Endpoint: AcceptVoiceCall, Quiet: true},
	{Type: "resume_voice_call"}: {Answer: "call_entered", Endpoint: ResumeVoiceCall, Quiet: true},
	{Type: "reject_voice_call"}: {Endpoint: RejectVoiceCall},
}

// contextual are the types of frames about a conversation.
var contextual = func() map[string]bool {
	types := map[string]bool{}
	for key := range Frames {
		if key.Context != "" {
			types[key.Type] = true
		}
	}
	return types
}()

// Find looks a frame up. A frame about a conversation without a context is about
// the lobby, as the first clients have it.
func Find(frameType, context string) (Route, bool) {
	key := FrameKey{Type: frameType}
	if contextual[frameType] {
		key.Context = context
		if context == "" {
			key.Context = wire.ContextGlobal
		}
	}
	route, ok := Frames[key]
	return route, ok
}
