import { expect, test } from 'vitest';
import { Appearance } from './appearance.svelte';
import { memoryStore } from './storage';

test('what is chosen is shown, kept, and shown again', () => {
	const store = memoryStore();
	const shown: Record<string, string | null> = {};
	const show = (aspect: string, chosen: string | null): void => void (shown[aspect] = chosen);
	const appearance = new Appearance(store, show);
	expect(shown).toEqual({ theme: null, density: null, motion: null });

	appearance.choose('theme', 'dark');
	appearance.choose('density', 'compact');
	appearance.choose('motion', 'reduced');
	const again = new Appearance(store, show);
	expect([again.look('theme'), again.look('density'), again.look('motion')]).toEqual(['dark', 'compact', 'reduced']);
	expect(shown).toEqual({ theme: 'dark', density: 'compact', motion: 'reduced' });

	again.choose('theme', 'system');
	expect(shown['theme']).toBeNull();
	expect(new Appearance(store, show).look('theme')).toBe('system');
});

test('what is kept and means nothing is left out', () => {
	const store = memoryStore();
	store.setItem('decentra.theme', 'plaid');
	const appearance = new Appearance(store, () => undefined);
	expect(appearance.look('theme')).toBe('system');
	expect(store.getItem('decentra.theme')).toBeNull();
});
