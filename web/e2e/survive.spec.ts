import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { Processes } from './processes';
import { accountInvite, createServer, joinServer, serverInvite, signUp } from './steps';
import { createVoiceChannel, expectHeard, expectSeen, joinVoice, traffic, voiceContext, withFakeDevices } from './voice';

test.use(withFakeDevices);
test.describe.configure({ mode: 'serial' });

/** Two in a call on one gateway, and two in a room, each on another. */
const names = ['ana', 'bob', 'cyd', 'dan'] as const;
let processes: Processes;
let contexts: BrowserContext[] = [];
let pages: Page[] = [];
let ana: Page, bob: Page, cyd: Page, dan: Page;

/** How long a process is away, in milliseconds. */
const AWAY_MS = Number(process.env['DECENTRA_AWAY_MS'] ?? '1500');
/** How long after a process is back everybody has to be heard again, in milliseconds. */
const BACK_MS = 5_000;

test.beforeAll(async ({ browser }) => {
	processes = await Processes.start({ gateways: 2 });
	contexts = await Promise.all(names.map(() => voiceContext(browser)));
	pages = await Promise.all(contexts.map((context) => context.newPage()));
	[ana, bob, cyd, dan] = pages as [Page, Page, Page, Page];
	const [first = '', second = ''] = processes.urls;
	await signUp(ana, first, 'ana');
	for (const [page, name, url] of [[bob, 'bob', first], [cyd, 'cyd', first], [dan, 'dan', second]] as const) await signUp(page, url, name, await accountInvite(ana));
	await createServer(ana, 'Garden');
	await createVoiceChannel(ana, 'bench');
	for (const page of [bob, cyd, dan]) await joinServer(page, await serverInvite(ana));
});

test.afterAll(async () => {
	for (const context of contexts) await context.close();
	await processes.remove();
});

async function enter(relayOnly: boolean): Promise<void> {
	const choose = async (page: Page): Promise<void> => {
		await page.evaluate((choice) => {
			localStorage.setItem('decentra.voice', JSON.stringify({ relayOnly: choice }));
		}, relayOnly);
		await page.reload();
	};
	await together(choose);
	const call = async (): Promise<void> => {
		await ana.goto(`${processes.urls[0] ?? ''}/friends`);
		await ana.getByRole('button', { name: 'DM bob' }).click();
		await ana.getByRole('button', { name: 'Call bob' }).click();
		await bob.getByRole('alertdialog', { name: 'ana is calling' }).getByRole('button', { name: 'Accept' }).click();
	};
	await Promise.all([call(), joinVoice(cyd, 'bench'), joinVoice(dan, 'bench')]);
	await together((page) => expectHeard(page, 1));
	for (const page of pages) for (const path of (await traffic(page)).paths) expect(path.startsWith('relay')).toBe(relayOnly);
}

function together<T>(act: (page: Page) => Promise<T>): Promise<T[]> {
	return Promise.all(pages.map(act));
}

/** Times in milliseconds since 1970. */
interface Silence {
	readonly from: number;
	readonly to: number;
}

/** Listens to what arrives, until it is asked for the silences: those longer than between two words. */
async function listen(page: Page): Promise<() => Promise<Silence[]>> {
	const ear = await page.evaluateHandle(() => {
		const silences: { from: number; to: number }[] = [];
		let heard = Date.now();
		let packets = 0;
		const look = async (): Promise<void> => {
			let now = 0;
			for (const connection of window.peerConnections.filter((one) => one.connectionState !== 'closed')) {
				for (const entry of (await connection.getStats()).values() as Iterable<Record<string, unknown>>) {
					if (entry['type'] === 'inbound-rtp' && entry['kind'] === 'audio') now += Number(entry['packetsReceived']);
				}
			}
			if (now > packets) {
				if (Date.now() - heard > 1_000) silences.push({ from: heard, to: Date.now() });
				heard = Date.now();
			}
			packets = now;
		};
		const timer = setInterval(() => void look(), 100);
		return {
			silences: () => {
				clearInterval(timer);
				return Date.now() - heard > 1_000 ? [...silences, { from: heard, to: Number.MAX_SAFE_INTEGER }] : silences;
			},
		};
	});
	return () => ear.evaluate(({ silences }) => silences());
}

/** Whoever mutes is seen to be muted: both know of each other, and are told. */
async function expectTold(one: Page, name: string, other: Page): Promise<void> {
	await one.getByRole('button', { name: 'Mute' }).first().click();
	await expect(other.locator('.tile').filter({ hasText: name }).getByText('muted')).toBeAttached();
	await one.getByRole('button', { name: 'Unmute' }).first().click();
	await expect(other.locator('.tile').filter({ hasText: name }).getByText('muted')).toHaveCount(0);
}

for (const way of ['directly', 'through the relay alone'] as const) {
	test(`voice goes on ${way} when a process is killed`, async () => {
		await enter(way !== 'directly');
		// From one gateway's people to the other's: pictures too, and by the way they are to take.
		await cyd.getByRole('button', { name: 'Turn camera on' }).first().click();
		await expectSeen(dan, 1);
		for (const path of (await traffic(dan)).paths) expect(path.startsWith('relay')).toBe(way !== 'directly');
		await cyd.getByRole('button', { name: 'Turn camera off' }).first().click();
		for (const victim of ['voice-signal', 'gateway-1', 'nats']) {
			const ends = await together(listen);
			await processes.kill(victim);
			await new Promise((done) => setTimeout(done, AWAY_MS));
			await processes.start(victim);
			const back = Date.now();
			await together((page) => expect(page.getByText('Reconnecting…')).toHaveCount(0, { timeout: BACK_MS }));
			for (const page of [cyd, dan]) await expect(page.getByRole('list', { name: '2 people inside' })).toBeVisible();
			await Promise.all([expectTold(ana, 'ana', bob), expectTold(dan, 'dan', cyd)]);
			await together((page) => expectHeard(page, 1, BACK_MS));
			const silences = await Promise.all(ends.map((end) => end()));
			for (const [at, own] of silences.entries()) {
				const length = own.reduce((sum, { from, to }) => sum + to - from, 0);
				const last = own.at(-1);
				const said = last === undefined ? 'no silence' : `silence of ${String(length)} ms, heard ${String(last.to - back)} ms after it was back`;
				process.stdout.write(`${victim} killed, ${way}, at ${names[at] ?? ''}'s: ${said}\n`);
				for (const { to } of own) expect(to - back).toBeLessThan(BACK_MS);
				// Whoever is away for long has left the room for the others.
				if (way === 'directly' && AWAY_MS < 15_000) expect(own).toEqual([]);
			}
		}
		for (const page of [ana, cyd, dan]) await page.getByRole('button', { name: /^(Hang up|Leave Voice)$/ }).first().click();
	});
}
