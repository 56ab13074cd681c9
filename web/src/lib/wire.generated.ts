// Code generated from the Go types by "make generate"; DO NOT EDIT.

/** A moment: ISO 8601 with microseconds and an offset. */
export type Time = string;

export type Nothing = Record<never, never>;

/** AcceptVoiceCall takes a call that rings. Without a call id: the one of that caller. */
export interface AcceptVoiceCall {
	from: string;
	call_id?: string;
	voice_session?: string;
	relay_only?: boolean;
}

/** Account is one of the installation's. */
export interface Account {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
	/** of the installation */
	owner: boolean;
	created_at: Time;
	/** the last use of any session, to the hour; null: there is none */
	used_at: Time | null;
}

/** Accounts answers `get_accounts`. */
export interface Accounts {
	accounts: Account[];
	more: boolean;
}

/** Auth resumes a session; without a token, the one of the handshake's cookie. */
export interface Auth {
	token?: string;
}

/** AuthError refuses a login. */
export interface AuthError {
	message: string;
	code: 'invalid' | 'unauthenticated' | 'permission_denied' | 'not_found' | 'conflict' | 'rate_limited' | 'too_large' | 'unavailable' | 'internal';
	/** seconds */
	retry_after?: number;
}

/** AuthSuccess answers a login. The token resumes the session later; it is given only to those who came with a password. */
export interface AuthSuccess {
	message: string;
	token?: string;
}

/** AvatarUpdate tells friends and fellow members, each once, how somebody looks and is called now. */
export interface AvatarUpdate {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** AvatarUpdated tells all connections of who changed their avatar. */
export interface AvatarUpdated {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** Ban keeps somebody out of a server. */
export interface Ban {
	username: string;
	banned_at: Time;
}

/** BanMember is the owner's: the member, or whoever is not one yet, can't come back until unbanned. */
export interface BanMember {
	server_id: string;
	username: string;
}

/** Call is one of the user's, on whichever connection; the profile is the other party's. */
export interface Call {
	call_id: string;
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
	state: 'ringing' | 'accepted';
	incoming: boolean;
}

/** CallEntered acknowledges that one is in a call, or rings. */
export interface CallEntered {
	call_id: string;
	voice_session: string;
	turn: TURNCredentials;
}

/** ChangePassword ends every other session of the account. */
export interface ChangePassword {
	/** the present one */
	password: string;
	new_password: string;
}

/** Changed acknowledges an edit or a deletion with the number it took. */
export interface Changed {
	id: number;
	seq: number;
}

/** Changes answers GetChanges: every message that changed, as it is now, by the number of its last change. Reset: too many; fetch a fresh page instead. */
export interface Changes {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	messages: StoredMessage[];
	seq: number;
	reset: boolean;
}

/** Channel belongs to a server. */
export interface Channel {
	id: string;
	name: string;
	type: 'text' | 'voice';
	description?: string;
}

/** ChannelCreated tells the members. */
export interface ChannelCreated {
	server_id: string;
	channel: Channel;
}

/** ChannelDeleted tells the members. */
export interface ChannelDeleted {
	server_id: string;
	channel_id: string;
}

/** ChannelHistory answers GetChannelHistory. */
export interface ChannelHistory {
	server_id: string;
	channel_id: string;
	messages: StoredMessage[];
	/** the conversation's newest change */
	seq: number;
	more_before: boolean;
	more_after: boolean;
}

/** ChannelUpdated tells the members. */
export interface ChannelUpdated {
	server_id: string;
	channel: Channel;
}

/** ChannelsReordered tells the members. */
export interface ChannelsReordered {
	server_id: string;
	channel_ids: string[];
}

/** ConversationChanged tells that a conversation changed in a way no single event shows; `get_changes` has it. */
export interface ConversationChanged {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	seq: number;
}

/** CreateChannel makes a channel; its type is text unless it says voice. */
export interface CreateChannel {
	server_id: string;
	name: string;
	channel_type?: 'text' | 'voice';
}

/** CreatePasswordReset makes the link with which somebody who forgot their password sets another. One made before is good for nothing then. */
export interface CreatePasswordReset {
	username: string;
}

/** CreateServer makes a server with a text channel `general`. */
export interface CreateServer {
	name: string;
}

/** CreateVoiceChannel is CreateChannel with type voice. */
export interface CreateVoiceChannel {
	server_id: string;
	name: string;
}

/** DM is a conversation of two, as one of them sees it: the profile is the other's. */
export interface DM {
	id: string;
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** DMHistory answers GetDMHistory. */
export interface DMHistory {
	dm_id: string;
	messages: StoredMessage[];
	/** the conversation's newest change */
	seq: number;
	more_before: boolean;
	more_after: boolean;
}

/** DMStarted tells both that they have a DM. */
export interface DMStarted {
	dm: DM;
}

/** DeleteAccount ends one's account. Messages stay under DeletedUser, or go. */
export interface DeleteAccount {
	password: string;
	messages: 'keep' | 'remove';
}

/** DeleteChannel takes can_delete_channel: the channel goes with its messages. */
export interface DeleteChannel {
	server_id: string;
	channel_id: string;
}

/** DeleteMessage takes a message away for everybody. */
export interface DeleteMessage {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	id: number;
}

/** DeleteServer is the owner's: the server goes with its channels and messages. */
export interface DeleteServer {
	server_id: string;
}

/** EditMessage replaces the content of one's own message. */
export interface EditMessage {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	id: number;
	content: string;
}

/** Error refuses a frame. */
export interface Error {
	message: string;
	code: 'invalid' | 'unauthenticated' | 'permission_denied' | 'not_found' | 'conflict' | 'rate_limited' | 'too_large' | 'unavailable' | 'internal';
	/** seconds */
	retry_after?: number;
}

/** FriendAdded: the two are friends now. */
export interface FriendAdded {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** FriendRemoved tells both. */
export interface FriendRemoved {
	username: string;
}

/** FriendRequestAccepted tells the requester. */
export interface FriendRequestAccepted {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** FriendRequestApproved tells the one who approved. */
export interface FriendRequestApproved {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** FriendRequestCancelled tells the requester's connections. */
export interface FriendRequestCancelled {
	username: string;
}

/** FriendRequestCancelledBySender tells the asked. */
export interface FriendRequestCancelledBySender {
	username: string;
}

/** FriendRequestDenied tells the one who denied, and nobody else. */
export interface FriendRequestDenied {
	username: string;
}

/** FriendRequestReceived tells the asked. */
export interface FriendRequestReceived {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** FriendRequestSent tells the requester's connections. */
export interface FriendRequestSent {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** GenerateServerInvite is the owner's: a code, for one use unless it says otherwise. */
export interface GenerateServerInvite {
	server_id: string;
	/** 1 to 1,000; default 1 */
	max_uses?: number;
	/** seconds, at most a year; default never */
	expires_in?: number;
}

/** GetAccounts lists the accounts of the installation in the order of their names, for its owner: at most Limit (1 to 500, 100 if missing) after a name. */
export interface GetAccounts {
	after?: string;
	limit?: number;
}

/** GetChanges asks what happened in a conversation after a change number. */
export interface GetChanges {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	after: number;
}

/** GetChannelHistory asks for a page of a text channel. */
export interface GetChannelHistory {
	server_id: string;
	channel_id: string;
	before?: number;
	after?: number;
	around?: number;
	/** 1 to 500, default 100 */
	limit?: number;
}

/** GetDMHistory asks for a page of a DM. */
export interface GetDMHistory {
	dm_id: string;
	before?: number;
	after?: number;
	around?: number;
	/** 1 to 500, default 100 */
	limit?: number;
}

/** GetLobbyHistory asks for a page of what is kept of the lobby. */
export interface GetLobbyHistory {
	before?: number;
	after?: number;
	around?: number;
	/** 1 to 500, default 100 */
	limit?: number;
}

/** GetServerBans is the owner's. */
export interface GetServerBans {
	server_id: string;
}

/** GetServerInvites is the owner's. */
export interface GetServerInvites {
	server_id: string;
}

/** GetServerMembers lists the members. */
export interface GetServerMembers {
	server_id: string;
}

/** History is the lobby's last messages, sent after `init`. */
export interface History {
	messages: LobbyMessage[];
}

/** ICECandidate is WebRTC's RTCIceCandidateInit; an empty candidate ends them. */
export interface ICECandidate {
	candidate: string;
	sdpMid?: string;
	sdpMLineIndex?: number;
	usernameFragment?: string;
}

/** IncomingVoiceCall rings all connections of the callee. */
export interface IncomingVoiceCall {
	from: string;
	call_id: string;
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** Init is the state of a client's world at its login. */
export interface Init {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
	servers: Server[];
	dms: DM[];
	friends: Profile[];
	friend_requests_sent: Profile[];
	friend_requests_received: Profile[];
	blocked: Profile[];
	settings: Settings;
	/** of every conversation but the lobby: channels in the order of `servers`, then `dms` */
	read: Progress[];
	/** the friends who are online, by name; servers have their own */
	presence: string[];
	/** the rooms of one's servers with somebody inside */
	voice: VoiceRoom[];
	/** one's own, on whichever connection */
	calls: Call[];
	limits: Limits;
}

/** InstallationSettings answers `get_installation_settings`: what new accounts start with. Empty: what the program was started with. */
export interface InstallationSettings {
	friends: '' | 'instant' | 'ask';
}

/** Invite is a code that can still be used. */
export interface Invite {
	code: string;
	creator: string;
	uses_left: number;
	max_uses: number;
	created_at: Time;
	expires_at: Time | null;
}

/** InviteCode answers `generate_invite`. The message contains the code. */
export interface InviteCode {
	code: string;
	message: string;
}

/** InviteTerms bound an invite code. */
export interface InviteTerms {
	/** 1 to 1,000; default 1 */
	max_uses?: number;
	/** seconds, at most a year; default never */
	expires_in?: number;
}

/** Invites answers `get_invites`: one's own open account codes, newest first. */
export interface Invites {
	invites: Invite[];
}

/** JoinServer is always refused: joining takes an invite. */
export interface JoinServer {
	server_id: string;
}

/** JoinServerWithInvite joins the server that the code is for. */
export interface JoinServerWithInvite {
	invite_code: string;
}

/** JoinVoiceChannel enters a voice room; the connection leaves what it was in. */
export interface JoinVoiceChannel {
	server_id: string;
	channel_id: string;
	/** VoiceSession is drawn by the client, once for each time it enters. With the same one a new connection takes the place of a broken one, unnoticed by the others. Without it the user counts as new each time. */
	voice_session?: string;
	muted?: boolean;
	deafened?: boolean;
	relay_only?: boolean;
}

/** KickMember is the owner's: the member may come back with an invite. */
export interface KickMember {
	server_id: string;
	username: string;
}

/** LeaveServer ends one's own membership; the owner hands the server over first. */
export interface LeaveServer {
	server_id: string;
}

/** LeaveVoiceChannel leaves the room, hangs up, or gives up ringing. */
export interface LeaveVoiceChannel {
	/** VoiceSession is the one that ends, whichever connection it was entered with. Without it, it is the one that this connection is in. */
	voice_session?: string;
}

/** Limits are the bounds that clients are told in `init`, and that the services check. Lengths are in characters (code points) unless they say bytes. */
export interface Limits {
	username_length: number;
	display_name_length: number;
	avatar_bytes: number;
	password_min_length: number;
	/** bcrypt reads no more */
	password_max_bytes: number;
	message_length: number;
	server_name_length: number;
	channel_name_length: number;
	description_length: number;
	channels_per_server: number;
	servers_per_user: number;
	nonce_length: number;
	history_page: number;
	history_page_max: number;
	search_hits: number;
	lobby_history: number;
	frame_bytes: number;
}

/** LobbyHistory answers GetLobbyHistory. */
export interface LobbyHistory {
	messages: StoredMessage[];
	/** the conversation's newest change */
	seq: number;
	more_before: boolean;
	more_after: boolean;
}

/** LobbyMessage is a `message` frame inside `history`. */
export interface LobbyMessage {
	type: 'message';
	id: number;
	seq: number;
	username: string;
	content: string;
	timestamp: Time;
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	nonce?: string;
}

/** Login starts a session with a password. */
export interface Login {
	username: string;
	password: string;
}

/** MarkRead notes that one has seen everything up to a message. A mark never moves back. */
export interface MarkRead {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	id: number;
}

/** Member of a server. */
export interface Member {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
	is_owner: boolean;
	permissions?: Permissions;
}

/** MemberJoined tells the other members. */
export interface MemberJoined {
	server_id: string;
	username: string;
}

/** MemberLeft tells the remaining members. */
export interface MemberLeft {
	server_id: string;
	username: string;
}

/** Message is the event of a new message. */
export interface Message {
	id: number;
	seq: number;
	username: string;
	content: string;
	timestamp: Time;
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	nonce?: string;
}

/** MessageDeleted is the event of a deletion. */
export interface MessageDeleted {
	id: number;
	seq: number;
	/** who had written it */
	username: string;
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
}

/** MessageEdited is the event of an edit: the message as it is now. */
export interface MessageEdited {
	id: number;
	seq: number;
	username: string;
	content: string;
	timestamp: Time;
	edited_at: Time;
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
}

/** OutgoingVoiceCall tells all connections of the caller that one of them rings. */
export interface OutgoingVoiceCall {
	call_id: string;
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** PasswordReset answers `create_password_reset`. The token is good for one use; a page's link has it behind the #, which no server sees. */
export interface PasswordReset {
	username: string;
	token: string;
	expires_at: Time;
}

/** Peer names another user in a client's frame. */
export interface Peer {
	username: string;
}

/** Permissions are what the owner may allow a member. */
export interface Permissions {
	can_create_channel: boolean;
	can_edit_channel: boolean;
	can_delete_channel: boolean;
}

/** PermissionsUpdated tells the member. */
export interface PermissionsUpdated {
	server_id: string;
	permissions: Permissions;
}

/** PermissionsUpdatedSuccess tells the owner. */
export interface PermissionsUpdatedSuccess {
	server_id: string;
	username: string;
	permissions: Permissions;
}

/** Presence tells friends that somebody came or went, and the members of each server that one of them did. Who is both hears it as both: of whom one is no friend any more, one may still be a fellow member. */
export interface Presence {
	username: string;
	online: boolean;
	/** missing: as a friend */
	server_id?: string;
}

/** Profile is a user as others see them. It comes by several frames, and not always the newest last: of two versions the greater counts. */
export interface Profile {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** ProfileUpdated tells all connections of who changed their profile. */
export interface ProfileUpdated {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** Progress is how far one has read a conversation. */
export interface Progress {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	/** the conversation's last change */
	seq: number;
	/** the last message seen; 0: none */
	read: number;
	/** messages of others after it; 100: so many, or more */
	unread: number;
}

/** ReadMarked tells all connections of the reader. */
export interface ReadMarked {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	/** the conversation's last change */
	seq: number;
	/** the last message seen; 0: none */
	read: number;
	/** messages of others after it; 100: so many, or more */
	unread: number;
}

/** RejectVoiceCall refuses a call that rings. */
export interface RejectVoiceCall {
	from: string;
	call_id?: string;
}

/** RemoveAccount ends somebody's account, as if they had done it. It takes the password of the installation's owner. */
export interface RemoveAccount {
	username: string;
	password: string;
	messages: 'keep' | 'remove';
}

/** RenameServer is the owner's. */
export interface RenameServer {
	server_id: string;
	name: string;
}

/** ReorderChannels takes can_edit_channel. It names every channel of the server, once. */
export interface ReorderChannels {
	server_id: string;
	channel_ids: string[];
}

/** ResumeVoiceCall puts a new connection in the place of one that broke during an accepted call. Both parties may have to, after a restart of everything; the call goes on as soon as both have. */
export interface ResumeVoiceCall {
	call_id: string;
	/** the other party */
	username: string;
	/** one was called */
	incoming: boolean;
	voice_session: string;
	relay_only?: boolean;
}

/** Resync tells a client that events may have been missed: it asks for `resync` and for the changes of the conversations it holds. */
export type Resync = Nothing;

/** RevokeInvite makes an account code of one's own good for nothing. */
export interface RevokeInvite {
	code: string;
}

/** RevokeServerInvite is the owner's: the code is good for nothing any more. */
export interface RevokeServerInvite {
	server_id: string;
	code: string;
}

/** RevokeSession ends one of one's own sessions; its sockets are closed. */
export interface RevokeSession {
	id: string;
}

/** SearchHit is a found user and how the asker stands to them. */
export interface SearchHit {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
	is_friend: boolean;
	request_sent: boolean;
	request_received: boolean;
}

/** SearchResults answers SearchUsers. */
export interface SearchResults {
	results: SearchHit[];
}

/** SearchUsers looks for user names that contain the query. */
export interface SearchUsers {
	query: string;
}

/** SendAnswer answers an offer. */
export interface SendAnswer {
	target: string;
	/** VoiceSession is the sender's, and ToSession the one of the target's that this is meant for. Where they are given and not the present ones, the frame is refused: conflict. */
	voice_session?: string;
	to_session?: string;
	answer: SessionDescription;
	/** the offer's that is answered */
	offer_id?: string;
}

/** SendCandidate names a candidate. */
export interface SendCandidate {
	target: string;
	/** VoiceSession is the sender's, and ToSession the one of the target's that this is meant for. Where they are given and not the present ones, the frame is refused: conflict. */
	voice_session?: string;
	to_session?: string;
	/** null ends them */
	candidate: ICECandidate | null;
}

/** SendMessage stores a message. The same nonce from the same author in the same conversation creates nothing new. */
export interface SendMessage {
	content: string;
	context?: 'server' | 'dm' | 'global';
	context_id?: string;
	nonce?: string;
}

/** SendOffer offers a session to somebody in the same room or accepted call. */
export interface SendOffer {
	target: string;
	/** VoiceSession is the sender's, and ToSession the one of the target's that this is meant for. Where they are given and not the present ones, the frame is refused: conflict. */
	voice_session?: string;
	to_session?: string;
	offer: SessionDescription;
	context?: VoicePlace;
	/** OfferID tells this offer from others of the sender's. Who sends an offer again, since no answer came, gives it the same. */
	offer_id?: string;
}

/** Sent acknowledges a message: it is stored for good. */
export interface Sent {
	id: number;
	nonce?: string;
	timestamp: Time;
	seq: number;
}

/** Server as one of its members sees it: permissions are theirs, and missing for the owner, who may everything. */
export interface Server {
	id: string;
	name: string;
	owner: string;
	channels: Channel[];
	permissions?: Permissions;
	/** the other members who are online, by name */
	online: string[];
	/** when one became a member: servers are listed in this order, then by id */
	joined_at: Time;
}

/** ServerBans answers GetServerBans. */
export interface ServerBans {
	server_id: string;
	bans: Ban[];
}

/** ServerCreated answers CreateServer. */
export interface ServerCreated {
	server: Server;
}

/** ServerInviteCode answers GenerateServerInvite. */
export interface ServerInviteCode {
	server_id: string;
	code: string;
	message: string;
}

/** ServerInvites answers GetServerInvites, newest first. */
export interface ServerInvites {
	server_id: string;
	invites: Invite[];
}

/** ServerJoined tells that a server was made or joined, and what else `init` would have of it. */
export interface ServerJoined {
	server: Server;
	/** of its text channels */
	read: Progress[];
}

/** ServerLeft tells a former member's connections, and why. */
export interface ServerLeft {
	server_id: string;
	reason: 'left' | 'kicked' | 'banned' | 'deleted';
}

/** ServerMembers answers GetServerMembers. */
export interface ServerMembers {
	server_id: string;
	members: Member[];
}

/** ServerOwnerChanged tells the members. The former owner keeps all permissions, as a member. */
export interface ServerOwnerChanged {
	server_id: string;
	owner: string;
	former_owner: string;
	former_owner_permissions: Permissions;
}

/** ServerRenamed tells the members. */
export interface ServerRenamed {
	server_id: string;
	name: string;
}

/** SessionDescription is WebRTC's (RFC 8829). */
export interface SessionDescription {
	type: 'offer' | 'answer' | 'pranswer' | 'rollback';
	sdp: string;
}

/** SessionInfo is one of one's own sessions. */
export interface SessionInfo {
	id: string;
	address: string;
	user_agent: string;
	created_at: Time;
	/** to the hour */
	used_at: Time;
	current: boolean;
}

/** Sessions answers `get_sessions`, the last used first. */
export interface Sessions {
	sessions: SessionInfo[];
}

/** SetAvatar shows an emoji, or a picture: a data URL (RFC 2397) of a PNG, JPEG, GIF or WebP of at most 2 MB. */
export interface SetAvatar {
	avatar_type: 'emoji' | 'image';
	avatar?: string;
	avatar_data?: string;
}

/** SetFriendPolicy says how others become one's friends. */
export interface SetFriendPolicy {
	friends: 'instant' | 'ask';
}

/** SetProfile sets the display name; empty: none. */
export interface SetProfile {
	display_name: string;
}

/** Settings are a user's own, kept on the server. */
export interface Settings {
	friends: 'instant' | 'ask';
}

/** SettingsUpdated tells all connections of the user. */
export interface SettingsUpdated {
	friends: 'instant' | 'ask';
}

/** Signup makes an account. The code may be missing while no account exists. */
export interface Signup {
	username: string;
	password: string;
	invite_code?: string;
}

/** StartVoiceCall rings all connections of a friend. */
export interface StartVoiceCall {
	username: string;
	voice_session?: string;
	relay_only?: boolean;
}

/** StoredMessage is a message as histories have it. A deleted one appears only among changes, without content. */
export interface StoredMessage {
	id: number;
	seq: number;
	username: string;
	content: string;
	timestamp: Time;
	context_type: 'server' | 'dm' | 'global';
	context_id: string;
	nonce?: string;
	edited_at?: Time;
	deleted?: boolean;
}

/** System is a notice: somebody joined, somebody left. It is not stored. */
export interface System {
	content: string;
	timestamp: Time;
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
}

/** TURNCredentials let a client use the relay: the TURN REST convention, an HMAC-SHA1 over the user name. */
export interface TURNCredentials {
	username: string;
	credential: string;
	/** or earlier, with the session */
	expires_at: Time;
	/** empty: the host and port of the page, over UDP and TCP */
	urls: string[];
	/** RelayOnly: nothing but the relay is to be used, as one chose or as the installation has it. */
	relay_only: boolean;
}

/** TransferServer is the owner's: another member becomes the owner. */
export interface TransferServer {
	server_id: string;
	username: string;
}

/** Typing tells the others in a conversation that one is writing; it is not stored, and stands for some seconds. */
export interface Typing {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
}

/** UnbanMember is the owner's. */
export interface UnbanMember {
	server_id: string;
	username: string;
}

/** UpdateChannel takes can_edit_channel. A field that is missing stays. */
export interface UpdateChannel {
	server_id: string;
	channel_id: string;
	name?: string;
	description?: string;
}

/** UpdateInstallation sets what new accounts start with. */
export interface UpdateInstallation {
	friends: '' | 'instant' | 'ask';
}

/** UpdateUserPermissions sets all three; a missing one is false. */
export interface UpdateUserPermissions {
	server_id: string;
	username: string;
	permissions: Permissions;
}

/** UserBlocked tells all connections of who blocked; the blocked learns nothing. */
export interface UserBlocked {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
}

/** UserTyping is the event of Typing. */
export interface UserTyping {
	context: 'server' | 'dm' | 'global';
	context_id: string | null;
	username: string;
}

/** UserUnblocked likewise. */
export interface UserUnblocked {
	username: string;
}

/** VoiceCallAccepted tells the caller's connection: it offers. */
export interface VoiceCallAccepted {
	from: string;
	call_id: string;
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
	voice_session: string;
}

/** VoiceCallAnswered tells all connections of both that the call is accepted. */
export interface VoiceCallAnswered {
	call_id: string;
}

/** VoiceCallEnded tells all connections of both; answered_elsewhere tells the other connections of the callee, and the call goes on. */
export interface VoiceCallEnded {
	call_id: string;
	/** the other party */
	username: string;
	reason: 'hung_up' | 'cancelled' | 'rejected' | 'no_answer' | 'answered_elsewhere' | 'removed' | 'lost';
}

/** VoiceCallRejected tells the caller's connection. */
export interface VoiceCallRejected {
	from: string;
	call_id: string;
}

/** VoiceDeafen says whether one hears the others. */
export interface VoiceDeafen {
	deafened: boolean;
}

/** VoiceDeafenUpdate likewise. */
export interface VoiceDeafenUpdate {
	username: string;
	server_id?: string;
	channel_id?: string;
	call_id?: string;
	deafened: boolean;
}

/** VoiceEnded tells a connection that it is in its room or call no more. One that was taken for lost, and hears of it, may enter again. */
export interface VoiceEnded {
	server_id?: string;
	channel_id?: string;
	call_id?: string;
	reason: 'elsewhere' | 'removed' | 'lost';
}

/** VoiceJoined acknowledges JoinVoiceChannel: who is inside, oneself among them. */
export interface VoiceJoined {
	server_id: string;
	channel_id: string;
	voice_members: VoiceMember[];
	voice_session: string;
	turn: TURNCredentials;
}

/** VoiceMember is somebody inside a voice room. */
export interface VoiceMember {
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
	muted: boolean;
	deafened: boolean;
	video: boolean;
	screen_sharing: boolean;
	/** another one: another peer connection */
	voice_session: string;
}

/** VoiceMute says whether one's microphone is off. */
export interface VoiceMute {
	muted: boolean;
}

/** VoiceMuteUpdate tells a server's members, or both parties of a call. */
export interface VoiceMuteUpdate {
	username: string;
	server_id?: string;
	channel_id?: string;
	call_id?: string;
	muted: boolean;
}

/** VoicePlace says which room something is about; empty: a call. */
export interface VoicePlace {
	server_id?: string;
	channel_id?: string;
}

/** VoiceRoom is a voice channel with somebody inside. */
export interface VoiceRoom {
	server_id: string;
	channel_id: string;
	voice_members: VoiceMember[];
}

/** VoiceRooms tells a new member who is in a server's voice rooms. */
export interface VoiceRooms {
	server_id: string;
	voice: VoiceRoom[];
}

/** VoiceScreenShare says whether one shows one's screen. */
export interface VoiceScreenShare {
	screen_sharing: boolean;
}

/** VoiceScreenShareUpdate likewise. */
export interface VoiceScreenShareUpdate {
	username: string;
	server_id?: string;
	channel_id?: string;
	call_id?: string;
	screen_sharing: boolean;
}

/** VoiceSpeaking tells those inside that one speaks. It is not stored. */
export interface VoiceSpeaking {
	speaking: boolean;
}

/** VoiceSpeakingUpdate tells those inside alone. */
export interface VoiceSpeakingUpdate {
	username: string;
	server_id?: string;
	channel_id?: string;
	call_id?: string;
	speaking: boolean;
}

/** VoiceStateUpdate tells a server's members who came or went, and who is inside now. */
export interface VoiceStateUpdate {
	server_id: string;
	channel_id: string;
	username: string;
	display_name?: string;
	/** null for an image */
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	/** what an <img src> takes; null for an emoji */
	avatar_data: string | null;
	/** grows with every change of the profile */
	profile_version: number;
	voice_session: string;
	state: 'joined' | 'left';
	voice_members: VoiceMember[];
}

/** VoiceVideo says whether one's camera is on. */
export interface VoiceVideo {
	video: boolean;
}

/** VoiceVideoUpdate likewise. */
export interface VoiceVideoUpdate {
	username: string;
	server_id?: string;
	channel_id?: string;
	call_id?: string;
	video: boolean;
}

/** WebRTCAnswer is SendAnswer as its target gets it. */
export interface WebRTCAnswer {
	from: string;
	voice_session: string;
	call_id?: string;
	answer: SessionDescription;
	offer_id?: string;
}

/** WebRTCICECandidate is SendCandidate as its target gets it. */
export interface WebRTCICECandidate {
	from: string;
	voice_session: string;
	call_id?: string;
	candidate: ICECandidate | null;
}

/** WebRTCOffer is SendOffer as its target gets it. */
export interface WebRTCOffer {
	from: string;
	voice_session: string;
	call_id?: string;
	offer: SessionDescription;
	context?: VoicePlace;
	offer_id?: string;
}

/** What the server sends, by type. `ok` has the fields of what it answers. */
export interface ServerBodies {
	accounts: Accounts;
	auth_error: AuthError;
	auth_success: AuthSuccess;
	avatar_update: AvatarUpdate;
	avatar_updated: AvatarUpdated;
	call_entered: CallEntered;
	changes: Changes;
	channel_created: ChannelCreated;
	channel_deleted: ChannelDeleted;
	channel_history: ChannelHistory;
	channel_updated: ChannelUpdated;
	channels_reordered: ChannelsReordered;
	conversation_changed: ConversationChanged;
	dm_history: DMHistory;
	dm_started: DMStarted;
	error: Error;
	friend_added: FriendAdded;
	friend_removed: FriendRemoved;
	friend_request_accepted: FriendRequestAccepted;
	friend_request_approved: FriendRequestApproved;
	friend_request_cancelled: FriendRequestCancelled;
	friend_request_cancelled_by_sender: FriendRequestCancelledBySender;
	friend_request_denied: FriendRequestDenied;
	friend_request_received: FriendRequestReceived;
	friend_request_sent: FriendRequestSent;
	history: History;
	incoming_voice_call: IncomingVoiceCall;
	init: Init;
	installation_settings: InstallationSettings;
	invite_code: InviteCode;
	invites: Invites;
	lobby_history: LobbyHistory;
	member_joined: MemberJoined;
	member_left: MemberLeft;
	message: Message;
	message_deleted: MessageDeleted;
	message_edited: MessageEdited;
	outgoing_voice_call: OutgoingVoiceCall;
	password_reset: PasswordReset;
	permissions_updated: PermissionsUpdated;
	permissions_updated_success: PermissionsUpdatedSuccess;
	presence: Presence;
	profile_updated: ProfileUpdated;
	read_marked: ReadMarked;
	resync: Resync;
	search_results: SearchResults;
	server_bans: ServerBans;
	server_created: ServerCreated;
	server_invite_code: ServerInviteCode;
	server_invites: ServerInvites;
	server_joined: ServerJoined;
	server_left: ServerLeft;
	server_members: ServerMembers;
	server_owner_changed: ServerOwnerChanged;
	server_renamed: ServerRenamed;
	sessions: Sessions;
	settings_updated: SettingsUpdated;
	system: System;
	turn_credentials: TURNCredentials;
	typing: UserTyping;
	user_blocked: UserBlocked;
	user_unblocked: UserUnblocked;
	voice_call_accepted: VoiceCallAccepted;
	voice_call_answered: VoiceCallAnswered;
	voice_call_ended: VoiceCallEnded;
	voice_call_rejected: VoiceCallRejected;
	voice_deafen_update: VoiceDeafenUpdate;
	voice_ended: VoiceEnded;
	voice_joined: VoiceJoined;
	voice_mute_update: VoiceMuteUpdate;
	voice_rooms: VoiceRooms;
	voice_screen_share_update: VoiceScreenShareUpdate;
	voice_speaking_update: VoiceSpeakingUpdate;
	voice_state_update: VoiceStateUpdate;
	voice_video_update: VoiceVideoUpdate;
	webrtc_answer: WebRTCAnswer;
	webrtc_ice_candidate: WebRTCICECandidate;
	webrtc_offer: WebRTCOffer;
	ok: Partial<ChannelCreated & Changed & Progress & Sent & DMStarted>;
}

/** What a client sends, by type. */
export interface ClientBodies {
	accept_voice_call: AcceptVoiceCall;
	add_friend: Peer;
	approve_friend_request: Peer;
	auth: Auth;
	ban_member: BanMember;
	block_user: Peer;
	cancel_friend_request: Peer;
	change_password: ChangePassword;
	create_channel: CreateChannel;
	create_password_reset: CreatePasswordReset;
	create_server: CreateServer;
	create_voice_channel: CreateVoiceChannel;
	delete_account: DeleteAccount;
	delete_channel: DeleteChannel;
	delete_message: DeleteMessage;
	delete_server: DeleteServer;
	deny_friend_request: Peer;
	edit_message: EditMessage;
	generate_invite: InviteTerms;
	generate_server_invite: GenerateServerInvite;
	get_accounts: GetAccounts;
	get_changes: GetChanges;
	get_channel_history: GetChannelHistory;
	get_dm_history: GetDMHistory;
	get_installation_settings: Nothing;
	get_invites: Nothing;
	get_lobby_history: GetLobbyHistory;
	get_server_bans: GetServerBans;
	get_server_invites: GetServerInvites;
	get_server_members: GetServerMembers;
	get_sessions: Nothing;
	get_turn_credentials: Nothing;
	join_server: JoinServer;
	join_server_with_invite: JoinServerWithInvite;
	join_voice_channel: JoinVoiceChannel;
	kick_member: KickMember;
	leave_server: LeaveServer;
	leave_voice_channel: LeaveVoiceChannel;
	login: Login;
	mark_read: MarkRead;
	message: SendMessage;
	reject_voice_call: RejectVoiceCall;
	remove_account: RemoveAccount;
	remove_friend: Peer;
	rename_server: RenameServer;
	reorder_channels: ReorderChannels;
	resume_voice_call: ResumeVoiceCall;
	resync: Nothing;
	revoke_invite: RevokeInvite;
	revoke_server_invite: RevokeServerInvite;
	revoke_session: RevokeSession;
	search_users: SearchUsers;
	set_avatar: SetAvatar;
	set_friend_policy: SetFriendPolicy;
	set_profile: SetProfile;
	signup: Signup;
	start_dm: Peer;
	start_voice_call: StartVoiceCall;
	transfer_server: TransferServer;
	typing: Typing;
	unban_member: UnbanMember;
	unblock_user: Peer;
	update_channel: UpdateChannel;
	update_installation: UpdateInstallation;
	update_user_permissions: UpdateUserPermissions;
	voice_deafen: VoiceDeafen;
	voice_mute: VoiceMute;
	voice_screen_share: VoiceScreenShare;
	voice_speaking: VoiceSpeaking;
	voice_video: VoiceVideo;
	webrtc_answer: SendAnswer;
	webrtc_ice_candidate: SendCandidate;
	webrtc_offer: SendOffer;
}

export type ServerFrameType = keyof ServerBodies;
export type ClientFrameType = keyof ClientBodies;

/** The frame from the server of a type, or of some types. An answer has the `request_id` of what it answers. */
export type FrameOf<T extends ServerFrameType> = { [K in T]: { type: K; request_id?: string } & ServerBodies[K] }[T];

/** The frame from a client of a type, or of some types. */
export type ClientFrameOf<T extends ClientFrameType> = { [K in T]: { type: K; request_id?: string } & ClientBodies[K] }[T];

export type ServerFrame = FrameOf<ServerFrameType>;
export type ClientFrame = ClientFrameOf<ClientFrameType>;
