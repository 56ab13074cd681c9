import type { ChangesFrame, Progress } from '../wire';

/** The server counts no further: so many, or more. */
export const MOST_UNREAD = 100;

/** How far one has read a conversation, kept up from event to event. */
export interface Reading {
	/** The last change counted. */
	readonly seq: number;
	/** The last message seen; 0: none. */
	readonly read: number;
	/** Messages of others after it, at most `MOST_UNREAD`. */
	readonly unread: number;
	/** The unread ones among those that came as events, newest last. */
	readonly recent: readonly { readonly id: number; readonly seq: number }[];
}

export const nothingRead: Reading = { seq: 0, read: 0, unread: 0, recent: [] };

export function fromProgress({ seq, read, unread }: Pick<Progress, 'seq' | 'read' | 'unread'>): Reading {
	return { seq, read, unread, recent: [] };
}

/** A new message; `own` ones are never unread. An event that was counted already changes nothing. */
export function withMessage(reading: Reading, message: { id: number; seq: number }, own: boolean): Reading {
	if (message.seq <= reading.seq) return reading;
	if (own || message.id <= reading.read) return { ...reading, seq: message.seq };
	return {
		...reading,
		seq: message.seq,
		unread: Math.min(reading.unread + 1, MOST_UNREAD),
		recent: [...reading.recent, { id: message.id, seq: message.seq }].slice(-MOST_UNREAD),
	};
}

/** A message is gone; one that was not read is not waited for any more. */
export function withoutMessage(reading: Reading, message: { id: number; seq: number }, own: boolean): Reading {
	if (message.seq <= reading.seq) return reading;
	const counted = !own && message.id > reading.read && reading.unread < MOST_UNREAD;
	return {
		...reading,
		seq: message.seq,
		unread: counted ? Math.max(reading.unread - 1, 0) : reading.unread,
		recent: reading.recent.filter(({ id }) => id !== message.id),
	};
}

/** What happened since: new messages count, those that are gone count no more. A message's id is the number it came with. */
export function withChanges(reading: Reading, changes: Pick<ChangesFrame, 'messages' | 'seq'>, own: (username: string) => boolean): Reading {
	const next = changes.messages.reduce((before, { id, seq, username, deleted = false }) => {
		const known = id <= reading.seq;
		// An edit, or one that came and went unseen.
		if (seq <= reading.seq || known !== deleted) return before;
		const change = deleted ? withoutMessage : withMessage;
		return { ...change({ ...before, seq: 0 }, { id, seq }, own(username)), seq: reading.seq };
	}, reading);
	return { ...next, seq: Math.max(reading.seq, changes.seq) };
}

/** What the server says; messages that came after it said so still count. A mark never moves back. */
export function withProgress(reading: Reading, progress: Pick<Progress, 'seq' | 'read' | 'unread'>): Reading {
	if (progress.read < reading.read) return reading;
	const recent = reading.recent.filter(({ id, seq }) => id > progress.read && seq > progress.seq);
	return {
		seq: Math.max(reading.seq, progress.seq),
		read: progress.read,
		unread: Math.min(progress.unread + recent.length, MOST_UNREAD),
		recent,
	};
}

/** All up to the newest message was seen: so before the server has confirmed it. */
export function readUpTo(reading: Reading, id: number): Reading {
	if (id <= reading.read) return reading;
	const recent = reading.recent.filter((message) => message.id > id);
	return { ...reading, read: id, unread: recent.length, recent };
}

/** How a count is written. */
export function countText(count: number): string {
	return count >= MOST_UNREAD ? `${String(MOST_UNREAD - 1)}+` : String(count);
}
