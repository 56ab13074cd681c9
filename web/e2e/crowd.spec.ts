import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { Program } from './program';
import { createServer, serverInvite, signUp } from './steps';
import { createVoiceChannel, joinVoice, traffic, voiceContext, withFakeDevices } from './voice';

test.use({ ...withFakeDevices, trace: 'off' });

const SIZE = Number(process.env['DECENTRA_CROWD'] ?? '8');

/** How many connections of a page stand, and what it has told others to get them. */
function standing(page: Page): Promise<{ connected: number; told: number }> {
	return page.evaluate(() => ({
		connected: window.peerConnections.filter(({ connectionState }) => connectionState === 'connected').length,
		told: ['webrtc_offer', 'webrtc_answer', 'webrtc_ice_candidate'].reduce((sum, type) => sum + (window.sentFrames[type] ?? 0), 0),
	}));
}

async function told(pages: readonly Page[]): Promise<number> {
	return (await Promise.all(pages.map(standing))).reduce((sum, page) => sum + page.told, 0);
}

async function expectMesh(pages: readonly Page[]): Promise<void> {
	await expect
		.poll(async () => (await Promise.all(pages.map(standing))).map(({ connected }) => connected), { timeout: 45_000, intervals: [250] })
		.toEqual(pages.map(() => pages.length - 1));
}

test(`${String(SIZE)} people in one room: every pair is connected`, async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts: BrowserContext[] = [];
	try {
		const pages: Page[] = [];
		for (let at = 0; at < SIZE; at++) {
			const context = await voiceContext(browser);
			contexts.push(context);
			// One talks, the others would hold a key: a browser with so many is no place for a crowd that talks.
			if (at > 0) {
				await context.addInitScript(() => {
					localStorage.setItem('decentra.voice', JSON.stringify({ pushToTalk: true }));
				});
			}
			pages.push(await context.newPage());
		}
		const [ana, ...others] = pages as [Page, ...Page[]];
		await signUp(ana, program.url, 'ana');
		await createServer(ana, 'Garden');
		await createVoiceChannel(ana, 'bench');
		const codes: string[] = [];
		for (let at = 0; at < others.length; at++) codes.push(await serverInvite(ana));
		await Promise.all(others.map((page, at) => signUp(page, program.url, `guest${String(at + 1)}`, codes[at])));
		await Promise.all(others.map((page) => page.getByRole('link', { name: /^Garden/ }).click()));

		const begin = Date.now();
		for (let size = 1; size <= SIZE; size++) {
			const inside = pages.slice(0, size);
			const [before, start] = [await told(inside), Date.now()];
			await joinVoice(pages[size - 1] as Page, 'bench');
			await expectMesh(inside);
			process.stdout.write(`person ${String(size)}: connected to all after ${String(Date.now() - start)} ms and ${String((await told(inside)) - before)} signals\n`);
		}
		process.stdout.write(`all ${String((SIZE * (SIZE - 1)) / 2)} pairs after ${String(Date.now() - begin)} ms\n`);
		for (const page of pages) await expect(page.getByRole('list', { name: `${String(SIZE)} people inside` })).toBeVisible();
		// The one who talks is heard by everybody, and those who are silent send next to nothing.
		for (const page of others) expect((await traffic(page)).energy.filter((energy) => energy > 0.001)).toHaveLength(1);
		const before = (await traffic(ana)).audio.reduce((sum, packets) => sum + packets, 0);
		const since = Date.now();
		await ana.waitForTimeout(2_000);
		const rate = (((await traffic(ana)).audio.reduce((sum, packets) => sum + packets, 0) - before) / (Date.now() - since) / others.length) * 1000;
		process.stdout.write(`each who is silent sends ${rate.toFixed(1)} packets a second\n`);
		expect(rate).toBeLessThan(10); // 50 when talking
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
