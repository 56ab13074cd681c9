/** The part of `localStorage` that is used. Everything kept there may be missing at any time. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** Storage that may be switched off (private windows, policies): then nothing is kept, and nothing breaks. */
export function guarded(storage: () => Store): Store {
	const attempt = <T>(act: (store: Store) => T, otherwise: T): T => {
		try {
			return act(storage());
		} catch {
			return otherwise;
		}
	};
	return {
		getItem: (key) => attempt((store) => store.getItem(key), null),
		setItem: (key, value) => {
			attempt((store) => {
				store.setItem(key, value);
			}, undefined);
		},
		removeItem: (key) => {
			attempt((store) => {
				store.removeItem(key);
			}, undefined);
		},
	};
}

export function memoryStore(): Store {
	const held = new Map<string, string>();
	return {
		getItem: (key) => held.get(key) ?? null,
		setItem: (key, value) => void held.set(key, value),
		removeItem: (key) => void held.delete(key),
	};
}
