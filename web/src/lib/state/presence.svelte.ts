import { SvelteMap } from 'svelte/reactivity';
import { contextKey } from '../rules/context';
import { sameName } from '../rules/people';
import type { ContextRef, ServerFrame } from '../wire';
import type { Clock, Transport } from './transport';

/** Somebody who writes says so no more often than this. */
const SAY_EVERY_MS = 4_000;
/** What was said about writing stands for this long. */
const STANDS_MS = 6_000;

/** Beside the ids of servers: what one sees somebody's presence by. */
const AS_FRIEND = 'friend';
const AS_ONESELF = 'oneself';

/** Who is online, and who is writing where. */
export class Presence {
	readonly #transport: Transport;
	readonly #clock: Clock;
	/** Name, then what one sees it by: as a friend, and in which servers. */
	readonly #online = new SvelteMap<string, ReadonlySet<string>>();
	/** Conversation, then name, then how to stop the end of it. */
	readonly #typing = new SvelteMap<string, ReadonlyMap<string, () => void>>();
	readonly #said = new Map<string, number>();

	constructor(transport: Transport, clock: Clock) {
		this.#transport = transport;
		this.#clock = clock;
	}

	isOnline(username: string): boolean {
		return this.#online.has(username.toLowerCase());
	}

	/** User names, the one who began first in front. */
	typing(ref: ContextRef): string[] {
		return [...(this.#typing.get(contextKey(ref))?.keys() ?? [])];
	}

	/** One is writing. */
	type(ref: ContextRef): void {
		const key = contextKey(ref);
		const now = this.#clock.now();
		if (!this.#transport.ready || now - (this.#said.get(key) ?? -Infinity) < SAY_EVERY_MS) return;
		this.#said.set(key, now);
		this.#transport.request({ type: 'typing', ...ref }).catch(() => undefined);
	}

	/** The message is out: the next one is news again. */
	typed(ref: ContextRef): void {
		this.#said.delete(contextKey(ref));
	}

	apply(frame: ServerFrame, self: string): void {
		switch (frame.type) {
			case 'init':
				this.clear();
				for (const name of frame.presence) this.#show(name, AS_FRIEND, true);
				for (const { id, online } of frame.servers) for (const name of online) this.#show(name, id, true);
				this.#show(frame.username, AS_ONESELF, true);
				return;
			case 'presence':
				this.#show(frame.username, frame.server_id ?? AS_FRIEND, frame.online);
				return;
			case 'friend_removed':
				this.#show(frame.username, AS_FRIEND, false);
				return;
			case 'server_created':
			case 'server_joined':
				for (const name of frame.server.online) this.#show(name, frame.server.id, true);
				return;
			case 'member_left':
				this.#show(frame.username, frame.server_id, false);
				return;
			case 'server_left':
				for (const name of [...this.#online.keys()]) this.#show(name, frame.server_id, false);
				return;
			case 'typing':
				if (!sameName(frame.username, self)) this.#began(contextKey(frame), frame.username);
				return;
			case 'message':
				this.#ended(contextKey(frame), frame.username);
				return;
		}
	}

	clear(): void {
		this.#online.clear();
		for (const names of this.#typing.values()) for (const stop of names.values()) stop();
		this.#typing.clear();
		this.#said.clear();
	}

	#show(username: string, by: string, online: boolean): void {
		const name = username.toLowerCase();
		const seen = new Set(this.#online.get(name));
		if (online === seen.has(by)) return;
		if (online) seen.add(by);
		else seen.delete(by);
		if (seen.size > 0) this.#online.set(name, seen);
		else this.#online.delete(name);
	}

	#began(key: string, username: string): void {
		const names = new Map(this.#typing.get(key));
		names.get(username)?.();
		const stop = this.#clock.after(STANDS_MS, () => {
			this.#ended(key, username);
		});
		this.#typing.set(key, names.set(username, stop));
	}

	#ended(key: string, username: string): void {
		const names = this.#typing.get(key);
		const stop = names?.get(username);
		if (names === undefined || stop === undefined) return;
		stop();
		const left = new Map(names);
		left.delete(username);
		if (left.size === 0) this.#typing.delete(key);
		else this.#typing.set(key, left);
	}
}
