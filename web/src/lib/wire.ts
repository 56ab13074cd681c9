// The names the client has for what goes over the wire. The types are generated from the server's: see wire.generated.ts.
import type {
	Channel,
	Error as Refusal,
	FrameOf,
	InviteTerms,
	Limits as AllLimits,
	Message,
	Permissions,
	Profile,
	Settings,
} from './wire.generated';

export type {
	Account,
	Ban,
	ClientFrame,
	ClientFrameOf,
	DM as Dm,
	FrameOf,
	InstallationSettings,
	Invite,
	Member,
	PasswordReset,
	Profile as User,
	Progress,
	SearchHit as SearchResult,
	Server,
	ServerFrame,
	SessionInfo,
	StoredMessage,
} from './wire.generated';
export type { Channel, InviteTerms, Permissions };

export type AvatarTrio = Pick<Profile, 'avatar' | 'avatar_type' | 'avatar_data'>;
export type ChannelType = Channel['type'];
export type FriendPolicy = Settings['friends'];
export type ErrorCode = Refusal['code'];

/** Nothing is bounded here before the server has said how. */
export type Limits = Partial<AllLimits>;

/** A conversation, as the server names it. */
export type AnyContext = Pick<Message, 'context' | 'context_id'>;

/** A conversation that this client shows: a channel (`context_id` is "<server id>/<channel id>"), a direct message, or the lobby. */
export type ContextRef = { context: 'server' | 'dm'; context_id: string } | { context: 'global'; context_id: null };

export type InitFrame = FrameOf<'init'>;
export type ErrorFrame = FrameOf<'error' | 'auth_error'>;
export type MessageFrame = FrameOf<'message'>;
export type ConversationFrame = FrameOf<'message' | 'message_edited' | 'message_deleted'>;
export type HistoryFrame = FrameOf<'channel_history' | 'dm_history' | 'lobby_history'>;
export type ChangesFrame = FrameOf<'changes'>;

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
