import { expect, test, type Locator } from '@playwright/test';
import { Program } from './program';
import { composer, createServer, messages, say, signUp } from './steps';

test('hostile text is shown as text, and harms nothing around it', async ({ page }) => {
	const program = await Program.start('--limits', 'off');
	try {
		const problems: string[] = [];
		page.on('pageerror', (error) => problems.push(String(error)));
		page.on('dialog', (dialog) => {
			problems.push(`dialog: ${dialog.message()}`);
			void dialog.dismiss();
		});
		await signUp(page, program.url, 'ana');
		await createServer(page, '<b>Bold</b><img src=x onerror=alert(1)>');
		const log = page.getByRole('log');

		const texts = [
			'<script>alert(1)</script>',
			'<img src=x onerror="alert(2)"> <svg onload=alert(3)>',
			'<a href="javascript:alert(4)">press me</a> javascript:alert(5) data:text/html,<script>alert(6)</script>',
			'{alert(7)} ${alert(8)} {{constructor.constructor("alert(9)")()}} {@html "<b>x</b>"}',
			'"><style>*{display:none}</style>',
			`&lt;b&gt; &amp; &#x3c;script&#x3e; \u0000 end`.replace('\u0000', ''),
		];
		for (const text of texts) await say(page, text);
		for (const [index, text] of texts.entries()) await expect(messages(page).nth(index).locator('.bubble')).toHaveText(text);
		await expect(log.locator('script, img, style, iframe')).toHaveCount(0);
		await expect(log.getByRole('link')).toHaveCount(0);

		// The longest message there is, in one word.
		const long = 'w'.repeat(4000);
		await say(page, long);
		await expect(messages(page).last().locator('.bubble')).toHaveText(long);
		expect(await log.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
		expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);

		// One more character than that can't be sent; the draft stays.
		await composer(page).fill('w'.repeat(4001));
		await composer(page).press('Enter');
		await expect(page.getByText('1 characters too long')).toBeVisible();
		await expect(page.getByRole('button', { name: 'Send' })).toBeDisabled();
		await expect(composer(page)).toHaveValue('w'.repeat(4001));

		// A direction override ends with its message.
		await say(page, 'abc \u202E gnp.exe');
		await say(page, 'straight');
		const [override, straight] = [messages(page).nth(-2), messages(page).nth(-1)];
		await expect(straight).toContainText('straight');
		const directions = await override.locator('.bubble').evaluate((bubble) => [getComputedStyle(bubble).unicodeBidi, bubble.getAttribute('dir')]);
		expect(directions).toEqual(['isolate', 'auto']);

		// Accents heaped up stay inside their bubble.
		await say(page, 'Z' + '\u0300\u0301\u0302\u0303\u0304\u0305'.repeat(60) + 'algo');
		await expect(messages(page).last().locator('.bubble')).toHaveCSS('overflow', 'hidden');

		// Markdown that hides, leads astray, loads from elsewhere or is nested without end is harmless and stays in its place.
		const asked: string[] = [];
		page.on('request', (request) => {
			if (!request.url().startsWith(program.url)) asked.push(request.url());
		});
		const tricks = [
			'[press me](javascript:alert(1)) [and me](data:text/html,<script>alert(2)</script>)',
			'[https://bank.example](https://evil.example)',
			'[a]: https://evil.example "hidden"',
			'<style>*{display:none}</style> &lt;script&gt;',
		];
		for (const trick of tricks) {
			await say(page, trick);
			await expect(messages(page).last().locator('.bubble')).toHaveText(trick);
		}
		await say(page, '![picture](https://evil.example/p.png)');
		await expect(messages(page).last().getByRole('link')).toHaveAttribute('rel', 'noopener noreferrer');
		for (const mark of ['>', '- ', '* _', '**a', '[a](', '`', '1. ', '\u202E# ']) {
			await say(page, mark.repeat(Math.floor(4000 / mark.length)).trim());
			await expect(page.locator('article.sending')).toHaveCount(0);
			expect(await log.evaluate((element) => element.scrollWidth <= element.clientWidth), mark).toBe(true);
		}
		await say(page, '# '.repeat(3) + 'still here');
		await expect(messages(page).last()).toContainText('still here');
		await expect(log.locator('script, img, style, iframe, h1, h2, h3')).toHaveCount(0);
		expect(asked).toEqual([]);

		// The longest names there are.
		await page.getByRole('button', { name: 'Settings', exact: true }).click();
		await page.getByRole('menuitem', { name: 'User settings' }).click();
		const longest = async (field: Locator, text: string): Promise<void> => {
			await field.fill(text.padEnd(Number(await field.getAttribute('maxlength')), 'W'));
			await field.press('Enter');
		};
		await longest(page.getByRole('textbox', { name: 'Display name' }), 'Z\u0300\u0301\u0302\u0303');
		await page.keyboard.press('Escape');
		await page.getByRole('button', { name: 'Create a channel' }).click();
		await longest(page.getByLabel('Channel name'), 'w');
		await expect(page.getByRole('link', { name: /^wW{20,}/ })).toBeVisible();
		for (const width of [1280, 390]) {
			await page.setViewportSize({ width, height: 800 });
			expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
			expect(await log.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
		}

		expect(problems).toEqual([]);
	} finally {
		await program.remove();
	}
});
