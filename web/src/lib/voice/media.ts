/** What of the browser the voice needs; passed in, so that tests can bring their own. */
export interface VoiceBrowser {
	createPeer: (configuration: RTCConfiguration) => RTCPeerConnection;
	/** Undefined where the page is not secure: over plain http from another machine. */
	devices: Pick<MediaDevices, 'getUserMedia' | 'getDisplayMedia' | 'enumerateDevices' | 'addEventListener'> | undefined;
	/** Hears how loud a track is, 0 to 1; `stop` ends it. */
	meter: (track: MediaStreamTrack) => { level: () => number; stop: () => void };
	/** A short sound: somebody comes, goes, or calls. */
	play: (sound: Sound) => void;
	location: Pick<Location, 'hostname' | 'port' | 'protocol'>;
}

export type Sound = 'join' | 'leave' | 'ring';

const tones: Record<Sound, readonly (readonly [frequency: number, at: number])[]> = {
	join: [
		[440, 0],
		[660, 0.1],
	],
	leave: [
		[660, 0],
		[440, 0.1],
	],
	ring: [
		[740, 0],
		[880, 0.18],
		[740, 0.36],
		[880, 0.54],
	],
};

export function browserVoice(): VoiceBrowser {
	let context: AudioContext | null = null;
	const audio = (): AudioContext => {
		context ??= new AudioContext();
		if (context.state === 'suspended') void context.resume();
		return context;
	};
	return {
		createPeer: (configuration) => new RTCPeerConnection(configuration),
		// Undefined on insecure pages, whatever the types say.
		devices: navigator.mediaDevices as MediaDevices | undefined,
		meter: (track) => {
			const at = audio();
			const source = at.createMediaStreamSource(new MediaStream([track]));
			const analyser = at.createAnalyser();
			analyser.fftSize = 512;
			source.connect(analyser);
			const samples = new Float32Array(analyser.fftSize);
			return {
				level: () => {
					analyser.getFloatTimeDomainData(samples);
					return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
				},
				stop: () => {
					source.disconnect();
				},
			};
		},
		play: (sound) => {
			const at = audio();
			for (const [frequency, begins] of tones[sound]) {
				const tone = at.createOscillator();
				const gain = at.createGain();
				const start = at.currentTime + begins;
				tone.frequency.value = frequency;
				gain.gain.setValueAtTime(0, start);
				gain.gain.linearRampToValueAtTime(0.06, start + 0.02);
				gain.gain.exponentialRampToValueAtTime(0.0001, start + 0.18);
				tone.connect(gain).connect(at.destination);
				tone.start(start);
				tone.stop(start + 0.2);
			}
		},
		location,
	};
}

/** Louder than this is speech, in the mean over a moment. */
const SPEECH = 0.015;
/** How long somebody still speaks after the last loud moment. */
const HOLD_MS = 350;

/** Whether somebody speaks, without flickering at every pause. */
export class Speech {
	#until = 0;

	hear(level: number, now: number): boolean {
		if (level > SPEECH) this.#until = now + HOLD_MS;
		return now < this.#until;
	}
}
