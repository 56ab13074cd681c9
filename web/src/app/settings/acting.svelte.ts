import type { Toasts } from '../../lib/state/toasts.svelte';

/** What was asked of the server and is waited for; a refusal is shown. */
export class Acting {
	readonly #toasts: Toasts;
	#busy = $state<string | null>(null);

	constructor(toasts: Toasts) {
		this.#toasts = toasts;
	}

	/** The name of what is waited for. */
	get busy(): string | null {
		return this.#busy;
	}

	/** True when it was done. */
	async run(name: string, act: () => Promise<unknown>, done?: string): Promise<boolean> {
		this.#busy = name;
		try {
			await act();
			if (done !== undefined) this.#toasts.info(done);
			return true;
		} catch (error) {
			this.#toasts.error(error);
			return false;
		} finally {
			this.#busy = null;
		}
	}
}

/** A question that is put before something that can't be undone. */
export interface Question {
	readonly title: string;
	readonly text: string;
	readonly action: string;
	readonly act: () => Promise<void>;
}
