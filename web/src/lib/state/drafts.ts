import { contextKey } from '../rules/context';
import type { ContextRef } from '../wire';
import type { Store } from './storage';

/** What was written and not sent, by conversation; it outlives a reload. */
export class Drafts {
	readonly #store: Store;
	readonly #username: () => string;

	constructor(store: Store, username: () => string) {
		this.#store = store;
		this.#username = username;
	}

	get(ref: ContextRef): string {
		return this.#store.getItem(this.#key(ref)) ?? '';
	}

	set(ref: ContextRef, text: string): void {
		if (text === '') this.#store.removeItem(this.#key(ref));
		else this.#store.setItem(this.#key(ref), text);
	}

	#key(ref: ContextRef): string {
		return `decentra.draft.${this.#username().toLowerCase()}.${contextKey(ref)}`;
	}
}
