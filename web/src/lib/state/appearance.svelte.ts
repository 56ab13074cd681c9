import type { Store } from './storage';

/** What can be chosen; the first of each is how it is without a choice. public/theme.js knows them too. */
const ASPECTS = {
	theme: ['system', 'light', 'dark'],
	density: ['comfortable', 'compact'],
	motion: ['system', 'reduced'],
} as const;

export type Aspect = keyof typeof ASPECTS;
export type Look<A extends Aspect> = (typeof ASPECTS)[A][number];

/** Shows what was chosen; null: nothing was. */
export type ShowLook = (aspect: Aspect, chosen: string | null) => void;

/** How the page looks on this device. */
export class Appearance {
	readonly #store: Store;
	readonly #show: ShowLook;
	#looks = $state.raw<{ readonly [A in Aspect]: Look<A> }>({ theme: 'system', density: 'comfortable', motion: 'system' });

	constructor(store: Store, show: ShowLook) {
		this.#store = store;
		this.#show = show;
		for (const aspect of Object.keys(ASPECTS) as Aspect[]) this.#restore(aspect);
	}

	look<A extends Aspect>(aspect: A): Look<A> {
		return this.#looks[aspect];
	}

	choose<A extends Aspect>(aspect: A, look: Look<A>): void {
		this.#looks = { ...this.#looks, [aspect]: look };
		const chosen = look === ASPECTS[aspect][0] ? null : look;
		if (chosen === null) this.#store.removeItem(`decentra.${aspect}`);
		else this.#store.setItem(`decentra.${aspect}`, chosen);
		this.#show(aspect, chosen);
	}

	#restore<A extends Aspect>(aspect: A): void {
		const kept = this.#store.getItem(`decentra.${aspect}`);
		this.choose(aspect, (ASPECTS[aspect] as readonly Look<A>[]).find((look) => look === kept) ?? ASPECTS[aspect][0]);
	}
}
