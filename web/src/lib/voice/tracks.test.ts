import { expect, test, vi } from 'vitest';
import { memoryStore } from '../state/storage';
import type { ClientFrame, ServerFrame } from '../wire';
import { Voice } from './voice.svelte';

vi.stubGlobal('MediaStream', Object);

/** Every track that was opened, copies too. */
class Track {
	live = true;
	readonly #all: Track[];

	constructor(all: Track[]) {
		this.#all = all;
		all.push(this);
	}

	clone(): Track {
		return new Track(this.#all);
	}

	stop(): void {
		this.live = false;
	}
}

function inRoom(): { voice: Voice; opened: Track[]; late: (() => void)[]; hold: () => void } {
	const opened: Track[] = [];
	const late: (() => void)[] = [];
	let held = false;
	const open = ({ audio, video }: MediaStreamConstraints): Promise<object> => {
		const stream = (): object => {
			const sound = audio === undefined ? [] : [new Track(opened)];
			const picture = video === undefined ? [] : [new Track(opened)];
			return { getAudioTracks: () => sound, getVideoTracks: () => picture, getTracks: () => [...sound, ...picture] };
		};
		return held ? new Promise((resolve) => late.push(() => resolve(stream()))) : Promise.resolve(stream());
	};
	const turn = { username: 'u', credential: 'c', expires_at: '2100-01-01T10:00:00+00:00', urls: [], relay_only: false };
	const voice = new Voice({
		transport: {
			request: (frame: ClientFrame): Promise<ServerFrame> =>
				frame.type === 'join_voice_channel'
					? Promise.resolve({ type: 'voice_joined', server_id: frame.server_id, channel_id: frame.channel_id, voice_members: [], voice_session: 'session', turn })
					: Promise.resolve({ type: 'ok' } as ServerFrame),
		},
		clock: { now: () => 0, after: () => () => undefined },
		store: memoryStore(),
		browser: {
			devices: { getUserMedia: open, getDisplayMedia: open, addEventListener: () => undefined },
			location: { hostname: 'localhost', port: '', protocol: 'http:' },
			meter: () => ({ level: () => 0, stop: () => undefined }), play: () => undefined,
		},
		self: () => 'ana',
		newSession: () => 'session',
		tell: () => undefined,
	} as unknown as ConstructorParameters<typeof Voice>[0]);
	return { voice, opened, late, hold: () => (held = true) };
}

test('nothing is heard or seen any more of who has left', async () => {
	const { voice, opened } = inRoom();
	await voice.join('s', 'c');
	await voice.toggleCamera();
	await voice.toggleScreen();
	expect(opened.length).toBeGreaterThan(3);
	voice.leave();
	expect(opened.filter(({ live }) => live)).toEqual([]);
});

test('the sound of a screen ends with it', async () => {
	const { voice, opened } = inRoom();
	await voice.join('s', 'c');
	const before = opened.length;
	await voice.toggleScreen();
	await voice.toggleScreen();
	expect(opened.slice(before).map(({ live }) => live)).toEqual([false, false]);
});

test('a camera that opens late is not for the room after', async () => {
	const { voice, opened, late, hold } = inRoom();
	await voice.join('s', 'c');
	const before = opened.length;
	hold();
	const toggled = voice.toggleCamera();
	voice.leave();
	const joined = voice.join('s', 'other');
	await vi.waitFor(() => {
		expect(late).toHaveLength(2);
	});
	late[1]?.();
	await joined;
	late[0]?.();
	await toggled;
	expect(voice.camera).toBeNull();
	expect(opened.slice(before).filter(({ live }) => live)).toHaveLength(2);
});

test('another camera that opens late is for nobody who has left', async () => {
	const { voice, opened, late, hold } = inRoom();
	await voice.join('s', 'c');
	await voice.toggleCamera();
	hold();
	const chosen = voice.devicesChosen();
	await vi.waitFor(() => {
		expect(late).toHaveLength(1);
	});
	late[0]?.();
	await vi.waitFor(() => {
		expect(late).toHaveLength(2);
	});
	voice.leave();
	late[1]?.();
	await chosen;
	expect(opened.filter(({ live }) => live)).toEqual([]);
});
