import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { Program } from './program';
import {
	accountInvite,
	composer,
	createServer,
	expectTexts,
	joinServer,
	logIn,
	messages,
	PASSWORD,
	say,
	serverInvite,
	signUp,
} from './steps';

test.describe.configure({ mode: 'serial' });

let program: Program;
let contexts: BrowserContext[] = [];
let ana: Page;
let bob: Page;
const problems: string[] = [];

test.beforeAll(async ({ browser }) => {
	program = await Program.start();
	contexts = [await browser.newContext(), await browser.newContext()];
	const pages = await Promise.all(contexts.map((context) => context.newPage()));
	[ana, bob] = pages as [Page, Page];
	for (const page of pages) {
		page.on('pageerror', (error) => problems.push(String(error)));
		page.on('console', (line) => {
			if (line.text().includes('Content Security Policy')) problems.push(line.text());
		});
	}
});

test.afterAll(async () => {
	for (const context of contexts) await context.close();
	await program.remove();
});

test.afterEach(() => {
	expect(problems).toEqual([]);
});

test('who sets it up by the claim link is not told to leave the code empty', async () => {
	await bob.goto(`${program.url}/#invite=0123456789`);
	await expect(bob.getByRole('heading', { name: 'Set up this Decentra' })).toBeVisible();
	await expect(bob.getByText('Taken from your invite link.')).toBeVisible();
	await expect(bob.getByText('Leave it empty')).toHaveCount(0);
});

test('the first user signs up without a code, the second with an invite, and they are friends', async () => {
	await signUp(ana, program.url, 'ana');
	await expect(ana.getByRole('heading', { name: 'Welcome, ana' })).toBeVisible();
	const code = await accountInvite(ana);

	await bob.goto(`${program.url}/#invite=${code}`);
	await expect(bob.getByLabel('Invite code')).toHaveValue(code);
	await bob.getByLabel('Username').fill('bob');
	await bob.getByLabel('Password', { exact: true }).fill(PASSWORD);
	await bob.getByRole('button', { name: 'Create Account' }).click();
	await expect(bob.getByRole('heading', { name: 'Welcome, bob' })).toBeVisible();
	expect(new URL(bob.url()).hash).toBe('');

	for (const [page, other] of [
		[ana, 'bob'],
		[bob, 'ana'],
	] as const) {
		await page.getByRole('link', { name: 'Friends' }).click();
		await expect(page.getByRole('button', { name: `DM ${other}` })).toBeVisible();
	}
});

test('a used code is refused with a sentence', async ({ browser }) => {
	const context = await browser.newContext();
	const page = await context.newPage();
	await page.goto(`${program.url}/#invite=AAAA1111`);
	await page.getByLabel('Username').fill('carl');
	await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
	await page.getByRole('button', { name: 'Create Account' }).click();
	await expect(page.getByRole('alert')).toBeVisible();
	await context.close();
});

test('both write in a channel and see each other live', async () => {
	await createServer(ana, 'Garden');
	const code = await serverInvite(ana);
	await joinServer(bob, code);
	await expect(ana.getByRole('complementary', { name: 'Members' }).getByText('bob')).toBeVisible();

	await expect(ana.getByRole('log').getByText('bob joined the server')).toBeVisible();

	await say(ana, 'hello bob');
	await expectTexts(bob, ['hello bob']);
	await say(bob, 'hello ana');
	await say(bob, 'second line\nsame message');
	await say(ana, 'see https://example.org/x.');
	const all = ['hello bob', 'hello ana', 'second line same message', 'see https://example.org/x.'];
	await expectTexts(ana, all);
	await expectTexts(bob, all);

	const link = bob.getByRole('log').getByRole('link');
	await expect(link).toHaveAttribute('href', 'https://example.org/x');
	await expect(link).toHaveAttribute('rel', 'noopener noreferrer');
	await expect(messages(ana).nth(0)).toHaveClass(/own/);
	await expect(messages(bob).nth(0)).not.toHaveClass(/own/);
});

test('a new channel appears for everybody', async () => {
	await ana.getByRole('button', { name: 'Create a channel' }).click();
	await ana.getByLabel('Channel name').fill('plants');
	await ana.getByRole('button', { name: 'Create', exact: true }).click();
	await expect(ana.getByRole('heading', { name: 'plants', exact: true })).toBeVisible();
	await ana.getByRole('link', { name: 'general' }).click();
	await expect(bob.getByRole('link', { name: 'plants' })).toBeVisible();
	await expect(bob.getByRole('button', { name: 'Create a channel' })).toHaveCount(0);
});

test('both write in a DM', async () => {
	await ana.getByRole('link', { name: 'Home' }).click();
	await ana.getByRole('link', { name: 'Friends' }).click();
	await ana.getByRole('button', { name: 'DM bob' }).click();
	await expect(ana.getByRole('heading', { name: 'bob', exact: true })).toBeVisible();
	await say(ana, 'psst');

	await expect(bob).toHaveTitle(/^\(1\) /);
	await bob.getByRole('link', { name: /^Home/ }).click();
	await bob.getByRole('link', { name: 'ana 1 new message' }).click();
	await expect(bob).toHaveTitle(/^ana/);
	await expectTexts(bob, ['psst']);
	await say(bob, 'what?');
	await expectTexts(ana, ['psst', 'what?']);
});

test('own messages are edited and deleted, with the keyboard too', async () => {
	await composer(ana).press('ArrowUp');
	const field = ana.getByLabel('Edit message');
	await expect(field).toHaveValue('psst');
	await field.fill('psst!');
	await field.press('Enter');
	await expect(messages(bob).first()).toContainText('psst!');
	await expect(messages(bob).first()).toContainText('edited');
	await expect(composer(ana)).toBeFocused();

	await composer(ana).press('ArrowUp');
	await field.press('Escape');
	await expect(field).toHaveCount(0);

	await say(ana, 'gone soon');
	await expect(messages(bob)).toHaveCount(3);
	await messages(ana).last().hover();
	await messages(ana).last().getByRole('button', { name: 'Delete' }).click();
	await ana.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
	await expect(messages(ana)).toHaveCount(2);
	await expect(messages(bob)).toHaveCount(2);
});

test('a reload shows the same, and the draft', async () => {
	await composer(ana).fill('not yet sent');
	await ana.reload();
	await expect(messages(ana)).toHaveCount(2);
	await expect(messages(ana).first()).toContainText('psst!');
	await expect(composer(ana)).toHaveValue('not yet sent');
	await expect(ana.getByRole('heading', { name: 'bob', exact: true })).toBeVisible();
});

test('the draft of another conversation is another one', async () => {
	await ana.getByRole('link', { name: /^Garden/ }).click();
	await expect(composer(ana)).toHaveValue('');
	await composer(ana).fill('for the garden');
	await ana.goBack();
	await expect(composer(ana)).toHaveValue('not yet sent');
	await ana.goForward();
	await expect(composer(ana)).toHaveValue('for the garden');
});

test('the program stops and starts: open pages come back by themselves and miss nothing', async () => {
	await bob.getByRole('link', { name: /^Garden/ }).click();
	await expect(messages(bob)).toHaveCount(4);
	await program.stop();
	await expect(ana.getByText('Reconnecting…')).toBeVisible();
	await expect(composer(ana)).toHaveValue('for the garden');
	await expect(messages(ana)).toHaveCount(4);

	// Written while nobody answers: it waits, and goes out once.
	await composer(bob).fill('written in the dark');
	await composer(bob).press('Enter');
	await expect(bob.locator('article.sending')).toHaveCount(1);

	await program.start();
	await expect(ana.getByText('Reconnecting…')).toHaveCount(0, { timeout: 30_000 });
	const all = ['hello bob', 'hello ana', 'second line same message', 'see https://example.org/x.', 'written in the dark'];
	await expectTexts(bob, all);
	await expectTexts(ana, all);
	await expect(composer(ana)).toHaveValue('for the garden');

	await ana.reload();
	await expectTexts(ana, all);
});

test('what was changed while a page was offline arrives when it is back', async () => {
	const offline = contexts[1];
	if (offline === undefined) throw new Error('no context');
	await composer(ana).fill('');
	await bob.evaluate(() => undefined);
	await offline.setOffline(true);
	// A browser that is offline keeps an open WebSocket: the page is told to give it up.
	await program.stop();
	await program.start();
	await expect(bob.getByText('Reconnecting…')).toBeVisible();
	await expect(ana.getByText('Reconnecting…')).toHaveCount(0, { timeout: 30_000 });

	await say(ana, 'while you were out');
	await composer(ana).press('ArrowUp');
	await ana.getByLabel('Edit message').fill('while you were away');
	await ana.getByLabel('Edit message').press('Enter');
	await messages(ana).first().hover();
	await messages(ana).first().getByRole('button', { name: 'Delete' }).click();
	await ana.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
	const all = ['hello ana', 'second line same message', 'see https://example.org/x.', 'written in the dark', /^while you were away/];
	await expect(messages(ana).locator('.bubble')).toHaveText(all);

	await offline.setOffline(false);
	await expect(messages(bob).locator('.bubble')).toHaveText(all, { timeout: 30_000 });
});

test('writing faster than the limit allows: the client waits, and the order is kept', async () => {
	await ana.getByRole('link', { name: 'plants' }).click();
	const wanted = Array.from({ length: 32 }, (_, n) => `leaf ${String(n + 1)}`);
	for (const text of wanted) {
		await composer(ana).fill(text);
		await composer(ana).press('Enter');
	}
	await expect(ana.locator('article.sending')).toHaveCount(0, { timeout: 30_000 });
	await expectTexts(ana, wanted);
	await bob.getByRole('link', { name: /^plants/ }).click();
	await expectTexts(bob, wanted);
});

test('friends are removed, found and added again', async () => {
	await ana.goto(`${program.url}/friends`);
	await ana.getByRole('button', { name: 'Remove friend bob' }).click();
	await ana.getByRole('dialog').getByRole('button', { name: 'Remove friend' }).click();
	await expect(ana.getByText('No friends yet')).toBeVisible();
	await bob.goto(`${program.url}/friends`);
	await expect(bob.getByText('No friends yet')).toBeVisible();

	await bob.getByRole('searchbox', { name: 'Search Users' }).fill('AN');
	await bob.getByRole('button', { name: 'Add Friend ana' }).click();
	await expect(ana.getByRole('button', { name: 'DM bob' })).toBeVisible();
	await ana.getByRole('button', { name: 'DM bob' }).click();
	await expect(messages(ana)).toHaveCount(2);
});

test('a chosen theme outlives a reload', async () => {
	const background = (): Promise<string> => ana.evaluate(() => getComputedStyle(document.body).backgroundColor);
	const light = await background();
	await ana.getByRole('button', { name: 'Settings' }).click();
	await ana.getByRole('menuitemradio', { name: 'Dark theme' }).click();
	const dark = await background();
	expect(dark).not.toBe(light);
	await ana.reload();
	await expect(ana.getByRole('button', { name: 'Settings' })).toBeVisible();
	expect(await background()).toBe(dark);
	await ana.getByRole('button', { name: 'Settings' }).click();
	await expect(ana.getByRole('menuitemradio', { name: 'Dark theme' })).toBeChecked();
	await ana.keyboard.press('Escape');
	await expect(ana.getByRole('button', { name: 'Settings' })).toBeFocused();
});

test('an invite link opened while logged in offers to join', async () => {
	await createServer(bob, 'Workshop');
	const code = await serverInvite(bob);
	await ana.goto(`${program.url}/#invite=${code}`);
	await expect(ana.getByRole('dialog').getByLabel('Invite code')).toHaveValue(code);
	await ana.getByRole('button', { name: 'Join server' }).last().click();
	await expect(ana.getByRole('button', { name: 'Workshop: server menu' }).or(ana.getByRole('heading', { name: 'Workshop' }))).toBeVisible();
	await expect(ana.getByRole('heading', { name: 'general', exact: true })).toBeVisible();
	expect(new URL(ana.url()).hash).toBe('');

	// The code was for one use, and says so: in a link of the first page's form, too.
	await ana.goto(`${program.url}/?invite=${code}`);
	await ana.getByRole('dialog').getByRole('button', { name: 'Join server' }).click();
	await expect(ana.getByRole('dialog').getByRole('alert')).toBeVisible();
	await ana.getByRole('button', { name: 'Not now' }).click();
	await expect(ana.getByRole('dialog')).toHaveCount(0);
	expect(new URL(ana.url()).search).toBe('');
});

test('logging out reaches every page of the session', async () => {
	const other = await contexts[0]?.newPage();
	if (other === undefined) throw new Error('no page');
	await other.goto(`${program.url}/friends`);
	await expect(other.getByRole('button', { name: 'Settings' })).toBeVisible();
	await ana.getByRole('button', { name: 'Settings' }).click();
	await ana.getByRole('menuitem', { name: 'Log out' }).click();
	await expect(other.getByText('You were logged out.')).toBeVisible();
	await other.close();
	await logIn(ana, 'ana');
});

test('logging out and in again', async () => {
	await ana.getByRole('button', { name: 'Settings' }).click();
	await ana.getByRole('menuitem', { name: 'Log out' }).click();
	await expect(ana.getByRole('button', { name: 'Login' })).toBeVisible();
	await ana.reload();
	await expect(ana.getByRole('button', { name: 'Login' })).toBeVisible();
	await ana.getByLabel('Username').fill('ana');
	await ana.getByLabel('Password', { exact: true }).fill('wrong');
	await ana.getByRole('button', { name: 'Login' }).click();
	await expect(ana.getByRole('alert')).toBeVisible();
	await logIn(ana, 'ana');
	await expect(ana.getByRole('link', { name: /^Garden/ })).toBeVisible();
});

test('an address of nothing says so', async () => {
	await ana.goto(`${program.url}/channels/nope/nope`);
	await expect(ana.getByText('Nothing here')).toBeVisible();
	await ana.getByRole('button', { name: 'Go home' }).click();
	await expect(ana.getByRole('heading', { name: 'Welcome, ana' })).toBeVisible();
});
