import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { ContextRef, MessageFrame, ServerFrame } from '../wire';
import type { Call } from '../wire.generated';
import type { Notice, Permission } from './desktop';
import { Notifications } from './notifications.svelte';
import { memoryStore } from './storage';

const dm: ContextRef = { context: 'dm', context_id: 'd' };
const channel: ContextRef = { context: 'server', context_id: 's/c' };
const other: ServerFrame = { type: 'typing', username: 'bob', ...dm };

let shown: (Notice & { closed: boolean })[];
let permission: Permission;
let answer: Permission;
let attended: boolean;
let unread: number;
let calls: Call[];
let opened: ContextRef[];
let store = memoryStore();

function make(): Notifications {
	return new Notifications({
		store,
		desktop: {
			permission: () => permission,
			ask: () => Promise.resolve((permission = answer)),
			show: (notice) => {
				const entry = { ...notice, closed: false };
				shown.push(entry);
				return () => (entry.closed = true);
			},
		},
		attended: () => attended,
		self: () => 'ana',
		nameOf: (username) => username.toUpperCase(),
		placeOf: ({ context }) => (context === 'dm' ? null : '#general · Garden'),
		unread: () => unread,
		calls: () => calls,
		open: (ref) => opened.push(ref),
	});
}

function message(ref: ContextRef, content: string, username = 'bob'): MessageFrame {
	return { type: 'message', id: 1, seq: 1, username, content, timestamp: '2026-01-01T10:00:00+00:00', ...ref };
}

function call(): Call {
	return { call_id: 'k', username: 'bob', avatar: null, avatar_type: 'emoji', avatar_data: null, profile_version: 1, state: 'ringing', incoming: true };
}

beforeEach(() => {
	shown = [];
	permission = 'default';
	answer = 'granted';
	attended = false;
	unread = 1;
	calls = [];
	opened = [];
	store = memoryStore();
});

test('nothing is shown before it was asked for', () => {
	permission = 'granted';
	make().apply(message(dm, 'hello'));
	expect(shown).toEqual([]);
});

test('a refusal leaves it off, and a later yes counts', async () => {
	answer = 'denied';
	const notifications = make();
	await notifications.switchOn();
	expect(notifications.on).toBe(false);
	notifications.apply(message(dm, 'hello'));
	expect(shown).toEqual([]);
	answer = 'granted';
	await notifications.switchOn();
	expect(notifications.on).toBe(true);
	expect(make().on).toBe(true);
});

test('what the browser has taken back since is off', async () => {
	await make().switchOn();
	permission = 'denied';
	expect(make().on).toBe(false);
});

describe('switched on', () => {
	let notifications: Notifications;
	beforeEach(async () => {
		notifications = make();
		await notifications.switchOn();
	});

	test('direct messages and mentions are shown, and say from whom', async () => {
		notifications.apply(message(dm, 'hello'));
		notifications.apply(message(channel, 'hello'));
		notifications.apply(message(channel, 'hello @Ana'));
		await vi.waitFor(() => expect(shown).toHaveLength(2));
		expect(shown.map(({ title, body, tag, silent }) => ({ title, body, tag, silent }))).toEqual([
			{ title: 'BOB', body: 'hello', tag: 'dm:d', silent: false },
			{ title: 'BOB in #general · Garden', body: 'hello @Ana', tag: 'server:s/c', silent: false },
		]);
	});

	test('every message is shown, without a sound, to who wants that', () => {
		notifications.choose({ about: 'all', sound: false });
		notifications.apply(message(channel, 'hello'));
		expect(shown).toMatchObject([{ body: 'hello', silent: true }]);
		expect(make().choices).toEqual({ on: true, about: 'all', sound: false });
	});

	test('one’s own messages, those of the lobby, and what is looked at, are not shown', () => {
		notifications.choose({ about: 'all' });
		notifications.apply(message(dm, 'hello', 'Ana'));
		notifications.apply({ ...message(dm, 'hello'), context: 'global', context_id: null });
		attended = true;
		notifications.apply(message(dm, 'hello'));
		calls = [call()];
		notifications.apply(other);
		expect(shown).toEqual([]);
	});

	test('a click opens the conversation', async () => {
		notifications.apply(message(channel, '**@ana**'));
		await vi.waitFor(() => expect(shown).toHaveLength(1));
		shown[0]?.onclick();
		expect(opened).toEqual([channel]);
	});

	test('a notice goes when the conversation was read, anywhere', () => {
		notifications.apply(message(dm, 'hello'));
		notifications.apply(other);
		expect(shown[0]?.closed).toBe(false);
		unread = 0;
		attended = true;
		notifications.apply(other);
		expect(shown[0]?.closed).toBe(true);
	});

	test('a call is shown once, until it rings no more', () => {
		calls = [call()];
		notifications.apply(other);
		notifications.apply(other);
		expect(shown).toMatchObject([{ title: 'BOB is calling', silent: true, stays: true, closed: false }]);
		calls = [];
		notifications.apply(other);
		expect(shown).toMatchObject([{ closed: true }]);
	});

	test('all go with the session, and when they are switched off', () => {
		notifications.apply(message(dm, 'hello'));
		notifications.clear();
		notifications.apply(message(dm, 'hello'));
		notifications.choose({ on: false });
		notifications.apply(message(dm, 'hello'));
		expect(shown.map(({ closed }) => closed)).toEqual([true, true]);
	});

	test('a browser that shows none after all breaks nothing', () => {
		const failing = new Notifications({
			...({ store, attended: () => false, self: () => 'ana', nameOf: String, placeOf: () => null, unread: () => 1, calls: () => [], open: () => undefined }),
			desktop: {
				permission: () => permission,
				ask: () => Promise.resolve(permission),
				show: () => {
					permission = 'denied';
					throw new TypeError('Illegal constructor');
				},
			},
		});
		failing.apply(message(dm, 'hello'));
		expect(failing.on).toBe(false);
	});
});
