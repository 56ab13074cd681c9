import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { createServer, joinServer, serverInvite, signUpAll } from './steps';
import { createVoiceChannel, expectHeard, expectSeen, joinVoice, voiceContext, withFakeDevices } from './voice';

test.use(withFakeDevices);

/** Loses the first frames of these types that come to a page, and keeps what of them was lost. */
async function losing(page: Page, types: string[]): Promise<string[]> {
	const lost: string[] = [];
	await page.routeWebSocket(/.*/, (socket) => {
		const server = socket.connectToServer();
		server.onMessage((message) => {
			const { type } = JSON.parse(String(message)) as { type: string };
			const at = types.indexOf(type);
			if (at < 0) socket.send(message);
			else lost.push(...types.splice(at, 1));
		});
	});
	return lost;
}

test('offers and answers that are lost come again', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await voiceContext(browser), await voiceContext(browser)];
	try {
		const [ana, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];
		const toAna = ['webrtc_answer', 'webrtc_answer'];
		const toBob = ['webrtc_offer'];
		const lost = [await losing(ana, toAna), await losing(bob, toBob)];
		await signUpAll(program.url, { ana, bob });
		await createServer(ana, 'Garden');
		await createVoiceChannel(ana, 'bench');
		await joinServer(bob, await serverInvite(ana));

		// Ana was here before and offers: her offer does not come, and then the answer does not.
		await joinVoice(ana, 'bench');
		await joinVoice(bob, 'bench');
		await Promise.all([expectHeard(ana, 1), expectHeard(bob, 1)]);

		// Both look for another way at once, and neither hears of it.
		toAna.push('webrtc_offer', 'webrtc_answer');
		toBob.push('webrtc_offer', 'webrtc_answer');
		for (const page of [ana, bob]) {
			await page.evaluate(() => {
				for (const connection of window.peerConnections.filter((one) => one.connectionState === 'connected')) connection.restartIce();
			});
		}
		await expect.poll(() => lost.flat().filter((type) => type === 'webrtc_offer').length).toBe(3);
		await expect
			.poll(() => Promise.all([ana, bob].map((page) => page.evaluate(() => window.peerConnections.map((connection) => connection.signalingState)))))
			.toEqual([['stable'], ['stable']]);
		await Promise.all([expectHeard(ana, 1), expectHeard(bob, 1)]);
		await ana.getByRole('button', { name: 'Turn camera on' }).first().click();
		await expectSeen(bob, 1);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
