import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { composer, logIn, lookAway, messages, say, shareServer, signUpAll } from './steps';

test('unread counts agree between two devices, and only what was seen is read', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext(), await browser.newContext()];
	try {
		const [ana, desk, laptop] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page, Page];
		await laptop.addInitScript(() => {
			navigator.setAppBadge = async (count) => void (document.documentElement.dataset['badge'] = String(count));
		});
		const icon = laptop.locator('link[rel=icon]');
		const root = laptop.locator(':root');
		await signUpAll(program.url, { ana, bob: desk });
		await shareServer('Garden', ana, desk);
		await laptop.goto(program.url);
		await logIn(laptop, 'bob');

		// Away from the window: the channel is open, and nothing of it is read.
		await lookAway(desk, true);
		await say(ana, 'one');
		await say(ana, 'two');
		await expect(messages(desk)).toHaveCount(2);
		await expect(desk).toHaveTitle(/^\(2\) /);
		await expect(desk.locator('.new')).toHaveText('New');
		await expect(laptop).toHaveTitle(/^\(2\) /);
		await expect(laptop.getByRole('link', { name: 'Garden, 2 new messages' })).toBeVisible();
		await expect(icon).toHaveAttribute('href', '/favicon-unread.svg');
		await expect(root).toHaveAttribute('data-badge', '2');
		expect((await laptop.request.get(`${program.url}/favicon-unread.svg`)).headers()['content-type']).toBe('image/svg+xml');

		// Back at one device: both know.
		await lookAway(desk, false);
		await expect(desk).toHaveTitle(/^#general/);
		await expect(laptop).toHaveTitle(/^Decentra/);
		await expect(icon).toHaveAttribute('href', '/favicon.svg');
		await expect(root).toHaveAttribute('data-badge', '0');
		await expect(desk.locator('.new')).toHaveText('New');
		await desk.keyboard.press('Escape');
		await expect(desk.locator('.new')).toHaveCount(0);

		// Scrolled up: what comes below is not seen. More than fits opens where reading left off.
		await lookAway(desk, true);
		for (let n = 0; n < 30; n++) await say(ana, `line ${String(n)}`);
		await expect(laptop).toHaveTitle(/^\(30\) /);
		await laptop.getByRole('link', { name: /^Garden/ }).click();
		await expect(messages(laptop)).toHaveCount(32);
		await expect(laptop.locator('.new')).toBeInViewport();
		await expect(laptop.getByRole('link', { name: 'general 30 new messages' })).toBeVisible();
		await laptop.reload();
		await expect(laptop.locator('.new')).toBeInViewport();
		await laptop.getByRole('button', { name: '30 new messages' }).click();
		await expect(laptop).toHaveTitle(/^#general/);
		await expect(desk).toHaveTitle(/^#general/);

		// A DM counts too, and Escape reads it without scrolling.
		await ana.getByRole('link', { name: 'Home' }).click();
		await ana.getByRole('link', { name: 'Friends' }).click();
		await ana.getByRole('button', { name: 'DM bob' }).click();
		await say(ana, 'psst');
		await laptop.getByRole('link', { name: /^Home/ }).click();
		await expect(laptop.getByRole('link', { name: /ana.*1 new message/ })).toBeVisible();
		await laptop.getByRole('link', { name: /ana/ }).click();
		await expect(laptop).toHaveTitle(/^ana/);
		await expect(composer(laptop)).toBeVisible();
		await laptop.reload();
		await expect(laptop).toHaveTitle(/^ana/);
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
