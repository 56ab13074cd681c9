import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { signUpAll } from './steps';

async function openAdministration(page: Page): Promise<void> {
	await page.getByRole('button', { name: 'Settings', exact: true }).click();
	await page.getByRole('menuitem', { name: 'User settings' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Administration', exact: true }).click();
}

test('the owner helps somebody who forgot their password, and removes an account', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext(), await browser.newContext()];
	try {
		const [ana, bob, elsewhere] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page, Page];
		await signUpAll(program.url, { ana, bob });

		// Nobody else sees the panel.
		await bob.getByRole('button', { name: 'Settings', exact: true }).click();
		await bob.getByRole('menuitem', { name: 'User settings' }).click();
		const settings = bob.getByRole('dialog', { name: 'User settings' });
		await expect(settings.getByRole('button', { name: 'Account', exact: true })).toBeVisible();
		await expect(settings.getByRole('button', { name: 'Administration' })).toHaveCount(0);

		await openAdministration(ana);
		const panel = ana.getByRole('dialog');
		await expect(panel.getByRole('listitem')).toHaveCount(2);
		await panel.getByRole('radio', { name: 'They are asked first' }).check();
		await panel.getByRole('button', { name: 'Make a reset link for bob' }).click();
		const link = await panel.getByLabel('Link for a new password').inputValue();
		expect(link).toMatch(/\/#reset=[A-Z2-7]{26}$/);

		await elsewhere.goto(link);
		await elsewhere.getByLabel('New password').fill('remember this');
		await elsewhere.getByRole('button', { name: 'Set password' }).click();
		await expect(elsewhere.getByText('Your password is set. Log in with it.')).toBeVisible();
		expect(elsewhere.url()).not.toContain('reset');
		await expect(bob.getByText('You were logged out. Please log in again.')).toBeVisible();
		await elsewhere.getByLabel('Username').fill('bob');
		await elsewhere.getByLabel('Password', { exact: true }).fill('remember this');
		await elsewhere.getByRole('button', { name: 'Login' }).click();
		await expect(elsewhere.getByRole('button', { name: 'Settings', exact: true })).toBeVisible();

		// The link works once.
		await bob.goto(link);
		await bob.getByLabel('New password').fill('again');
		await bob.getByRole('button', { name: 'Set password' }).click();
		await expect(bob.getByText('This link is unknown, used, or too old. Ask for a new one.')).toBeVisible();

		await panel.getByRole('button', { name: 'Remove the account bob' }).click();
		const form = panel.getByRole('form', { name: 'Remove the account bob' });
		await form.getByLabel('Your own password').fill('wrong');
		await form.getByRole('button', { name: 'Remove' }).click();
		await expect(form.getByText('The password is wrong.')).toBeVisible();
		await form.getByLabel('Your own password').fill('correct horse 7');
		await form.getByRole('button', { name: 'Remove' }).click();
		await expect(panel.getByRole('listitem')).toHaveCount(1);
		await expect(elsewhere.getByText('You were logged out. Please log in again.')).toBeVisible();
	} finally {
		await Promise.all(contexts.map((context) => context.close()));
		await program.stop();
	}
});
