import { beforeEach, describe, expect, test } from 'vitest';
import {
	WireError,
	type ChangesFrame,
	type ClientFrame,
	type ConversationFrame,
	type HistoryFrame,
	type ServerFrame,
	type StoredMessage,
} from '../wire';
import { Conversation } from './conversation.svelte';
import { Conversations } from './conversations.svelte';
import type { Clock } from './transport';

const where = { context: 'dm', context_id: 'd' } as const;
const time = '2026-01-01T10:00:00+00:00';

/** A conversation as the server keeps it. */
class ServerLog {
	messages: StoredMessage[] = [];
	seq = 0;
	#deleted: StoredMessage[] = [];

	append(username: string, content: string, nonce?: string): ConversationFrame {
		const seq = ++this.seq;
		this.messages.push({ id: seq, seq, username, content, timestamp: time, nonce, context_type: 'dm', context_id: 'd' });
		return { type: 'message', id: seq, seq, username, content, timestamp: time, nonce, ...where };
	}
	edit(id: number, content: string): ConversationFrame {
		const seq = ++this.seq;
		this.messages = this.messages.map((m) => (m.id === id ? { ...m, seq, content, edited_at: time } : m));
		return { type: 'message_edited', id, seq, username: 'bob', content, timestamp: time, edited_at: time, ...where };
	}
	delete(id: number): ConversationFrame {
		const seq = ++this.seq;
		const gone = this.messages.filter((m) => m.id === id);
		this.messages = this.messages.filter((m) => m.id !== id);
		this.#deleted.push(...gone.map((m) => ({ ...m, seq, content: '', deleted: true })));
		return { type: 'message_deleted', id, seq, username: 'bob', ...where };
	}
	history({ before, after, around, limit = 50 }: { before?: number; after?: number; around?: number; limit?: number }): HistoryFrame {
		const all = this.messages;
		const count = (last: number): number => all.filter((m) => m.id <= last).length;
		let [from, to] = [Math.max(0, all.length - limit), all.length];
		if (before !== undefined) [from, to] = [Math.max(0, count(before - 1) - limit), count(before - 1)];
		if (after !== undefined) [from, to] = [count(after), count(after) + limit];
		if (around !== undefined) [from, to] = [Math.max(0, count(around - 1) - limit / 2), count(around - 1) + limit / 2];
		return { type: 'dm_history', dm_id: 'd', messages: all.slice(from, to), seq: this.seq, more_before: from > 0, more_after: to < all.length };
	}
	changes(after: number, most = 40): ChangesFrame {
		const messages = [...this.messages, ...this.#deleted].filter((m) => m.seq > after);
		const reset = messages.length > most;
		return { type: 'changes', ...where, messages: reset ? [] : messages, seq: this.seq, reset };
	}
}

class FakeTransport {
	ready = true;
	sent: ClientFrame[] = [];
	answer: (frame: ClientFrame) => ServerFrame | Promise<ServerFrame> = () => ({ type: 'ok' });
	async request(frame: ClientFrame): Promise<ServerFrame> {
		if (!this.ready) throw new WireError('unavailable', 'Not connected.');
		this.sent.push(frame);
		return await this.answer(frame);
	}
	get contents(): string[] {
		return this.sent.flatMap((frame) => (frame.type === 'message' ? [frame.content] : []));
	}
}

let log: ServerLog;
let transport: FakeTransport;
let timers: { ms: number; callback: () => void }[];
let conversation: Conversation;
let nonces: number;
let leftOff: number | null;

const clock: Clock = {
	now: () => Date.parse(time),
	random: () => 0,
	after: (ms, callback) => {
		timers.push({ ms, callback });
		return () => undefined;
	},
};

/** The server as it is when nothing goes wrong. A stored nonce creates nothing new. */
function serve(frame: ClientFrame): ServerFrame {
	switch (frame.type) {
		case 'get_dm_history':
			return log.history(frame);
		case 'get_changes':
			return log.changes(frame.after);
		case 'message': {
			const known = log.messages.find((m) => m.nonce === frame.nonce);
			if (known === undefined) log.append('ana', frame.content, frame.nonce);
			return { type: 'ok', nonce: frame.nonce, seq: known?.id ?? log.seq, timestamp: time };
		}
		default:
			return { type: 'ok' };
	}
}

const shown = (): string[] => conversation.timeline.messages.map((m) => m.content);
const pending = (): string[] => conversation.outbox.map((o) => `${o.content}:${o.state}`);
const settled = async (): Promise<void> => {
	for (let i = 0; i < 50; i++) await Promise.resolve();
};

const context = () => ({ transport, clock, username: () => 'ana', newNonce: () => `n${String(++nonces)}`, onError: () => undefined, leftOff: () => leftOff });

beforeEach(() => {
	log = new ServerLog();
	transport = new FakeTransport();
	transport.answer = serve;
	timers = [];
	nonces = 0;
	leftOff = null;
	conversation = new Conversation(where, context());
});

describe('sending', () => {
	test('grey at once, gone when the event has come', async () => {
		await conversation.refresh();
		conversation.send('hello');
		expect(pending()).toEqual(['hello:sending']);
		await settled();
		expect(pending()).toEqual(['hello:sent']);
		conversation.apply({ type: 'message', id: 1, seq: 1, username: 'ana', content: 'hello', timestamp: time, nonce: 'n1', ...where });
		expect(pending()).toEqual([]);
		expect(shown()).toEqual(['hello']);
	});

	test('an acknowledged message whose event is lost is asked for', async () => {
		await conversation.refresh();
		conversation.send('hello');
		await settled();
		for (const { callback } of timers) callback();
		await settled();
		expect(shown()).toEqual(['hello']);
		expect(pending()).toEqual([]);
	});

	test('one after the other, in order', async () => {
		await conversation.refresh();
		const answers: ((frame: ServerFrame) => void)[] = [];
		transport.answer = () => new Promise((resolve) => answers.push(resolve));
		conversation.send('one');
		conversation.send('two');
		await settled();
		expect(transport.contents).toEqual(['one']);
		answers[0]?.({ type: 'ok', nonce: 'n1', seq: 1 });
		await settled();
		expect(transport.contents).toEqual(['one', 'two']);
	});

	test('a refusal is red and can be retried with the same nonce', async () => {
		await conversation.refresh();
		transport.answer = () => Promise.reject(new WireError('internal', 'Broken.'));
		conversation.send('hello');
		await settled();
		expect(pending()).toEqual(['hello:failed']);
		expect(conversation.outbox[0]?.error).toBe('Broken.');
		transport.answer = serve;
		conversation.retry('n1');
		await settled();
		const sent = transport.sent.filter((frame) => frame.type === 'message');
		expect(sent.map((frame) => frame.nonce)).toEqual(['n1', 'n1']);
		expect(pending()).toEqual(['hello:sent']);
	});

	test('too fast: waits as long as it is told, then goes on', async () => {
		await conversation.refresh();
		transport.answer = () => Promise.reject(new WireError('rate_limited', 'Slow down.', 3));
		conversation.send('hello');
		await settled();
		expect(pending()).toEqual(['hello:sending']);
		expect(timers.map(({ ms }) => ms)).toEqual([3_000]);
		transport.answer = serve;
		timers[0]?.callback();
		await settled();
		expect(pending()).toEqual(['hello:sent']);
	});

	test('the chat restarts while the link is up: tried again in order, after growing waits, until it is stored', async () => {
		await conversation.refresh();
		transport.answer = () => Promise.reject(new WireError('unavailable', 'The chat service does not answer right now.'));
		conversation.send('one');
		conversation.send('two');
		await settled();
		conversation.send('three');
		timers[0]?.callback();
		await settled();
		await conversation.refresh();
		expect(transport.contents).toEqual(['one', 'one']);
		expect(pending()).toEqual(['one:sending', 'two:sending', 'three:sending']);
		// Stored, but the answer is late.
		transport.answer = (frame) => {
			serve(frame);
			return Promise.reject(new WireError('unavailable', 'The server did not answer in time.'));
		};
		timers[1]?.callback();
		await settled();
		transport.answer = serve;
		timers[2]?.callback();
		await settled();
		expect(timers.slice(0, 3).map(({ ms }) => ms)).toEqual([200, 400, 800]);
		expect(log.messages.map((m) => m.content)).toEqual(['one', 'two', 'three']);
		await conversation.refresh();
		expect(shown()).toEqual(['one', 'two', 'three']);
		expect(pending()).toEqual([]);
	});

	test('the answer is lost with the connection: sent again, stored once', async () => {
		await conversation.refresh();
		transport.answer = (frame) => {
			serve(frame);
			transport.ready = false;
			return Promise.reject(new WireError('unavailable', 'The connection was lost.'));
		};
		conversation.send('hello');
		await settled();
		expect(pending()).toEqual(['hello:sending']);
		transport.ready = true;
		transport.answer = serve;
		await conversation.refresh();
		expect(shown()).toEqual(['hello']);
		expect(pending()).toEqual([]);
		expect(log.messages).toHaveLength(1);
	});

	test('written without a connection: goes out when it is there', async () => {
		transport.ready = false;
		conversation.send('hello');
		await settled();
		expect(transport.sent).toEqual([]);
		transport.ready = true;
		await conversation.refresh();
		expect(log.messages.map((m) => m.content)).toEqual(['hello']);
	});
});

describe('keeping up', () => {
	test('a hole is asked about', async () => {
		log.append('bob', 'one');
		await conversation.refresh();
		log.append('bob', 'two');
		conversation.apply(log.append('bob', 'three'));
		await settled();
		expect(shown()).toEqual(['one', 'two', 'three']);
	});

	test('too many changes: a fresh page', async () => {
		log.append('bob', 'old');
		await conversation.refresh();
		for (let n = 1; n <= 60; n++) log.append('bob', `m${String(n)}`);
		await conversation.refresh();
		expect(shown()).toHaveLength(50);
		expect(shown().at(-1)).toBe('m60');
		expect(conversation.timeline.moreBefore).toBe(true);
	});

	test('a page that can not be had says why, and comes with the next try', async () => {
		transport.answer = () => Promise.reject(new WireError('not_found', 'No such conversation.'));
		await conversation.refresh();
		expect(conversation.loadError).toBe('No such conversation.');
		transport.answer = serve;
		log.append('bob', 'one');
		await conversation.refresh();
		expect(conversation.loadError).toBeNull();
		expect(shown()).toEqual(['one']);
	});

	test('editing ends when the message is deleted', async () => {
		log.append('ana', 'one');
		await conversation.refresh();
		conversation.editing = 1;
		conversation.apply(log.delete(1));
		expect(conversation.editing).toBeNull();
	});

	test('older pages up to the beginning', async () => {
		for (let n = 1; n <= 120; n++) log.append('bob', `m${String(n)}`);
		await conversation.refresh();
		await conversation.loadOlder();
		await conversation.loadOlder();
		await conversation.loadOlder();
		expect(shown()).toEqual(log.messages.map((m) => m.content));
		expect(conversation.timeline.moreBefore).toBe(false);
	});

	test('to a message far back, on from there, and to the present', async () => {
		for (let n = 1; n <= 400; n++) log.append('bob', `m${String(n)}`);
		await conversation.refresh();
		await conversation.seek(100);
		expect([shown()[0], shown().at(-1)]).toEqual(['m75', 'm124']);
		for (let n = 0; n < 4; n++) await conversation.loadNewer();
		expect([shown()[0], shown().length]).toEqual(['m75', 250]);
		await conversation.loadNewer();
		expect([shown()[0], shown().at(-1), shown().length]).toEqual(['m175', 'm374', 200]);
		await conversation.loadOlder();
		expect([shown()[0], shown().length]).toEqual(['m125', 250]);
		await conversation.toPresent();
		expect([shown()[0], shown().at(-1)]).toEqual(['m351', 'm400']);
		conversation.apply(log.append('bob', 'new'));
		expect(shown().at(-1)).toBe('new');
	});

	test('too many changes while the reader is far back: it is still there afterwards', async () => {
		for (let n = 1; n <= 400; n++) log.append('bob', `m${String(n)}`);
		await conversation.refresh();
		await conversation.seek(100);
		conversation.sought = null;
		conversation.place = { id: 101, top: 0 };
		for (let n = 1; n <= 100; n++) log.edit(n, 'edited');
		await conversation.refresh();
		expect([shown()[0], shown().at(-1)]).toEqual(['edited', 'm125']);
	});

	test('it opens where reading left off', async () => {
		for (let n = 1; n <= 400; n++) log.append('bob', `m${String(n)}`);
		leftOff = 200;
		await conversation.refresh();
		expect([shown()[0], shown().at(-1)]).toEqual(['m175', 'm224']);
	});

	// Events that are lost, doubled, late or swapped; pages and changes asked for in between; a link that goes and comes.
	test.each(Array.from({ length: 60 }, (_, n) => n + 1))('whatever happens on the way, it ends with what the server has (%i)', async (seed) => {
		let state = seed * 7919;
		const chance = (n: number): number => {
			state = (state * 1103515245 + 12345) % 2147483648;
			return Math.floor((state / 2147483648) * n);
		};
		const underway: ConversationFrame[] = [];
		for (let n = 0; n < 70; n++) log.append('bob', `start ${String(n)}`);
		const slow = (frame: ClientFrame): Promise<ServerFrame> => {
			const answer = serve(frame);
			const delay = chance(6);
			return (async () => {
				for (let i = 0; i < delay; i++) await Promise.resolve();
				return answer;
			})();
		};
		transport.answer = slow;
		const running: Promise<void>[] = [conversation.refresh()];
		for (let step = 0; step < 150; step++) {
			const target = log.messages[chance(log.messages.length)]?.id ?? 0;
			switch (chance(11)) {
				case 0:
				case 1:
				case 2:
					underway.push(log.append('bob', `step ${String(step)}`));
					break;
				case 3:
					underway.push(log.edit(target, `edit ${String(step)}`));
					break;
				case 4:
					underway.push(log.delete(target));
					break;
				case 5:
					conversation.send(`mine ${String(step)}`);
					break;
				case 6:
					running.push(conversation.loadOlder());
					break;
				case 7:
					running.push(conversation.loadNewer());
					break;
				case 8:
					running.push(chance(3) > 0 ? conversation.seek(target) : conversation.toPresent());
					break;
				case 9:
					transport.ready = chance(3) > 0;
					if (transport.ready) running.push(conversation.refresh());
					break;
				default:
					await Promise.resolve();
			}
			while (underway.length > 3) {
				const event = underway.splice(chance(underway.length), 1)[0];
				if (event === undefined || chance(8) === 0) continue;
				conversation.apply(event);
				if (chance(8) === 0) conversation.apply(event);
			}
		}
		await Promise.all(running);
		await settled();
		transport.ready = true;
		await conversation.refresh();
		await settled();
		await conversation.refresh();
		for (let n = 0; n < 20 && conversation.timeline.moreBefore; n++) await conversation.loadOlder();
		for (let n = 0; n < 20 && conversation.timeline.moreAfter; n++) await conversation.loadNewer();
		expect(shown()).toEqual(log.messages.map((m) => m.content));
		expect(pending()).toEqual([]);
		expect(conversation.timeline.waiting).toEqual([]);
	});
});

describe('several conversations', () => {
	test('a change without an event is asked for, and what is gone is not held', async () => {
		const all = new Conversations(context());
		const held = all.hold(where);
		await held.refresh();
		log.append('bob', 'old name');
		all.apply({ type: 'conversation_changed', ...where, seq: log.seq });
		await settled();
		expect(held.timeline.messages.map((m) => m.content)).toContain('old name');

		const channel = { context: 'server', context_id: 's/c' } as const;
		const gone = all.hold(channel);
		all.show(gone);
		all.apply({ type: 'channel_deleted', server_id: 's', channel_id: 'c' });
		expect(all.hasShown).toBe(false);
		expect(all.hold(channel)).not.toBe(gone);
	});

	test('only so many are held, never at the cost of the one shown', () => {
		const all = new Conversations(context());
		const first = all.hold(where);
		all.show(first);
		for (let n = 0; n < 60; n++) all.hold({ context: 'dm', context_id: `x${String(n)}` });
		expect(all.hold(where)).toBe(first);
		const old = all.hold({ context: 'dm', context_id: 'x0' });
		expect(old.timeline.loaded).toBe(false);
	});
});
