import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { lookAway, messages, openSettings, say, shareServer, signUp, signUpAll } from './steps';

interface Shown {
	title: string;
	body: string;
	silent: boolean;
	closed: boolean;
}

declare global {
	interface Window {
		asked: (Notification & { title: string; gone: boolean })[];
	}
}

/** Keeps what the page asks the browser to show. */
async function record(page: Page): Promise<void> {
	await page.addInitScript(() => {
		window.asked = [];
		window.Notification = class extends Notification {
			gone = false;
			constructor(title: string, options?: NotificationOptions) {
				super(title, options);
				if (title !== '') window.asked.push(this);
			}
			override close(): void {
				this.gone = true;
				super.close();
			}
		};
	});
}

async function shown(page: Page): Promise<Shown[]> {
	return page.evaluate(() => window.asked.map(({ title, body, silent, gone }) => ({ title, body, silent: silent === true, closed: gone })));
}

test('what happens while nobody looks is told', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext({ permissions: ['notifications'] })];
	try {
		const [ana, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];
		await record(bob);
		await signUpAll(program.url, { ana, bob });
		await shareServer('Garden', ana, bob);

		await openSettings(bob, 'Notifications');
		const settings = bob.getByRole('dialog', { name: 'User settings' });
		await expect(settings.getByLabel('Direct messages and mentions')).toHaveCount(0);
		await settings.getByLabel('Show notifications').check();
		await expect(settings.getByLabel('Direct messages and mentions')).toBeChecked();
		await bob.keyboard.press('Escape');

		// Looked at, nothing; else what is for bob alone.
		await say(ana, '@bob, are you there?');
		await expect(messages(bob)).toHaveCount(1);
		await bob.getByRole('link', { name: 'Home' }).click();
		await lookAway(bob, true);
		await say(ana, 'He is not, it seems.');
		await expect(bob).toHaveTitle(/^\(1\)/);
		expect(await shown(bob)).toEqual([]);
		await say(ana, 'Hello, @Bob!');
		const mention = { title: 'ana in #general · Garden', body: 'Hello, @Bob!', silent: false, closed: false };
		await expect.poll(() => shown(bob)).toEqual([mention]);

		// A click leads there, and who has read it is told no more.
		const focused = bob.evaluate(() => new Promise<void>((done) => (window.focus = done)));
		await bob.evaluate(() => window.asked[0]?.onclick?.call(window.asked[0], new Event('click')));
		await focused;
		await expect(messages(bob)).toHaveCount(3);
		await lookAway(bob, false);
		await expect(bob).toHaveTitle(/^#general/);
		await expect.poll(() => shown(bob)).toEqual([{ ...mention, closed: true }]);

		// Every message, without a sound.
		await openSettings(bob, 'Notifications');
		await settings.getByLabel('Every message').check();
		await settings.getByLabel('With the sound of the desktop').uncheck();
		await bob.reload();
		await expect(messages(bob)).toHaveCount(3);
		await lookAway(bob, true);
		await say(ana, 'Well then.');
		await expect.poll(() => shown(bob)).toEqual([{ title: 'ana in #general · Garden', body: 'Well then.', silent: true, closed: false }]);

		// Direct messages and calls; a call is told until it rings no more.
		await ana.getByRole('link', { name: 'Home' }).click();
		await ana.getByRole('link', { name: 'Friends' }).click();
		await ana.getByRole('button', { name: 'DM bob' }).click();
		await say(ana, 'psst');
		await expect.poll(async () => (await shown(bob)).at(-1)).toMatchObject({ title: 'ana', body: 'psst', closed: false });
		await ana.getByRole('button', { name: 'Call bob' }).click();
		await expect.poll(async () => (await shown(bob)).at(-1)).toMatchObject({ title: 'ana is calling', closed: false });
		await ana.getByRole('button', { name: 'Hang up' }).first().click();
		await expect.poll(async () => (await shown(bob)).slice(-2)).toMatchObject([
			{ title: 'ana is calling', closed: true },
			{ title: 'ana', body: 'Missed call', closed: false },
		]);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});

test('who denies notifications is told what to do', async ({ page }) => {
	const program = await Program.start();
	try {
		await page.addInitScript(() => {
			Notification.requestPermission = () => Promise.resolve('denied');
		});
		await signUp(page, program.url, 'ana');
		await openSettings(page, 'Notifications');
		await page.getByLabel('Show notifications').click();
		await expect(page.getByRole('alert')).toContainText('Allow them in its settings for this page');
		await expect(page.getByLabel('Show notifications')).not.toBeChecked();
	} finally {
		await program.remove();
	}
});
