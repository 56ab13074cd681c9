import { expect, test, type Browser, type Page } from '@playwright/test';
import { Processes } from './processes';
import { Program } from './program';
import { accountInvite, createServer, joinServer, serverInvite, signUp } from './steps';
import { createVoiceChannel, expectHeard, expectSeen, joinVoice, traffic, voiceContext, withFakeDevices } from './voice';

test.use(withFakeDevices);

/** Two people in a room, each at an address of the installation, who use nothing but the relay, reached in one way. */
async function relayed(browser: Browser, only: 'udp' | 'tcp', urls: readonly [string, string], use: (ana: Page, bob: Page) => Promise<void>): Promise<void> {
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
		await signUp(ana, urls[0], 'ana');
		await signUp(bob, urls[1], 'bob', await accountInvite(ana));
		await createServer(ana, 'Garden');
		await createVoiceChannel(ana, 'bench');
		await joinServer(bob, await serverInvite(ana));
		await joinVoice(ana, 'bench');
		await joinVoice(bob, 'bench');
		await expectHeard(ana, 1, 5_000);
		await expectHeard(bob, 1, 5_000);
		for (const page of [ana, bob]) expect((await traffic(page)).paths).toEqual([`relay ${only}`]);
		await bob.getByRole('button', { name: 'Turn camera on' }).first().click();
		await expectSeen(ana, 1);
		await use(ana, bob);
	} finally {
		for (const context of contexts) await context.close();
	}
}

for (const only of ['udp', 'tcp'] as const) {
	test(`through the relay alone, over ${only}, on the one published port`, async ({ browser }) => {
		const program = await Program.start('--limits', 'off', '--relay-only');
		try {
			await relayed(browser, only, [program.url, program.url], async (ana, bob) => {
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
		} finally {
			await program.remove();
		}
	});

	test(`through the relay alone, over ${only}, from one gateway to another`, async ({ browser }) => {
		const processes = await Processes.start({ gateways: 2, flags: ['--limits', 'off', '--relay-only'] });
		try {
			const [first = '', second = ''] = processes.urls;
			await relayed(browser, only, [first, second], () => Promise.resolve());
		} finally {
			await processes.remove();
		}
	});
}
