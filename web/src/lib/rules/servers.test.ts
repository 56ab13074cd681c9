import { expect, test } from 'vitest';
import type { Channel, Server } from '../wire';
import { inOrder, inOrderOfJoining, mayOpenSettings, moved, noPermissions } from './servers';

const channels: Channel[] = [
	{ id: 'a', name: 'a', type: 'text' },
	{ id: 'v', name: 'v', type: 'voice' },
	{ id: 'b', name: 'b', type: 'text' },
];
const server: Server = { id: 's', name: 's', owner: 'Ana', channels, online: [], joined_at: '2026-01-01T10:00:00.000000+00:00' };

test('servers stand in the order of joining', () => {
	const earlier = { ...server, id: 'z', joined_at: '2025-12-31T10:00:00.000000+00:00' };
	const same = { ...server, id: 'r' };
	expect(inOrderOfJoining([server, same, earlier]).map(({ id }) => id)).toEqual(['z', 'r', 's']);
});

test('channels stand in the order of the ids, unnamed ones at the end', () => {
	expect(inOrder(channels, ['b', 'v', 'a']).map(({ id }) => id)).toEqual(['b', 'v', 'a']);
	expect(inOrder(channels, ['b']).map(({ id }) => id)).toEqual(['b', 'a', 'v']);
});

test('a channel changes places with its neighbour of the same kind', () => {
	expect(moved(channels, 'a', 1)).toEqual(['b', 'v', 'a']);
	expect(moved(channels, 'b', -1)).toEqual(['b', 'v', 'a']);
	expect(moved(channels, 'a', -1)).toBeNull();
	expect(moved(channels, 'v', 1)).toBeNull();
});

test('settings open for the owner and for who may do something', () => {
	expect(mayOpenSettings(server, 'ana')).toBe(true);
	expect(mayOpenSettings({ ...server, permissions: noPermissions }, 'bob')).toBe(false);
	expect(mayOpenSettings({ ...server, permissions: { ...noPermissions, can_edit_channel: true } }, 'bob')).toBe(true);
});
