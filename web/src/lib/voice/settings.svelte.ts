import type { Store } from '../state/storage';

const KEY = 'decentra.voice';

/** Kept on this device. */
export interface VoiceChoices {
	/** Ids of devices; empty: what the browser takes. */
	microphone: string;
	camera: string;
	speaker: string;
	pushToTalk: boolean;
	/** A `KeyboardEvent.code`. */
	key: string;
	relayOnly: boolean;
	/** By user name, 0 to 1. */
	volumes: Record<string, number>;
}

const defaults: VoiceChoices = { microphone: '', camera: '', speaker: '', pushToTalk: false, key: 'Backquote', relayOnly: false, volumes: {} };

export class VoiceSettings {
	readonly #store: Store;
	#choices = $state.raw<VoiceChoices>(defaults);

	constructor(store: Store) {
		this.#store = store;
		try {
			this.#choices = { ...defaults, ...(JSON.parse(store.getItem(KEY) ?? '{}') as Partial<VoiceChoices>) };
		} catch {
			// What was kept is not ours: begin anew.
		}
	}

	get choices(): VoiceChoices {
		return this.#choices;
	}

	choose(changed: Partial<VoiceChoices>): void {
		this.#choices = { ...this.#choices, ...changed };
		this.#store.setItem(KEY, JSON.stringify(this.#choices));
	}

	volume(username: string): number {
		return this.#choices.volumes[username] ?? 1;
	}

	setVolume(username: string, volume: number): void {
		this.choose({ volumes: { ...this.#choices.volumes, [username]: volume } });
	}
}
