import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { createServer, openSettings, signUp } from './steps';

// Its answers would pass by what a test puts in their way.
test.use({ serviceWorkers: 'block' });

let program: Program;

test.beforeAll(async () => {
	program = await Program.start('--limits', 'off');
});

test.afterAll(async () => {
	await program.remove();
});

test('the page looks as was chosen, from its first paint on', async ({ page }) => {
	await signUp(page, program.url, 'ana');
	await createServer(page, 'Garden');
	const height = async (): Promise<number> => (await page.getByRole('link', { name: 'general' }).boundingBox())?.height ?? 0;
	const still = (on: Page): Promise<string> => on.evaluate(() => getComputedStyle(document.body).transitionDuration);
	const before = await height();
	expect(await still(page)).toBe('0s');

	await openSettings(page, 'Appearance');
	const settings = page.getByRole('dialog', { name: 'User settings' });
	await expect(settings.getByLabel('Comfortable')).toBeChecked();
	await settings.getByLabel('Compact').check();
	await settings.getByLabel('Always reduced').check();
	await settings.getByLabel('Dark theme').check();
	await page.keyboard.press('Escape');
	expect(await height()).toBeLessThan(before);
	expect(await still(page)).not.toBe('0s'); // as short as a duration can be

	// Without the page's own script, it is theme.js that shows it.
	await page.route('**/assets/*.js', (route) => route.abort());
	await page.reload();
	await expect(page.locator(':root')).toHaveAttribute('data-theme', 'dark');
	await expect(page.locator(':root')).toHaveAttribute('data-density', 'compact');
	await expect(page.locator(':root')).toHaveAttribute('data-motion', 'reduced');
	await page.unroute('**/assets/*.js');

	await page.reload();
	await openSettings(page, 'Appearance');
	await expect(settings.getByLabel('Compact')).toBeChecked();
	await settings.getByLabel('Comfortable').check();
	await settings.getByLabel('As the system').check();
	await page.keyboard.press('Escape');
	expect(await height()).toBe(before);
	expect(await still(page)).toBe('0s');
});

test('the licences of what the page is made of are at hand', async ({ page }) => {
	await page.goto(program.url);
	await page.getByLabel('Username').fill('ana');
	await page.getByLabel('Password', { exact: true }).fill('correct horse 7');
	await page.getByRole('button', { name: 'Login' }).click();
	await openSettings(page);
	const [licences] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Licences' }).click()]);
	const text = licences.locator('body');
	for (const name of [/^svelte \S+ \(MIT\)$/m, /^@fontsource-variable\/inter \S+ \(OFL-1\.1\)$/m, /^@lucide\/svelte \S+ \(ISC\)$/m, /^swagger-ui-dist \S+ \(Apache-2\.0\)$/m]) {
		await expect(text).toContainText(name);
	}
	await expect(text).toContainText('SIL OPEN FONT LICENSE');
	await expect(text).toContainText('Permission is hereby granted, free of charge');
});
