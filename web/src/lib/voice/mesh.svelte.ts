import { SvelteMap } from 'svelte/reactivity';
import type { Clock } from '../socket/connection';
import { Speech } from './media';
import { noCounts, readPath, type Counts, type Path } from './path';
import { Peer, slots, type Signal, type Slot, type Tracks } from './peer';

/** One other person, as the page shows them. */
export interface PeerView {
	readonly state: 'connecting' | 'connected' | 'unreachable';
	readonly path: Path | null;
	readonly speaking: boolean;
	readonly audio: MediaStream | null;
	readonly camera: MediaStream | null;
	readonly screen: MediaStream | null;
	readonly sound: MediaStream | null;
}

export interface MeshOptions {
	clock: Clock;
	createPeer: () => RTCPeerConnection;
	self: () => string;
	send: (to: string, session: string, signal: Signal) => Promise<unknown>;
}

interface Entry {
	readonly peer: Peer;
	readonly session: string;
	readonly since: number;
	readonly speech: Speech;
	counts: Counts;
	streams: Partial<Record<Slot, MediaStream>>;
}

/** How long a connection may take until the other is called unreachable. */
const UNREACHABLE_MS = 12_000;
/** How long the one who came waits for an offer until making one. */
const SHY_MS = 4_000;
/** Asking how loud somebody is waits for the browser's network thread: not too often. */
const LISTEN_MS = 200;
const LOOK_MS = 2_000;
/** Between two that look for a new way: everybody at once would be slow for all. */
const STAGGER_MS = 120;

/** What a camera and a screen may take, by the number of others: bits per second. */
export function videoBitrate(slot: 'camera' | 'screen', others: number): number {
	if (slot === 'screen') return others <= 2 ? 2_500_000 : others <= 4 ? 1_500_000 : 800_000;
	return others <= 1 ? 1_500_000 : others <= 3 ? 700_000 : others <= 5 ? 350_000 : 200_000;
}

/** The connections to everybody in the same place: each pair its own. */
export class Mesh {
	readonly views = new SvelteMap<string, PeerView>();
	readonly #options: MeshOptions;
	readonly #entries = new Map<string, Entry>();
	#tracks: Tracks = {};
	#cancelListening: (() => void) | null = null;
	#cancelLooking: (() => void) | null = null;

	constructor(options: MeshOptions) {
		this.#options = options;
	}

	has(username: string, session: string): boolean {
		return this.#entries.get(username)?.session === session;
	}

	/** The connections, for those who look into them. */
	get connections(): RTCPeerConnection[] {
		return [...this.#entries.values()].map(({ peer }) => peer.connection);
	}

	/** Connects to somebody; who was here before offers. */
	meet(username: string, session: string, offers: boolean): void {
		if (this.has(username, session)) return;
		this.part(username);
		const { clock } = this.#options;
		const peer = new Peer({
			create: this.#options.createPeer,
			polite: this.#options.self() > username,
			tracks: this.#tracks,
			clock,
			send: (signal) => this.#options.send(username, session, signal),
			onChange: () => {
				this.#show(username);
			},
		});
		this.#entries.set(username, { peer, session, since: clock.now(), speech: new Speech(), counts: noCounts, streams: {} });
		if (offers) peer.offer();
		else {
			clock.after(SHY_MS, () => {
				if (this.#entries.get(username)?.peer === peer && !peer.met) peer.offer();
			});
		}
		this.#show(username);
		this.#limit();
		this.#watch();
	}

	part(username: string): void {
		const entry = this.#entries.get(username);
		if (entry === undefined) return;
		this.#entries.delete(username);
		entry.peer.close();
		this.views.delete(username);
		this.#limit();
	}

	/** Parts from all but these. */
	keep(usernames: readonly string[]): void {
		for (const username of [...this.#entries.keys()]) if (!usernames.includes(username)) this.part(username);
	}

	close(): void {
		this.keep([]);
		this.#tracks = {};
		this.#cancelListening?.();
		this.#cancelLooking?.();
		this.#cancelListening = this.#cancelLooking = null;
	}

	/** Takes a signal of somebody we are connecting to; any other is not answered. */
	take(username: string, session: string, signal: Signal): boolean {
		const entry = this.#entries.get(username);
		if (entry?.session !== session) return false;
		if (signal.kind === 'candidate') entry.peer.candidate(signal.candidate);
		else entry.peer.describe(signal.description, signal.id);
		return true;
	}

	set(slot: Slot, track: MediaStreamTrack | null): void {
		this.#tracks = { ...this.#tracks, [slot]: track };
		for (const { peer } of this.#entries.values()) peer.set(slot, track);
		this.#limit();
	}

	/** After the link to the server was away: relayed ways may be dead although they say that they are not. */
	renew(configuration: RTCConfiguration): void {
		let turn = 0;
		for (const [username, entry] of this.#entries) {
			const path = this.views.get(username)?.path;
			if (entry.peer.connected && path?.kind === 'direct') {
				entry.peer.connection.setConfiguration(configuration);
				continue;
			}
			this.#options.clock.after(STAGGER_MS * turn++, () => {
				if (this.#entries.get(username) === entry) entry.peer.restart(configuration);
			});
		}
	}

	/** Looks for new ways for everybody: the network is another one. */
	restartAll(): void {
		for (const { peer } of this.#entries.values()) peer.restart();
	}

	#show(username: string): void {
		const entry = this.#entries.get(username);
		if (entry === undefined) return;
		const before = this.views.get(username);
		const { peer, streams } = entry;
		const stream = (slot: Slot): MediaStream | null => {
			const track = peer.received(slot);
			if (track === null) return null;
			if (streams[slot]?.getTracks()[0] !== track) streams[slot] = new MediaStream([track]);
			return streams[slot] ?? null;
		};
		const late = this.#options.clock.now() - entry.since > UNREACHABLE_MS;
		this.views.set(username, {
			state: peer.connected ? 'connected' : late ? 'unreachable' : 'connecting',
			path: peer.connected ? (before?.path ?? null) : null,
			speaking: before?.speaking ?? false,
			audio: stream('microphone'),
			camera: stream('camera'),
			screen: stream('screen'),
			sound: stream('sound'),
		});
	}

	/** Listens who speaks, and looks how things get here, as long as there is anybody. */
	#watch(): void {
		const { clock } = this.#options;
		if (this.#cancelListening === null) {
			const listen = (): void => {
				this.#listen();
				this.#cancelListening = this.#entries.size > 0 ? clock.after(LISTEN_MS, listen) : null;
			};
			this.#cancelListening = clock.after(LISTEN_MS, listen);
		}
		if (this.#cancelLooking === null) {
			const look = (): void => {
				void this.#look();
				this.#cancelLooking = this.#entries.size > 0 ? clock.after(LOOK_MS, look) : null;
			};
			this.#cancelLooking = clock.after(LOOK_MS / 4, look);
		}
	}

	#listen(): void {
		const now = this.#options.clock.now();
		for (const [username, { peer, speech }] of this.#entries) {
			const receiver = peer.connection.getTransceivers()[slots.indexOf('microphone')]?.receiver;
			const level = receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0;
			const speaking = speech.hear(level, now);
			const view = this.views.get(username);
			if (view !== undefined && view.speaking !== speaking) this.views.set(username, { ...view, speaking });
		}
	}

	async #look(): Promise<void> {
		for (const [username, entry] of [...this.#entries]) {
			this.#show(username);
			const report = await entry.peer.connection.getStats();
			if (this.#entries.get(username) !== entry) continue;
			const { path, counts } = readPath(report.values() as Iterable<Record<string, unknown>>, entry.counts);
			entry.counts = counts;
			const view = this.views.get(username);
			if (view !== undefined) this.views.set(username, { ...view, path: entry.peer.connected ? path : null });
		}
	}

	/** Video takes less of the line, the more it is sent to. */
	#limit(): void {
		for (const { peer } of this.#entries.values()) {
			for (const slot of ['camera', 'screen'] as const) {
				const sender = peer.sender(slot);
				if (sender === undefined || sender.track === null) continue;
				const parameters = sender.getParameters();
				const [encoding] = parameters.encodings;
				if (encoding === undefined) continue;
				encoding.maxBitrate = videoBitrate(slot, this.#entries.size);
				sender.setParameters(parameters).catch(() => undefined); // it is in the middle of a negotiation: with the next change
			}
		}
	}
}
