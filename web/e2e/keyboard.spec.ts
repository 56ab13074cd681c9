import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { expectTexts, messages, PASSWORD } from './steps';
import { voiceContext, withFakeDevices } from './voice';

// Every flow once more, without a pointer: keys alone, as somebody does who has or wants none.

test.use(withFakeDevices);

/** What has the focus, as a screen reader would say it. */
async function focused(page: Page): Promise<string> {
	return page.evaluate(() => {
		const element = document.activeElement;
		if (element === null || element === document.body) return '';
		const labelled = element instanceof HTMLInputElement ? (element.labels?.[0]?.textContent ?? '') : '';
		return (element.getAttribute('aria-label') ?? (labelled || (element.textContent ?? ''))).replace(/\s+/g, ' ').trim();
	});
}

/** Presses Tab until something of that name has the focus. */
async function tabTo(page: Page, name: RegExp, key = 'Tab'): Promise<void> {
	for (let n = 0; n < 80; n++) {
		if (name.test(await focused(page))) return;
		await page.keyboard.press(key);
	}
	throw new Error(`Tab never came to ${String(name)}, but to ${await focused(page)}`);
}

/** Presses an arrow until the entry of a menu has the focus, and takes it. */
async function choose(page: Page, name: RegExp): Promise<void> {
	await tabTo(page, name, 'ArrowDown');
	await page.keyboard.press('Enter');
}

async function type(page: Page, text: string): Promise<void> {
	await page.keyboard.type(text);
	await page.keyboard.press('Enter');
}

async function signUp(page: Page, url: string, name: string, code?: string): Promise<void> {
	await page.goto(url);
	await page.getByRole('button', { name: /Sign Up|Create Account/ }).first().waitFor();
	await page.waitForLoadState('networkidle');
	if (code !== undefined) {
		await tabTo(page, /^Sign Up$/);
		await page.keyboard.press('Enter');
	}
	await tabTo(page, /^Username/);
	await page.keyboard.type(name);
	await tabTo(page, /^Password/);
	await page.keyboard.type(PASSWORD);
	if (code !== undefined) {
		await tabTo(page, /^Invite code/);
		await page.keyboard.type(code);
	}
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: `Welcome, ${name}` }).waitFor();
}

async function generated(page: Page): Promise<string> {
	const field = page.getByRole('dialog').getByLabel('Invite code');
	await expect(field).toHaveValue(/^[A-Z0-9]{8}$/);
	const code = await field.inputValue();
	await page.keyboard.press('Escape');
	return code;
}

test('every flow with the keyboard alone', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await voiceContext(browser), await voiceContext(browser)] as const;
	try {
		const ana = await contexts[0].newPage();
		const bob = await contexts[1].newPage();

		// Accounts and a server.
		await signUp(ana, program.url, 'ana');
		await tabTo(ana, /^Generate Invite$/);
		await ana.keyboard.press('Enter');
		await signUp(bob, program.url, 'bob', await generated(ana));
		await tabTo(ana, /^Create a server$/);
		await ana.keyboard.press('Enter');
		await type(ana, 'Garden');
		await ana.getByRole('heading', { name: 'general', exact: true }).waitFor();
		await tabTo(ana, /^Garden: server menu$/);
		await ana.keyboard.press('Enter');
		await choose(ana, /^Invite people$/);
		const code = await generated(ana);
		await tabTo(bob, /^Join a server$/);
		await bob.keyboard.press('Enter');
		await type(bob, code);
		await bob.getByRole('heading', { name: 'general', exact: true }).waitFor();

		// Another channel, and back and forth.
		await tabTo(ana, /^Settings$/);
		await ana.keyboard.press('Enter');
		await choose(ana, /^Create Text Channel$/);
		await type(ana, 'harvest');
		await ana.getByRole('link', { name: 'harvest' }).waitFor();
		await ana.keyboard.press('Alt+ArrowDown');
		await ana.getByRole('heading', { name: 'harvest', exact: true }).waitFor();
		await tabTo(ana, /^Message #harvest$/);
		await type(ana, 'ripe');
		await ana.keyboard.press('Alt+ArrowUp');
		await ana.getByRole('heading', { name: 'general', exact: true }).waitFor();
		await bob.getByRole('link', { name: /harvest.*1 new message/ }).waitFor();
		await bob.keyboard.press('Alt+Shift+ArrowDown');
		await expectTexts(bob, ['ripe']);
		await bob.keyboard.press('Control+k');
		await bob.keyboard.type('gen');
		await expect(bob.getByRole('option').first()).toContainText('general');
		await bob.keyboard.press('Enter');
		await bob.getByRole('heading', { name: 'general', exact: true }).waitFor();

		// Writing, editing, deleting; names and marks.
		await tabTo(ana, /^Message #general$/);
		await type(ana, 'hello');
		await type(bob, 'hi');
		await expectTexts(ana, ['hello', 'hi']);
		await ana.keyboard.press('ArrowUp');
		await expect(ana.getByLabel('Edit message')).toBeFocused();
		await ana.keyboard.press('End');
		await type(ana, ' there');
		await expectTexts(bob, ['hello there(edited)', 'hi']);
		await tabTo(bob, /^You, /, 'Shift+Tab');
		await bob.keyboard.press('ArrowUp');
		await expect(messages(bob).first()).toBeFocused();
		await bob.keyboard.press('ArrowDown');
		await tabTo(bob, /^Delete$/);
		await bob.keyboard.press('Enter');
		await tabTo(bob, /^Delete$/);
		await bob.keyboard.press('Enter');
		await expectTexts(ana, ['hello there(edited)']);

		// A profile, a direct message, a call.
		await tabTo(bob, /ana ?Owner/);
		await bob.keyboard.press('Enter');
		await tabTo(bob, /^DM$/);
		await bob.keyboard.press('Enter');
		await bob.getByRole('heading', { name: 'ana', exact: true }).waitFor();
		await tabTo(bob, /^Message ana$/);
		await type(bob, 'just us');
		await ana.keyboard.press('Alt+Shift+ArrowDown');
		await expectTexts(ana, ['just us']);
		await tabTo(bob, /^Call ana$/);
		await bob.keyboard.press('Enter');
		await ana.getByRole('button', { name: 'Accept' }).waitFor();
		await tabTo(ana, /^Accept$/);
		await ana.keyboard.press('Enter');
		await expect(bob.getByText('Voice connected').first()).toBeVisible();
		await ana.keyboard.press('Control+Shift+m');
		await ana.getByRole('button', { name: 'Unmute' }).first().waitFor();
		await tabTo(bob, /^Hang up$/);
		await bob.keyboard.press('Enter');
		await expect(ana.getByText('The call with bob is over.')).toBeVisible();

		// Friends: searched for, removed and added again.
		await tabTo(ana, /^Search Users$/);
		await ana.keyboard.press('Enter');
		await expect(ana.getByRole('searchbox')).toBeFocused();
		await ana.keyboard.type('bob');
		await expect(ana.getByRole('region', { name: 'Search results' })).toContainText('Friend');
		await tabTo(ana, /^Remove friend bob$/);
		await ana.keyboard.press('Enter');
		await tabTo(ana, /^Remove friend$/);
		await ana.keyboard.press('Enter');
		await expect(ana.getByText('No friends yet')).toBeVisible();
		await tabTo(ana, /^Add Friend bob$/);
		await ana.keyboard.press('Enter');
		await expect(ana.getByRole('region', { name: 'Search results' })).toContainText('Friend');
		await expect(ana.getByText('No friends yet')).toHaveCount(0);

		// Settings, a voice channel, the server's end, and out.
		await tabTo(ana, /^Settings$/);
		await ana.keyboard.press('Enter');
		await choose(ana, /^User settings$/);
		await tabTo(ana, /^Appearance$/);
		await ana.keyboard.press('Enter');
		await tabTo(ana, /^System theme/);
		await ana.keyboard.press('ArrowDown');
		await ana.keyboard.press('ArrowDown');
		await expect(ana.locator('html')).toHaveAttribute('data-theme', 'dark');
		await ana.keyboard.press('Escape');
		await tabTo(ana, /^Garden/);
		await ana.keyboard.press('Enter');
		await ana.getByRole('heading', { name: 'general', exact: true }).waitFor();
		await tabTo(ana, /^Create a voice channel$/);
		await ana.keyboard.press('Enter');
		await type(ana, 'bench');
		await tabTo(ana, /^Join voice channel bench$/);
		await ana.keyboard.press('Enter');
		await expect(ana.getByText('Voice connected').first()).toBeVisible();
		await tabTo(ana, /^Leave Voice$/);
		await ana.keyboard.press('Enter');
		await expect(ana.getByText('Voice connected')).toHaveCount(0);
		await ana.keyboard.press('Control+/');
		await expect(ana.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
		await ana.keyboard.press('Escape');
		await tabTo(ana, /^Garden: server menu$/);
		await ana.keyboard.press('Enter');
		await choose(ana, /^Server settings$/);
		await tabTo(ana, /^Delete server$/);
		await ana.keyboard.press('Enter');
		await tabTo(ana, /^Delete server$/);
		await ana.keyboard.press('Enter');
		await expect(bob.getByText('Garden was deleted.')).toBeVisible();
		await tabTo(ana, /^Settings$/);
		await ana.keyboard.press('Enter');
		await choose(ana, /^Log out$/);
		await ana.getByRole('button', { name: 'Login' }).waitFor();
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
