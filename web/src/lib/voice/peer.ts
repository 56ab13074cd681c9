import type { Clock } from '../socket/connection';

/** What is sent, in the order in which its lines stand in a description: microphone, camera, screen, the screen's sound. */
export const slots = ['microphone', 'camera', 'screen', 'sound'] as const;
export type Slot = (typeof slots)[number];
export type Tracks = Partial<Record<Slot, MediaStreamTrack | null>>;

export type Signal =
	| { readonly kind: 'offer' | 'answer'; readonly id: string; readonly description: RTCSessionDescriptionInit }
	| { readonly kind: 'candidate'; readonly candidate: RTCIceCandidateInit | null };

export interface PeerOptions {
	create: () => RTCPeerConnection;
	/** Gives way when both offer at once; of two, one is and the other is not. */
	polite: boolean;
	tracks: Tracks;
	clock: Clock;
	/** Rejects when the other is not there (yet). */
	send: (signal: Signal) => Promise<unknown>;
	/** Something about the connection or what it receives is different. */
	onChange: () => void;
}

/** How long a connection may be interrupted until another way is looked for. */
const INTERRUPTED_MS = 1_500;
/** How long an answer may take until the offer is sent again: first, and at most. */
const ANSWER_MS = 1_000;
const LONGEST_ANSWER_MS = 8_000;

/**
 * The connection to one other person, by perfect negotiation (W3C WebRTC, 10.7). Every line exists from the first offer
 * on, so that a camera is switched on without one; a client that offers fewer lines gets the others when they are used.
 * What is sent may be lost with the link of either side: an offer is sent until it is answered, with all candidates by then.
 */
export class Peer {
	readonly #options: PeerOptions;
	#pc: RTCPeerConnection;
	/** The number of the latest offer made. */
	#offers = 0;
	#closed = false;
	#early: (RTCIceCandidateInit | null)[] = [];
	#tracks: Tracks;
	#work: Promise<void> = Promise.resolve();
	#outbox: Promise<unknown> = Promise.resolve();
	#cancelTimers = new Set<() => void>();

	constructor(options: PeerOptions) {
		this.#options = options;
		this.#tracks = { ...options.tracks };
		this.#pc = this.#open();
	}

	get connection(): RTCPeerConnection {
		return this.#pc;
	}
	get connected(): boolean {
		return this.#pc.connectionState === 'connected';
	}
	/** A description of the other's has been taken. */
	get met(): boolean {
		return this.#pc.remoteDescription !== null;
	}

	/** Makes the first offer. */
	offer(): void {
		if (this.#pc.getTransceivers().length > 0) return;
		for (const slot of slots) this.#add(slot);
	}

	/** Takes an offer of the other's, or an answer to the latest one made here. */
	describe(description: RTCSessionDescriptionInit, id: string): void {
		this.#do(async () => {
			const offer = description.type === 'offer';
			if (!offer && id !== '' && id !== String(this.#offers)) return;
			// Lines that were added and not offered yet are not taken for those of another's offer: they are a collision too.
			const offering = this.#pc.signalingState !== 'stable' || (!this.met && this.#pc.getTransceivers().length > 0);
			const collision = offer && offering;
			if (collision && !this.#options.polite) return;
			// Before the first answer there is nothing to keep: lines offered by both would only be there twice.
			if (collision && !this.met) this.#reset();
			const pc = this.#pc;
			await pc.setRemoteDescription(description);
			for (const candidate of this.#early.splice(0)) this.candidate(candidate);
			if (!offer) return;
			await this.#adopt();
			await pc.setLocalDescription();
			if (pc.localDescription !== null) void this.#send({ kind: 'answer', id, description: frugal(pc.localDescription) });
		});
	}

	candidate(candidate: RTCIceCandidateInit | null): void {
		this.#do(async () => {
			if (this.met) await this.#pc.addIceCandidate(candidate ?? undefined);
			else this.#early.push(candidate);
		});
	}

	/** Sends a track from now on, or nothing. */
	set(slot: Slot, track: MediaStreamTrack | null): void {
		this.#tracks[slot] = track;
		this.#do(async () => {
			const line = this.#line(slot);
			if (line !== undefined) await line.sender.replaceTrack(track);
			else if (track !== null && this.met) this.#add(slot);
		});
	}

	received(slot: Slot): MediaStreamTrack | null {
		return this.#line(slot)?.receiver.track ?? null;
	}

	sender(slot: Slot): RTCRtpSender | undefined {
		return this.#line(slot)?.sender;
	}

	/** Looks for a way anew, with the servers of now. */
	restart(configuration?: RTCConfiguration): void {
		this.#do(async () => {
			const pc = this.#pc;
			if (configuration !== undefined) pc.setConfiguration(configuration);
			// An offer under way names the ways of before.
			const offering = pc.signalingState === 'have-local-offer';
			if (this.met) {
				if (offering) await pc.setLocalDescription({ type: 'rollback' });
				pc.restartIce();
			} else if (offering) {
				this.#reset();
				this.offer();
			}
		});
	}

	close(): void {
		this.#closed = true;
		for (const cancel of this.#cancelTimers) cancel();
		this.#shut();
	}

	#open(): RTCPeerConnection {
		const pc = this.#options.create();
		pc.onnegotiationneeded = () => {
			this.#do(async () => {
				if (pc !== this.#pc || pc.signalingState !== 'stable') return;
				await pc.setLocalDescription();
				void this.#propose(pc, ++this.#offers, ANSWER_MS);
			});
		};
		pc.onicecandidate = ({ candidate }) => {
			void this.#send({ kind: 'candidate', candidate: candidate?.toJSON() ?? null });
		};
		pc.ontrack = this.#options.onChange;
		pc.onconnectionstatechange = () => {
			this.#options.onChange();
			if (pc.connectionState === 'failed') this.restart();
			if (pc.connectionState === 'disconnected') {
				this.#after(INTERRUPTED_MS, () => {
					if (pc.connectionState === 'disconnected') this.restart();
				});
			}
		};
		return pc;
	}

	/** Sends the offer that is under way, until it is none any more. */
	async #propose(pc: RTCPeerConnection, offer: number, patience: number): Promise<void> {
		if (pc !== this.#pc || offer !== this.#offers || pc.signalingState !== 'have-local-offer' || pc.localDescription === null) return;
		const sent = await this.#send({ kind: 'offer', id: String(offer), description: frugal(pc.localDescription) });
		const next = sent ? Math.min(2 * patience, LONGEST_ANSWER_MS) : patience;
		this.#after(patience, () => void this.#propose(pc, offer, next));
	}

	#shut(): void {
		const pc = this.#pc;
		pc.onnegotiationneeded = pc.onicecandidate = pc.ontrack = pc.onconnectionstatechange = null;
		pc.close();
	}

	#reset(): void {
		this.#shut();
		this.#pc = this.#open();
	}

	/** The lines of an offer become ours, with what we send. */
	async #adopt(): Promise<void> {
		const lines = this.#pc.getTransceivers();
		for (const [at, slot] of slots.entries()) {
			const line = lines[at];
			if (line === undefined) continue;
			line.direction = 'sendrecv';
			await line.sender.replaceTrack(this.#tracks[slot] ?? null);
		}
		for (const slot of slots) if (this.#line(slot) === undefined && (this.#tracks[slot] ?? null) !== null) this.#add(slot);
	}

	#add(slot: Slot): void {
		const track = this.#tracks[slot] ?? null;
		const kind = slot === 'microphone' || slot === 'sound' ? 'audio' : 'video';
		this.#pc.addTransceiver(track ?? kind, { direction: 'sendrecv', streams: [new MediaStream()] });
	}

	#line(slot: Slot): RTCRtpTransceiver | undefined {
		return this.#pc.getTransceivers()[slots.indexOf(slot)];
	}

	/** One thing after the other. */
	#do(work: () => Promise<void>): void {
		this.#work = this.#work.then(async () => {
			if (this.#closed) return;
			try {
				await work();
			} catch {
				// What came is of no use any more, or never was: the state of the connection shows what is missing.
				this.#options.onChange();
			}
		});
	}

	/** One after the other; false when the link was down, or the other is not there (yet). */
	#send(signal: Signal): Promise<boolean> {
		const sent = this.#outbox.then(async () => {
			if (this.#closed) return false;
			return this.#options.send(signal).then(() => true, () => false);
		});
		this.#outbox = sent;
		return sent;
	}

	#after(ms: number, act: () => void): void {
		const cancel = this.#options.clock.after(ms, () => {
			this.#cancelTimers.delete(cancel);
			if (!this.#closed) act();
		});
		this.#cancelTimers.add(cancel);
	}
}

/** Asks the other to send nothing while they are silent (RFC 7587, usedtx), and to mend losses (useinbandfec). */
export function frugal({ type, sdp }: RTCSessionDescriptionInit): RTCSessionDescriptionInit {
	const opus = /^a=rtpmap:(\d+) opus\//m.exec(sdp ?? '')?.[1];
	if (opus === undefined || sdp === undefined) return { type, ...(sdp !== undefined && { sdp }) };
	return {
		type,
		sdp: sdp.replace(new RegExp(`^a=fmtp:${opus} (.*)$`, 'gm'), (line, parameters: string) => {
			const missing = ['useinbandfec=1', 'usedtx=1'].filter((wanted) => !parameters.includes(wanted));
			return [line, ...missing].join(';');
		}),
	};
}
