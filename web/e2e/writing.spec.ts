import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { composer, logIn, messages, say, shareServer, signUpAll } from './steps';

let program: Program;
let ana: Page, bob: Page;
test.describe.configure({ mode: 'serial' });

test.beforeAll(async ({ browser }) => {
	program = await Program.start('--limits', 'off');
	[ana, bob] = [await (await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })).newPage(), await (await browser.newContext()).newPage()];
	await signUpAll(program.url, { ana, bob });
	await shareServer('Garden', ana, bob);
});

test.afterAll(async () => {
	for (const page of [ana, bob]) await page.context().close();
	await program.remove();
});

test('buttons and keys format what is written, and it can be undone', async () => {
	const field = composer(ana);
	await field.fill('so very nice');
	await field.press('Home');
	await field.press('Control+ArrowRight');
	await field.press('Control+Shift+ArrowRight');
	await field.press('Control+b');
	await expect(field).toHaveValue('so **very** nice');
	await field.press('Control+z');
	await expect(field).toHaveValue('so very nice');

	await ana.getByRole('button', { name: 'Formatting' }).click();
	await field.fill('strong');
	await field.selectText();
	await ana.getByRole('button', { name: 'Bold (Ctrl+B)' }).click();
	await expect(field).toHaveValue('**strong**');
	await field.press('End');
	await field.press('Shift+Enter');
	await field.press('Shift+Enter');
	await field.pressSequentially('one');
	await ana.getByRole('button', { name: 'Bulleted list' }).click();
	await expect(field).toHaveValue('**strong**\n\n- one');
	await field.press('Enter');
	const bubble = messages(bob).last().locator('.bubble');
	await expect(bubble.locator('strong')).toHaveText('strong');
	await expect(bubble.getByRole('listitem')).toHaveText('one');
	await ana.getByRole('button', { name: 'Formatting' }).click();
});

test('people, channels and emoji are suggested while they are named', async () => {
	const field = composer(ana);
	await field.pressSequentially('hi @bo');
	await expect(ana.getByRole('option', { name: 'bob' })).toHaveAttribute('aria-selected', 'true');
	await field.press('Tab');
	await expect(field).toHaveValue('hi @bob ');
	await field.pressSequentially('see #gen');
	await ana.getByRole('option', { name: '#general' }).click();
	await field.pressSequentially('and :+1');
	await expect(ana.getByRole('option').first()).toContainText('👍');
	await field.press('Enter');
	await expect(field).toHaveValue(/^hi @bob see #general and 👍\uFE0F? $/);
	await field.pressSequentially('@b');
	await expect(ana.getByRole('listbox')).toBeVisible();
	await field.press('Escape');
	await expect(ana.getByRole('listbox')).toHaveCount(0);
	await field.press('Backspace');
	await field.press('Backspace');
	await field.press('Enter');
	await expect(field).toHaveValue('');

	const bubble = messages(bob).last().locator('.bubble');
	await expect(bubble.locator('.mention.me')).toHaveText('@bob');
	await expect(bubble.getByRole('link', { name: '#general' })).toBeVisible();
});

test('the emoji can be closed before they are there', async ({ browser }) => {
	// Without the copies that a service worker keeps.
	const context = await browser.newContext({ serviceWorkers: 'block' });
	const page = await context.newPage();
	await page.goto(program.url);
	await logIn(page, 'ana');
	await page.getByRole('link', { name: /^Garden/ }).click();
	await page.route(/picker/, () => undefined);
	await page.getByRole('button', { name: 'Emoji' }).click();
	const panel = page.getByRole('dialog', { name: 'Emoji' });
	await expect(panel.getByRole('status')).toBeVisible();
	await page.keyboard.press('Escape');
	await expect(panel).toHaveCount(0);
	await expect(composer(page)).toBeFocused();
	await context.close();
});

test('an emoji is picked with the keyboard, and stands large when it is alone', async () => {
	await ana.getByRole('button', { name: 'Emoji' }).click();
	const panel = ana.getByRole('dialog', { name: 'Emoji' });
	await expect(panel.getByRole('combobox')).toBeFocused();
	await ana.keyboard.type('tulip');
	await panel.getByRole('option', { name: /tulip/ }).first().waitFor();
	await ana.keyboard.press('ArrowDown');
	await ana.keyboard.press('Enter');
	await expect(panel).toHaveCount(0);
	await expect(composer(ana)).toHaveValue('🌷');
	await composer(ana).press('Enter');
	await expect(messages(bob).last().locator('.bubble.emoji')).toHaveText('🌷');
	await ana.getByRole('button', { name: 'Emoji' }).click();
	await expect(panel.getByRole('combobox')).toBeFocused();
	await ana.keyboard.press('Escape');
	await expect(panel).toHaveCount(0);
	await expect(composer(ana)).toBeFocused();
});

test('a link to a message is copied, and leads there', async () => {
	await say(ana, 'the one');
	await messages(ana).last().hover();
	await messages(ana).last().getByRole('button', { name: 'Copy link' }).click();
	const link = await ana.evaluate(() => navigator.clipboard.readText());
	expect(link).toMatch(/\/channels\/[^/]+\/[^/]+\/\d+$/);
	await say(ana, `look at ${link}`);
	await bob.getByRole('link', { name: 'Home' }).click();
	await bob.getByRole('link', { name: /^Garden/ }).click();
	await messages(bob).last().getByRole('link').click();
	await expect(bob).toHaveURL(link);
	await expect(messages(bob).filter({ hasText: 'the one' }).first()).toHaveClass(/found/);
	// Deleted since: the place is shown, and why it is empty.
	await messages(ana).filter({ hasText: 'the one' }).first().hover();
	await messages(ana).filter({ hasText: 'the one' }).first().getByRole('button', { name: 'Delete' }).click();
	await ana.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
	await expect(messages(bob).filter({ hasText: /^.*the one$/ })).toHaveCount(0);
	await bob.goto(link);
	await expect(bob.getByText('That message is gone.')).toBeVisible();
});

test('a long press on a phone shows what can be done', async ({ browser }) => {
	const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, storageState: await ana.context().storageState() });
	const phone = await context.newPage();
	await phone.goto(ana.url());
	await say(phone, 'touched');
	const box = await messages(phone).last().locator('.bubble').boundingBox();
	const touch = await context.newCDPSession(phone);
	await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: (box?.x ?? 0) + 10, y: (box?.y ?? 0) + 10 }] });
	await phone.getByRole('dialog', { name: 'Message actions' }).waitFor();
	await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
	await phone.getByRole('dialog').getByRole('button', { name: 'Edit' }).click();
	await expect(phone.getByRole('textbox', { name: 'Edit message' })).toHaveValue('touched');
	await context.close();
});
