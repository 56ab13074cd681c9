import { beforeEach, describe, expect, test } from 'vitest';
import { WireError, type ServerFrame } from '../wire';
import { backoff, Connection, type Clock, type SocketLike } from './connection';

class FakeClock implements Clock {
	#now = 1_000;
	#timers = new Map<number, { at: number; callback: () => void }>();
	#next = 0;
	now = (): number => this.#now;
	random = (): number => 0;
	after = (ms: number, callback: () => void): (() => void) => {
		const id = this.#next++;
		this.#timers.set(id, { at: this.#now + ms, callback });
		return () => this.#timers.delete(id);
	};
	pass(ms: number): void {
		const end = this.#now + ms;
		for (;;) {
			const due = [...this.#timers].filter(([, t]) => t.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
			if (due === undefined) break;
			this.#timers.delete(due[0]);
			this.#now = due[1].at;
			due[1].callback();
		}
		this.#now = end;
	}
	get pending(): number {
		return this.#timers.size;
	}
}

class FakeSocket implements SocketLike {
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: unknown }) => void) | null = null;
	onclose: ((event: { code: number }) => void) | null = null;
	sent: Record<string, unknown>[] = [];
	closed = false;
	send(data: string): void {
		this.sent.push(JSON.parse(data) as Record<string, unknown>);
	}
	close(): void {
		this.closed = true;
	}
	receive(frame: unknown): void {
		this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
	}
}

let clock: FakeClock;
let sockets: FakeSocket[];
let states: string[];
let frames: string[];
let connection: Connection;
let urgent: boolean;

const last = (): FakeSocket => {
	const socket = sockets.at(-1);
	if (socket === undefined) throw new Error('no socket was opened');
	return socket;
};
const init = { type: 'init', username: 'ana', servers: [], dms: [], friends: [] };
function logIn(): void {
	last().onopen?.();
	last().receive({ type: 'auth_success', message: '' });
	last().receive(init);
}

beforeEach(() => {
	clock = new FakeClock();
	sockets = [];
	states = [];
	frames = [];
	urgent = false;
	connection = new Connection({
		clock,
		open: () => {
			const socket = new FakeSocket();
			sockets.push(socket);
			return socket;
		},
		onState: (state) => states.push(state),
		onFrame: (frame: ServerFrame) => frames.push(frame.type),
		urgent: () => urgent,
	});
	connection.start();
});

describe('logging in', () => {
	test('auth is the first frame; ready after init', () => {
		logIn();
		expect(last().sent).toEqual([{ type: 'auth' }]);
		expect(states).toEqual(['connecting', 'ready']);
		expect(frames).toEqual(['init']);
		expect(clock.pending).toBe(0);
	});
	test('a refused session is not tried again', () => {
		last().onopen?.();
		last().receive({ type: 'auth_error', message: 'no', code: 'unauthenticated' });
		expect(states).toEqual(['connecting', 'refused']);
		clock.pass(100_000);
		expect(sockets).toHaveLength(1);
		expect(last().closed).toBe(true);
	});
	test('a service that is away is not a refusal', () => {
		last().onopen?.();
		last().receive({ type: 'auth_error', message: 'later', code: 'unavailable' });
		expect(connection.state).toBe('waiting');
		clock.pass(1_000);
		logIn();
		expect(connection.state).toBe('ready');
	});
	test('a handshake without end is given up', () => {
		clock.pass(16_000);
		expect(sockets).toHaveLength(2);
		expect(sockets[0]?.closed).toBe(true);
	});
});

describe('a lost link', () => {
	test.each([1006, 1012, 4000, 4001, 1000])('close code %i: comes back after a delay', (code) => {
		logIn();
		last().onclose?.({ code });
		expect(connection.state).toBe('waiting');
		expect(sockets).toHaveLength(1);
		clock.pass(1_000);
		expect(sockets).toHaveLength(2);
		logIn();
		expect(states).toEqual(['connecting', 'ready', 'waiting', 'connecting', 'ready']);
	});
	test('waits longer each time, up to a bound', () => {
		const delays = [0, 1, 2, 3, 20].map((attempt) => backoff(attempt, 1));
		expect(delays).toEqual([400, 800, 1600, 3200, 20_000]);
		expect(backoff(20, 0)).toBe(10_000);
	});
	test('comes back within two seconds, however long it was away, when it is urgent', () => {
		logIn();
		urgent = true;
		last().onclose?.({ code: 1006 });
		for (let attempts = 2; attempts < 30; attempts++) {
			clock.pass(1_500);
			expect(sockets.length).toBeGreaterThanOrEqual(attempts);
			last().onclose?.({ code: 1006 });
		}
	});
	test('hurry does not wait', () => {
		logIn();
		last().onclose?.({ code: 1006 });
		connection.hurry();
		expect(sockets).toHaveLength(2);
		clock.pass(10_000);
		expect(sockets).toHaveLength(2);
	});
	test('what waits for an answer fails at once', async () => {
		logIn();
		const request = connection.request({ type: 'generate_invite' });
		last().onclose?.({ code: 1006 });
		await expect(request).rejects.toMatchObject({ code: 'unavailable' });
	});
	test('an old socket is not listened to', () => {
		logIn();
		const old = last();
		const { onmessage } = old;
		old.onclose?.({ code: 1006 });
		onmessage?.({ data: JSON.stringify({ type: 'resync' }) });
		expect(frames).toEqual(['init']);
	});
	test('stop is final', () => {
		logIn();
		connection.stop();
		clock.pass(100_000);
		expect(sockets).toHaveLength(1);
		expect(connection.state).toBe('stopped');
	});
});

describe('requests', () => {
	test('the answer finds its question, the event does not', async () => {
		logIn();
		const first = connection.request({ type: 'generate_invite' });
		const second = connection.request({ type: 'search_users', query: 'b' });
		const [a, b] = last().sent.slice(1).map((frame) => frame['request_id']);
		last().receive({ type: 'invite_code', code: 'X', message: '' });
		last().receive({ type: 'search_results', results: [], request_id: b });
		last().receive({ type: 'invite_code', code: 'Y', message: '', request_id: a });
		await expect(first).resolves.toMatchObject({ code: 'Y' });
		await expect(second).resolves.toMatchObject({ type: 'search_results' });
		expect(frames).toEqual(['init', 'invite_code', 'search_results', 'invite_code']);
	});
	test('a refusal is an error with its code', async () => {
		logIn();
		const request = connection.request({ type: 'generate_invite' });
		const id = last().sent.at(-1)?.['request_id'];
		last().receive({ type: 'error', message: 'Too fast.', code: 'rate_limited', retry_after: 3, request_id: id });
		await expect(request).rejects.toEqual(new WireError('rate_limited', 'Too fast.', 3));
	});
	test('none is sent without a connection', async () => {
		await expect(connection.request({ type: 'generate_invite' })).rejects.toMatchObject({ code: 'unavailable' });
	});
	test('silence after a question means the link is dead', async () => {
		logIn();
		const request = connection.request({ type: 'generate_invite' });
		const failed = expect(request).rejects.toMatchObject({ code: 'unavailable' });
		clock.pass(15_000);
		await failed;
		expect(connection.state).toBe('waiting');
	});
	test('one lost answer on a living link costs only that answer', async () => {
		logIn();
		const request = connection.request({ type: 'generate_invite' });
		const failed = expect(request).rejects.toMatchObject({ code: 'unavailable' });
		clock.pass(5_000);
		last().receive({ type: 'system', content: 'x', timestamp: '' });
		clock.pass(10_000);
		await failed;
		expect(connection.state).toBe('ready');
	});
	test.each(['not json', '[]', '7', 'null', '{"type":3}'])('nonsense is ignored: %s', (text) => {
		logIn();
		last().receive(text);
		expect(frames).toEqual(['init']);
		expect(connection.state).toBe('ready');
	});
});

test('resync asks for a fresh init and says ready again', async () => {
	logIn();
	last().receive({ type: 'resync' });
	const asked = last().sent.at(-1);
	expect(asked?.['type']).toBe('resync');
	last().receive({ ...init, request_id: asked?.['request_id'] });
	expect(frames).toEqual(['init', 'init']);
	await expect.poll(() => states).toEqual(['connecting', 'ready', 'ready']);
});
