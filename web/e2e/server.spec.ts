import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { joinServer, messages, readCode, say, serverInvite, shareServer, signUpAll } from './steps';

async function openSettings(page: Page, server: string, section?: string): Promise<void> {
	await page.getByRole('button', { name: `${server}: server menu` }).click();
	await page.getByRole('menuitem', { name: 'Server settings' }).click();
	await expect(page.getByRole('dialog', { name: `${server}: settings` })).toBeVisible();
	if (section !== undefined) await page.getByRole('dialog').getByRole('button', { name: section, exact: true }).click();
}

async function confirm(page: Page, action: string): Promise<void> {
	await page.getByRole('dialog').last().getByRole('button', { name: action, exact: true }).click();
}

test('an owner sets up the server, and the member sees it live', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext()];
	try {
		const [ana, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];
		await signUpAll(program.url, { ana, bob });
		await shareServer('Garden', ana, bob);

		await bob.getByRole('button', { name: 'Garden: server menu' }).click();
		await expect(bob.getByRole('menuitem', { name: 'Server settings' })).toHaveCount(0);
		await expect(bob.getByRole('menuitem', { name: 'Leave server' })).toBeVisible();
		await bob.keyboard.press('Escape');

		await openSettings(ana, 'Garden');
		const settings = ana.getByRole('dialog', { name: /: settings$/ });
		await settings.getByLabel('Server name').fill('Allotment');
		await settings.getByRole('button', { name: 'Save' }).click();
		await expect(bob.getByRole('heading', { name: 'Allotment' }).or(bob.getByRole('button', { name: 'Allotment: server menu' })).first()).toBeVisible();

		// Channels: made, described, moved, deleted.
		await settings.getByRole('button', { name: 'Channels', exact: true }).click();
		await settings.getByLabel('Channel name').fill('harvest');
		await settings.getByRole('button', { name: 'Create' }).click();
		await expect(bob.getByRole('link', { name: 'harvest' })).toBeVisible();
		await settings.getByLabel('Channel name').fill('porch');
		await settings.getByLabel('Kind').selectOption('voice');
		await settings.getByRole('button', { name: 'Create' }).click();
		await expect(bob.getByText('porch')).toBeVisible();
		await settings.getByRole('button', { name: 'Edit channel harvest' }).click();
		await settings.getByLabel('Channel name').last().fill('apples');
		await settings.getByLabel('Description').fill('What is ripe, and where');
		await settings.getByRole('button', { name: 'Save' }).click();
		await bob.getByRole('link', { name: 'apples' }).click();
		await expect(bob.getByRole('banner').or(bob.locator('header')).getByText('What is ripe, and where')).toBeVisible();
		await settings.getByRole('button', { name: 'Move apples up' }).click();
		await expect(bob.getByRole('navigation', { name: 'Allotment' }).getByRole('link').first()).toHaveText(/apples/);
		await settings.getByRole('button', { name: 'Delete channel apples' }).click();
		await confirm(ana, 'Delete');
		await expect(bob.getByRole('heading', { name: 'general', exact: true })).toBeVisible();
		await expect(bob.getByRole('link', { name: 'apples' })).toHaveCount(0);

		// Permissions, one by one.
		await settings.getByRole('button', { name: 'Members', exact: true }).click();
		await settings.getByLabel('Edit channels, bob').check();
		await bob.getByRole('button', { name: 'Allotment: server menu' }).click();
		await bob.getByRole('menuitem', { name: 'Server settings' }).click();
		await bob.getByRole('button', { name: 'Channels', exact: true }).click();
		await expect(bob.getByRole('button', { name: 'Edit channel general' })).toBeVisible();
		await expect(bob.getByRole('button', { name: 'Delete channel general' })).toHaveCount(0);
		await settings.getByLabel('Delete channels, bob').check();
		await expect(bob.getByRole('button', { name: 'Delete channel general' })).toBeVisible();
		await settings.getByLabel('Edit channels, bob').uncheck();
		await expect(bob.getByRole('button', { name: 'Edit channel general' })).toHaveCount(0);
		await bob.keyboard.press('Escape');

		// Invites: listed, and revoked ones are good for nothing.
		await settings.getByRole('button', { name: 'Invites', exact: true }).click();
		await settings.getByLabel('Can be used').selectOption('5');
		await settings.getByRole('button', { name: 'Create' }).click();
		await expect(settings.getByText('5 of 5 uses left')).toBeVisible();
		await settings.getByRole('button', { name: /^Revoke/ }).click();
		await expect(settings.getByText('None at the moment.')).toBeVisible();

		// Handed over: the former owner has members no more, and may leave.
		await settings.getByRole('button', { name: 'General', exact: true }).click();
		await settings.getByLabel('New owner').selectOption('bob');
		await settings.getByRole('button', { name: 'Hand over' }).click();
		await confirm(ana, 'Hand over');
		await expect(settings.getByRole('button', { name: 'Leave server' })).toBeVisible();
		await expect(settings.getByRole('button', { name: 'Invites', exact: true })).toHaveCount(0);
		await settings.getByRole('button', { name: 'Leave server' }).click();
		await confirm(ana, 'Leave server');
		await expect(ana.getByRole('heading', { name: 'Welcome, ana' })).toBeVisible();
		await expect(ana.getByRole('dialog')).toHaveCount(0);
		await expect(bob.getByRole('complementary', { name: 'Members' }).getByText('ana')).toHaveCount(0);

		await openSettings(bob, 'Allotment');
		await bob.getByRole('dialog').getByRole('button', { name: 'Delete server' }).click();
		await confirm(bob, 'Delete server');
		await expect(bob.getByRole('link', { name: 'Allotment' })).toHaveCount(0);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});

test('a member is kicked and comes back, is banned and does not, until unbanned', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext()];
	try {
		const [ana, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];
		await signUpAll(program.url, { ana, bob });
		await shareServer('Garden', ana, bob);
		await say(bob, 'hello');
		await expect(messages(ana)).toHaveCount(1);

		await openSettings(ana, 'Garden', 'Members');
		const settings = ana.getByRole('dialog', { name: /: settings$/ });
		await settings.getByRole('button', { name: 'Kick bob' }).click();
		await confirm(ana, 'Kick');
		await expect(bob.getByText('You were removed from Garden.')).toBeVisible();
		await expect(bob.getByRole('heading', { name: 'Welcome, bob' })).toBeVisible();
		await expect(settings.getByRole('button', { name: 'Kick bob' })).toHaveCount(0);
		await ana.keyboard.press('Escape');
		await joinServer(bob, await serverInvite(ana));
		await expect(messages(bob)).toHaveCount(1);

		await openSettings(ana, 'Garden', 'Members');
		await settings.getByRole('button', { name: 'Ban bob' }).click();
		await confirm(ana, 'Ban');
		await expect(bob.getByText('You were banned from Garden.')).toBeVisible();
		await expect(settings.getByRole('button', { name: 'Unban bob' })).toBeVisible();
		await ana.keyboard.press('Escape');
		await ana.getByRole('button', { name: 'Invite people' }).first().click();
		const code = await readCode(ana);
		await bob.getByRole('navigation', { name: 'Servers' }).getByRole('button', { name: 'Join a server' }).click();
		await bob.getByLabel('Invite code or link').fill(code);
		await bob.getByRole('button', { name: 'Join', exact: true }).click();
		await expect(bob.getByRole('alert')).toBeVisible();
		await bob.keyboard.press('Escape');

		await openSettings(ana, 'Garden', 'Members');
		await settings.getByRole('button', { name: 'Unban bob' }).click();
		await expect(settings.getByRole('button', { name: 'Unban bob' })).toHaveCount(0);
		await joinServer(bob, code);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
