// The frames and records the client exchanges with the gateway. Nothing but types and the one error class lives here.

export interface AvatarTrio {
	avatar: string | null;
	avatar_type: 'emoji' | 'image';
	avatar_data: string | null;
}

export interface User extends AvatarTrio {
	username: string;
	/** Shown instead of the user name where people are listed. */
	display_name?: string;
}

export interface Permissions {
	can_create_channel: boolean;
	can_edit_channel: boolean;
	can_delete_channel: boolean;
}

export type ChannelType = 'text' | 'voice';

export interface Channel {
	id: string;
	name: string;
	type: ChannelType;
	description?: string;
}

export interface Server {
	id: string;
	name: string;
	owner: string;
	channels: Channel[];
	/** What a member who is not the owner may do. */
	permissions?: Permissions;
}

/** The profile is the other party's. */
export interface Dm extends User {
	id: string;
}

export interface Member extends Partial<AvatarTrio> {
	username: string;
	display_name?: string;
	is_owner: boolean;
	permissions?: Permissions;
}

/** A code for a server that can still be used. */
export interface Invite {
	code: string;
	creator: string;
	uses_left: number;
	max_uses: number;
	created_at: string;
	expires_at: string | null;
}

export interface InviteTerms {
	/** Default 1. */
	max_uses?: number;
	/** Seconds; default never. */
	expires_in?: number;
}

export interface Ban {
	username: string;
	banned_at: string;
}

export interface SessionInfo {
	id: string;
	address: string;
	user_agent: string;
	created_at: string;
	/** To the hour. */
	used_at: string;
	current: boolean;
}

export type FriendPolicy = 'instant' | 'ask';

/** How far one has read a conversation. */
export interface Progress extends ContextRef {
	/** The conversation's last change. */
	seq: number;
	/** The last message seen; 0: none. */
	read: number;
	/** Messages of others after it; 100: so many, or more. */
	unread: number;
}

export interface SearchResult extends User {
	is_friend: boolean;
	request_sent: boolean;
	request_received: boolean;
}

/** Upper bounds the installation sets; any may be missing, then the client does not bound. */
export interface Limits {
	message_length?: number;
	username_length?: number;
	password_max_bytes?: number;
	server_name_length?: number;
	channel_name_length?: number;
	display_name_length?: number;
	description_length?: number;
	avatar_bytes?: number;
}

export type ContextType = 'server' | 'dm';

/** A conversation: a channel (`context_id` is "<server id>/<channel id>") or a direct message. */
export interface ContextRef {
	context: ContextType;
	context_id: string;
}

/** A message as history and changes bring it. `seq` is the number of the last change made to it. */
export interface StoredMessage {
	id: number;
	seq?: number;
	username: string;
	content: string;
	timestamp: string;
	context_type: ContextType;
	context_id: string;
	nonce?: string | null;
	edited_at?: string | null;
	deleted?: false;
}

/** An entry of `changes` for a message that is gone. */
export interface DeletedMessage {
	id: number;
	seq?: number;
	deleted: true;
}

export type ErrorCode =
	| 'invalid'
	| 'unauthenticated'
	| 'permission_denied'
	| 'not_found'
	| 'conflict'
	| 'rate_limited'
	| 'too_large'
	| 'unavailable'
	| 'internal';

// Client to server

export type ClientFrame =
	| { type: 'auth' }
	| { type: 'resync' }
	| ({ type: 'message'; content: string; nonce: string } & ContextRef)
	| ({ type: 'edit_message'; id: number; content: string } & ContextRef)
	| ({ type: 'delete_message'; id: number } & ContextRef)
	| ({ type: 'get_changes'; after: number } & ContextRef)
	| { type: 'get_channel_history'; server_id: string; channel_id: string; before?: number; limit?: number }
	| { type: 'get_dm_history'; dm_id: string; before?: number; limit?: number }
	| { type: 'create_server'; name: string }
	| { type: 'join_server_with_invite'; invite_code: string }
	| ({ type: 'mark_read'; id: number } & ContextRef)
	| ({ type: 'typing' } & ContextRef)
	| ({ type: 'generate_server_invite'; server_id: string } & InviteTerms)
	| {
			type: 'get_server_invites' | 'get_server_bans' | 'leave_server' | 'delete_server';
			server_id: string;
	  }
	| { type: 'revoke_server_invite'; server_id: string; code: string }
	| { type: 'rename_server'; server_id: string; name: string }
	| { type: 'transfer_server' | 'kick_member' | 'ban_member' | 'unban_member'; server_id: string; username: string }
	| { type: 'update_user_permissions'; server_id: string; username: string; permissions: Permissions }
	| { type: 'update_channel'; server_id: string; channel_id: string; name?: string; description?: string }
	| { type: 'reorder_channels'; server_id: string; channel_ids: string[] }
	| { type: 'delete_channel'; server_id: string; channel_id: string }
	| { type: 'set_avatar'; avatar_type: 'emoji'; avatar: string }
	| { type: 'set_avatar'; avatar_type: 'image'; avatar_data: string }
	| { type: 'set_profile'; display_name: string }
	| { type: 'change_password'; password: string; new_password: string }
	| { type: 'get_sessions' }
	| { type: 'revoke_session'; id: string }
	| { type: 'delete_account'; password: string; messages: 'keep' | 'remove' }
	| { type: 'block_user' | 'unblock_user'; username: string }
	| { type: 'set_friend_policy'; friends: FriendPolicy }
	| { type: 'get_server_members'; server_id: string }
	| { type: 'create_channel'; server_id: string; name: string; channel_type: ChannelType }
	| { type: 'search_users'; query: string }
	| { type: 'add_friend'; username: string }
	| { type: 'approve_friend_request'; username: string }
	| { type: 'deny_friend_request'; username: string }
	| { type: 'cancel_friend_request'; username: string }
	| { type: 'remove_friend'; username: string }
	| { type: 'start_dm'; username: string }
	| { type: 'generate_invite' };

// Server to client

export interface InitFrame extends User {
	type: 'init';
	servers: Server[];
	dms: Dm[];
	friends: User[];
	friend_requests_sent: User[];
	friend_requests_received: User[];
	blocked?: User[];
	settings?: { friends: FriendPolicy };
	/** Of every conversation. */
	read?: (Progress | { context: 'global' })[];
	/** Who is online, of friends and fellow members. */
	presence?: string[];
	limits?: Limits;
}

export interface MessageFrame extends ContextRef {
	type: 'message';
	id: number;
	seq: number;
	username: string;
	content: string;
	timestamp: string;
	nonce?: string | null;
}

export interface MessageEditedFrame extends ContextRef {
	type: 'message_edited';
	id: number;
	seq: number;
	username: string;
	content: string;
	timestamp: string;
	edited_at: string;
}

export interface MessageDeletedFrame extends ContextRef {
	type: 'message_deleted';
	id: number;
	seq: number;
	/** Who had written it. */
	username?: string;
}

export type ConversationFrame = MessageFrame | MessageEditedFrame | MessageDeletedFrame;

export interface HistoryFrame {
	type: 'channel_history' | 'dm_history';
	messages: StoredMessage[];
	seq: number;
	more_before: boolean;
	more_after: boolean;
}

export interface ChangesFrame extends ContextRef {
	type: 'changes';
	messages: (StoredMessage | DeletedMessage)[];
	seq: number;
	reset: boolean;
}

export interface OkFrame {
	type: 'ok';
	id?: number;
	nonce?: string;
	timestamp?: string;
	seq?: number;
}

export interface SystemFrame {
	type: 'system';
	content: string;
	timestamp: string;
	context?: ContextType | null;
	context_id?: string | null;
}

export interface ErrorFrame {
	type: 'error' | 'auth_error';
	message: string;
	code?: ErrorCode;
	retry_after?: number;
}

export type ServerFrame = (
	| { type: 'auth_success'; message?: string }
	| ErrorFrame
	| { type: 'resync' }
	| InitFrame
	| ConversationFrame
	| HistoryFrame
	| ChangesFrame
	| OkFrame
	| SystemFrame
	| { type: 'server_created' | 'server_joined'; server: Server }
	| { type: 'member_joined' | 'member_left'; server_id: string; username: string }
	| { type: 'server_left'; server_id: string; reason: 'left' | 'kicked' | 'banned' | 'deleted' }
	| { type: 'server_owner_changed'; server_id: string; owner: string; former_owner: string; former_owner_permissions: Permissions }
	| { type: 'server_invites'; server_id: string; invites: Invite[] }
	| { type: 'server_bans'; server_id: string; bans: Ban[] }
	| { type: 'permissions_updated_success'; server_id: string; username: string; permissions: Permissions }
	| { type: 'channel_updated'; server_id: string; channel: Channel }
	| { type: 'channels_reordered'; server_id: string; channel_ids: string[] }
	| { type: 'channel_deleted'; server_id: string; channel_id: string }
	| ({ type: 'conversation_changed'; seq: number } & ContextRef)
	| ({ type: 'read_marked' } & Progress)
	| ({ type: 'typing'; username: string } & ContextRef)
	| { type: 'presence'; username: string; online: boolean }
	| ({ type: 'profile_updated' } & User)
	| { type: 'settings_updated'; friends: FriendPolicy }
	| ({ type: 'user_blocked' } & User)
	| { type: 'user_unblocked'; username: string }
	| { type: 'sessions'; sessions: SessionInfo[] }
	| { type: 'server_renamed'; server_id: string; name: string }
	| { type: 'server_invite_code'; server_id: string; code: string; message: string }
	| { type: 'invite_code'; code: string; message: string }
	| { type: 'server_members'; server_id: string; members: Member[] }
	| { type: 'permissions_updated'; server_id: string; permissions: Permissions }
	| { type: 'channel_created'; server_id: string; channel: Channel }
	| ({
			type:
				| 'friend_added'
				| 'friend_request_sent'
				| 'friend_request_received'
				| 'friend_request_approved'
				| 'friend_request_accepted';
	  } & User)
	| {
			type:
				| 'friend_request_denied'
				| 'friend_request_cancelled'
				| 'friend_request_cancelled_by_sender'
				| 'friend_removed';
			username: string;
	  }
	| { type: 'dm_started'; dm: Dm }
	| { type: 'search_results'; results: SearchResult[] }
	| ({ type: 'avatar_updated' } & AvatarTrio)
	| ({ type: 'avatar_update' } & User)
) & { request_id?: string };

export type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

/** A refusal, by frame or by REST, with a sentence for the user. */
export class WireError extends Error {
	readonly code: ErrorCode;
	/** Seconds. */
	readonly retryAfter: number | undefined;

	constructor(code: ErrorCode, message: string, retryAfter?: number) {
		super(message);
		this.name = 'WireError';
		this.code = code;
		this.retryAfter = retryAfter;
	}
}
