import { expect, test } from '@playwright/test';

import { Program } from './program';

let program: Program;

test.beforeAll(async () => {
	program = await Program.start();
});

test.afterAll(async () => {
	await program.stop();
});

test('the reference of the REST resources needs nothing from elsewhere', async ({ page }) => {
	const problems: string[] = [];
	page.on('console', (message) => {
		if (message.type() === 'error') problems.push(message.text());
	});
	page.on('pageerror', (error) => problems.push(error.message));
	page.on('request', (request) => {
		const url = new URL(request.url());
		if (url.protocol.startsWith('http') && url.origin !== program.url) problems.push(`asked ${url.origin}`);
	});
	await page.goto(`${program.url}/api/docs`);
	await expect(page.getByText('/v1/session', { exact: true }).first()).toBeVisible();
	await expect(page.locator('.opblock')).not.toHaveCount(0);
	expect(problems).toEqual([]);
});
