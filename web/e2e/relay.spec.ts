import { expect, test, type Browser, type Page } from '@playwright/test';
import { Program } from './program';
import { accountInvite, createServer, joinServer, serverInvite, signUp } from './steps';
import { createVoiceChannel, expectHeard, expectSeen, joinVoice, traffic, voiceContext, withFakeDevices } from './voice';

test.use(withFakeDevices);

/** Two people in a room who use nothing but the relay, reached in one way. */
async function relayed(browser: Browser, only: 'udp' | 'tcp', use: (ana: Page, bob: Page, program: Program) => Promise<void>): Promise<void> {
	const program = await Program.start('--limits', 'off', '--relay-only');
	const contexts = [await voiceContext(browser), await voiceContext(browser)] as const;
	try {
		for (const context of contexts) {
			await context.addInitScript((transport) => {
				const Original = window.RTCPeerConnection;
				window.RTCPeerConnection = class extends Original {
					constructor(configuration?: RTCConfiguration) {
						const kept = (one: RTCConfiguration): RTCConfiguration => ({
							...one,
							iceServers: (one.iceServers ?? []).map((server) => ({ ...server, urls: [server.urls].flat().filter((url) => url.endsWith(transport)) })),
						});
						super(configuration && kept(configuration));
						const set = this.setConfiguration.bind(this);
						this.setConfiguration = (next) => {
							set(kept(next ?? {}));
						};
					}
				};
			}, `transport=${only}`);
		}
		const ana = await contexts[0].newPage();
		const bob = await contexts[1].newPage();
		await signUp(ana, program.url, 'ana');
		await signUp(bob, program.url, 'bob', await accountInvite(ana));
		await createServer(ana, 'Garden');
		await createVoiceChannel(ana, 'bench');
		await joinServer(bob, await serverInvite(ana));
		await joinVoice(ana, 'bench');
		await joinVoice(bob, 'bench');
		await expectHeard(ana, 1, 5_000);
		await expectHeard(bob, 1, 5_000);
		for (const page of [ana, bob]) expect((await traffic(page)).paths).toEqual([`relay ${only}`]);
		await use(ana, bob, program);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
}

for (const only of ['udp', 'tcp'] as const) {
	test(`through the relay alone, over ${only}, on the one published port`, async ({ browser }) => {
		await relayed(browser, only, async (ana, bob, program) => {
			await bob.getByRole('button', { name: 'Turn camera on' }).first().click();
			await expectSeen(ana, 1);
			await expect(ana.getByText(only === 'udp' ? /^relayed, \d+ ms/ : /^relayed over TCP, \d+ ms/)).toBeVisible();
			await program.kill();
			await program.start();
			const back = Date.now();
			await expectHeard(ana, 1, 30_000);
			await expectHeard(bob, 1, 30_000);
			const took = Date.now() - back;
			test.info().annotations.push({ type: 'heard again after', description: `${String(took)} ms` });
			expect(took).toBeLessThan(20_000); // on a machine that has more to do
		});
	});
}
