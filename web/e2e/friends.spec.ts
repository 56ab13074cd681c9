import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { accountInvite, composer, signUp } from './steps';

test('friends are asked first: approve, deny, cancel', async ({ browser }) => {
	const program = await Program.start('--friends', 'ask');
	const contexts = [await browser.newContext(), await browser.newContext(), await browser.newContext()];
	try {
		const [ana, bob, carl] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page, Page];
		await signUp(ana, program.url, 'ana');
		await signUp(bob, program.url, 'bob', await accountInvite(ana));
		await signUp(carl, program.url, 'carl', await accountInvite(ana));
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

		// A denial is not told: to the requester it is still open, until taken back.
		await bob.getByRole('button', { name: 'Cancel request to carl' }).click();
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
