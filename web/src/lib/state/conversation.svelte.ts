import { splitChannel } from '../rules/context';
import {
	acknowledge,
	discard,
	enqueue,
	fail,
	nextToSend,
	retry,
	settle,
	type Outbox,
	type Outgoing,
} from '../rules/outbox';
import type { SystemLine } from '../rules/rows';
import {
	applyChanges,
	applyEvent,
	applyNewer,
	applyOlder,
	applyPage,
	covers,
	emptyTimeline,
	hasHole,
	leave,
	trim,
	type Timeline,
} from '../rules/timeline';
import { backoff } from '../socket/connection';
import { WireError, type ClientFrame, type ContextRef, type ConversationFrame, type HistoryFrame } from '../wire';
import type { Clock, Transport } from './transport';

const PAGE_SIZE = 50;
/** Of more than this, what is farthest from the reader is let go of: the page stays as quick as it was. */
const HELD_LIMIT = 250;
const HELD_KEEP = 200;
/** An acknowledged message whose event does not come within this was lost on the way. */
const EVENT_GRACE_MS = 2_000;
/** Refusals of a message that trying again can mend. The nonce keeps it from being stored twice. */
const PASSING = new Set(['rate_limited', 'unavailable']);

export interface ConversationContext {
	transport: Transport;
	clock: Clock;
	username: () => string;
	newNonce: () => string;
	onError: (message: string) => void;
	/** The last message that was read, when so many came since that the newest page does not show it. */
	leftOff: (ref: ContextRef, page: number) => number | null;
}

/** Where the reader is: a message, and how far its top is below the edge of the view, in pixels. */
export interface Place {
	readonly id: number;
	readonly top: number;
}

type Window = { before: number } | { after: number } | { around: number } | Record<never, never>;

/** One conversation that is held: its timeline, what is on its way, and the asking that keeps it right. */
export class Conversation {
	readonly ref: ContextRef;
	readonly #context: ConversationContext;

	#timeline = $state.raw<Timeline>(emptyTimeline);
	#outbox = $state.raw<Outbox>([]);
	#systemLines = $state.raw<readonly SystemLine[]>([]);
	#loadError = $state<string | null>(null);
	#loadingMore = $state<'older' | 'newer' | null>(null);

	/** The id of the message that is being edited. */
	editing = $state<number | null>(null);
	/** The message to bring before the reader's eyes once it is there. */
	sought = $state<number | null>(null);
	/** Null at the newest message. */
	place: Place | null = null;

	#loading: Promise<void> | null = null;
	#syncing: Promise<void> | null = null;
	#sending = false;
	/** Waits before the next message is tried again. */
	#resting = false;
	/** How often in a row the server could not take the next message. */
	#refusals = 0;

	constructor(ref: ContextRef, context: ConversationContext) {
		this.ref = ref;
		this.#context = context;
	}

	get timeline(): Timeline {
		return this.#timeline;
	}
	get outbox(): Outbox {
		return this.#outbox;
	}
	get systemLines(): readonly SystemLine[] {
		return this.#systemLines;
	}
	get loadError(): string | null {
		return this.#loadError;
	}
	get loadingMore(): 'older' | 'newer' | null {
		return this.#loadingMore;
	}

	/** Brings the conversation up to date: a first page, or what changed since. Never rejects. */
	async refresh(): Promise<void> {
		if (!this.#context.transport.ready) return;
		if (this.#timeline.loaded) await this.#sync();
		if (!this.#timeline.loaded) await this.#load();
		await this.#flush();
	}

	/** Goes to a message, wherever it is in the conversation. Never rejects. */
	async seek(id: number): Promise<void> {
		this.sought = id;
		await this.#loading;
		await this.#moveTo(id);
	}

	/** Goes to the newest message. Never rejects. */
	async toPresent(): Promise<void> {
		this.sought = this.place = null;
		await this.#loading;
		await this.#moveTo(Infinity);
	}

	async #moveTo(id: number): Promise<void> {
		if (!this.#timeline.loaded || covers(this.#timeline, id)) return;
		this.#timeline = leave(this.#timeline);
		if (this.#context.transport.ready) await this.#load();
	}

	async loadOlder(): Promise<void> {
		const oldest = this.#timeline.messages[0]?.id ?? Infinity;
		if (this.#timeline.moreBefore) await this.#loadMore('older', { before: oldest });
	}

	async loadNewer(): Promise<void> {
		const newest = this.#timeline.messages.at(-1)?.id ?? 0;
		if (this.#timeline.moreAfter) await this.#loadMore('newer', { after: newest });
	}

	async #loadMore(which: 'older' | 'newer', window: Window): Promise<void> {
		const { loaded, messages, epoch } = this.#timeline;
		if (!loaded || this.#loadingMore !== null || !this.#context.transport.ready) return;
		if (messages.length === 0) {
			await this.#load();
			return;
		}
		this.#loadingMore = which;
		try {
			const page = await this.#history(window);
			const [longer, far] =
				which === 'older'
					? [applyOlder(this.#timeline, page, epoch), 'newest' as const]
					: [applyNewer(this.#timeline, page, epoch), 'oldest' as const];
			this.#set(trim(longer, far, HELD_LIMIT, HELD_KEEP));
		} catch (error) {
			this.#context.onError(text(error));
		} finally {
			this.#loadingMore = null;
		}
	}

	apply(event: ConversationFrame): void {
		this.#set(applyEvent(this.#timeline, event));
		if (hasHole(this.#timeline)) void this.#sync();
	}

	/** The server says that changes up to `seq` happened that no event shows. */
	changedTo(seq: number): void {
		if (this.#timeline.loaded && this.#timeline.seq < seq) void this.#sync();
	}

	addSystemLine(line: SystemLine): void {
		this.#systemLines = [...this.#systemLines, line].slice(-50);
	}

	send(content: string): void {
		const nonce = this.#context.newNonce();
		this.#outbox = enqueue(this.#outbox, nonce, content, new Date(this.#context.clock.now()).toISOString());
		void this.#flush();
	}

	retry(nonce: string): void {
		this.#outbox = retry(this.#outbox, nonce);
		void this.#flush();
	}

	discard(nonce: string): Outgoing | undefined {
		const entry = this.#outbox.find((other) => other.nonce === nonce);
		this.#outbox = discard(this.#outbox, nonce);
		return entry;
	}

	/** Rejects with a `WireError`. The event that follows changes the timeline. */
	async edit(id: number, content: string): Promise<void> {
		await this.#context.transport.request({ type: 'edit_message', ...this.ref, id, content });
	}

	/** Rejects with a `WireError`. */
	async remove(id: number): Promise<void> {
		await this.#context.transport.request({ type: 'delete_message', ...this.ref, id });
	}

	/** The reader is at the newest message: what lies far above may go. */
	trimAbove(): void {
		if (this.#loadingMore !== null) return;
		const trimmed = trim(this.#timeline, 'oldest', HELD_LIMIT, HELD_KEEP);
		if (trimmed !== this.#timeline) this.#timeline = trimmed;
	}

	#set(timeline: Timeline): void {
		this.#timeline = timeline;
		this.#outbox = settle(this.#outbox, timeline, this.#context.username());
		if (this.editing !== null && !timeline.messages.some((message) => message.id === this.editing)) this.editing = null;
	}

	#load(): Promise<void> {
		this.#loading ??= this.#loadOnce().finally(() => {
			this.#loading = null;
		});
		return this.#loading;
	}

	async #loadOnce(): Promise<void> {
		this.#loadError = null;
		try {
			const { leftOff } = this.#context;
			const around = this.sought ?? this.place?.id ?? (this.#timeline.epoch === 0 ? leftOff(this.ref, PAGE_SIZE) : null);
			this.#set(applyPage(this.#timeline, await this.#history(around === null ? {} : { around })));
			if (hasHole(this.#timeline)) void this.#sync();
		} catch (error) {
			// A lost connection shows itself; the page is asked for again when it is back.
			if (this.#context.transport.ready) this.#loadError = text(error);
		}
	}

	#sync(): Promise<void> {
		this.#syncing ??= this.#syncOnce().finally(() => {
			this.#syncing = null;
		});
		return this.#syncing;
	}

	async #syncOnce(): Promise<void> {
		// Twice at most: a second hole may have come up while the first was asked about.
		for (let round = 0; round < 2; round++) {
			try {
				const answer = await this.#context.transport.request({
					type: 'get_changes',
					...this.ref,
					after: this.#timeline.seq,
				});
				if (answer.type !== 'changes') return;
				this.#set(applyChanges(this.#timeline, answer));
			} catch {
				// Asked again with the next event, the next reconnect or the next half minute.
				return;
			}
			if (!this.#timeline.loaded) {
				await this.#load();
				return;
			}
			if (!hasHole(this.#timeline)) return;
		}
	}

	async #history(window: Window): Promise<HistoryFrame> {
		const answer = await this.#context.transport.request({ ...this.#historyFrame(), limit: PAGE_SIZE, ...window });
		if (answer.type !== 'channel_history' && answer.type !== 'dm_history' && answer.type !== 'lobby_history') {
			throw new WireError('internal', 'The server gave an unexpected answer.');
		}
		return answer;
	}

	#historyFrame(): Extract<ClientFrame, { type: 'get_channel_history' | 'get_dm_history' | 'get_lobby_history' }> {
		const { context, context_id } = this.ref;
		if (context === 'global') return { type: 'get_lobby_history' };
		const ids = context === 'server' ? splitChannel(context_id) : null;
		if (ids === null) return { type: 'get_dm_history', dm_id: context_id };
		return { type: 'get_channel_history', server_id: ids.serverId, channel_id: ids.channelId };
	}

	/** Sends what waits, one after the other, so that the order is kept. */
	async #flush(): Promise<void> {
		if (this.#sending || this.#resting) return;
		this.#sending = true;
		try {
			for (let entry = nextToSend(this.#outbox); entry !== undefined; entry = nextToSend(this.#outbox)) {
				if (!this.#context.transport.ready) return;
				if (!(await this.#deliver(entry))) return;
			}
		} finally {
			this.#sending = false;
		}
	}

	/** False when sending has to pause. */
	async #deliver({ nonce, content }: Outgoing): Promise<boolean> {
		const { transport } = this.#context;
		try {
			const ref = this.ref.context === 'global' ? { context: this.ref.context } : this.ref;
			const answer = await transport.request({ type: 'message', ...ref, content, nonce });
			this.#refusals = 0;
			const seq = answer.type === 'ok' ? (answer.seq ?? null) : null;
			const timestamp = answer.type === 'ok' ? answer.timestamp : undefined;
			this.#outbox = settle(acknowledge(this.#outbox, nonce, seq, timestamp), this.#timeline, this.#context.username());
			if (seq !== null) this.#expect(seq);
			return true;
		} catch (error) {
			// Without a connection it stays grey, and goes out again with the same nonce when it is back.
			if (!transport.ready) return false;
			if (error instanceof WireError && PASSING.has(error.code)) {
				this.#rest(error.retryAfter);
				return false;
			}
			this.#refusals = 0;
			this.#outbox = fail(this.#outbox, nonce, text(error));
			return true;
		}
	}

	/** What is written meanwhile waits as well: it does not go before what was written first. */
	#rest(retryAfter = 0): void {
		const { clock } = this.#context;
		this.#resting = true;
		clock.after(Math.max(retryAfter * 1000, backoff(this.#refusals++, clock.random())), () => {
			this.#resting = false;
			void this.#flush();
		});
	}

	#expect(seq: number): void {
		if (!this.#timeline.loaded || this.#timeline.seq >= seq) return;
		this.#context.clock.after(EVENT_GRACE_MS, () => {
			if (this.#timeline.loaded && this.#timeline.seq < seq) void this.#sync();
		});
	}
}

function text(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
