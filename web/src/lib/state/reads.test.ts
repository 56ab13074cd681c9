import { beforeEach, expect, test } from 'vitest';
import { defaultAvatar } from '../rules/people';
import { WireError, type ClientFrame, type ConversationFrame, type InitFrame, type Server, type ServerFrame } from '../wire';
import { Reads } from './reads.svelte';
import { Presence } from './presence.svelte';
import { Servers } from './servers.svelte';
import type { Clock } from './transport';

const here = { context: 'dm', context_id: 'd' } as const;
const channel = { context: 'server', context_id: 's/c' } as const;

let sent: ClientFrame[];
let timers: { ms: number; callback: () => void }[];
let now: number;
let answer: () => ServerFrame;
const transport = {
	ready: true,
	request: (frame: ClientFrame): Promise<ServerFrame> => {
		sent.push(frame);
		try {
			return Promise.resolve(answer());
		} catch (error) {
			return Promise.reject(error as Error);
		}
	},
};
const clock: Clock = {
	now: () => now,
	random: () => 0,
	after: (ms, callback) => {
		const timer = { ms, callback };
		timers.push(timer);
		return () => {
			timers = timers.filter((other) => other !== timer);
		};
	},
};
const message = (username: string, id: number): ConversationFrame => ({
	type: 'message',
	id,
	seq: id,
	username,
	content: 'x',
	timestamp: '2026-01-01T10:00:00+00:00',
	...here,
});
const init: InitFrame = {
	type: 'init',
	username: 'ana',
	avatar: null,
	avatar_type: 'emoji',
	avatar_data: null,
	profile_version: 1,
	servers: [],
	dms: [],
	friends: [],
	friend_requests_sent: [],
	friend_requests_received: [],
	blocked: [],
	settings: { friends: 'instant' },
	limits: {} as InitFrame['limits'],
	presence: ['Bob'],
	voice: [],
	calls: [],
	read: [
		{ ...here, seq: 3, read: 1, unread: 2 },
		{ ...channel, seq: 8, read: 0, unread: 8 },
	],
};
const look = { ...defaultAvatar, profile_version: 1 };
const server: Server = { id: 's', name: 'S', owner: 'bob', channels: [], online: [], joined_at: '2026-01-01T10:00:00+00:00' };
async function settle(): Promise<void> {
	for (let i = 0; i < 20; i++) await Promise.resolve();
}
async function pass(): Promise<void> {
	await settle();
	for (const { callback } of timers.splice(0)) callback();
	await settle();
}

beforeEach(() => {
	sent = [];
	timers = [];
	now = 0;
	transport.ready = true;
	answer = () => ({ type: 'ok' });
});

test('counts start with what the server says and follow the events', () => {
	const reads = new Reads(transport, clock);
	reads.apply(init, 'ana');
	expect([reads.unread(here), reads.unread(channel), reads.total]).toEqual([2, 8, 10]);
	reads.apply(message('bob', 4), 'ana');
	reads.apply(message('ana', 5), 'ana');
	expect(reads.unread(here)).toBe(3);
	reads.apply({ type: 'read_marked', ...here, seq: 5, read: 5, unread: 0 }, 'ana');
	expect([reads.unread(here), reads.read(here)]).toEqual([0, 5]);
	reads.apply({ type: 'server_left', server_id: 's', reason: 'kicked' }, 'ana');
	expect(reads.total).toBe(0);
});

test('what no event shows is asked for where something is unread', async () => {
	const reads = new Reads(transport, clock);
	reads.apply(init, 'ana');
	reads.apply({ type: 'conversation_changed', ...here, seq: 6 }, 'ana');
	expect(sent).toEqual([{ type: 'get_changes', ...here, after: 3 }]);
	const stored = { username: 'deleted user', content: '', timestamp: '', context_type: 'dm', context_id: 'd' } as const;
	const messages = [
		{ ...stored, id: 2, seq: 4, deleted: true },
		{ ...stored, id: 3, seq: 5 },
		{ ...stored, id: 6, seq: 6 },
	];
	reads.apply({ type: 'changes', ...here, messages, seq: 6, reset: false }, 'ana');
	expect(reads.unread(here)).toBe(2);
	reads.apply({ type: 'changes', ...here, messages, seq: 6, reset: false }, 'ana');
	expect(reads.unread(here)).toBe(2);
	reads.mark(here, 6);
	reads.apply({ type: 'conversation_changed', ...here, seq: 9 }, 'ana');
	await settle();
	expect(sent.map(({ type }) => type)).toEqual(['get_changes', 'mark_read']);
});

test('many marks go out as the first and the last, and nothing that is read already', async () => {
	const reads = new Reads(transport, clock);
	reads.apply(init, 'ana');
	reads.mark(here, 3);
	expect(reads.unread(here)).toBe(0);
	for (const id of [4, 5, 6]) {
		reads.apply(message('bob', id), 'ana');
		reads.mark(here, id);
	}
	await pass();
	await pass();
	reads.mark(here, 6);
	await pass();
	expect(sent.map((frame) => (frame.type === 'mark_read' ? frame.id : 0))).toEqual([3, 6]);
});

test('a mark that was too much is sent again', async () => {
	const reads = new Reads(transport, clock);
	reads.apply(init, 'ana');
	answer = () => {
		throw new WireError('rate_limited', 'Slower, please.', 3);
	};
	reads.mark(here, 3);
	await settle();
	expect(timers.map(({ ms }) => ms)).toEqual([3000]);
	answer = () => ({ type: 'ok' });
	await pass();
	expect(sent).toHaveLength(2);
});

test('presence and writing', () => {
	const presence = new Presence(transport, clock);
	presence.apply(init, 'ana');
	expect(['ana', 'bob', 'carl'].map((name) => presence.isOnline(name))).toEqual([true, true, false]);
	presence.apply({ type: 'presence', username: 'bob', online: false }, 'ana');
	presence.apply({ type: 'presence', username: 'ana', online: false }, 'ana');
	expect(['ana', 'bob'].map((name) => presence.isOnline(name))).toEqual([true, false]);

	// Whoever is a friend and a fellow member is seen as either.
	presence.apply({ type: 'server_joined', server: { ...server, online: ['bob'] }, read: [] }, 'ana');
	presence.apply({ type: 'presence', username: 'bob', online: true }, 'ana');
	presence.apply({ type: 'friend_removed', username: 'bob' }, 'ana');
	expect(presence.isOnline('bob')).toBe(true);
	presence.apply({ type: 'member_left', server_id: 's', username: 'bob' }, 'ana');
	expect(presence.isOnline('bob')).toBe(false);
	presence.apply({ type: 'presence', username: 'carl', online: true, server_id: 's' }, 'ana');
	presence.apply({ type: 'server_left', server_id: 's', reason: 'kicked' }, 'ana');
	expect(presence.isOnline('carl')).toBe(false);


	presence.type(here);
	now = 3999;
	presence.type(here);
	expect(sent).toHaveLength(1);
	now = 4000;
	presence.type(here);
	expect(sent).toHaveLength(2);

	presence.apply({ type: 'typing', username: 'bob', ...here }, 'ana');
	presence.apply({ type: 'typing', username: 'carl', ...here }, 'ana');
	presence.apply({ type: 'typing', username: 'bob', ...here }, 'ana');
	presence.apply({ type: 'typing', username: 'ana', ...here }, 'ana');
	expect(presence.typing(here)).toEqual(['bob', 'carl']);
	expect(timers.map(({ ms }) => ms)).toEqual([6000, 6000]);
	presence.apply(message('carl', 9), 'ana');
	expect(presence.typing(here)).toEqual(['bob']);
	timers[0]?.callback();
	expect(presence.typing(here)).toEqual([]);
});

test('a server changes hands, its channels change, and it goes', async () => {
	const servers = new Servers(transport);
	const none = { can_create_channel: false, can_edit_channel: false, can_delete_channel: false };
	const all = { can_create_channel: true, can_edit_channel: true, can_delete_channel: true };
	const apply = (frame: ServerFrame): void => {
		servers.apply(frame, 'ana');
	};
	const two = [
		{ id: 'a', name: 'a', type: 'text' as const },
		{ id: 'b', name: 'b', type: 'text' as const },
	];
	apply({ ...init, servers: [{ ...server, channels: two, permissions: none }] });
	answer = () => ({
		type: 'server_members',
		server_id: 's',
		members: [
			{ username: 'bob', ...look, is_owner: true },
			{ username: 'ana', ...look, is_owner: false, permissions: none },
			{ username: 'carl', ...look, is_owner: false, permissions: none },
		],
	});
	await servers.loadMembers('s');
	apply({ type: 'permissions_updated_success', server_id: 's', username: 'carl', permissions: all });
	apply({ type: 'server_owner_changed', server_id: 's', owner: 'ana', former_owner: 'bob', former_owner_permissions: all });
	expect(servers.byId('s')).toMatchObject({ owner: 'ana' });
	expect(servers.byId('s')?.permissions).toBeUndefined();
	expect(servers.members('s')).toEqual([
		{ username: 'bob', ...look, is_owner: false, permissions: all },
		{ username: 'ana', ...look, is_owner: true },
		{ username: 'carl', ...look, is_owner: false, permissions: all },
	]);
	apply({ type: 'server_owner_changed', server_id: 's', owner: 'bob', former_owner: 'ana', former_owner_permissions: all });
	expect(servers.byId('s')?.permissions).toEqual(all);

	apply({ type: 'channels_reordered', server_id: 's', channel_ids: ['b', 'a'] });
	apply({ type: 'channel_updated', server_id: 's', channel: { id: 'a', name: 'new', type: 'text', description: 'd' } });
	expect(servers.byId('s')?.channels.map(({ name }) => name)).toEqual(['b', 'new']);
	apply({ type: 'channel_deleted', server_id: 's', channel_id: 'b' });
	expect(servers.byId('s')?.channels.map(({ name }) => name)).toEqual(['new']);
	apply({ type: 'member_left', server_id: 's', username: 'carl' });
	expect(servers.members('s')?.map(({ username }) => username)).toEqual(['bob', 'ana']);
	apply({ type: 'server_left', server_id: 's', reason: 'deleted' });
	expect(servers.list).toEqual([]);
});
