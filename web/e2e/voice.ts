import { expect, type Browser, type BrowserContext, type Page } from '@playwright/test';
import config from '../playwright.config';

/** How Chromium is started for voice: with a microphone and a camera that are none, and screens shared without asking. */
export const withFakeDevices = {
	launchOptions: {
		...config.use?.launchOptions,
		args: [
			...(config.use?.launchOptions?.args ?? []),
			'--use-fake-device-for-media-stream',
			'--use-fake-ui-for-media-stream',
			'--auto-select-desktop-capture-source=Entire screen',
			'--autoplay-policy=no-user-gesture-required',
			// Frames for everybody, whether their window is in front or not.
			'--disable-renderer-backgrounding',
			'--disable-background-timer-throttling',
			'--disable-backgrounding-occluded-windows',
		],
	},
};

/** What is sent and received over a page's connections that live. */
export interface Traffic {
	readonly connections: number;
	readonly connected: number;
	/** Of each connection, in no order. */
	readonly audio: number[];
	readonly video: number[];
	readonly energy: number[];
	/** `host`, `srflx`, `prflx` or `relay`, and how the relay is reached. */
	readonly paths: string[];
}

declare global {
	interface Window {
		peerConnections: RTCPeerConnection[];
		sentFrames: Record<string, number>;
	}
}

/** A context whose pages keep their connections where a test finds them. */
export async function voiceContext(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
	const context = await browser.newContext({ permissions: ['microphone', 'camera'], ...options });
	await context.addInitScript(() => {
		window.peerConnections = [];
		window.sentFrames = {};
		const Original = window.RTCPeerConnection;
		window.RTCPeerConnection = class extends Original {
			constructor(configuration?: RTCConfiguration) {
				super(configuration);
				window.peerConnections.push(this);
			}
		};
		const { send } = WebSocket.prototype;
		WebSocket.prototype.send = function (data) {
			const { type } = JSON.parse(String(data)) as { type: string };
			window.sentFrames[type] = (window.sentFrames[type] ?? 0) + 1;
			send.call(this, data);
		};
	});
	return context;
}

export async function traffic(page: Page): Promise<Traffic> {
	return page.evaluate(async () => {
		const living = window.peerConnections.filter((connection) => connection.connectionState !== 'closed');
		const all = { connections: living.length, connected: 0, audio: [] as number[], video: [] as number[], energy: [] as number[], paths: [] as string[] };
		for (const connection of living) {
			if (connection.connectionState === 'connected') all.connected++;
			const report = await connection.getStats();
			const entries = [...(report as unknown as Map<string, Record<string, unknown>>).values()];
			const sum = (kind: string, field: string): number =>
				entries.filter((entry) => entry['type'] === 'inbound-rtp' && entry['kind'] === kind).reduce((total, entry) => total + Number(entry[field] ?? 0), 0);
			all.audio.push(sum('audio', 'packetsReceived'));
			all.video.push(sum('video', 'framesDecoded'));
			all.energy.push(sum('audio', 'totalAudioEnergy'));
			const transport = entries.find((entry) => entry['type'] === 'transport');
			const pair = entries.find((entry) => entry['id'] === transport?.['selectedCandidatePairId']);
			const local = entries.find((entry) => entry['id'] === pair?.['localCandidateId']);
			if (local !== undefined) all.paths.push([local['candidateType'], local['relayProtocol']].filter((part) => part !== undefined).join(' '));
		}
		return all;
	});
}

/** Waits until so many others are heard: more arrives from each, and it is no silence. */
export async function expectHeard(page: Page, others: number, timeout = 10_000): Promise<void> {
	const before = await traffic(page);
	await expect
		.poll(
			async () => {
				const now = await traffic(page);
				const more = now.audio.filter((packets, at) => packets > (before.audio.length === now.audio.length ? (before.audio[at] ?? 0) : 0) + 5);
				return { connected: now.connected, connections: now.connections, heard: more.length, loud: now.energy.filter((energy) => energy > 0).length };
			},
			{ timeout, intervals: [100] },
		)
		.toEqual({ connected: others, connections: others, heard: others, loud: others });
}

/** Waits until pictures arrive from so many others. */
export async function expectSeen(page: Page, others: number, timeout = 15_000): Promise<void> {
	const before = await traffic(page);
	await expect
		.poll(async () => (await traffic(page)).video.filter((frames, at) => frames > (before.video[at] ?? 0) + 3).length, { timeout, intervals: [100] })
		.toBeGreaterThanOrEqual(others);
}

export async function createVoiceChannel(page: Page, name: string): Promise<void> {
	await page.getByRole('button', { name: 'Settings', exact: true }).click();
	await page.getByRole('menuitem', { name: 'Create Voice Channel' }).click();
	await page.getByLabel('Channel name').fill(name);
	await page.getByRole('button', { name: 'Create', exact: true }).click();
	await expect(page.getByRole('link', { name: `Join voice channel ${name}` })).toBeVisible();
}

export async function joinVoice(page: Page, name: string, timeout = 10_000): Promise<void> {
	await page.getByRole('link', { name: `Join voice channel ${name}` }).click();
	await expect(page.getByRole('button', { name: 'Leave Voice' }).first()).toBeVisible({ timeout });
}
