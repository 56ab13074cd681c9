import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { accountInvite, createServer, joinServer, messages, say, serverInvite, signUp } from './steps';

/** Many messages in the channel that is shown, through a connection of their own: faster than typing. */
async function write(page: Page, texts: string[]): Promise<void> {
	await page.evaluate(async (contents) => {
		const [, , server, channel] = location.pathname.split('/');
		const socket = new WebSocket(`ws://${location.host}/ws`);
		const left = new Set(contents.map((_, n) => `w${String(n)}`));
		await new Promise<void>((done, fail) => {
			socket.onerror = () => {
				fail(new Error('the connection failed'));
			};
			socket.onopen = () => {
				socket.send(JSON.stringify({ type: 'auth' }));
			};
			socket.onmessage = ({ data }: MessageEvent<string>) => {
				const frame = JSON.parse(data) as { type: string; request_id?: string };
				if (frame.type === 'init') {
					for (const [n, content] of contents.entries()) {
						const id = `w${String(n)}`;
						socket.send(
							JSON.stringify({ type: 'message', content, context: 'server', context_id: `${server ?? ''}/${channel ?? ''}`, nonce: id, request_id: id }),
						);
					}
				}
				if (frame.type === 'ok' && frame.request_id !== undefined) left.delete(frame.request_id);
				if (left.size === 0) done();
			};
		});
		socket.close();
	}, texts);
}

test('older messages come when scrolling up, and the reader stays where they are', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext()] as const;
	try {
		const ana = await contexts[0].newPage();
		const bob = await contexts[1].newPage();
		const problems: string[] = [];
		bob.on('pageerror', (error) => problems.push(String(error)));
		await signUp(ana, program.url, 'ana');
		await signUp(bob, program.url, 'bob', await accountInvite(ana));
		await createServer(ana, 'Garden');
		await joinServer(bob, await serverInvite(ana));
		await bob.getByRole('link', { name: 'Home' }).click();

		await write(ana, Array.from({ length: 130 }, (_, n) => `leaf ${String(n + 1)}`));
		await expect(messages(ana)).toHaveCount(130);

		// What was held before the reload came live; now there is one page.
		await bob.reload();
		await bob.getByRole('link', { name: /^Garden/ }).click();
		await expect(messages(bob).last()).toContainText('leaf 130');
		await expect(messages(bob).last()).toBeInViewport();
		await expect(messages(bob)).toHaveCount(50);

		const log = bob.getByRole('log');
		const leaf = messages(bob).filter({ hasText: /leaf 85\b/ });
		await leaf.evaluate((element) => {
			element.scrollIntoView({ block: 'center' });
		});
		await expect(messages(bob)).toHaveCount(100);
		await expect(leaf).toBeInViewport();
		const before = await leaf.boundingBox();
		await say(ana, 'one more');
		await expect(bob.getByRole('button', { name: '1 new message' })).toBeVisible();
		expect((await leaf.boundingBox())?.y).toBe(before?.y);

		// Away and back: still there.
		await bob.getByRole('link', { name: 'Home' }).click();
		await bob.goBack();
		await expect(leaf).toBeInViewport();

		await bob.getByRole('button', { name: /1 new message|Jump to present/ }).click();
		await expect(messages(bob).last()).toContainText('one more');
		await expect(messages(bob).last()).toBeInViewport();

		await log.evaluate((element) => (element.scrollTop = 0));
		await expect(messages(bob)).toHaveCount(131);
		await expect(messages(bob).first()).toContainText('leaf 1');
		await log.evaluate((element) => (element.scrollTop = 0));
		await expect(bob.getByText('This is the beginning of #general.')).toBeInViewport();
		expect(problems).toEqual([]);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
