import type { ChangesFrame, ConversationFrame, HistoryFrame, MessageFrame, StoredMessage } from '../wire';

/** A message as the timeline holds it. `seq` is the number of the last change it shows. */
export interface Message {
	readonly id: number;
	readonly seq: number;
	readonly username: string;
	readonly content: string;
	readonly timestamp: string;
	readonly editedAt: string | null;
	readonly nonce: string | null;
}

/** A change to a message that no loaded page holds yet; it is applied when an older page brings the message. */
type EarlyChange = { readonly seq: number } & (
	| { readonly deleted: true }
	| { readonly deleted: false; readonly content: string; readonly editedAt: string | null }
);

/**
 * What is held of one conversation: a run of messages without gaps, oldest first; usually up to the newest.
 * Every change has a number, without holes: `seq` is the last one applied, `waiting` has the events beyond a hole.
 */
export interface Timeline {
	readonly messages: readonly Message[];
	readonly seq: number;
	readonly loaded: boolean;
	readonly moreBefore: boolean;
	readonly moreAfter: boolean;
	readonly waiting: readonly ConversationFrame[];
	readonly early: ReadonlyMap<number, EarlyChange>;
	/** Grows whenever an end of the run was replaced: a page asked for before then no longer fits. */
	readonly epoch: number;
}

export type Page = Pick<HistoryFrame, 'messages' | 'seq' | 'more_before' | 'more_after'>;
export type Changes = Pick<ChangesFrame, 'messages' | 'seq' | 'reset'>;

/** Events kept while they can't be applied. What is dropped beyond it shows as a hole and is asked for again. */
const MAX_WAITING = 1000;

export const emptyTimeline: Timeline = {
	messages: [],
	seq: 0,
	loaded: false,
	moreBefore: false,
	moreAfter: false,
	waiting: [],
	early: new Map(),
	epoch: 0,
};

/** True when events wait for a change that did not arrive: ask for the changes after `seq`. */
export function hasHole(timeline: Timeline): boolean {
	return timeline.loaded && timeline.waiting.length > 0;
}

export function applyEvent(timeline: Timeline, event: ConversationFrame): Timeline {
	if (timeline.loaded && event.seq <= timeline.seq) return timeline;
	if (timeline.loaded && event.seq === timeline.seq + 1) return drain(applyOne(timeline, event));
	if (timeline.waiting.some((other) => other.seq === event.seq)) return timeline;
	const waiting = [...timeline.waiting, event].sort((a, b) => a.seq - b.seq).slice(-MAX_WAITING);
	return { ...timeline, waiting };
}

/** True when the message is held, or would be if it still existed. */
export function covers(timeline: Timeline, id: number): boolean {
	const { loaded, messages, moreBefore, moreAfter } = timeline;
	if (!loaded) return false;
	return (!moreBefore || (messages[0]?.id ?? Infinity) <= id) && (!moreAfter || (messages.at(-1)?.id ?? 0) >= id);
}

/** Makes room for a page of another place; what is held stays to be seen until it comes. */
export function leave(timeline: Timeline): Timeline {
	return { ...timeline, loaded: false, epoch: timeline.epoch + 1 };
}

/** A first page: replaces whatever was held. */
export function applyPage(timeline: Timeline, page: Page): Timeline {
	return drain({
		...timeline,
		messages: page.messages.map((stored) => fromStored(stored)).sort((a, b) => a.id - b.id),
		seq: page.seq,
		loaded: true,
		moreBefore: page.more_before,
		moreAfter: page.more_after,
		early: new Map(),
		epoch: timeline.epoch + 1,
	});
}

/** A page of older messages, asked for when the timeline was at `epoch`. */
export function applyOlder(timeline: Timeline, page: Page, epoch: number): Timeline {
	if (!timeline.loaded || timeline.epoch !== epoch) return timeline;
	const oldest = timeline.messages[0]?.id ?? Infinity;
	const [older, early] = withEarly(timeline, page.messages.filter(({ id }) => id < oldest));
	return { ...timeline, messages: [...older, ...timeline.messages], moreBefore: page.more_before, early };
}

/** A page of newer messages, asked for when the timeline was at `epoch`. */
export function applyNewer(timeline: Timeline, page: Page, epoch: number): Timeline {
	if (!timeline.loaded || timeline.epoch !== epoch) return timeline;
	const newest = timeline.messages.at(-1)?.id ?? 0;
	const [newer, early] = withEarly(timeline, page.messages.filter(({ id }) => id > newest));
	// Messages that came while the page was on its way were not kept.
	const moreAfter = page.more_after || page.seq < timeline.seq;
	return { ...timeline, messages: [...timeline.messages, ...newer], moreAfter, early };
}

/** The messages of a page with what happened to them since, and what is left to happen to others. */
function withEarly(timeline: Timeline, page: readonly StoredMessage[]): [Message[], Map<number, EarlyChange>] {
	const early = new Map(timeline.early);
	const messages: Message[] = [];
	for (const stored of page) {
		const message = fromStored(stored);
		const change = early.get(message.id);
		early.delete(message.id);
		if (change === undefined || change.seq <= message.seq) messages.push(message);
		else if (!change.deleted) messages.push({ ...message, seq: change.seq, content: change.content, editedAt: change.editedAt });
	}
	return [messages.sort((a, b) => a.id - b.id), early];
}

/** The answer to "what changed after seq": the last state of each message that changed. */
export function applyChanges(timeline: Timeline, changes: Changes): Timeline {
	if (!timeline.loaded) return timeline;
	if (changes.reset) return leave(timeline);
	let next = timeline;
	const inOrder = [...changes.messages].sort((a, b) => a.seq - b.seq);
	for (const change of inOrder) {
		const { seq } = change;
		// What an event has brought already may have been overtaken by later events: the answer is the older one.
		if (seq <= timeline.seq) continue;
		if (change.deleted === true) next = remove(next, change.id, seq);
		else next = upsert(next, fromStored(change));
	}
	return drain({ ...next, seq: Math.max(next.seq, changes.seq) });
}

/** Lets go of messages at one end when more than `limit` are held, down to `keep`. */
export function trim(timeline: Timeline, end: 'oldest' | 'newest', limit: number, keep: number): Timeline {
	const { messages, epoch } = timeline;
	if (messages.length <= limit) return timeline;
	if (end === 'oldest') return { ...timeline, messages: messages.slice(-keep), moreBefore: true, epoch: epoch + 1 };
	return { ...timeline, messages: messages.slice(0, keep), moreAfter: true, epoch: epoch + 1 };
}

function drain(timeline: Timeline): Timeline {
	let next = timeline;
	let waiting = timeline.waiting;
	for (let first = waiting[0]; first !== undefined && first.seq <= next.seq + 1; first = waiting[0]) {
		waiting = waiting.slice(1);
		if (first.seq === next.seq + 1) next = applyOne(next, first);
	}
	return waiting === next.waiting ? next : { ...next, waiting };
}

function applyOne(timeline: Timeline, event: ConversationFrame): Timeline {
	const next = { ...timeline, seq: event.seq };
	switch (event.type) {
		case 'message':
			return upsert(next, fromEvent(event));
		case 'message_edited':
			return edit(next, event.id, event.seq, event.content, event.edited_at);
		case 'message_deleted':
			return remove(next, event.id, event.seq);
	}
}

function upsert(timeline: Timeline, message: Message): Timeline {
	const { messages } = timeline;
	const last = messages.at(-1);
	if (last === undefined || message.id > last.id) {
		// Its page will bring it as it is now.
		if (timeline.moreAfter && message.editedAt === null) return timeline;
		if (timeline.moreAfter) return edit(timeline, message.id, message.seq, message.content, message.editedAt);
		// Beside an empty run with more before it, an edited message may be an old one: wait for its page.
		if (last === undefined && timeline.moreBefore && message.editedAt !== null) {
			return edit(timeline, message.id, message.seq, message.content, message.editedAt);
		}
		return { ...timeline, messages: [...messages, message] };
	}
	const at = messages.findIndex((held) => held.id >= message.id);
	const found = messages[at];
	if (found?.id === message.id) {
		if (found.seq >= message.seq) return timeline;
		return { ...timeline, messages: messages.with(at, message) };
	}
	if (at === 0 && timeline.moreBefore) return edit(timeline, message.id, message.seq, message.content, message.editedAt);
	return { ...timeline, messages: messages.toSpliced(at, 0, message) };
}

function edit(timeline: Timeline, id: number, seq: number, content: string, editedAt: string | null): Timeline {
	const at = timeline.messages.findIndex((held) => held.id === id);
	const found = timeline.messages[at];
	if (found === undefined) return remember(timeline, id, { seq, deleted: false, content, editedAt });
	if (found.seq >= seq) return timeline;
	return { ...timeline, messages: timeline.messages.with(at, { ...found, seq, content, editedAt }) };
}

function remove(timeline: Timeline, id: number, seq: number): Timeline {
	const messages = timeline.messages.filter((held) => held.id !== id);
	if (messages.length === timeline.messages.length) return remember(timeline, id, { seq, deleted: true });
	return { ...timeline, messages };
}

function remember(timeline: Timeline, id: number, change: EarlyChange): Timeline {
	if (!timeline.moreBefore && !timeline.moreAfter) return timeline;
	const known = timeline.early.get(id);
	if (known !== undefined && known.seq >= change.seq) return timeline;
	return { ...timeline, early: new Map(timeline.early).set(id, change) };
}

function fromStored(stored: StoredMessage): Message {
	return {
		id: stored.id,
		seq: stored.seq,
		username: stored.username,
		content: stored.content,
		timestamp: stored.timestamp,
		editedAt: stored.edited_at ?? null,
		nonce: stored.nonce ?? null,
	};
}

function fromEvent(event: MessageFrame): Message {
	return {
		id: event.id,
		seq: event.seq,
		username: event.username,
		content: event.content,
		timestamp: event.timestamp,
		editedAt: null,
		nonce: event.nonce ?? null,
	};
}
