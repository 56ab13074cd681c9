import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { expectGoodLooks } from './looks';
import { Program } from './program';
import { messages, signUpAll } from './steps';
import { expectHeard, expectSeen, traffic, voiceContext, withFakeDevices } from './voice';

test.use(withFakeDevices);
test.describe.configure({ mode: 'serial' });

let program: Program;
let contexts: BrowserContext[] = [];
let ana: Page, bob: Page, bobs: Page;

test.beforeAll(async ({ browser }) => {
	program = await Program.start('--limits', 'off');
	contexts = [await voiceContext(browser), await voiceContext(browser)];
	const pages = await Promise.all(contexts.map((context) => context.newPage()));
	[ana, bob] = pages as [Page, Page];
	await signUpAll(program.url, { ana, bob });
	bobs = await (contexts[1] as BrowserContext).newPage(); // his other device
	await bobs.goto(program.url);
	for (const page of [ana, bob]) {
		await page.goto(`${program.url}/friends`);
		await page.getByRole('button', { name: /^DM / }).click();
	}
	await bob.bringToFront(); // what lies behind is slowed down by the browser
});

test.afterAll(async () => {
	for (const context of contexts) await context.close();
	await program.remove();
});

async function hangUp(page: Page): Promise<void> {
	await page.getByRole('button', { name: 'Hang up' }).first().click();
	for (const other of [ana, bob]) await expect(other.getByRole('button', { name: 'Hang up' })).toHaveCount(0);
}

async function connect(): Promise<void> {
	await ana.getByRole('button', { name: 'Call bob' }).click();
	await bob.getByRole('alertdialog', { name: 'ana is calling' }).getByRole('button', { name: 'Accept' }).click();
	await expectHeard(ana, 1);
	await expectHeard(bob, 1);
}

test('a call rings on every device, and is taken on one', async () => {
	await ana.getByRole('button', { name: 'Call bob' }).click();
	await expect(ana.getByText('Ringing…').first()).toBeVisible();
	await expect(bobs.getByRole('alertdialog', { name: 'ana is calling' })).toBeVisible();
	await expectGoodLooks(bobs, 'call-incoming');
	await expectGoodLooks(ana, 'call-ringing');
	await bob.getByRole('alertdialog').getByRole('button', { name: 'Accept' }).click();
	await expect(bobs.getByRole('alertdialog')).toHaveCount(0);
	await expectHeard(ana, 1, 3_000);
	await expectHeard(bob, 1, 3_000);
	expect((await traffic(bobs)).connections).toBe(0);
	await expect(ana.getByText('Voice connected')).toBeVisible();
	await expectGoodLooks(ana, 'call');
	await bob.getByRole('button', { name: 'Mute' }).first().click();
	await expect(ana.locator('.tile').filter({ hasText: 'bob' }).getByText('muted')).toBeAttached();
	await bob.getByRole('button', { name: 'Unmute' }).first().click();
	await hangUp(ana);
	await expect(bob.getByText('The call with ana is over.')).toBeVisible();
});

test('rejecting, and giving up, which leaves a line', async () => {
	await ana.getByRole('button', { name: 'Call bob' }).click();
	await bob.getByRole('alertdialog').getByRole('button', { name: 'Reject' }).click();
	await expect(ana.getByText('bob can not talk now.')).toBeVisible();
	await expect(ana.getByRole('button', { name: 'Hang up' })).toHaveCount(0);
	await ana.getByRole('button', { name: 'Call bob' }).click();
	await expect(bob.getByRole('alertdialog')).toBeVisible();
	await ana.getByRole('button', { name: 'Hang up' }).first().click();
	await expect(bob.getByRole('alertdialog')).toHaveCount(0);
	await expect(messages(bob).filter({ hasText: 'Missed call' })).toHaveCount(1);
});

test('both turn the camera on, or share, in the same instant, again and again', async () => {
	test.setTimeout(300_000);
	await connect();
	const rounds = Number(process.env['DECENTRA_GLARE'] ?? '20');
	const toggle = (page: Page, what: 'camera' | 'screen'): Promise<void> =>
		page.getByRole('button', { name: what === 'camera' ? /^Turn camera/ : /^(Share screen|Stop sharing)/ }).first().click();
	for (let round = 0; round < rounds; round++) {
		const what = round % 5 === 4 ? 'screen' : 'camera';
		await Promise.all([toggle(ana, what), toggle(bob, what)]);
		await Promise.all([expectSeen(ana, 1), expectSeen(bob, 1)]);
		await Promise.all([toggle(ana, what), toggle(bob, what)]);
	}
	for (const page of [ana, bob]) {
		await expectHeard(page, 1);
		expect((await traffic(page)).connected).toBe(1);
	}
	await hangUp(bob);
});

test('a direct call goes on while the program is killed and started again', async () => {
	await connect();
	await program.kill();
	await expectHeard(ana, 1); // nothing of it goes through the program
	await program.start();
	await expect(ana.getByText('Reconnecting…')).toHaveCount(0, { timeout: 30_000 });
	await expect(bob.getByText('Reconnecting…')).toHaveCount(0, { timeout: 30_000 });
	await expectHeard(ana, 1);
	await bob.getByRole('button', { name: 'Mute' }).first().click(); // and both still know of each other
	await expect(ana.locator('.tile').filter({ hasText: 'bob' }).getByText('muted')).toBeAttached();
	await bob.getByRole('button', { name: 'Unmute' }).first().click();
	await hangUp(ana);
});

/** In milliseconds: how long the microphone stays open after the event that lets the key go. */
async function tail(page: Page, event: 'keyup' | 'blur', letGo: () => Promise<void>): Promise<number> {
	const watch = await page.evaluateHandle((type) => {
		const track = window.peerConnections.find(({ connectionState }) => connectionState === 'connected')?.getSenders()[0]?.track;
		const took = new Promise<number>((resolve) => {
			const begin = (): void => {
				const start = performance.now();
				const timer = setInterval(() => {
					if (track?.enabled !== false) return;
					clearInterval(timer);
					resolve(performance.now() - start);
				}, 5);
			};
			window.addEventListener(type, begin, { once: true, capture: true });
		});
		return { took };
	}, event);
	await letGo();
	return watch.evaluate(({ took }) => took);
}

async function chooseTalking(page: Page, how: 'Always, unless muted' | 'Push to talk'): Promise<void> {
	await page.getByRole('button', { name: 'Settings', exact: true }).click();
	await page.getByRole('menuitem', { name: 'User settings' }).click();
	await page.getByRole('button', { name: 'Voice and video' }).or(page.getByRole('tab', { name: 'Voice and video' })).first().click();
	await page.getByRole('radio', { name: how }).check();
	await page.keyboard.press('Escape');
	await expect(page.getByRole('dialog')).toHaveCount(0);
}

test('push-to-talk: one is heard while the key is held, and a moment longer', async () => {
	await connect();
	const speaks = bob.locator('.tile.speaking').filter({ hasText: 'ana' });
	await chooseTalking(ana, 'Push to talk');
	await ana.locator('.tile').first().click(); // whoever writes does not talk
	await expect(speaks).toHaveCount(0);
	const tails = [];
	for (const event of ['keyup', 'blur'] as const) {
		await ana.keyboard.down('Backquote');
		await expect(speaks).toBeVisible();
		tails.push(
			await tail(ana, event, () =>
				event === 'keyup'
					? ana.keyboard.up('Backquote')
					: ana.evaluate(() => {
							const frame = document.body.appendChild(document.createElement('iframe'));
							frame.contentWindow?.focus(); // as any other window
						}),
			),
		);
		await expect(speaks).toHaveCount(0);
	}
	for (const took of tails) {
		expect(took).toBeGreaterThan(150);
		expect(took).toBeLessThan(500); // on a machine that has more to do
	}
	test.info().annotations.push({ type: 'heard after the key', description: `${tails.map(Math.round).join(' and ')} ms` });
	await ana.evaluate(() => {
		document.querySelector('iframe')?.remove();
	});
	await ana.keyboard.up('Backquote');
	await chooseTalking(ana, 'Always, unless muted');
	await expect(speaks).toBeVisible();
	await hangUp(ana);
});

test('the check of the voice tries every way', async () => {
	await ana.getByRole('button', { name: 'Settings', exact: true }).click();
	await ana.getByRole('menuitem', { name: 'User settings' }).click();
	await ana.getByRole('button', { name: 'Voice and video' }).or(ana.getByRole('tab', { name: 'Voice and video' })).first().click();
	await ana.getByRole('button', { name: 'Check now' }).click();
	await expect(ana.getByText('Everything works.')).toBeVisible({ timeout: 20_000 });
	await ana.keyboard.press('Escape');
});

test('a page answers no offer of anybody it is not in a call with', async () => {
	const before = (await traffic(ana)).connections;
	await ana.evaluate(async () => {
		// As if the server had passed on what it must not.
		const { prototype } = WebSocket;
		const socket = await new Promise<WebSocket>((found) => {
			const { send } = prototype;
			prototype.send = function (data) {
				prototype.send = send;
				send.call(this, data);
				found(this);
			};
			document.querySelector<HTMLElement>('textarea')?.focus();
			document.querySelector('textarea')?.dispatchEvent(new InputEvent('input', { bubbles: true }));
			window.dispatchEvent(new Event('online'));
			document.dispatchEvent(new Event('visibilitychange'));
		});
		const connection = new RTCPeerConnection();
		connection.addTransceiver('audio');
		const offer = await connection.createOffer();
		connection.close();
		const frame = { type: 'webrtc_offer', from: 'bob', voice_session: 'x', offer, call_id: 'AAAAAAAAAAAAAAAA' };
		socket.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }));
		socket.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ ...frame, call_id: undefined, context: { server_id: 's', channel_id: 'c' } }) }));
		window.sentFrames = {};
	});
	await ana.waitForTimeout(1_000);
	expect((await traffic(ana)).connections).toBe(before);
	expect(await ana.evaluate(() => window.sentFrames['webrtc_answer'] ?? 0)).toBe(0);
});
