import type { Timeline } from './timeline';

/** A message of one's own on its way: grey while `sending`, solid when `sent`, red when `failed`. */
export interface Outgoing {
	readonly nonce: string;
	readonly content: string;
	/** ISO 8601; the server's time once it is known. */
	readonly timestamp: string;
	readonly state: 'sending' | 'sent' | 'failed';
	readonly error: string | null;
	/** The change number of the acknowledged message. */
	readonly seq: number | null;
}

export type Outbox = readonly Outgoing[];

export function enqueue(outbox: Outbox, nonce: string, content: string, timestamp: string): Outbox {
	return [...outbox, { nonce, content, timestamp, state: 'sending', error: null, seq: null }];
}

export function acknowledge(outbox: Outbox, nonce: string, seq: number | null, timestamp?: string): Outbox {
	return change(outbox, nonce, (entry) => ({
		...entry,
		state: 'sent',
		error: null,
		seq,
		timestamp: timestamp ?? entry.timestamp,
	}));
}

export function fail(outbox: Outbox, nonce: string, error: string): Outbox {
	return change(outbox, nonce, (entry) => (entry.state === 'sent' ? entry : { ...entry, state: 'failed', error }));
}

/** The same nonce again: had the server stored the message after all, it creates nothing new. */
export function retry(outbox: Outbox, nonce: string): Outbox {
	return change(outbox, nonce, (entry) => (entry.state === 'failed' ? { ...entry, state: 'sending', error: null } : entry));
}

export function discard(outbox: Outbox, nonce: string): Outbox {
	return outbox.filter((entry) => entry.nonce !== nonce);
}

/** Drops what the timeline shows by now, or has shown: acknowledged at a change it is past. */
export function settle(outbox: Outbox, timeline: Timeline, username: string): Outbox {
	if (outbox.length === 0) return outbox;
	const shown = new Set<string>();
	for (const message of timeline.messages) {
		if (message.nonce !== null && message.username === username) shown.add(message.nonce);
	}
	const left = outbox.filter(
		(entry) => !shown.has(entry.nonce) && !(timeline.loaded && entry.seq !== null && entry.seq <= timeline.seq),
	);
	return left.length === outbox.length ? outbox : left;
}

/** One message at a time is under way, in the order they were written. */
export function nextToSend(outbox: Outbox): Outgoing | undefined {
	return outbox.find((entry) => entry.state === 'sending');
}

function change(outbox: Outbox, nonce: string, update: (entry: Outgoing) => Outgoing): Outbox {
	return outbox.map((entry) => (entry.nonce === nonce ? update(entry) : entry));
}
