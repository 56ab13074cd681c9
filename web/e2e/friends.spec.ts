import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { composer, shareServer, signUpAll } from './steps';

test('friends are asked first: approve, deny, cancel', async ({ browser }) => {
	const program = await Program.start('--friends', 'ask');
	const contexts = [await browser.newContext(), await browser.newContext(), await browser.newContext()];
	try {
		const [ana, bob, carl] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page, Page];
		await signUpAll(program.url, { ana, bob, carl });
		for (const page of [bob, carl]) await page.getByRole('link', { name: /^Friends/ }).click();

		const ask = async (): Promise<void> => {
			await bob.getByRole('searchbox', { name: 'Search Users' }).fill('car');
			await bob.getByRole('button', { name: 'Add Friend carl' }).click();
			await expect(bob.getByRole('region', { name: 'Requests sent' })).toContainText('carl');
			await expect(carl.getByRole('region', { name: 'Requests for you' })).toContainText('bob');
		};

		await ask();
		await carl.getByRole('button', { name: 'Deny bob' }).click();
		await expect(carl.getByRole('region', { name: 'Requests for you' })).toHaveCount(0);

		// The request is over for both; whose decision that was is not told.
		await expect(bob.getByRole('region', { name: 'Requests sent' })).toHaveCount(0);

		await ask();
		await bob.getByRole('button', { name: 'Cancel request to carl' }).click();
		await expect(carl.getByRole('region', { name: 'Requests for you' })).toHaveCount(0);

		await ask();
		await carl.getByRole('button', { name: 'Approve bob' }).click();
		await expect(carl.getByRole('button', { name: 'DM bob' })).toBeVisible();
		await expect(bob.getByRole('region', { name: 'Friends', exact: true }).getByRole('button', { name: 'DM carl' })).toBeVisible();
		await bob.getByRole('region', { name: 'Friends', exact: true }).getByRole('button', { name: 'DM carl' }).click();
		await expect(composer(bob)).toBeVisible();
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});

test('who is online shows, and who is writing', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext()];
	try {
		const [ana, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];
		await signUpAll(program.url, { ana, bob });
		await shareServer('Garden', ana, bob);
		const members = ana.getByRole('complementary', { name: 'Members' });
		await expect(members.getByRole('list', { name: 'Online — 2' })).toContainText('bob');

		await composer(bob).pressSequentially('I think');
		await expect(ana.getByText('bob is typing…')).toBeVisible();
		await expect(bob.getByText('is typing…')).toHaveCount(0);
		await composer(bob).press('Enter');
		await expect(ana.getByText('bob is typing…')).toHaveCount(0);
		await composer(bob).pressSequentially('and');
		await expect(ana.getByText('bob is typing…')).toBeVisible();
		await expect(ana.getByText('bob is typing…')).toHaveCount(0);

		await ana.getByRole('link', { name: 'Home' }).click();
		await ana.getByRole('link', { name: 'Friends' }).click();
		const friend = ana.getByRole('region', { name: 'Friends', exact: true }).getByRole('listitem');
		await expect(friend).toContainText('online');
		await bob.close();
		await expect(friend).toContainText('offline', { timeout: 30_000 });
		await ana.getByRole('link', { name: 'Garden' }).click();
		await expect(members.getByRole('list', { name: 'Offline — 1' })).toContainText('bob');
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
