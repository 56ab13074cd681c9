import { devices, expect, test, type Browser, type Page } from '@playwright/test';
import { expectAccessible, picture } from './looks';
import { Program } from './program';
import { accountInvite, composer, createServer, joinServer, messages, readCode, say, serverInvite, signUp } from './steps';

// Every main screen, in both colour schemes and on a phone: seen by axe, and kept as a picture in screenshots/.

test.describe.configure({ mode: 'serial' });

let program: Program;
let state: Awaited<ReturnType<typeof populate>>;

test.beforeAll(async ({ browser }) => {
	test.setTimeout(180_000);
	program = await Program.start('--limits', 'off');
	state = await populate(browser);
});

test.afterAll(async () => {
	await program.remove();
});

async function populate(browser: Browser) {
	const contexts = [];
	const pages: Page[] = [];
	for (const name of ['maria', 'Jonas K', 'li.wei', 'sofia']) {
		const context = await browser.newContext();
		const page = await context.newPage();
		const code = pages[0] === undefined ? undefined : await accountInvite(pages[0]);
		await signUp(page, program.url, name.replace(' ', '_'), code);
		contexts.push(context);
		pages.push(page);
	}
	const [maria, jonas, li] = pages as [Page, Page, Page, Page];
	await createServer(maria, 'Community Garden');
	for (const page of [jonas, li]) await joinServer(page, await serverInvite(maria));
	for (const name of ['harvest', 'tool-shed'] as const) {
		await maria.getByRole('button', { name: 'Create a channel' }).click();
		await maria.getByLabel('Channel name').fill(name);
		await maria.getByRole('button', { name: 'Create', exact: true }).click();
		await expect(maria.getByRole('heading', { name, exact: true })).toBeVisible();
	}
	await maria.getByRole('link', { name: 'general' }).click();
	await say(maria, 'Good morning! The seed delivery came yesterday, everything is in the shed.');
	await say(maria, 'Who has time on Saturday?');
	await expect(messages(jonas)).toHaveCount(2);
	await say(jonas, 'I do, from ten or so. Shall I bring the wheelbarrow?');
	await expect(messages(li)).toHaveCount(3);
	await say(li, 'Me too!');
	await say(li, 'There is a good plan for the raised beds here: https://example.org/raised-beds (scroll down to the second drawing, the first one wastes too much wood).');
	await expect(messages(maria)).toHaveCount(5);
	await say(maria, 'Perfect. Then let us meet **at ten**, @Jonas_K:\n\n- wheelbarrow: Jonas\n- drill and screws: me\n- coffee: whoever wakes up first');
	await say(maria, 'Rain is forecast for the afternoon, so we should be done by two.');
	await expect(messages(jonas)).toHaveCount(7);
	await say(jonas, 'Fine.');
	await expect(jonas.locator('article.sending')).toHaveCount(0);
	await composer(jonas).press('ArrowUp');
	await jonas.getByLabel('Edit message').fill('Fine. Coffee is on me.');
	await jonas.getByLabel('Edit message').press('Enter');
	await expect(messages(maria)).toHaveCount(8);

	await maria.getByRole('link', { name: 'Home' }).click();
	await maria.getByRole('link', { name: 'Friends' }).click();
	for (const name of ['li.wei', 'Jonas_K']) {
		await maria.getByRole('link', { name: 'Friends' }).click();
		await maria.getByRole('button', { name: `DM ${name}` }).click();
		await say(maria, name === 'li.wei' ? 'Thanks for the drawing!' : 'Do you still have the long drill?');
	}
	await expect(messages(maria)).toHaveCount(1);
	await maria.getByRole('link', { name: 'Community Garden' }).click();
	await expect(messages(maria)).toHaveCount(8);
	const channel = new URL(maria.url()).pathname;
	await maria.getByRole('link', { name: 'Home' }).click();
	await maria.getByRole('link', { name: /^Jonas_K/ }).click();
	await expect(messages(maria)).toHaveCount(1);
	const dm = new URL(maria.url()).pathname;
	const cookies = await contexts[0]?.storageState();
	const friend = await contexts[2]?.storageState();
	const newcomer = await contexts[3]?.storageState();
	for (const context of contexts) await context.close();
	return { channel, dm, cookies, newcomer, friend };
}

for (const scheme of ['light', 'dark'] as const) {
	for (const device of ['desk', 'phone'] as const) {
		test(`${device}, ${scheme}`, async ({ browser }) => {
			const { defaultBrowserType: _, ...phone } = devices['Pixel 7'];
			const options = device === 'phone' ? { ...phone, viewport: { width: 390, height: 844 } } : { viewport: { width: 1280, height: 800 } };
			const name = (screen: string): string => `${device}-${scheme}-${screen}`;

			const outside = await browser.newContext({ ...options, colorScheme: scheme });
			const login = await outside.newPage();
			await login.goto(program.url);
			await expect(login.getByRole('button', { name: 'Login' })).toBeVisible();
			await expectAccessible(login);
			await picture(login, name('login'));
			await login.getByRole('button', { name: 'Sign Up' }).click();
			await login.getByRole('button', { name: 'Create Account' }).click();
			await expect(login.getByText('Enter a username.')).toBeVisible();
			await expectAccessible(login);
			await picture(login, name('signup'));
			await outside.close();

			const fresh = await browser.newContext({ ...options, colorScheme: scheme, ...(state.newcomer && { storageState: state.newcomer }) });
			const home = await fresh.newPage();
			await home.goto(program.url);
			await expect(home.getByRole('heading', { name: 'Welcome, sofia' })).toBeVisible();
			await expectAccessible(home);
			await picture(home, name('home'));
			await fresh.close();

			const inside = await browser.newContext({ ...options, colorScheme: scheme, ...(state.cookies && { storageState: state.cookies }) });
			const page = await inside.newPage();
			await page.goto(`${program.url}${state.channel}`);
			await expect(messages(page)).toHaveCount(8);
			if (device === 'desk') {
				await expect(page.getByRole('complementary', { name: 'Members' }).getByText('li.wei')).toBeVisible();
				await messages(page).nth(6).hover();
			}
			await expectAccessible(page);
			await picture(page, name('channel'));

			await composer(page).press('ArrowUp');
			await expect(page.getByLabel('Edit message')).toBeVisible();
			await picture(page, name('edit'));
			await page.keyboard.press('Escape');

			if (device === 'phone') await page.getByRole('button', { name: 'Open navigation' }).click();
			await page.getByRole('button', { name: 'Settings' }).click();
			await expect(page.getByRole('menu')).toBeVisible();
			await expectAccessible(page);
			await picture(page, name('menu'));
			await page.keyboard.press('Escape');
			if (device === 'phone') await page.keyboard.press('Escape');
			await page.keyboard.press('Control+k');
			await expect(page.getByRole('option', { name: 'tool-shed' })).toBeVisible();
			await expectAccessible(page);
			await picture(page, name('switcher'));
			await page.keyboard.press('Escape');
			await messages(page).nth(3).getByRole('button', { name: 'li.wei' }).click();
			await expect(page.getByRole('dialog', { name: 'Profile' })).toContainText(device === 'desk' ? 'Community Garden' : 'li.wei');
			await expectAccessible(page);
			await picture(page, name('person'));
			await page.keyboard.press('Escape');
			if (device === 'phone') await messages(page).nth(6).locator('.bubble').click();
			else await messages(page).nth(6).hover();
			await messages(page).nth(6).getByRole('button', { name: 'Delete' }).click();
			await expectAccessible(page);
			await picture(page, name('delete'));
			await page.keyboard.press('Escape');
			await page.keyboard.press('Control+/');
			await expectAccessible(page);
			await picture(page, name('keys'));
			await page.keyboard.press('Escape');
			await page.getByRole('button', { name: 'Formatting' }).click();
			await page.getByRole('button', { name: 'Emoji' }).click();
			await expect(page.getByRole('dialog', { name: 'Emoji' }).getByRole('menuitem', { name: /grinning face/ }).first()).toBeVisible();
			await picture(page, name('emoji'));
			await page.keyboard.press('Escape');
			await page.getByRole('button', { name: 'Formatting' }).click();
			if (device === 'phone') await page.getByRole('button', { name: 'Open navigation' }).click();
			await page.getByRole('button', { name: 'Settings' }).click();
			await page.getByRole('menuitem', { name: 'Generate Invite' }).click();
			await expect(page.getByLabel('Invite link')).toBeVisible();
			await expectAccessible(page);
			await picture(page, name('invite'));
			await readCode(page);

			const settings = page.getByRole('dialog').last();
			const section = (label: string) => settings.getByRole('button', { name: label, exact: true }).click();
			if (device === 'phone') await page.getByRole('button', { name: 'Open navigation' }).click();
			await page.getByRole('button', { name: 'Community Garden: server menu' }).click();
			await page.getByRole('menuitem', { name: 'Server settings' }).click();
			await expect(settings.getByLabel('Server name')).toBeVisible();
			await expectAccessible(page);
			await picture(page, name('server-general'));
			await section('Channels');
			await settings.getByRole('button', { name: 'Edit channel harvest' }).click();
			await expectAccessible(page);
			await picture(page, name('server-channels'));
			await section('Invites');
			await settings.getByRole('button', { name: 'Create' }).click();
			await expect(settings.getByText('1 of 1 uses left').first()).toBeVisible();
			await expectAccessible(page);
			await picture(page, name('server-invites'));
			await section('Members');
			await expect(settings.getByRole('button', { name: 'Kick li.wei' })).toBeVisible();
			await expectAccessible(page);
			await picture(page, name('server-members'));
			await page.keyboard.press('Escape');

			if (device === 'phone') await page.getByRole('button', { name: 'Open navigation' }).click();
			await page.getByRole('button', { name: 'Settings', exact: true }).click();
			await page.getByRole('menuitem', { name: 'User settings' }).click();
			await settings.getByRole('button', { name: '🌻' }).click();
			await expectAccessible(page);
			await picture(page, name('user-profile'));
			for (const label of ['Privacy', 'Appearance', 'Notifications', 'Voice and video', 'Keyboard', 'Invites', 'Sessions', 'Account', 'Administration']) {
				await section(label);
				if (label === 'Sessions') await expect(settings.getByText('this device')).toBeVisible();
				await expectAccessible(page);
				await picture(page, name(`user-${label.toLowerCase().replaceAll(' ', '-')}`));
			}
			await page.keyboard.press('Escape');

			// Something new from li.wei, unseen, then looked at.
			const away = await browser.newContext({ ...options, ...(state.friend && { storageState: state.friend }) });
			const li = await away.newPage();
			await li.goto(`${program.url}${state.channel}`);
			await page.goto(`${program.url}/friends`);
			await expect(composer(li)).toBeVisible();
			await say(li, 'I found two more planks in the cellar.');
			await say(li, 'Shall I bring them along?');
			await expect(page).toHaveTitle(/^\(2\)/);
			if (device === 'phone') await page.getByRole('button', { name: 'Open navigation' }).click();
			await page.getByRole('link', { name: /^Community Garden, 2/ }).click();
			await composer(li).pressSequentially('And');
			await expect(page.getByText('li.wei is typing…')).toBeVisible();
			await expect(page.locator('.new')).toBeVisible();
			await expectAccessible(page);
			await picture(page, name('new'));
			await composer(li).fill('');
			await page.goto(`${program.url}/friends`);
			await expect(page.getByRole('searchbox', { name: 'Search Users' })).toBeVisible();
			await say(li, 'Never mind.');
			await expect(page).toHaveTitle(/^\(1\)/);
			for (let n = 3; n > 0; n--) {
				await composer(li).press('ArrowUp');
				await li.getByLabel('Edit message').fill('');
				await li.getByLabel('Edit message').press('Enter');
				await li.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
				await expect(messages(li)).toHaveCount(7 + n);
			}
			await expect(page).not.toHaveTitle(/^\(/);
			await away.close();

			await page.goto(`${program.url}/friends`);
			await page.getByRole('searchbox', { name: 'Search Users' }).fill('so');
			await expect(page.getByRole('region', { name: 'Search results' })).toContainText('sofia');
			await expectAccessible(page);
			await picture(page, name('friends'));

			await page.goto(`${program.url}${state.dm}`);
			await expect(messages(page)).toHaveCount(1);
			await composer(page).fill('The long one, for the beams.\nAnd a second line,\nand a third.');
			await expectAccessible(page);
			await picture(page, name('dm'));
			await composer(page).fill('');
			await inside.close();
		});
	}
}
