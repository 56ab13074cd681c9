import { expect, test, type Locator, type Page } from '@playwright/test';
import { Program } from './program';
import { drawPicture, expectTexts, messages, PASSWORD } from './steps';
import { expectSeen, voiceContext, withFakeDevices } from './voice';

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

/** Presses a key on something that Tab leads to. */
async function press(target: Locator, key = 'Enter', way = 'Tab'): Promise<void> {
	await target.waitFor();
	const page = target.page();
	for (let n = 0; n < 150; n++) {
		if (await target.evaluate((element) => element === document.activeElement)) {
			await page.keyboard.press(key);
			return;
		}
		await page.keyboard.press(way);
	}
	throw new Error(`${way} never came to ${String(target)}, but to ${await focused(page)}`);
}

/** Writes into a field that Tab leads to, in place of what it says. */
async function fill(field: Locator, text: string): Promise<void> {
	await press(field, 'Control+a');
	await field.page().keyboard.type(text);
}

async function open(page: Page, menu: string | RegExp, item: RegExp): Promise<void> {
	await press(page.getByRole('button', { name: menu, exact: true }));
	await choose(page, item);
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
		await ana.getByRole('heading', { name: 'harvest', exact: true }).waitFor();
		await ana.keyboard.press('Alt+ArrowUp');
		await ana.getByRole('heading', { name: 'general', exact: true }).waitFor();
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
		await tabTo(ana, /^Voice and video$/, 'Shift+Tab');
		await ana.keyboard.press('Enter');
		await tabTo(ana, /^Check now$/);
		await ana.keyboard.press('Enter');
		await expect(ana.getByText('Everything works.')).toBeVisible({ timeout: 20_000 });
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
		await tabTo(bob, /^Garden/);
		await bob.keyboard.press('Enter');
		await tabTo(bob, /^Join voice channel bench/);
		await bob.keyboard.press('Enter');
		await tabTo(ana, /^Share screen$/);
		await ana.keyboard.press('Enter');
		await expectSeen(bob, 1);
		await tabTo(bob, /^Leave Voice$/);
		await bob.keyboard.press('Enter');
		await tabTo(ana, /^Stop sharing$/);
		await ana.keyboard.press('Enter');
		await ana.getByRole('button', { name: 'Share screen' }).first().waitFor();
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

test('settings, rights and requests with the keyboard alone', async ({ browser }) => {
	const program = await Program.start('--limits', 'off', '--friends', 'ask');
	const contexts = [await browser.newContext(), await browser.newContext(), await browser.newContext()] as const;
	try {
		const [ana, bob, cyd] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page, Page];
		await signUp(ana, program.url, 'ana');
		for (const [page, name] of [[bob, 'bob'], [cyd, 'cyd']] as const) {
			await press(ana.getByRole('group', { name: 'People' }).getByRole('button', { name: 'Generate Invite' }));
			await signUp(page, program.url, name, await generated(ana));
		}
		const settings = (page: Page): Locator => page.getByRole('dialog').last();
		const button = (page: Page, name: string | RegExp): Locator => page.getByRole('button', { name, exact: true }).first();

		// Requests: denied, cancelled, approved; somebody is blocked and unblocked.
		const ask = async (): Promise<void> => {
			await press(button(bob, 'Search Users'));
			await fill(bob.getByRole('searchbox'), 'cyd');
			await press(button(bob, 'Add Friend cyd'));
			await bob.getByRole('region', { name: 'Requests sent' }).waitFor();
		};
		await press(cyd.getByRole('link', { name: /^Friends/ }));
		await ask();
		await press(button(cyd, 'Deny bob'));
		await expect(bob.getByRole('region', { name: 'Requests sent' })).toHaveCount(0);
		await ask();
		await press(button(bob, 'Cancel request to cyd'));
		await expect(button(cyd, 'Deny bob')).toHaveCount(0);
		await ask();
		await press(button(cyd, 'Approve bob'));
		await press(button(cyd, 'Block bob'));
		await press(settings(cyd).getByRole('button', { name: 'Block' }));
		await expect(cyd.getByRole('region', { name: 'Friends', exact: true }).getByText('bob')).toHaveCount(0);
		await open(cyd, 'Settings', /^User settings$/);
		await press(button(cyd, 'Privacy'));
		await press(button(cyd, 'Unblock bob'));
		await settings(cyd).getByText('You have blocked nobody.').waitFor();
		await press(settings(cyd).getByLabel('Ask me first'), 'ArrowUp');
		await expect(settings(cyd).getByLabel('Anyone can add me')).toBeChecked();

		// A face and a name, the password, the look.
		await press(button(cyd, 'Profile'), 'Enter', 'Shift+Tab');
		await press(button(cyd, '🦊'));
		await press(button(cyd, 'Save avatar'));
		await expect(settings(cyd).getByText('Saved.').or(cyd.getByText('Saved.')).first()).toBeVisible();
		const chooser = cyd.waitForEvent('filechooser');
		await press(button(cyd, 'Choose a picture'));
		await (await chooser).setFiles({ name: 'me.png', mimeType: 'image/png', buffer: await drawPicture(cyd, 300, 200) });
		await press(button(cyd, 'Save avatar'));
		await settings(cyd).getByRole('button', { name: 'Remove avatar' }).waitFor();
		await expect(settings(cyd).locator('.avatar img')).toBeVisible();
		await fill(settings(cyd).getByRole('textbox', { name: 'Display name' }), 'Cydonia');
		await cyd.keyboard.press('Enter');
		await expect(cyd.getByText('Cydonia').first()).toBeAttached();
		await press(button(cyd, 'Account'), 'Enter', 'Shift+Tab');
		await fill(settings(cyd).getByLabel('Present password'), PASSWORD);
		await fill(settings(cyd).getByLabel('New password'), 'another horse 8');
		await cyd.keyboard.press('Enter');
		await expect(settings(cyd).getByLabel('Present password')).toHaveValue('');
		await press(button(cyd, 'Notifications'), 'Enter', 'Shift+Tab');
		await settings(cyd).getByLabel('Show notifications').waitFor();
		await press(button(cyd, 'Invites'));
		await press(button(cyd, 'Create'));
		await settings(cyd).getByText('1 of 1 uses left').waitFor();
		await press(button(cyd, /^Revoke/));
		await settings(cyd).getByText('None at the moment.').waitFor();
		await cyd.keyboard.press('Escape');

		// A server: its name, its channels, what members may, who goes and who takes over.
		await press(button(ana, 'Create a server'));
		await type(ana, 'Garden');
		await ana.getByRole('heading', { name: 'general', exact: true }).waitFor();
		for (const page of [bob, cyd]) {
			await open(ana, 'Garden: server menu', /^Invite people$/);
			const code = await generated(ana);
			await press(button(page, 'Join a server').first());
			await type(page, code);
			await page.getByRole('heading', { name: 'general', exact: true }).waitFor();
		}
		await open(ana, 'Garden: server menu', /^Server settings$/);
		await fill(settings(ana).getByLabel('Server name'), 'Allotment');
		await ana.keyboard.press('Enter');
		await bob.getByRole('link', { name: 'Allotment' }).waitFor();
		await press(button(ana, 'Channels'), 'Enter', 'Shift+Tab');
		await fill(settings(ana).getByLabel('Channel name'), 'harvest');
		await ana.keyboard.press('Enter');
		await press(button(ana, 'Move harvest up'));
		await expect(bob.getByRole('navigation', { name: 'Allotment' }).getByRole('link').first()).toHaveText(/harvest/);
		await press(button(ana, 'Delete channel harvest'));
		await press(settings(ana).getByRole('button', { name: 'Delete', exact: true }));
		await expect(bob.getByRole('link', { name: 'harvest' })).toHaveCount(0);
		await press(button(ana, 'Members'), 'Enter', 'Shift+Tab');
		await press(settings(ana).getByLabel('Create channels, bob'), 'Space');
		await button(bob, 'Create a channel').waitFor();
		await press(button(ana, 'Kick cyd'));
		await press(settings(ana).getByRole('button', { name: 'Kick', exact: true }));
		await cyd.getByText('You were removed from Allotment.').waitFor();
		await fill(settings(ana).getByLabel('Ban by username'), 'cyd');
		await ana.keyboard.press('Enter');
		await press(button(ana, 'Unban cyd'));
		await expect(button(ana, 'Unban cyd')).toHaveCount(0);
		await press(button(ana, 'General'), 'Enter', 'Shift+Tab');
		await press(settings(ana).getByLabel('New owner'), 'b');
		await press(button(ana, 'Hand over'));
		await press(settings(ana).getByRole('button', { name: 'Hand over', exact: true }));
		await press(settings(ana).getByRole('button', { name: 'Leave server' }));
		await press(settings(ana).getByRole('button', { name: 'Leave server' }));
		await ana.getByRole('heading', { name: 'Welcome, ana' }).waitFor();

		// The installation: who comes next, a forgotten password, somebody who has to go.
		await open(ana, 'Settings', /^User settings$/);
		await press(button(ana, 'Administration'));
		await press(settings(ana).getByRole('radio', { name: 'As the program was started' }), 'ArrowDown');
		await expect(settings(ana).getByRole('radio', { name: 'Anyone can add them' })).toBeChecked();
		await press(button(ana, 'Make a reset link for cyd'));
		await cyd.goto(await settings(ana).getByLabel('Link for a new password').inputValue());
		await fill(cyd.getByLabel('New password'), 'remember this');
		await cyd.keyboard.press('Enter');
		await cyd.getByText('Your password is set. Log in with it.').waitFor();
		await press(button(ana, 'Remove the account cyd'));
		const form = settings(ana).getByRole('form', { name: 'Remove the account cyd' });
		await fill(form.getByLabel('Your own password'), PASSWORD);
		await ana.keyboard.press('Enter');
		await expect(button(ana, 'Remove the account cyd')).toHaveCount(0);

		// Devices, and the account's end.
		await press(button(ana, 'Sessions'), 'Enter', 'Shift+Tab');
		await settings(ana).getByText('this device').waitFor();
		await press(button(ana, 'Account'));
		await fill(settings(ana).getByLabel('Your password, to be sure'), PASSWORD);
		await ana.keyboard.press('Enter');
		await ana.getByRole('button', { name: 'Login' }).waitFor();
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
