import { devices, expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { composer, expectTexts, PASSWORD, readCode, say, signUp } from './steps';
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

test('two people with nothing but their phones', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const options = { ...phone, viewport: { width: 390, height: 844 } };
	const contexts = [await voiceContext(browser, options), await voiceContext(browser, options)] as const;
	try {
		const [ana, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];

		// An account by a link, a server by a code.
		await signUp(ana, program.url, 'ana');
		await choose(ana, /^Settings$/, 'Generate Invite');
		await bob.goto(`${program.url}/?invite=${await readCode(ana)}`);
		await bob.getByLabel('Username').fill('bob');
		await bob.getByLabel('Password', { exact: true }).fill(PASSWORD);
		await bob.getByRole('button', { name: 'Create Account' }).tap();
		await expect(bob.getByRole('heading', { name: 'Welcome, bob' })).toBeVisible();
		await navigate(ana, 'button', 'Create a server');
		await ana.getByLabel('Server name').fill('Garden');
		await ana.getByRole('button', { name: 'Create', exact: true }).tap();
		await navigate(ana, 'button', 'Invite people');
		const code = await readCode(ana);
		await navigate(bob, 'button', 'Join a server');
		await bob.getByLabel('Invite code or link').fill(code);
		await bob.getByRole('button', { name: 'Join', exact: true }).tap();
		await expect(bob.getByRole('heading', { name: 'general', exact: true })).toBeVisible();

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
