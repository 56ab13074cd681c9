import { SvelteMap } from 'svelte/reactivity';
import { contextKey } from '../rules/context';
import { sameName } from '../rules/people';
import { fromProgress, nothingRead, readUpTo, withChanges, withMessage, withoutMessage, withProgress, type Reading } from '../rules/unread';
import { WireError, type AnyContext, type ContextRef, type FrameOf, type ServerFrame } from '../wire';
import type { Clock, Transport } from './transport';

/** A mark goes out no sooner than this after the last one: many messages are read at once. */
const MARK_GAP_MS = 500;

/** How far every conversation was read. The server keeps it; all devices agree. */
export class Reads {
	readonly #transport: Transport;
	readonly #clock: Clock;
	readonly #readings = new SvelteMap<string, Reading>();
	/** Marks to send, by conversation; a newer one takes the place of the older. */
	readonly #marks = new Map<string, { ref: ContextRef; id: number }>();
	#sending = false;

	constructor(transport: Transport, clock: Clock) {
		this.#transport = transport;
		this.#clock = clock;
	}

	unread(ref: ContextRef): number {
		return this.#readings.get(contextKey(ref))?.unread ?? 0;
	}

	/** The last message seen; 0: none. */
	read(ref: ContextRef): number {
		return this.#readings.get(contextKey(ref))?.read ?? 0;
	}

	get total(): number {
		let total = 0;
		for (const { unread } of this.#readings.values()) total += unread;
		return total;
	}

	/** Everything up to the message was seen. */
	mark(ref: ContextRef, id: number): void {
		const key = contextKey(ref);
		const reading = this.#readings.get(key) ?? nothingRead;
		if (reading.unread === 0 || id <= reading.read || !this.#transport.ready) return;
		this.#readings.set(key, readUpTo(reading, id));
		this.#marks.set(key, { ref, id });
		void this.#send();
	}

	/** Everything there is counts as seen, looked at or not. */
	markAll(ref: ContextRef): void {
		this.mark(ref, this.#readings.get(contextKey(ref))?.seq ?? 0);
	}

	apply(frame: ServerFrame, self: string): void {
		switch (frame.type) {
			case 'init':
				this.clear();
				for (const progress of frame.read) {
					if (progress.context !== 'global') this.#readings.set(contextKey(progress), fromProgress(progress));
				}
				return;
			case 'read_marked':
				this.#change(frame, (reading) => withProgress(reading, frame));
				return;
			case 'message':
				this.#change(frame, (reading) => withMessage(reading, frame, sameName(frame.username, self)));
				return;
			case 'message_deleted':
				this.#change(frame, (reading) => withoutMessage(reading, frame, sameName(frame.username, self)));
				return;
			case 'conversation_changed':
				this.#catchUp(frame);
				return;
			case 'changes':
				this.#change(frame, (reading) => withChanges(reading, frame, (name) => sameName(name, self)));
				return;
			case 'server_left':
				this.#forget(`server:${frame.server_id}/`);
				return;
			case 'channel_deleted':
				this.#readings.delete(`server:${frame.server_id}/${frame.channel_id}`);
				return;
		}
	}

	clear(): void {
		this.#readings.clear();
		this.#marks.clear();
	}

	#change(ref: AnyContext, update: (reading: Reading) => Reading): void {
		if (ref.context === 'global') return;
		const key = contextKey(ref);
		const held = this.#readings.get(key);
		const next = update(held ?? nothingRead);
		if (next !== held) this.#readings.set(key, next);
	}

	/** Something happened that no event shows. Where nothing is unread, nothing unread can be gone. */
	#catchUp({ context, context_id, seq }: FrameOf<'conversation_changed'>): void {
		const reading = this.#readings.get(contextKey({ context, context_id }));
		if (reading === undefined || reading.unread === 0 || seq <= reading.seq) return;
		this.#transport.request({ type: 'get_changes', context, context_id, after: reading.seq }).catch(() => undefined);
	}

	#forget(prefix: string): void {
		for (const key of [...this.#readings.keys()]) if (key.startsWith(prefix)) this.#readings.delete(key);
	}

	async #send(): Promise<void> {
		if (this.#sending) return;
		this.#sending = true;
		try {
			for (let next = this.#next(); next !== undefined; next = this.#next()) {
				let pause = MARK_GAP_MS;
				try {
					await this.#transport.request({ type: 'mark_read', ...next.ref, id: next.id });
				} catch (error) {
					// Without a connection the counts come anew with the next one.
					if (!(error instanceof WireError) || error.code !== 'rate_limited') continue;
					pause = Math.max(1, error.retryAfter ?? 1) * 1000;
					const key = contextKey(next.ref);
					if (!this.#marks.has(key)) this.#marks.set(key, next);
				}
				await new Promise<void>((resolve) => this.#clock.after(pause, resolve));
			}
		} finally {
			this.#sending = false;
		}
	}

	#next(): { ref: ContextRef; id: number } | undefined {
		const [key, mark] = [...this.#marks][0] ?? [];
		if (key !== undefined) this.#marks.delete(key);
		return mark;
	}
}
