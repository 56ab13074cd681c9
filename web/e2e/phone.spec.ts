import { devices, expect, test } from '@playwright/test';
import { Program } from './program';
import { composer, messages, readCode, say, signUp } from './steps';

const { defaultBrowserType: _, ...phone } = devices['Pixel 7'];
test.use({ ...phone, viewport: { width: 390, height: 844 } });

test('everything can be reached on a phone', async ({ page }) => {
	const program = await Program.start();
	try {
		await signUp(page, program.url, 'ana');
		await expect(page.getByRole('heading', { name: 'Welcome, ana' })).toBeVisible();

		const openNavigation = page.getByRole('button', { name: 'Open navigation' });
		const drawer = page.getByRole('dialog', { name: 'Navigation' });
		await openNavigation.tap();
		await expect(drawer).toBeVisible();
		await page.keyboard.press('Escape');
		await expect(drawer).toHaveCount(0);

		await openNavigation.tap();
		await drawer.getByRole('button', { name: 'Create a server' }).tap();
		await expect(drawer).toHaveCount(0);
		await page.getByLabel('Server name').fill('Garden');
		await page.getByRole('button', { name: 'Create', exact: true }).tap();
		await expect(page.getByRole('heading', { name: 'general', exact: true })).toBeVisible();

		await composer(page).fill('from the phone');
		await page.getByRole('button', { name: 'Send' }).tap();
		await expect(messages(page)).toHaveCount(1);
		await expect(page.locator('article.sending')).toHaveCount(0);

		// A tap shows what can be done with a message: nothing needs hovering.
		await messages(page).first().locator('.bubble').tap();
		await messages(page).first().getByRole('button', { name: 'Edit' }).tap();
		await page.getByLabel('Edit message').fill('from my phone');
		await page.getByRole('button', { name: 'Save' }).tap();
		await expect(messages(page).first()).toContainText('from my phone');

		await page.getByRole('button', { name: 'Show members' }).tap();
		const members = page.getByRole('dialog', { name: 'Members' });
		await expect(members).toContainText('ana');
		await page.touchscreen.tap(15, 400);
		await expect(members).toHaveCount(0);

		await openNavigation.tap();
		await drawer.getByRole('button', { name: 'Invite people' }).last().tap();
		await readCode(page);

		await openNavigation.tap();
		await drawer.getByRole('link', { name: 'Home' }).tap();
		await expect(drawer).toHaveCount(0);
		await openNavigation.tap();
		await drawer.getByRole('link', { name: 'Friends' }).tap();
		await expect(drawer).toHaveCount(0);
		await expect(page.getByRole('searchbox', { name: 'Search Users' })).toBeVisible();

		await openNavigation.tap();
		await drawer.getByRole('link', { name: 'Garden' }).tap();
		await expect(messages(page)).toHaveCount(1);
		await say(page, 'still here');
		expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);

		// Settings fill the screen.
		await openNavigation.tap();
		await drawer.getByRole('button', { name: 'Garden: server menu' }).tap();
		await page.getByRole('menuitem', { name: 'Server settings' }).tap();
		const settings = page.getByRole('dialog', { name: 'Garden: settings' });
		await settings.getByRole('button', { name: 'Channels', exact: true }).tap();
		await settings.getByLabel('Channel name').fill('harvest');
		await settings.getByRole('button', { name: 'Create' }).tap();
		await expect(settings.getByRole('button', { name: 'Move harvest up' })).toBeVisible();
		expect(await settings.evaluate((element) => element.scrollWidth)).toBe(390);
		await settings.getByRole('button', { name: 'Close' }).tap();
		await openNavigation.tap();
		await drawer.getByRole('button', { name: 'Settings', exact: true }).tap();
		await page.getByRole('menuitem', { name: 'User settings' }).tap();
		const own = page.getByRole('dialog', { name: 'User settings' });
		await own.getByRole('button', { name: '🐝' }).tap();
		await own.getByRole('button', { name: 'Save avatar' }).tap();
		await expect(own.getByRole('button', { name: 'Remove avatar' })).toBeVisible();
		await own.getByRole('button', { name: 'Close' }).tap();

		// Fingers need room.
		for (const button of await page.getByRole('button').all()) {
			if (!(await button.isVisible())) continue;
			const box = await button.boundingBox();
			expect(box?.height ?? 0, await button.innerText()).toBeGreaterThanOrEqual(32);
		}
	} finally {
		await program.remove();
	}
});
