import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { composer, drawPicture, logIn, messages, openSettings, PASSWORD, say, signUpAll } from './steps';

test('a user looks, is called and is protected as they wish', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext(), await browser.newContext()];
	try {
		const [ana, bob, laptop] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page, Page];
		await signUpAll(program.url, { ana, bob });
		await ana.getByRole('link', { name: 'Friends' }).click();
		const friend = ana.getByRole('region', { name: 'Friends', exact: true }).getByRole('listitem');
		await expect(friend).toContainText('bob');

		// The avatar: an emoji, then a picture, made small in the browser.
		await openSettings(bob);
		const settings = bob.getByRole('dialog', { name: 'User settings' });
		await settings.getByRole('button', { name: '🦊' }).click();
		await settings.getByRole('button', { name: 'Save avatar' }).click();
		await expect(friend.locator('.avatar')).toHaveText('🦊');
		await settings.getByLabel('Picture file').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: await drawPicture(bob, 1600, 900) });
		await expect(settings.locator('.avatar img')).toBeVisible();
		await settings.getByRole('button', { name: 'Save avatar' }).click();
		await expect(friend.locator('.avatar img')).toBeVisible();
		await expect
			.poll(() => friend.locator('.avatar img').evaluate((img: HTMLImageElement) => [img.naturalWidth, img.naturalHeight]))
			.toEqual([512, 512]);
		await settings.getByLabel('Picture file').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
		await expect(settings.getByRole('alert')).toHaveText('This file is no picture that can be shown here.');

		// The name: shown in place of the user name, which stays below.
		await settings.getByRole('textbox', { name: 'Display name' }).fill('Bob the Builder');
		await settings.getByRole('button', { name: 'Save', exact: true }).click();
		await expect(friend).toContainText('Bob the Builder');
		await expect(friend).toContainText('bob');
		await expect(friend.locator('.avatar img')).toBeVisible();

		// Another device, and the password that ends its session.
		await laptop.goto(program.url);
		await logIn(laptop, 'bob');
		await settings.getByRole('button', { name: 'Sessions', exact: true }).click();
		await expect(settings.getByRole('listitem')).toHaveCount(2);
		await settings.getByRole('button', { name: /^Log out/ }).click();
		await expect(laptop.getByRole('button', { name: 'Login' })).toBeVisible();
		await expect(settings.getByRole('listitem')).toHaveCount(1);
		await logIn(laptop, 'bob');
		await settings.getByRole('button', { name: 'Account', exact: true }).click();
		await settings.getByLabel('Present password').fill('wrong');
		await settings.getByLabel('New password').fill('another horse 8');
		await settings.getByRole('button', { name: 'Change password' }).click();
		await expect(bob.getByRole('region', { name: 'Notices' }).or(bob.getByText(/password is wrong|wrong password/i)).first()).toBeVisible();
		await settings.getByLabel('Present password').fill(PASSWORD);
		await settings.getByRole('button', { name: 'Change password' }).click();
		await expect(laptop.getByRole('button', { name: 'Login' })).toBeVisible();
		await expect(settings.getByLabel('Present password')).toHaveValue('');

		// Asked first, from now on.
		await settings.getByRole('button', { name: 'Privacy', exact: true }).click();
		await settings.getByLabel('Ask me first').check();
		await bob.keyboard.press('Escape');
		await openSettings(bob, 'Privacy');
		await expect(settings.getByLabel('Ask me first')).toBeChecked();
		await bob.keyboard.press('Escape');

		// Blocked: no friends any more, and not found; unblocked again.
		await ana.getByRole('button', { name: 'DM bob' }).click();
		await say(ana, 'hello');
		await bob.getByRole('link', { name: /^ana/ }).click();
		await bob.getByRole('button', { name: 'ana: menu' }).click();
		await bob.getByRole('menuitem', { name: 'Block' }).click();
		await bob.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
		await expect(bob.getByText('You blocked ana.')).toBeVisible();
		await expect(composer(ana)).toHaveCount(0);
		await openSettings(bob, 'Privacy');
		await settings.getByRole('button', { name: 'Unblock ana' }).click();
		await expect(settings.getByText('You have blocked nobody.')).toBeVisible();
		await bob.keyboard.press('Escape');
		await expect(bob.getByText('You and ana are not friends now.')).toBeVisible();

		// The account goes, and what it wrote stays or goes.
		await expect(messages(ana)).toHaveCount(1);
		await openSettings(bob, 'Account');
		await settings.getByLabel('Your password, to be sure').fill(PASSWORD);
		await settings.getByRole('button', { name: 'Delete account' }).click();
		await expect(settings.getByRole('alert')).toBeVisible();
		await settings.getByLabel('Your password, to be sure').fill('another horse 8');
		await settings.getByRole('button', { name: 'Delete account' }).click();
		await expect(bob.getByRole('button', { name: 'Login' })).toBeVisible();
		await expect(ana.getByRole('heading', { name: 'deleted user' })).toBeVisible();
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
