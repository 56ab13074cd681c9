import type { Clock } from '../socket/connection';

/** What is sent, in the order in which its lines stand in a description: microphone, camera, screen, the screen's sound. */
export const slots = ['microphone', 'camera', 'screen', 'sound'] as const;
export type Slot = (typeof slots)[number];
export type Tracks = Partial<Record<Slot, MediaStreamTrack | null>>;

export type Signal =
	| { readonly kind: 'offer' | 'answer'; readonly description: RTCSessionDescriptionInit }
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
/** After which time an offer that could not be delivered is made again. */
const RETRY_MS = 700;

/**
 * The connection to one other person, by perfect negotiation (W3C WebRTC, 10.7). Every line exists from the first offer
 * on, so that a camera is switched on without one; a client that offers fewer lines gets the others when they are used.
 */
export class Peer {
	readonly #options: PeerOptions;
	#pc: RTCPeerConnection;
	#making = false;
	#ignoring = false;
	#closed = false;
	#early: (RTCIceCandidateInit | null)[] = [];
	#tracks: Tracks;
	#work: Promise<void> = Promise.resolve();
	#outbox: Promise<void> = Promise.resolve();
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

	/** Takes an offer or answer of the other's. */
	describe(description: RTCSessionDescriptionInit): void {
		this.#do(async () => {
			const offer = description.type === 'offer';
			const collision = offer && (this.#making || this.#pc.signalingState !== 'stable');
			this.#ignoring = collision && !this.#options.polite;
			if (this.#ignoring) return;
			// Before the first answer there is nothing to keep: lines offered by both would only be there twice.
			if (collision && !this.met) this.#reset();
			const pc = this.#pc;
			await pc.setRemoteDescription(description);
			const early = this.#early.splice(0);
			for (const candidate of early) await pc.addIceCandidate(candidate ?? undefined);
			if (!offer) return;
			await this.#adopt();
			await pc.setLocalDescription();
			if (pc.localDescription !== null) this.#send({ kind: 'answer', description: frugal(pc.localDescription) });
		});
	}

	candidate(candidate: RTCIceCandidateInit | null): void {
		this.#do(async () => {
			if (!this.met) {
				this.#early.push(candidate);
				return;
			}
			try {
				await this.#pc.addIceCandidate(candidate ?? undefined);
			} catch (error) {
				if (!this.#ignoring) throw error;
			}
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
		if (this.#closed) return;
		if (configuration !== undefined) this.#pc.setConfiguration(configuration);
		if (this.met) this.#pc.restartIce();
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
				try {
					this.#making = true;
					await pc.setLocalDescription();
					if (pc.localDescription !== null) this.#send({ kind: 'offer', description: frugal(pc.localDescription) });
				} finally {
					this.#making = false;
				}
			});
		};
		pc.onicecandidate = ({ candidate }) => {
			this.#send({ kind: 'candidate', candidate: candidate?.toJSON() ?? null });
		};
		pc.ontrack = this.#options.onChange;
		pc.onconnectionstatechange = () => {
			this.#options.onChange();
			if (pc.connectionState === 'failed') this.#mend(pc);
			if (pc.connectionState === 'disconnected') {
				this.#after(INTERRUPTED_MS, () => {
					if (pc.connectionState === 'disconnected') this.#mend(pc);
				});
			}
		};
		return pc;
	}

	/** Looks for another way. An offer that was not answered by now was lost, and would keep others from being made. */
	#mend(pc: RTCPeerConnection): void {
		this.#do(async () => {
			if (pc !== this.#pc) return;
			if (this.met && pc.signalingState === 'have-local-offer') await pc.setLocalDescription({ type: 'rollback' });
			pc.restartIce();
		});
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

	#send(signal: Signal): void {
		this.#outbox = this.#outbox.then(async () => {
			if (this.#closed) return;
			try {
				await this.#options.send(signal);
			} catch {
				if (signal.kind === 'candidate') return;
				// The other is not back yet, or the link is down: the same again, with what is true then.
				this.#after(RETRY_MS, () => {
					this.#do(async () => {
						const pc = this.#pc;
						if (signal.kind === 'answer' || pc.signalingState !== 'have-local-offer') return;
						await pc.setLocalDescription({ type: 'rollback' });
						if (this.met) pc.restartIce();
						else this.#again();
					});
				});
			}
		});
	}

	#again(): void {
		this.#reset();
		this.offer();
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
