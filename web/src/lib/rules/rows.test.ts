import { expect, test } from 'vitest';
import { enqueue } from './outbox';
import { rows as rowsOf, type Row } from './rows';
import type { Message } from './timeline';

type Rest = Parameters<typeof rowsOf> extends [unknown, ...infer R] ? R : never;
/** Of a conversation that is held as a whole. */
const rows = (messages: Message[], ...rest: Rest): Row[] => rowsOf({ messages, moreBefore: false, moreAfter: false }, ...rest);

function message(id: number, username: string, timestamp: string, nonce: string | null = null): Message {
	return { id, seq: id, username, content: `m${String(id)}`, timestamp, editedAt: null, nonce };
}
function sketch(list: Row[]): string {
	return list
		.map((row) => {
			switch (row.kind) {
				case 'day':
					return 'day';
				case 'new':
					return 'NEW';
				case 'system':
					return `(${row.content})`;
				case 'joins':
					return `(${row.names.join('+')} joined)`;
				case 'message':
					return `${row.first ? `${row.message.username}:` : ''}${row.message.content}`;
				case 'outgoing':
					return `${row.first ? 'me:' : ''}${row.outgoing.content}`;
			}
		})
		.join(' ');
}

test.each([
	['one author within seven minutes', [message(1, 'ana', '2026-01-01T10:00:00+00:00'), message(2, 'ana', '2026-01-01T10:07:00+00:00')], 'day ana:m1 m2'],
	['more than seven minutes apart', [message(1, 'ana', '2026-01-01T10:00:00+00:00'), message(2, 'ana', '2026-01-01T10:07:01+00:00')], 'day ana:m1 ana:m2'],
	['a chain of short gaps stays one group', [0, 6, 12].map((m, i) => message(i + 1, 'ana', `2026-01-01T10:${String(m).padStart(2, '0')}:00+00:00`)), 'day ana:m1 m2 m3'],
	['another author', [message(1, 'ana', '2026-01-01T10:00:00+00:00'), message(2, 'bob', '2026-01-01T10:00:01+00:00')], 'day ana:m1 bob:m2'],
	['midnight divides', [message(1, 'ana', '2026-01-01T23:59:00+00:00'), message(2, 'ana', '2026-01-02T00:01:00+00:00')], 'day ana:m1 day ana:m2'],
])('%s', (_name, messages, wanted) => {
	expect(sketch(rows(messages, [], [], 'me'))).toBe(wanted);
});

test('notices stand by their time and open a new group', () => {
	const messages = [message(1, 'ana', '2026-01-01T10:00:00+00:00'), message(2, 'ana', '2026-01-01T10:02:00+00:00')];
	const lines = [
		{ key: '2', content: 'later', timestamp: '2026-01-01T10:03:00+00:00' },
		{ key: '1', content: 'bob joined', timestamp: '2026-01-01T10:01:00+00:00' },
	];
	expect(sketch(rows(messages, [], lines, 'me'))).toBe('day ana:m1 (bob joined) ana:m2 (later)');
});

test('joins in a row are one line, until something is said', () => {
	const messages = [message(1, 'ana', '2026-01-01T10:02:00+00:00')];
	const joins = ['bob', 'cyd', 'dan'].map((name, n) => ({
		key: name,
		content: `${name} joined the server`,
		timestamp: `2026-01-01T10:0${String(n * 1.5)}:00+00:00`.replace('1.5', '1'),
	}));
	expect(sketch(rows(messages, [], joins, 'me'))).toBe('day (bob+cyd joined) ana:m1 (dan joined)');
});

test('with more to come at both ends, only notices of the time between are shown, and nothing is on its way', () => {
	const messages = [message(5, 'ana', '2026-01-01T10:01:00+00:00'), message(6, 'ana', '2026-01-01T10:03:00+00:00')];
	const lines = [0, 2, 4].map((minute) => ({ key: String(minute), content: String(minute), timestamp: `2026-01-01T10:0${String(minute)}:00+00:00` }));
	const outbox = enqueue([], 'n', 'mine', '2026-01-01T10:05:00+00:00');
	expect(sketch(rowsOf({ messages, moreBefore: true, moreAfter: true }, outbox, lines, 'me'))).toBe('day ana:m5 (2) ana:m6');
});

test('a message keeps its key when it is acknowledged', () => {
	const time = '2026-01-01T10:00:00+00:00';
	const before = rows([], enqueue([], 'n1', 'hello', time), [], 'me');
	const after = rows([message(7, 'me', time, 'n1')], [], [], 'me');
	expect(before.map((row) => row.key)).toEqual(after.map((row) => row.key));
});

test('somebody else with the same nonce gets no key of mine', () => {
	const time = '2026-01-01T10:00:00+00:00';
	const list = rows([message(7, 'mallory', time, 'n1')], enqueue([], 'n1', 'hello', time), [], 'me');
	expect(new Set(list.map((row) => row.key)).size).toBe(list.length);
});

test('a line stands above the first message of others that was not read, and begins a group', () => {
	const all = [1, 2, 3, 4].map((id) => message(id, id === 3 ? 'me' : 'ana', '2026-01-01T10:00:00+00:00'));
	expect(sketch(rows(all, [], [], 'me', 1))).toBe('day ana:m1 NEW ana:m2 me:m3 ana:m4');
	expect(sketch(rows(all, [], [], 'me', 2))).toBe('day ana:m1 m2 me:m3 NEW ana:m4');
	expect(sketch(rows(all, [], [], 'me', 4))).toBe('day ana:m1 m2 me:m3 ana:m4');
	expect(sketch(rows(all, [], [], 'me'))).toBe('day ana:m1 m2 me:m3 ana:m4');
});
