import type { TURNCredentials } from '../wire.generated';
import { iceConfiguration, type Only } from './ice';
import type { VoiceBrowser } from './media';

export type MicrophoneResult = 'works' | 'silent' | 'fails';

export interface CheckResult {
	readonly microphone: MicrophoneResult;
	readonly direct: boolean;
	readonly udp: boolean;
	readonly tcp: boolean;
}

export type Verdict = 'good' | 'microphone' | 'silent' | 'udp' | 'relay' | 'nothing';

/** The one thing to change first. */
export function verdict({ microphone, direct, udp, tcp }: CheckResult): Verdict {
	if (!udp && !tcp) return direct ? 'relay' : 'nothing';
	if (microphone === 'fails') return 'microphone';
	if (microphone === 'silent') return 'silent';
	return udp ? 'good' : 'udp';
}

const PATIENCE_MS = 5_000;
const LISTEN_MS = 1_500;
const AUDIBLE = 0.002;

function wait(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Connects to itself in one way and sends something through. */
export async function tryWay(browser: VoiceBrowser, turn: TURNCredentials, only: Only): Promise<boolean> {
	const configuration = iceConfiguration({ ...turn, relay_only: only !== null }, browser.location, only);
	const [a, b] = [browser.createPeer(configuration), browser.createPeer(configuration)];
	try {
		const channel = a.createDataChannel('check');
		const arrived = new Promise<boolean>((resolve) => {
			b.ondatachannel = ({ channel: other }) => {
				other.onmessage = () => {
					resolve(true);
				};
			};
			channel.onopen = () => {
				channel.send('here');
			};
		});
		a.onicecandidate = ({ candidate }) => void b.addIceCandidate(candidate ?? undefined).catch(() => undefined);
		b.onicecandidate = ({ candidate }) => void a.addIceCandidate(candidate ?? undefined).catch(() => undefined);
		await a.setLocalDescription();
		await b.setRemoteDescription(a.localDescription ?? { type: 'offer' });
		await b.setLocalDescription();
		await a.setRemoteDescription(b.localDescription ?? { type: 'answer' });
		return await Promise.race([arrived, wait(PATIENCE_MS).then(() => false)]);
	} catch {
		return false;
	} finally {
		a.close();
		b.close();
	}
}

/** Opens the microphone and hears whether anything comes. */
export async function tryMicrophone(browser: VoiceBrowser, deviceId: string, onLevel: (level: number) => void): Promise<MicrophoneResult> {
	try {
		if (browser.devices === undefined) return 'fails';
		const stream = await browser.devices.getUserMedia({ audio: deviceId === '' ? true : { deviceId } });
		const [track] = stream.getAudioTracks();
		if (track === undefined) return 'fails';
		const meter = browser.meter(track);
		let loudest = 0;
		for (let heard = 0; heard < LISTEN_MS; heard += 50) {
			await wait(50);
			const level = meter.level();
			loudest = Math.max(loudest, level);
			onLevel(level);
		}
		meter.stop();
		track.stop();
		return loudest > AUDIBLE ? 'works' : 'silent';
	} catch {
		return 'fails';
	}
}
