import { WireError, type ClientFrame, type ErrorFrame, type ServerFrame } from '../wire';

/** The part of a browser's WebSocket the connection uses. */
export interface SocketLike {
	onopen: (() => void) | null;
	onmessage: ((event: { data: unknown }) => void) | null;
	onclose: ((event: { code: number }) => void) | null;
	send(data: string): void;
	close(code?: number): void;
}

export interface Clock {
	now(): number;
	/** Calls back after `ms`; the answer cancels it. */
	after(ms: number, callback: () => void): () => void;
	/** 0 up to 1. */
	random(): number;
}

/** `ready` from the first `init` on; `waiting` for the next attempt; `refused` when the session is not good (any more). */
export type ConnectionState = 'stopped' | 'connecting' | 'ready' | 'waiting' | 'refused';

export interface ConnectionOptions {
	open: () => SocketLike;
	clock: Clock;
	onState: (state: ConnectionState) => void;
	onFrame: (frame: ServerFrame) => void;
	/** Somebody waits for it, as in a call. */
	urgent: () => boolean;
}

const ANSWER_TIMEOUT_MS = 15_000;
const HANDSHAKE_TIMEOUT_MS = 15_000;
const BACKOFF_FIRST_MS = 400;
const BACKOFF_LAST_MS = 20_000;
const BACKOFF_LAST_URGENT_MS = 1_500;

/** Refusals that say nothing about the session: try again later. */
const TEMPORARY = new Set(['unavailable', 'internal', 'rate_limited', 'too_large']);

interface Waiting {
	resolve: (frame: ServerFrame) => void;
	reject: (error: Error) => void;
	cancelTimeout: () => void;
}

/** The delay before attempt number `attempt` (from 0): exponential, with half of it left to chance. */
export function backoff(attempt: number, random: number, urgent = false): number {
	const full = Math.min(urgent ? BACKOFF_LAST_URGENT_MS : BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 10));
	return full / 2 + (full / 2) * random;
}

/** Keeps one WebSocket open, authenticated and watched, and pairs requests with their answers. */
export class Connection {
	readonly #options: ConnectionOptions;
	#state: ConnectionState = 'stopped';
	#socket: SocketLike | null = null;
	#attempt = 0;
	#requests = 0;
	#lastHeard = 0;
	#cancelTimer: (() => void) | null = null;
	readonly #waiting = new Map<string, Waiting>();

	constructor(options: ConnectionOptions) {
		this.#options = options;
	}

	get state(): ConnectionState {
		return this.#state;
	}

	start(): void {
		if (this.#state === 'connecting' || this.#state === 'ready') return;
		this.#attempt = 0;
		this.#connect();
	}

	stop(): void {
		this.#drop('stopped');
	}

	/** Does not wait for the next attempt, when one is waited for. */
	hurry(): void {
		if (this.#state === 'waiting') this.#connect();
	}

	/** Sends a frame and waits for its answer. A refusal rejects with a `WireError`. */
	async request(frame: ClientFrame): Promise<ServerFrame> {
		const socket = this.#socket;
		if (this.#state !== 'ready' || socket === null) throw new WireError('unavailable', 'Not connected.');
		return new Promise((resolve, reject) => {
			const id = `r${String(++this.#requests)}`;
			const sentAt = this.#options.clock.now();
			const cancelTimeout = this.#options.clock.after(ANSWER_TIMEOUT_MS, () => {
				this.#waiting.delete(id);
				reject(new WireError('unavailable', 'The server did not answer in time.'));
				// Silence since the question was asked: the link is dead, whatever the socket believes.
				if (this.#socket === socket && this.#lastHeard <= sentAt) this.#lost();
			});
			this.#waiting.set(id, { resolve, reject, cancelTimeout });
			socket.send(JSON.stringify({ ...frame, request_id: id }));
		});
	}

	#connect(): void {
		this.#release();
		this.#set('connecting');
		const { open, clock } = this.#options;
		let socket: SocketLike;
		try {
			socket = open();
		} catch {
			this.#lost();
			return;
		}
		this.#socket = socket;
		this.#cancelTimer = clock.after(HANDSHAKE_TIMEOUT_MS, () => {
			if (this.#socket === socket && this.#state === 'connecting') this.#lost();
		});
		socket.onopen = () => {
			socket.send(JSON.stringify({ type: 'auth' } satisfies ClientFrame));
		};
		socket.onmessage = ({ data }) => {
			if (this.#socket === socket) this.#received(data);
		};
		socket.onclose = () => {
			if (this.#socket === socket) this.#lost();
		};
	}

	#received(data: unknown): void {
		this.#lastHeard = this.#options.clock.now();
		const frame = parse(data);
		if (frame === null) return;
		if (frame.type === 'auth_error') {
			this.#refused(frame);
			return;
		}
		if (frame.type === 'resync') {
			this.#resync();
			return;
		}
		if (frame.type === 'init' && this.#state === 'connecting') {
			this.#cancelTimer?.();
			this.#cancelTimer = null;
			this.#attempt = 0;
			// The state is taken over before anybody hears that the connection is ready.
			this.#options.onFrame(frame);
			this.#set('ready');
			return;
		}
		if (this.#state === 'ready') this.#options.onFrame(frame);
		this.#answer(frame);
	}

	/** The server lost track of what it sent: a fresh `init`, and then everybody asks for the changes. */
	#resync(): void {
		const socket = this.#socket;
		if (this.#state !== 'ready' || socket === null) return;
		this.request({ type: 'resync' })
			.then((answer) => {
				if (this.#socket !== socket) return;
				if (answer.type === 'init') this.#options.onState('ready');
				else this.#lost();
			})
			.catch(() => {
				if (this.#socket === socket) this.#lost();
			});
	}

	#answer(frame: ServerFrame): void {
		if (frame.request_id === undefined) return;
		const waiting = this.#waiting.get(frame.request_id);
		if (waiting === undefined) return;
		this.#waiting.delete(frame.request_id);
		waiting.cancelTimeout();
		if (frame.type === 'error') waiting.reject(asError(frame));
		else waiting.resolve(frame);
	}

	#refused(frame: ErrorFrame): void {
		if (TEMPORARY.has(frame.code)) this.#lost(frame.retry_after);
		else this.#drop('refused');
	}

	#lost(retryAfter = 0): void {
		this.#release();
		const { clock, urgent } = this.#options;
		const delay = Math.max(retryAfter * 1000, backoff(this.#attempt++, clock.random(), urgent()));
		this.#cancelTimer = clock.after(delay, () => {
			this.#connect();
		});
		this.#set('waiting');
	}

	#drop(state: 'stopped' | 'refused'): void {
		this.#release();
		this.#set(state);
	}

	/** Lets go of the socket and of everything that waits on it. */
	#release(): void {
		this.#cancelTimer?.();
		this.#cancelTimer = null;
		const socket = this.#socket;
		this.#socket = null;
		if (socket !== null) {
			socket.onopen = socket.onmessage = socket.onclose = null;
			try {
				socket.close(1000);
			} catch {
				// It never opened: nothing to close.
			}
		}
		const waiting = [...this.#waiting.values()];
		this.#waiting.clear();
		for (const { reject, cancelTimeout } of waiting) {
			cancelTimeout();
			reject(new WireError('unavailable', 'The connection was lost.'));
		}
	}

	#set(state: ConnectionState): void {
		if (this.#state === state) return;
		this.#state = state;
		this.#options.onState(state);
	}
}

function parse(data: unknown): ServerFrame | null {
	if (typeof data !== 'string') return null;
	try {
		const value: unknown = JSON.parse(data);
		const isFrame = typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
		return isFrame ? (value as ServerFrame) : null;
	} catch {
		return null;
	}
}

function asError(frame: ErrorFrame): WireError {
	return new WireError(frame.code, frame.message, frame.retry_after);
}
