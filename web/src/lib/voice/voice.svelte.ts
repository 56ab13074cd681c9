import type { Clock } from '../socket/connection';
import type { Store } from '../state/storage';
import type { Transport } from '../state/transport';
import { s } from '../strings';
import { WireError, type ClientFrame, type FrameOf, type ServerFrame } from '../wire';
import type { Call, TURNCredentials, VoiceMember } from '../wire.generated';
import { iceConfiguration, renewIn } from './ice';
import { Speech, type VoiceBrowser } from './media';
import { Mesh } from './mesh.svelte';
import type { Signal } from './peer';
import { Rosters } from './rosters.svelte';
import { VoiceSettings, type VoiceChoices } from './settings.svelte';

/** Where one is: a room, or a call with somebody. */
export type Place =
	| { readonly kind: 'room'; readonly serverId: string; readonly channelId: string }
	| { readonly kind: 'call'; readonly callId: string; readonly username: string; readonly incoming: boolean };

export interface VoiceOptions {
	transport: Transport;
	clock: Clock;
	store: Store;
	browser: VoiceBrowser;
	self: () => string;
	newSession: () => string;
	tell: (message: string) => void;
}

/** The other party of a call has no entry in a roster: what is on is kept here. */
interface OtherState {
	readonly muted: boolean;
	readonly video: boolean;
	readonly screen: boolean;
}

const SPEAK_LOOK_MS = 120;
/** After push-to-talk was let go. */
const RELEASE_MS = 200;
/** How long after one's own coming back others may still come back. */
const OTHERS_BACK_MS = 8_000;
/** How often it is said, a second apart, that one has left: as long as the server waits for somebody who is away. */
const GOODBYES = 15;
const silentOther: OtherState = { muted: false, video: false, screen: false };

/** One's own voice: where one is, with what, and the calls that ring. */
export class Voice {
	readonly rosters = new Rosters();
	readonly settings: VoiceSettings;
	readonly mesh: Mesh;
	readonly #options: VoiceOptions;

	#place = $state.raw<Place | null>(null);
	/** The call is accepted; a room always is. */
	#established = $state(false);
	#entering = $state(false);
	#muted = $state(false);
	#deafened = $state(false);
	#talking = $state(false);
	#speaking = $state(false);
	#microphoneError = $state<string | null>(null);
	#camera = $state.raw<MediaStreamTrack | null>(null);
	#screen = $state.raw<MediaStreamTrack | null>(null);
	#calls = $state.raw<readonly Call[]>([]);
	#other = $state.raw<OtherState>(silentOther);

	#session = '';
	/** What came before the answer that says where we are. */
	#early: (() => void)[] = [];
	#turn: TURNCredentials | null = null;
	#microphone: MediaStreamTrack | null = null;
	/** The screen's. */
	#sound: MediaStreamTrack | null = null;
	#meter: { level: () => number; stop: () => void } | null = null;
	#cancelTimers: (() => void)[] = [];
	#cancelRelease: (() => void) | null = null;
	#cancelRing: (() => void) | null = null;
	/** How often the link was back. */
	#returns = 0;
	/** Grows with every place, so that what was begun for one does not end up in the next. */
	#era = 0;

	constructor(options: VoiceOptions) {
		this.#options = options;
		this.settings = new VoiceSettings(options.store);
		this.mesh = new Mesh({
			clock: options.clock,
			self: options.self,
			createPeer: () => options.browser.createPeer(this.#configuration()),
			send: (to, session, signal) => this.#signal(to, session, signal),
		});
		options.browser.devices?.addEventListener('devicechange', () => void this.#replaceMicrophone());
	}

	get place(): Place | null {
		return this.#place;
	}
	get established(): boolean {
		return this.#established;
	}
	get entering(): boolean {
		return this.#entering;
	}
	get muted(): boolean {
		return this.#muted;
	}
	get deafened(): boolean {
		return this.#deafened;
	}
	get speaking(): boolean {
		return this.#speaking && !this.silent;
	}
	/** One speaks, and nobody hears it. */
	get unheard(): boolean {
		return this.#speaking && this.#muted;
	}
	/** The microphone sends nothing. */
	get silent(): boolean {
		return this.#muted || (this.settings.choices.pushToTalk && !this.#talking) || this.#microphoneError !== null;
	}
	/** Why there is no microphone, in words. */
	get microphoneError(): string | null {
		return this.#microphoneError;
	}
	get camera(): MediaStreamTrack | null {
		return this.#camera;
	}
	get screen(): MediaStreamTrack | null {
		return this.#screen;
	}
	get calls(): readonly Call[] {
		return this.#calls;
	}
	/** The calls that ring here, and that one is not in. */
	get incoming(): readonly Call[] {
		return this.#calls.filter((call) => call.incoming && call.state === 'ringing');
	}
	get other(): OtherState {
		return this.#other;
	}
	/** A page that came over plain http from another machine gets no microphone. */
	get possible(): boolean {
		return this.#options.browser.devices !== undefined;
	}

	inRoom(serverId: string, channelId: string): boolean {
		return this.#place?.kind === 'room' && this.#place.serverId === serverId && this.#place.channelId === channelId;
	}
	inCallWith(username: string): boolean {
		return this.#place?.kind === 'call' && this.#place.username === username;
	}

	/** Enters a room. Rejects with a `WireError`. */
	async join(serverId: string, channelId: string): Promise<void> {
		if (this.inRoom(serverId, channelId)) return;
		await this.#enter(() => ({ kind: 'room', serverId, channelId }), () => this.#joining(serverId, channelId));
	}

	/** Rings a friend. Rejects with a `WireError`. */
	async call(username: string): Promise<void> {
		if (this.inCallWith(username)) return;
		await this.#enter((callId) => ({ kind: 'call', callId, username, incoming: false }), () => ({ type: 'start_voice_call', username, ...this.#terms() }));
	}

	/** Rejects with a `WireError`. */
	async accept(call: Call): Promise<void> {
		await this.#enter((callId) => ({ kind: 'call', callId, username: call.username, incoming: true }), () => ({
			type: 'accept_voice_call', from: call.username, call_id: call.call_id, ...this.#terms(),
		}));
	}

	/** Rejects with a `WireError`. */
	async reject(call: Call): Promise<void> {
		await this.#options.transport.request({ type: 'reject_voice_call', from: call.username, call_id: call.call_id });
	}

	/** Leaves the room, hangs up, or gives up ringing. */
	leave(): void {
		if (this.#place === null) return;
		const session = this.#session;
		this.#end();
		this.#options.browser.play('leave');
		void this.#sayGoodbye(session, GOODBYES);
	}

	/** Without it the others would wait for us until the server gives us up. */
	async #sayGoodbye(session: string, tries: number): Promise<void> {
		try {
			await this.#options.transport.request({ type: 'leave_voice_channel', voice_session: session });
		} catch {
			if (tries > 1) this.#options.clock.after(1000, () => void this.#sayGoodbye(session, tries - 1));
		}
	}

	toggleMute(): void {
		this.#muted = !this.#muted;
		if (!this.#muted && this.#deafened) this.toggleDeafen();
		this.#gate();
		this.#report({ type: 'voice_mute', muted: this.#muted });
		if (!this.#muted && this.#microphoneError !== null) void this.#openMicrophone();
	}

	toggleDeafen(): void {
		this.#deafened = !this.#deafened;
		this.#report({ type: 'voice_deafen', deafened: this.#deafened });
		if (this.#deafened && !this.#muted) this.toggleMute();
	}

	/** Push-to-talk: pressed, or let go. */
	talk(pressed: boolean): void {
		this.#cancelRelease?.();
		this.#cancelRelease = null;
		if (pressed) {
			this.#talking = true;
			this.#gate();
			return;
		}
		this.#cancelRelease = this.#options.clock.after(RELEASE_MS, () => {
			this.#talking = false;
			this.#gate();
		});
	}

	/** Rejects when there is no camera. */
	async toggleCamera(): Promise<void> {
		if (this.#camera !== null) this.#setCamera(null);
		else {
			const camera = await this.#openCamera();
			if (camera !== null) this.#setCamera(camera);
		}
	}

	/** Rejects when nothing was chosen to show. */
	async toggleScreen(): Promise<void> {
		if (this.#screen !== null) {
			this.#setScreen(null, null);
			return;
		}
		const era = this.#era;
		const stream = await this.#devices().getDisplayMedia({ video: { frameRate: 15 }, audio: true });
		const [video] = stream.getVideoTracks();
		if (video === undefined || era !== this.#era || this.#place === null) {
			for (const track of stream.getTracks()) track.stop();
			return;
		}
		video.onended = () => {
			if (this.#screen === video) this.#setScreen(null, null);
		};
		this.#setScreen(video, stream.getAudioTracks()[0] ?? null);
	}

	choose(changed: Partial<VoiceChoices>): void {
		this.settings.choose(changed);
		this.#gate();
	}

	/** Other devices were chosen. */
	async devicesChosen(): Promise<void> {
		await this.#replaceMicrophone();
		if (this.#camera !== null) {
			const next = await this.#openCamera();
			if (this.#camera === null) next?.stop();
			else if (next !== null) this.#setCamera(next);
		}
	}

	/** The network is another one. */
	networkChanged(): void {
		this.mesh.restartAll();
	}

	/** Credentials for the relay, to try it. Rejects with a `WireError`. */
	async credentials(): Promise<TURNCredentials> {
		const answer = await this.#options.transport.request({ type: 'get_turn_credentials' });
		if (answer.type !== 'turn_credentials') throw new WireError('internal', s.loadFailed);
		return answer;
	}

	get browser(): VoiceBrowser {
		return this.#options.browser;
	}

	apply(frame: ServerFrame): void {
		this.rosters.apply(frame);
		switch (frame.type) {
			case 'init':
				this.#calls = frame.calls;
				this.#ring();
				return;
			case 'voice_state_update':
				this.#moved(frame);
				return;
			case 'voice_ended':
				if (!this.#here(frame)) return;
				if (frame.reason === 'lost') this.comeBack();
				else this.#end(frame.reason === 'removed' ? s.voice.removed : s.voice.elsewhere);
				return;
			case 'webrtc_offer':
				this.#take(frame, { kind: 'offer', id: frame.offer_id ?? '', description: frame.offer });
				return;
			case 'webrtc_answer':
				this.#take(frame, { kind: 'answer', id: frame.offer_id ?? '', description: frame.answer });
				return;
			case 'webrtc_ice_candidate':
				this.#take(frame, { kind: 'candidate', candidate: frame.candidate });
				return;
			case 'incoming_voice_call':
			case 'outgoing_voice_call':
				this.#rings(frame);
				return;
			case 'voice_call_accepted':
				if (this.#place?.kind === 'call' && this.#place.callId === frame.call_id) this.mesh.meet(frame.from, frame.voice_session, true);
				return;
			case 'voice_call_answered':
				this.#calls = this.#calls.map((call) => (call.call_id === frame.call_id ? { ...call, state: 'accepted' } : call));
				if (this.#place?.kind === 'call' && this.#place.callId === frame.call_id) this.#established = true;
				this.#ring();
				return;
			case 'voice_call_ended':
				this.#callEnded(frame);
				return;
			case 'voice_mute_update':
				this.#otherChanged(frame, { muted: frame.muted });
				return;
			case 'voice_video_update':
				this.#otherChanged(frame, { video: frame.video });
				return;
			case 'voice_screen_share_update':
				this.#otherChanged(frame, { screen: frame.screen_sharing });
				return;
		}
	}

	clear(): void {
		this.#end();
		this.rosters.clear();
		this.#calls = [];
		this.#ring();
	}

	#joining(serverId: string, channelId: string): ClientFrame {
		return { type: 'join_voice_channel', server_id: serverId, channel_id: channelId, muted: this.#muted, deafened: this.#deafened, ...this.#terms() };
	}

	#terms(): { voice_session: string; relay_only: boolean } {
		return { voice_session: this.#session, relay_only: this.settings.choices.relayOnly };
	}

	async #enter(place: (callId: string) => Place, frame: () => ClientFrame): Promise<void> {
		this.#end();
		const era = this.#era;
		this.#entering = true;
		this.#session = this.#options.newSession();
		try {
			// Asked for first: a browser gives it to a click, and the others hear at once.
			await this.#openMicrophone();
			if (era !== this.#era) return;
			const { known } = this.rosters;
			const answer = await this.#options.transport.request(frame());
			if (era !== this.#era) return;
			this.#entered(answer, place, known);
			this.#options.browser.play('join');
		} catch (error) {
			if (era === this.#era) this.#end();
			throw error;
		} finally {
			if (era === this.#era) this.#entering = false;
		}
	}

	#entered(answer: ServerFrame, place: (callId: string) => Place, known: Rosters['known']): void {
		if (answer.type !== 'voice_joined' && answer.type !== 'call_entered') throw new WireError('internal', s.loadFailed);
		this.#turn = answer.turn;
		const callId = answer.type === 'call_entered' ? answer.call_id : '';
		const now = place(callId);
		this.#place = now;
		this.#other = silentOther;
		this.#established = now.kind === 'room' || now.incoming;
		this.mesh.set('microphone', this.#microphone);
		this.#gate();
		const members = answer.type === 'voice_joined' ? this.rosters.answered(answer, known) : [];
		for (const take of this.#early.splice(0)) take();
		// Who was here before offers: we wait.
		this.#meetAll(members, false);
		// A call begins as if nothing were muted.
		if (now.kind === 'call' && (this.#muted || this.#deafened)) this.#reportAll();
		this.#keepCredentials();
	}

	/** The link is back. */
	comeBack(): void {
		if (this.#place !== null) void this.#enterAgain();
	}

	/** The link was away: the same session in the same place, unnoticed by the others. */
	async #enterAgain(): Promise<void> {
		const place = this.#place;
		const era = this.#era;
		const turn = ++this.#returns;
		if (place === null) return;
		const frame: ClientFrame =
			place.kind === 'room'
				? this.#joining(place.serverId, place.channelId)
				: { type: 'resume_voice_call', call_id: place.callId, username: place.username, incoming: place.incoming, ...this.#terms() };
		if (place.kind === 'call' && !this.#established) {
			// It rings no longer when the one who rings is gone for a while.
			if (!this.#calls.some((call) => call.call_id === place.callId)) this.#end(s.voice.lost);
			return;
		}
		try {
			const { known } = this.rosters;
			const answer = await this.#options.transport.request(frame);
			if (era !== this.#era) return;
			if (answer.type !== 'voice_joined' && answer.type !== 'call_entered') return;
			this.#turn = answer.turn;
			if (answer.type === 'voice_joined') {
				this.#meetAll(this.rosters.answered(answer, known), true);
				// Others may have been away as well: what connects us to them stands until it is clear that they are gone.
				this.#later(OTHERS_BACK_MS, () => {
					if (turn === this.#returns) this.#keepMembers(answer);
				});
			}
			this.mesh.renew(this.#configuration());
			this.#reportAll();
		} catch (error) {
			if (era !== this.#era) return;
			if (error instanceof WireError && error.code === 'unavailable') {
				this.#later(1000, () => void this.#enterAgain());
				return;
			}
			this.#end(error instanceof Error ? error.message : s.voice.lost);
		}
	}

	#meetAll(members: readonly VoiceMember[], offers: boolean): void {
		for (const { username, voice_session } of members) {
			if (username !== this.#options.self()) this.mesh.meet(username, voice_session, offers && this.#options.self() < username);
		}
	}

	#keepMembers({ server_id, channel_id }: FrameOf<'voice_joined'>): void {
		this.mesh.keep(this.rosters.members(server_id, channel_id).map(({ username }) => username));
	}

	#moved(frame: FrameOf<'voice_state_update'>): void {
		if (this.#place === null && this.#entering) {
			this.#early.push(() => {
				this.#moved(frame);
			});
			return;
		}
		if (!this.inRoom(frame.server_id, frame.channel_id) || frame.username === this.#options.self()) return;
		if (frame.state === 'left') {
			if (frame.voice_members.some((member) => member.username === frame.username)) return;
			this.mesh.part(frame.username);
			this.#options.browser.play('leave');
		} else {
			this.mesh.meet(frame.username, frame.voice_session, true);
			this.#options.browser.play('join');
		}
	}

	/** Whether a frame is about where one is. */
	#here(frame: { call_id?: string; server_id?: string; channel_id?: string }): boolean {
		const place = this.#place;
		if (place === null) return false;
		if (place.kind === 'call') return frame.call_id === place.callId;
		return frame.server_id === place.serverId && frame.channel_id === place.channelId;
	}

	/** Nothing is answered that does not belong to the room or call one is in. */
	#take(frame: { from: string; voice_session: string; call_id?: string }, signal: Signal): void {
		const place = this.#place;
		if (place === null) {
			if (this.#entering) this.#early.push(() => this.#take(frame, signal));
			return;
		}
		if (place.kind === 'call') {
			if (frame.call_id !== place.callId || frame.from !== place.username) return;
			// The one who called offers; after that we know the session.
			if (signal.kind === 'offer') this.mesh.meet(frame.from, frame.voice_session, false);
		} else {
			if (frame.call_id !== undefined) return;
			const member = this.rosters.members(place.serverId, place.channelId).find(({ username }) => username === frame.from);
			if (member?.voice_session !== frame.voice_session) return;
			this.mesh.meet(frame.from, frame.voice_session, false);
		}
		this.mesh.take(frame.from, frame.voice_session, signal);
	}

	/** Who has much to tell waits, rather than leave something out. */
	async #signal(to: string, session: string, signal: Signal): Promise<unknown> {
		for (;;) {
			try {
				return await this.#pass(to, session, signal);
			} catch (error) {
				if (!(error instanceof WireError) || error.code !== 'rate_limited') throw error;
				const pause = Math.max(0.2, error.retryAfter ?? 0) * 1000;
				await new Promise<void>((resolve) => this.#options.clock.after(pause, resolve));
			}
		}
	}

	#pass(to: string, session: string, signal: Signal): Promise<unknown> {
		const who = { target: to, voice_session: this.#session, to_session: session };
		if (signal.kind === 'candidate') return this.#options.transport.request({ type: 'webrtc_ice_candidate', ...who, candidate: candidate(signal.candidate) });
		const description = { type: signal.description.type, sdp: signal.description.sdp ?? '' };
		const about = { ...who, offer_id: signal.id };
		if (signal.kind === 'answer') return this.#options.transport.request({ type: 'webrtc_answer', ...about, answer: description });
		return this.#options.transport.request({ type: 'webrtc_offer', ...about, offer: description });
	}

	#configuration(): RTCConfiguration {
		return this.#turn === null ? {} : iceConfiguration(this.#turn, this.#options.browser.location);
	}

	#keepCredentials(): void {
		const era = this.#era;
		if (this.#turn === null) return;
		this.#later(renewIn(this.#turn, this.#options.clock.now()), () => {
			this.credentials()
				.then((turn) => {
					if (era !== this.#era) return;
					this.#turn = { ...turn, relay_only: turn.relay_only || this.settings.choices.relayOnly };
					for (const connection of this.mesh.connections) connection.setConfiguration(this.#configuration());
					this.#keepCredentials();
				})
				.catch(() => {
					if (era === this.#era) this.#keepCredentials();
				});
		});
	}

	#rings(frame: FrameOf<'incoming_voice_call' | 'outgoing_voice_call'>): void {
		const { call_id, username, avatar, avatar_type, avatar_data, profile_version } = frame;
		const call: Call = { call_id, username, avatar, avatar_type, avatar_data, profile_version, state: 'ringing', incoming: frame.type === 'incoming_voice_call' };
		this.#calls = [...this.#calls.filter((other) => other.call_id !== call_id), call];
		this.#ring();
	}

	#callEnded(frame: FrameOf<'voice_call_ended'>): void {
		const mine = this.#place?.kind === 'call' && this.#place.callId === frame.call_id;
		if (frame.reason === 'answered_elsewhere' && !mine) {
			this.#calls = this.#calls.map((call) => (call.call_id === frame.call_id ? { ...call, state: 'accepted' } : call));
		} else {
			this.#calls = this.#calls.filter((call) => call.call_id !== frame.call_id);
			if (mine) {
				this.#end(s.voice.ended[frame.reason](frame.username));
				this.#options.browser.play('leave');
			}
		}
		this.#ring();
	}

	#otherChanged(frame: { username: string; call_id?: string }, change: Partial<OtherState>): void {
		if (this.#place?.kind !== 'call' || frame.call_id !== this.#place.callId || frame.username !== this.#place.username) return;
		this.#other = { ...this.#other, ...change };
	}

	/** Rings as long as a call comes in, or goes out unanswered. */
	#ring(): void {
		const rings = this.incoming.length > 0 || (this.#place?.kind === 'call' && !this.#established);
		if (!rings) {
			this.#cancelRing?.();
			this.#cancelRing = null;
		} else if (this.#cancelRing === null) {
			const again = (): void => {
				this.#options.browser.play('ring');
				this.#cancelRing = this.#options.clock.after(2_500, again);
			};
			again();
		}
	}

	/** What is on, as the others have to know it again. */
	#reportAll(): void {
		this.#report({ type: 'voice_mute', muted: this.#muted });
		this.#report({ type: 'voice_deafen', deafened: this.#deafened });
		this.#report({ type: 'voice_video', video: this.#camera !== null });
		this.#report({ type: 'voice_screen_share', screen_sharing: this.#screen !== null });
	}

	#report(frame: ClientFrame): void {
		if (this.#place === null) return;
		this.#options.transport.request(frame).catch(() => undefined); // told again with the next entering
	}

	#devices(): NonNullable<VoiceBrowser['devices']> {
		const { devices } = this.#options.browser;
		if (devices === undefined) throw new Error(s.voice.insecure);
		return devices;
	}

	async #openMicrophone(): Promise<void> {
		const era = this.#era;
		const { microphone } = this.settings.choices;
		try {
			const stream = await this.#devices().getUserMedia({
				audio: {
					echoCancellation: true, noiseSuppression: true, autoGainControl: true,
					...(microphone !== '' && { deviceId: microphone }),
				},
			});
			const track = stream.getAudioTracks()[0] ?? null;
			if (era !== this.#era) {
				track?.stop();
				return;
			}
			this.#microphone?.stop();
			this.#meter?.stop();
			this.#microphone = track;
			this.#microphoneError = track === null ? s.voice.noMicrophone : null;
			this.#meter = track === null ? null : this.#meterOf(track);
			this.#listen();
		} catch (error) {
			if (era !== this.#era) return;
			this.#microphoneError = error instanceof DOMException && error.name === 'NotAllowedError' ? s.voice.notAllowed : this.possible ? s.voice.noMicrophone : s.voice.insecure;
		}
		this.mesh.set('microphone', this.#microphone);
		this.#gate();
	}

	/** Hears a copy, even when nobody else hears the track; as long as the copy lives, the browser keeps the microphone open. */
	#meterOf(track: MediaStreamTrack): { level: () => number; stop: () => void } {
		const copy = track.clone();
		const meter = this.#options.browser.meter(copy);
		return {
			level: meter.level,
			stop: () => {
				meter.stop();
				copy.stop();
			},
		};
	}

	async #replaceMicrophone(): Promise<void> {
		if (this.#place !== null) await this.#openMicrophone();
	}

	/** Null when one has left meanwhile. */
	async #openCamera(): Promise<MediaStreamTrack | null> {
		const era = this.#era;
		const { camera } = this.settings.choices;
		const stream = await this.#devices().getUserMedia({
			video: { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 24 }, ...(camera !== '' && { deviceId: camera }) },
		});
		const track = stream.getVideoTracks()[0] ?? null;
		if (era === this.#era) return track;
		track?.stop();
		return null;
	}

	#setCamera(track: MediaStreamTrack | null): void {
		this.#camera?.stop();
		if (this.#place === null) {
			track?.stop();
			track = null;
		}
		this.#camera = track;
		this.mesh.set('camera', track);
		this.#report({ type: 'voice_video', video: track !== null });
	}

	#setScreen(video: MediaStreamTrack | null, sound: MediaStreamTrack | null): void {
		this.#screen?.stop();
		this.#sound?.stop();
		this.#screen = video;
		this.#sound = sound;
		this.mesh.set('screen', video);
		this.mesh.set('sound', sound);
		this.#report({ type: 'voice_screen_share', screen_sharing: video !== null });
	}

	#gate(): void {
		if (this.#microphone !== null) this.#microphone.enabled = !this.silent;
	}

	#listen(): void {
		const speech = new Speech();
		const era = this.#era;
		const meter = this.#meter;
		const look = (): void => {
			if (era !== this.#era || meter !== this.#meter || meter === null) return;
			this.#speaking = speech.hear(meter.level(), this.#options.clock.now());
			this.#later(SPEAK_LOOK_MS, look);
		};
		look();
	}

	#later(ms: number, act: () => void): void {
		const era = this.#era;
		const cancel = this.#options.clock.after(ms, () => {
			this.#cancelTimers = this.#cancelTimers.filter((other) => other !== cancel);
			if (era === this.#era) act();
		});
		this.#cancelTimers.push(cancel);
	}

	#end(why?: string): void {
		this.#era++;
		for (const cancel of this.#cancelTimers.splice(0)) cancel();
		this.mesh.close();
		for (const track of [this.#microphone, this.#camera, this.#screen, this.#sound]) track?.stop();
		this.#meter?.stop();
		this.#microphone = this.#camera = this.#screen = this.#sound = null;
		this.#early = [];
		this.#meter = null;
		this.#turn = null;
		this.#place = null;
		this.#established = this.#entering = this.#speaking = this.#talking = false;
		this.#microphoneError = null;
		this.#ring();
		if (why !== undefined) this.#options.tell(why);
	}
}

function candidate(init: RTCIceCandidateInit | null): FrameOf<'webrtc_ice_candidate'>['candidate'] {
	if (init === null) return null;
	return {
		candidate: init.candidate ?? '',
		...(typeof init.sdpMid === 'string' && { sdpMid: init.sdpMid }),
		...(typeof init.sdpMLineIndex === 'number' && { sdpMLineIndex: init.sdpMLineIndex }),
		...(typeof init.usernameFragment === 'string' && { usernameFragment: init.usernameFragment }),
	};
}
