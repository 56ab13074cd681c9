import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { expectGoodLooks } from './looks';
import { Program } from './program';
import { accountInvite, createServer, joinServer, serverInvite, signUp } from './steps';
import { createVoiceChannel, expectHeard, expectSeen, joinVoice, traffic, voiceContext, withFakeDevices } from './voice';

test.use(withFakeDevices);
test.describe.configure({ mode: 'serial' });

const names = ['ana', 'bob', 'cyd'] as const;
let program: Program;
let contexts: BrowserContext[] = [];
let ana: Page, bob: Page, cyd: Page;

test.beforeAll(async ({ browser }) => {
	program = await Program.start(); // with the limits that people have
	contexts = await Promise.all(names.map(() => voiceContext(browser)));
	const pages = await Promise.all(contexts.map((context) => context.newPage()));
	[ana, bob, cyd] = pages as [Page, Page, Page];
	await signUp(ana, program.url, 'ana');
	for (const [page, name] of [[bob, 'bob'], [cyd, 'cyd']] as const) await signUp(page, program.url, name, await accountInvite(ana));
	await createServer(ana, 'Garden');
	await createVoiceChannel(ana, 'bench');
	await createVoiceChannel(ana, 'pond');
	await joinServer(bob, await serverInvite(ana));
	await joinServer(cyd, await serverInvite(ana));
});

test.afterAll(async () => {
	for (const context of contexts) await context.close();
	await program.remove();
});

test('three people hear each other within three seconds, and directly', async () => {
	await joinVoice(ana, 'bench');
	await joinVoice(bob, 'bench');
	await expectHeard(ana, 1, 3_000);
	await expectHeard(bob, 1, 3_000);
	await joinVoice(cyd, 'bench'); // late
	for (const page of [ana, bob, cyd]) await expectHeard(page, 2, 3_000);
	for (const page of [ana, bob, cyd]) {
		await expect(page.getByRole('list', { name: '3 people inside' })).toContainText('bob');
		for (const path of (await traffic(page)).paths) expect(path).not.toContain('relay');
		await expect(page.getByText('Voice connected').first()).toBeVisible();
	}
});

test('muting, deafening, and who speaks', async () => {
	await expect(bob.locator('.tile.speaking').filter({ hasText: 'ana' })).toBeVisible();
	await ana.getByRole('button', { name: 'Mute' }).first().click();
	await expect(bob.locator('.tile').filter({ hasText: 'ana' }).getByText('muted')).toBeAttached();
	await expect(bob.locator('.tile.speaking').filter({ hasText: 'ana' })).toHaveCount(0);
	await expect(ana.getByText('You are muted, and speaking.')).toBeVisible();
	await ana.keyboard.press('Control+Shift+M');
	await expect(bob.locator('.tile.speaking').filter({ hasText: 'ana' })).toBeVisible();
	await ana.getByRole('button', { name: 'Deafen' }).first().click();
	await expect(bob.locator('.tile').filter({ hasText: 'ana' }).getByText('deafened')).toBeAttached();
	await ana.getByRole('button', { name: 'Unmute' }).first().click();
	await expect(bob.locator('.tile').filter({ hasText: 'ana' }).getByText('deafened')).toHaveCount(0);
});

test('cameras and a screen', async () => {
	await ana.getByRole('button', { name: 'Turn camera on' }).first().click();
	await expectSeen(bob, 1);
	await expect(bob.getByLabel('Camera of ana')).toBeVisible();
	await cyd.getByRole('button', { name: 'Turn camera on' }).first().click();
	await expectSeen(bob, 2);
	await expectGoodLooks(bob, 'room');
	await bob.setViewportSize({ width: 390, height: 844 });
	await expectGoodLooks(bob, 'room-phone');
	await bob.setViewportSize({ width: 1280, height: 800 });
	await ana.getByRole('button', { name: 'Turn camera off' }).first().click();
	await expect(bob.getByLabel('Camera of ana')).toHaveCount(0);
	await cyd.getByRole('button', { name: 'Turn camera off' }).first().click();
});

test('one leaves, one moves on, and the rosters are right everywhere', async () => {
	await bob.getByRole('button', { name: 'Leave Voice' }).first().click();
	await expectHeard(ana, 1);
	await expect(cyd.getByRole('list', { name: '2 people inside' })).toBeVisible();
	await expect(bob.getByRole('list', { name: '2 people inside' })).toBeVisible(); // outside
	await joinVoice(cyd, 'pond');
	await expect(ana.getByRole('list', { name: '1 person inside' })).toHaveCount(2);
	await joinVoice(bob, 'pond');
	await expectHeard(bob, 1);
	await expectHeard(cyd, 1);
	expect((await traffic(ana)).connections).toBe(0);
	await joinVoice(ana, 'pond');
	for (const page of [ana, bob, cyd]) await expectHeard(page, 2);
});

test('the program is killed and started again: everybody is heard again', async () => {
	await program.kill();
	await program.start();
	const back = Date.now();
	for (const page of [ana, bob, cyd]) {
		await expect(page.getByText('Reconnecting…')).toHaveCount(0, { timeout: 30_000 });
		await expect(page.getByRole('list', { name: '3 people inside' })).toBeVisible();
	}
	for (const page of [ana, bob, cyd]) await expectHeard(page, 2);
	test.info().annotations.push({ type: 'heard again after', description: `${String(Date.now() - back)} ms` });
});

test('a page that is closed is out at once', async () => {
	await contexts[2]?.close();
	await expect(ana.getByRole('list', { name: '2 people inside' })).toBeVisible();
	await expectHeard(ana, 1);
	for (const page of [ana, bob]) await page.getByRole('button', { name: 'Leave Voice' }).first().click();
});
