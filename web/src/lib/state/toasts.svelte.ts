import { WireError } from '../wire';
import type { Clock } from './transport';

export interface Toast {
	readonly id: number;
	readonly kind: 'info' | 'error';
	readonly text: string;
}

const SHOWN_MS = { info: 5_000, error: 9_000 };
const MAX_SHOWN = 4;

/** Short notices in a corner; they go by themselves. */
export class Toasts {
	readonly #clock: Clock;
	#list = $state.raw<readonly Toast[]>([]);
	#next = 1;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	get list(): readonly Toast[] {
		return this.#list;
	}

	info(text: string): void {
		this.#show('info', text);
	}

	error(error: unknown): void {
		this.#show('error', error instanceof Error || error instanceof WireError ? error.message : String(error));
	}

	dismiss(id: number): void {
		this.#list = this.#list.filter((toast) => toast.id !== id);
	}

	#show(kind: Toast['kind'], text: string): void {
		const toast = { id: this.#next++, kind, text };
		const others = this.#list.filter((other) => other.kind !== kind || other.text !== text);
		this.#list = [...others, toast].slice(-MAX_SHOWN);
		this.#clock.after(SHOWN_MS[kind], () => {
			this.dismiss(toast.id);
		});
	}
}
