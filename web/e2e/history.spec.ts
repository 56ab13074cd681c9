import { expect, test } from '@playwright/test';
import { Program } from './program';
import { composer, messages, say, shareServer, signUpAll, write } from './steps';

test('older messages come when scrolling up, and the reader stays where they are', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext()] as const;
	try {
		const ana = await contexts[0].newPage();
		const bob = await contexts[1].newPage();
		const problems: string[] = [];
		bob.on('pageerror', (error) => problems.push(String(error)));
		await signUpAll(program.url, { ana, bob });
		await shareServer('Garden', ana, bob);
		await bob.getByRole('link', { name: 'Home' }).click();

		await write(ana, ana.url(), Array.from({ length: 130 }, (_, n) => `leaf ${String(n + 1)}`));
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

		// Killed and started again under the reader: place and unsent text are as they were, and what came meanwhile is there once.
		await composer(bob).fill('half a thou');
		const place = await leaf.boundingBox();
		await program.kill();
		await expect(bob.getByText('Reconnecting…')).toBeVisible();
		await composer(bob).pressSequentially('ght');
		await composer(ana).fill('said in between');
		await composer(ana).press('Enter');
		await program.start();
		await expect(bob.getByText('Reconnecting…')).toHaveCount(0);
		await expect(bob.getByRole('button', { name: '2 new messages' })).toBeVisible();
		expect((await leaf.boundingBox())?.y).toBe(place?.y);
		await expect(composer(bob)).toHaveValue('half a thought');
		await expect(messages(bob).filter({ hasText: 'said in between' })).toHaveCount(1);

		await bob.getByRole('button', { name: '2 new messages' }).click();
		await expect(messages(bob).last()).toContainText('said in between');
		await expect(messages(bob).last()).toBeInViewport();

		await log.evaluate((element) => (element.scrollTop = 0));
		await expect(messages(bob)).toHaveCount(132);
		await expect(messages(bob).first()).toContainText('leaf 1');
		await log.evaluate((element) => (element.scrollTop = 0));
		await expect(bob.getByText('This is the beginning of #general.')).toBeInViewport();
		expect(problems).toEqual([]);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
