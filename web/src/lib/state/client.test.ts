import { expect, test } from 'vitest';
import { defaultAvatar } from '../rules/people';
import type { SocketLike } from '../socket/connection';
import type { InitFrame, Member } from '../wire';
import { Client } from './client.svelte';
import { memoryStore } from './storage';

const user = { username: 'ana', ...defaultAvatar, profile_version: 1 };
const init: Omit<InitFrame, 'type'> = {
	...user,
	servers: [],
	dms: [],
	friends: [],
	friend_requests_sent: [],
	friend_requests_received: [],
	blocked: [],
	settings: { friends: 'instant' },
	limits: {} as InitFrame['limits'],
	presence: [],
	voice: [],
	calls: [],
	read: [],
};

/** A server that answers at once; what it tells of its own accord may be lost. */
class FakeSocket implements SocketLike {
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: unknown }) => void) | null = null;
	onclose: ((event: { code: number }) => void) | null = null;
	members: Member[] = [];
	send(data: string): void {
		const { type, request_id } = JSON.parse(data) as { type: string; request_id?: string };
		if (type === 'auth' || type === 'resync') this.receive({ type: 'init', request_id, ...init });
		if (type === 'get_server_members') this.receive({ type: 'server_members', request_id, server_id: 's', members: this.members });
	}
	close(): void {
		this.onclose = null;
	}
	receive(frame: unknown): void {
		this.onmessage?.({ data: JSON.stringify(frame) });
	}
}

const settle = async (): Promise<void> => {
	for (let i = 0; i < 50; i++) await Promise.resolve();
};

test('who left while nothing was heard is no followed member after a resync', async () => {
	const socket = new FakeSocket();
	const client = new Client({
		fetch: () => Promise.resolve(new Response(JSON.stringify({ user }))),
		openSocket: () => socket,
		clock: { now: () => 0, after: () => () => undefined, random: () => 0 },
		store: memoryStore(),
		addressBar: {
			location: { pathname: '/', search: '', hash: '', origin: 'https://chat.example' },
			history: { pushState: () => undefined, replaceState: () => undefined },
			addEventListener: () => undefined,
		},
		newNonce: () => 'n',
		voice: {
			createPeer: () => {
				throw new Error('nobody calls');
			},
			devices: undefined,
			meter: () => ({ level: () => 0, stop: () => undefined }),
			play: () => undefined,
			location: { hostname: 'chat.example', port: '', protocol: 'https:' },
		},
		desktop: { permission: () => 'none', ask: () => Promise.resolve('none'), show: () => () => undefined },
		showLook: () => undefined,
	});
	const members = async (): Promise<string[] | undefined> => {
		await settle();
		return client.servers.members('s')?.map(({ username }) => username);
	};
	const member = (username: string): Member => ({ ...user, username, is_owner: false });
	socket.members = [member('ana'), member('bob')];
	// Before there is a link: they come with it.
	const unfollow = client.servers.followMembers('s');
	await client.start();
	expect(await members()).toBeUndefined();
	socket.onopen?.();
	expect(await members()).toEqual(['ana', 'bob']);

	socket.members = [member('ana')];
	socket.receive({ type: 'resync' });
	expect(await members()).toEqual(['ana']);

	unfollow();
	socket.members = [];
	socket.receive({ type: 'resync' });
	expect(await members()).toEqual(['ana']);
});
