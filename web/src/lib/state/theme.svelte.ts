import type { Store } from './storage';

export type Theme = 'system' | 'light' | 'dark';

/** public/theme.js reads the same key before the first paint. */
const KEY = 'decentra.theme';

/** The colour scheme: the system's, unless one was chosen. */
export class ThemeChoice {
	readonly #store: Store;
	readonly #show: (theme: Theme) => void;
	#theme = $state<Theme>('system');

	constructor(store: Store, show: (theme: Theme) => void) {
		this.#store = store;
		this.#show = show;
		const kept = store.getItem(KEY);
		if (kept === 'light' || kept === 'dark') this.#theme = kept;
		show(this.#theme);
	}

	get theme(): Theme {
		return this.#theme;
	}

	choose(theme: Theme): void {
		this.#theme = theme;
		if (theme === 'system') this.#store.removeItem(KEY);
		else this.#store.setItem(KEY, theme);
		this.#show(theme);
	}
}
