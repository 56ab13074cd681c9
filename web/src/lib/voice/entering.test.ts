import { expect, test, vi } from 'vitest';
import { memoryStore } from '../state/storage';
import type { ClientFrame, ServerFrame } from '../wire';
import type { VoiceMember } from '../wire.generated';
import { Voice } from './voice.svelte';

vi.stubGlobal('MediaStream', Object);

const room = { server_id: 's', channel_id: 'c' };
const turn = { username: 'u', credential: 'c', expires_at: '2100-01-01T10:00:00+00:00', urls: [], relay_only: false };

function member(username: string): VoiceMember {
	return {
		username, avatar: null, avatar_type: 'emoji', avatar_data: null, profile_version: 1,
		muted: false, deafened: false, video: false, screen_sharing: false, voice_session: `session of ${username}`,
	};
}

function moved(username: string, state: 'joined' | 'left', ...inside: string[]): ServerFrame {
	return { type: 'voice_state_update', ...room, ...member(username), state, voice_members: inside.map(member) };
}

/** A connection of which nothing but the lines is asked. */
function connection(): RTCPeerConnection {
	const lines: object[] = [];
	const addTransceiver = (): number => lines.push({ sender: { track: null }, receiver: { track: null } });
	return { getTransceivers: () => lines, addTransceiver, close: () => undefined, remoteDescription: null } as unknown as RTCPeerConnection;
}

function enter(): { voice: Voice; asked: ClientFrame[]; answer: (...inside: string[]) => Promise<void> } {
	let answer: (frame: ServerFrame) => void = () => undefined;
	const asked: ClientFrame[] = [];
	const voice = new Voice({
		transport: {
			send: () => true,
			request: (frame: ClientFrame) => {
				asked.push(frame);
				return frame.type === 'join_voice_channel' ? new Promise((resolve) => (answer = resolve)) : Promise.reject(new Error(frame.type));
			},
		},
		clock: { now: () => 0, after: () => () => undefined },
		store: memoryStore(),
		browser: {
			devices: undefined, location: { hostname: 'localhost', port: '', protocol: 'http:' },
			createPeer: connection, meter: () => ({ level: () => 0, stop: () => undefined }), play: () => undefined,
		},
		self: () => 'ana',
		newSession: () => 'session of ana',
		tell: () => undefined,
	} as unknown as ConstructorParameters<typeof Voice>[0]);
	const joined = voice.join('s', 'c');
	return {
		voice,
		asked,
		answer: async (...inside) => {
			await Promise.resolve();
			await Promise.resolve();
			answer({ type: 'voice_joined', ...room, voice_members: inside.map(member), voice_session: 'session of ana', turn });
			await joined;
		},
	};
}

function met(voice: Voice): string[] {
	return [...voice.mesh.views.keys()].sort();
}

function inside(voice: Voice): string[] {
	return voice.rosters.members('s', 'c').map(({ username }) => username);
}

test('whoever comes before the answer does is not forgotten by it', async () => {
	const { voice, answer } = enter();
	await Promise.resolve();
	voice.apply(moved('ana', 'joined', 'cyd', 'ana'));
	voice.apply(moved('bob', 'joined', 'cyd', 'ana', 'bob'));
	await answer('cyd', 'ana');
	expect(inside(voice)).toEqual(['cyd', 'ana', 'bob']);
	expect(met(voice)).toEqual(['bob', 'cyd']);
});

test('whoever leaves before the answer comes is not waited for', async () => {
	const { voice, answer } = enter();
	await Promise.resolve();
	voice.apply(moved('ana', 'joined', 'cyd', 'ana'));
	voice.apply(moved('cyd', 'left', 'ana'));
	await answer('cyd', 'ana');
	expect(inside(voice)).toEqual(['ana']);
	expect(met(voice)).toEqual([]);
});

test('an answer that comes before what it tells is taken', async () => {
	const { voice, answer } = enter();
	await answer('cyd', 'ana', 'bob');
	expect(met(voice)).toEqual(['bob', 'cyd']);
	voice.apply(moved('ana', 'joined', 'cyd', 'ana'));
	voice.apply(moved('bob', 'joined', 'cyd', 'ana', 'bob'));
	expect(inside(voice)).toEqual(['cyd', 'ana', 'bob']);
	expect(met(voice)).toEqual(['bob', 'cyd']);
});

test('who was taken for lost comes back with the same session', async () => {
	const { voice, asked, answer } = enter();
	await answer('cyd', 'ana');
	voice.apply(moved('ana', 'left', 'cyd'));
	voice.apply({ type: 'voice_ended', ...room, reason: 'lost' });
	await answer('cyd', 'ana');
	expect(voice.inRoom('s', 'c')).toBe(true);
	expect(met(voice)).toEqual(['cyd']);
	const joins = asked.filter((frame) => frame.type === 'join_voice_channel');
	expect(joins.map((frame) => frame.voice_session)).toEqual(['session of ana', 'session of ana']);
});

test('who is on another device stays away', async () => {
	const { voice, asked, answer } = enter();
	await answer('cyd', 'ana');
	voice.apply({ type: 'voice_ended', ...room, reason: 'elsewhere' });
	expect(voice.inRoom('s', 'c')).toBe(false);
	expect(asked.filter((frame) => frame.type === 'join_voice_channel')).toHaveLength(1);
});
