import { devices, expect, test, type Locator, type Page } from '@playwright/test';
import { Program } from './program';
import { composer, drawPicture, expectTexts, PASSWORD, readCode, say, signUp } from './steps';
import { expectHeard, expectSeen, voiceContext, withFakeDevices } from './voice';

const { defaultBrowserType: _, ...phone } = devices['Pixel 7'];
test.use(withFakeDevices);

/** Opens the drawer, and presses something in it. */
async function navigate(page: Page, role: 'link' | 'button', name: string | RegExp): Promise<void> {
	await page.getByRole('button', { name: 'Open navigation' }).tap();
	await page.getByRole('dialog', { name: 'Navigation' }).getByRole(role, { name }).last().tap();
}

async function choose(page: Page, menu: string | RegExp, item: string): Promise<void> {
	await navigate(page, 'button', menu);
	await page.getByRole('menuitem', { name: item }).tap();
}

/** Opens a section of one's own settings. */
async function openSettings(page: Page, section: string): Promise<Locator> {
	await choose(page, /^Settings$/, 'User settings');
	const settings = page.getByRole('dialog', { name: 'User settings' });
	await settings.getByRole('button', { name: section, exact: true }).tap();
	return settings;
}

async function confirm(page: Page, action: string): Promise<void> {
	await page.getByRole('dialog').last().getByRole('button', { name: action, exact: true }).tap();
}

async function logIn(page: Page, name: string, password: string): Promise<void> {
	await page.getByLabel('Username').fill(name);
	await page.getByLabel('Password', { exact: true }).fill(password);
	await page.getByRole('button', { name: 'Login' }).tap();
	await expect(page.getByRole('button', { name: 'Open navigation' })).toBeVisible();
}

async function join(page: Page, code: string, channel = 'general'): Promise<void> {
	await navigate(page, 'button', 'Join a server');
	await page.getByLabel('Invite code or link').fill(code);
	await page.getByRole('button', { name: 'Join', exact: true }).tap();
	await expect(page.getByRole('heading', { name: channel, exact: true })).toBeVisible();
}

test('two people with nothing but their phones', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const options = { ...phone, viewport: { width: 390, height: 844 } };
	const contexts = [await voiceContext(browser, options), await voiceContext(browser, options)] as const;
	try {
		const [ana, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];

		// An account by a link, a server by a code.
		await signUp(ana, program.url, 'ana');
		await choose(ana, /^Settings$/, 'Generate Invite');
		await bob.goto(`${program.url}/#invite=${await readCode(ana)}`);
		await bob.getByLabel('Username').fill('bob');
		await bob.getByLabel('Password', { exact: true }).fill(PASSWORD);
		await bob.getByRole('button', { name: 'Create Account' }).tap();
		await expect(bob.getByRole('heading', { name: 'Welcome, bob' })).toBeVisible();
		await navigate(ana, 'button', 'Create a server');
		await ana.getByLabel('Server name').fill('Garden');
		await ana.getByRole('button', { name: 'Create', exact: true }).tap();
		await navigate(ana, 'button', 'Invite people');
		await join(bob, await readCode(ana));

		// Writing, and what can be done with what was written.
		await say(ana, 'hello from the *bus*');
		await expectTexts(bob, ['hello from the bus']);
		await say(bob, 'hi');
		await bob.locator('article').last().locator('.bubble').tap();
		await bob.getByRole('button', { name: 'Delete' }).tap();
		await bob.getByRole('dialog').getByRole('button', { name: 'Delete' }).tap();
		await expectTexts(ana, ['hello from the bus']);

		// From the members to a profile, and to a direct message.
		await bob.getByRole('button', { name: 'Show members' }).tap();
		await bob.getByRole('dialog', { name: 'Members' }).getByRole('button', { name: /ana/ }).tap();
		await bob.getByRole('dialog', { name: 'Profile' }).getByRole('button', { name: 'DM' }).tap();
		await expect(bob.getByRole('textbox', { name: 'Message ana' })).toBeVisible();
		await say(bob, 'just us');
		await expect(ana).toHaveTitle(/^\(1\)/);
		await navigate(ana, 'link', 'Home');
		await navigate(ana, 'link', /^bob/);
		await expectTexts(ana, ['just us']);

		// A call, and a voice channel with a picture.
		await ana.getByRole('button', { name: 'Call bob' }).tap();
		await bob.getByRole('alertdialog', { name: 'ana is calling' }).getByRole('button', { name: 'Accept' }).tap();
		await expectHeard(ana, 1);
		await expectHeard(bob, 1);
		await bob.getByRole('button', { name: 'Hang up' }).first().tap();
		await expect(ana.getByText('The call with bob is over.')).toBeVisible();
		await navigate(ana, 'link', 'Garden');
		await choose(ana, /^Settings$/, 'Create Voice Channel');
		await ana.getByLabel('Channel name').fill('bench');
		await ana.getByRole('button', { name: 'Create', exact: true }).tap();
		await navigate(ana, 'link', 'Join voice channel bench');
		await navigate(bob, 'link', 'Garden');
		await navigate(bob, 'link', 'Join voice channel bench');
		await expectHeard(bob, 1);
		await ana.getByRole('button', { name: 'Turn camera on' }).first().tap();
		await expectSeen(bob, 1);
		for (const page of [ana, bob]) await page.getByRole('button', { name: 'Leave Voice' }).first().tap();

		// Friends: blocked, unblocked, found again.
		await navigate(bob, 'link', 'Home');
		await navigate(bob, 'link', /^Friends/);
		await bob.getByRole('button', { name: 'Block ana' }).tap();
		await bob.getByRole('dialog').getByRole('button', { name: 'Block' }).tap();
		await expect(bob.getByText('No friends yet')).toBeVisible();
		await choose(bob, /^Settings$/, 'User settings');
		await bob.getByRole('dialog').getByRole('button', { name: 'Privacy' }).tap();
		await bob.getByRole('button', { name: 'Unblock ana' }).tap();
		await expect(bob.getByText('You have blocked nobody.')).toBeVisible();
		await bob.getByRole('dialog').getByRole('button', { name: 'Close' }).tap();
		await bob.getByRole('searchbox', { name: 'Search Users' }).fill('an');
		await bob.getByRole('button', { name: 'Add Friend ana' }).tap();
		await expect(bob.getByRole('button', { name: 'DM ana' }).first()).toBeVisible();

		// A member goes, a server too, and out.
		await navigate(ana, 'button', 'Configure Garden');
		const settings = ana.getByRole('dialog', { name: 'Garden: settings' });
		await settings.getByRole('button', { name: 'Members', exact: true }).tap();
		await settings.getByRole('button', { name: 'Kick bob' }).tap();
		await ana.getByRole('dialog').last().getByRole('button', { name: 'Kick', exact: true }).tap();
		await expect(bob.getByText('You were removed from Garden.')).toBeVisible();
		await settings.getByRole('button', { name: 'General', exact: true }).tap();
		await settings.getByRole('button', { name: 'Delete server' }).tap();
		await ana.getByRole('dialog').last().getByRole('button', { name: 'Delete server' }).tap();
		await expect(ana.getByRole('heading', { name: 'Welcome, ana' })).toBeVisible();
		await choose(ana, /^Settings$/, 'Log out');
		await expect(ana.getByRole('button', { name: 'Login' })).toBeVisible();
		await expect(composer(ana)).toHaveCount(0);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});

test('accounts, requests and rights with nothing but phones', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const options = { ...phone, viewport: { width: 390, height: 844 } };
	const contexts = [await browser.newContext(options), await browser.newContext(options), await browser.newContext(options)] as const;
	try {
		const [ana, bob, spare] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page, Page];
		const close = (settings: Locator): Promise<void> => settings.getByRole('button', { name: 'Close' }).tap();

		// Whoever comes from now on is asked before somebody is their friend.
		await signUp(ana, program.url, 'ana');
		let panel = await openSettings(ana, 'Administration');
		await panel.getByRole('radio', { name: 'They are asked first' }).tap();
		await close(panel);
		await choose(ana, /^Settings$/, 'Generate Invite');
		await signUp(bob, program.url, 'bob', await readCode(ana));
		await navigate(bob, 'link', /^Friends/);
		await bob.getByRole('button', { name: 'Remove friend ana' }).tap();
		await confirm(bob, 'Remove friend');
		await navigate(ana, 'link', /^Friends/);
		const ask = async (): Promise<void> => {
			await ana.getByRole('searchbox', { name: 'Search Users' }).fill('bo');
			await ana.getByRole('button', { name: 'Add Friend bob' }).tap();
			await expect(ana.getByRole('region', { name: 'Requests sent' })).toContainText('bob');
		};
		await ask();
		await bob.getByRole('button', { name: 'Deny ana' }).tap();
		await expect(ana.getByRole('region', { name: 'Requests sent' })).toHaveCount(0);
		await ask();
		await ana.getByRole('button', { name: 'Cancel request to bob' }).tap();
		await expect(bob.getByRole('region', { name: 'Requests for you' })).toHaveCount(0);
		await ask();
		await bob.getByRole('button', { name: 'Approve ana' }).tap();
		const friend = ana.getByRole('region', { name: 'Friends', exact: true }).getByRole('listitem');
		await expect(friend).toContainText('bob');

		// A face, out of the phone's pictures.
		const own = await openSettings(bob, 'Profile');
		const [chooser] = await Promise.all([bob.waitForEvent('filechooser'), own.getByRole('button', { name: 'Choose a picture' }).tap()]);
		await chooser.setFiles({ name: 'me.png', mimeType: 'image/png', buffer: await drawPicture(bob, 600, 800) });
		await own.getByRole('button', { name: 'Save avatar' }).tap();
		await expect(friend.locator('.avatar img')).toBeVisible();
		await close(own);

		// A server: what a member may do, and who must not come back.
		await navigate(ana, 'button', 'Create a server');
		await ana.getByLabel('Server name').fill('Garden');
		await ana.getByRole('button', { name: 'Create', exact: true }).tap();
		await navigate(ana, 'button', 'Invite people');
		await join(bob, await readCode(ana));
		await navigate(ana, 'button', 'Configure Garden');
		const settings = ana.getByRole('dialog', { name: 'Garden: settings' });
		await settings.getByRole('button', { name: 'Members', exact: true }).tap();
		await settings.getByLabel('Create channels, bob').tap();
		await navigate(bob, 'button', 'Create a channel');
		await bob.getByLabel('Channel name').fill('harvest');
		await bob.getByRole('button', { name: 'Create', exact: true }).tap();
		await expect(bob.getByRole('heading', { name: 'harvest', exact: true })).toBeVisible();
		await settings.getByRole('button', { name: 'Ban bob' }).tap();
		await confirm(ana, 'Ban');
		await expect(bob.getByText('You were banned from Garden.')).toBeVisible();
		await settings.getByRole('button', { name: 'Unban bob' }).tap();
		await expect(settings.getByRole('button', { name: 'Unban bob' })).toHaveCount(0);
		await close(settings);
		await navigate(ana, 'button', 'Invite people');
		await join(bob, await readCode(ana), 'harvest');

		// Handed over, and left.
		await navigate(ana, 'button', 'Configure Garden');
		await settings.getByLabel('New owner').selectOption('bob');
		await settings.getByRole('button', { name: 'Hand over' }).tap();
		await confirm(ana, 'Hand over');
		await settings.getByRole('button', { name: 'Leave server' }).tap();
		await confirm(ana, 'Leave server');
		await expect(ana.getByRole('heading', { name: 'Welcome, ana' })).toBeVisible();
		await navigate(bob, 'button', 'Configure Garden');
		await expect(bob.getByRole('button', { name: 'Delete server' })).toBeVisible();
		await close(bob.getByRole('dialog', { name: 'Garden: settings' }));

		// Another device is seen and logged out, and so it is by a new password.
		await spare.goto(program.url);
		await logIn(spare, 'bob', PASSWORD);
		await openSettings(bob, 'Sessions');
		await own.getByRole('button', { name: /^Log out/ }).tap();
		await expect(spare.getByRole('button', { name: 'Login' })).toBeVisible();
		await logIn(spare, 'bob', PASSWORD);
		await own.getByRole('button', { name: 'Account', exact: true }).tap();
		await own.getByLabel('Present password').fill(PASSWORD);
		await own.getByLabel('New password').fill('another horse 8');
		await own.getByRole('button', { name: 'Change password' }).tap();
		await expect(spare.getByRole('button', { name: 'Login' })).toBeVisible();

		// Forgotten: a link of the owner's helps.
		panel = await openSettings(ana, 'Administration');
		await panel.getByRole('button', { name: 'Make a reset link for bob' }).tap();
		await spare.goto(await panel.getByLabel('Link for a new password').inputValue());
		await spare.getByLabel('New password').fill('remember this');
		await spare.getByRole('button', { name: 'Set password' }).tap();
		await expect(bob.getByText('You were logged out. Please log in again.')).toBeVisible();
		await logIn(bob, 'bob', 'remember this');

		// One account goes by itself, one is removed.
		await openSettings(bob, 'Account');
		await own.getByLabel('Your password, to be sure').fill('remember this');
		await own.getByRole('button', { name: 'Delete account' }).tap();
		await expect(bob.getByRole('button', { name: 'Login' })).toBeVisible();
		await close(panel);
		await choose(ana, /^Settings$/, 'Generate Invite');
		await signUp(spare, program.url, 'cyd', await readCode(ana));
		await openSettings(ana, 'Administration');
		await expect(panel.getByRole('listitem')).toHaveCount(2);
		await panel.getByRole('button', { name: 'Remove the account cyd' }).tap();
		const form = panel.getByRole('form', { name: 'Remove the account cyd' });
		await form.getByLabel('Your own password').fill(PASSWORD);
		await form.getByRole('button', { name: 'Remove' }).tap();
		await expect(spare.getByText('You were logged out. Please log in again.')).toBeVisible();
		await expect(panel.getByRole('listitem')).toHaveCount(1);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
