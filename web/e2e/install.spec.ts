import { expect, test, type Page } from '@playwright/test';
import { Program } from './program';
import { createServer, messages, say, signUp } from './steps';

interface Manifest {
	name: string;
	start_url: string;
	display: string;
	icons: { src: string; type: string; sizes: string; purpose?: string }[];
}

async function kept(page: Page): Promise<Record<string, string[]>> {
	return page.evaluate(async () => {
		const all: Record<string, string[]> = {};
		for (const name of await caches.keys()) {
			const cache = await caches.open(name);
			all[name] = (await cache.keys()).map(({ url }) => new URL(url).pathname).sort();
		}
		return all;
	});
}

test('the page can be installed', async ({ page }) => {
	const program = await Program.start();
	try {
		await page.goto(program.url);
		const href = await page.locator('link[rel=manifest]').getAttribute('href');
		const response = await page.request.get(`${program.url}${href ?? ''}`);
		expect(response.headers()['content-type']).toBe('application/manifest+json');
		const manifest = (await response.json()) as Manifest;
		expect(manifest).toMatchObject({ name: 'Decentra', start_url: '/', display: 'standalone' });
		expect(manifest.icons.map(({ sizes, purpose }) => [sizes, purpose])).toEqual([
			['192x192', undefined],
			['512x512', undefined],
			['512x512', 'maskable'],
		]);
		for (const { src, type, sizes } of manifest.icons) {
			expect((await page.request.get(`${program.url}${src}`)).headers()['content-type']).toBe(type);
			const size = await page.evaluate(async (path) => {
				const icon = new Image();
				icon.src = path;
				await icon.decode();
				return `${String(icon.naturalWidth)}x${String(icon.naturalHeight)}`;
			}, src);
			expect(size).toBe(sizes);
		}

		// The browser has nothing to say against it.
		const { errors } = await (await page.context().newCDPSession(page)).send('Page.getAppManifest');
		expect(errors).toEqual([]);
	} finally {
		await program.remove();
	}
});

test('the page opens without the server, and keeps no data', async ({ page }) => {
	const program = await Program.start('--limits', 'off');
	try {
		// What a build before left behind.
		await page.goto(`${program.url}/api-docs/`);
		await page.evaluate(() => caches.open('decentra-0'));

		await signUp(page, program.url, 'ana');
		await createServer(page, 'Garden');
		await say(page, 'hello');
		await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
		await page.reload();
		await expect(messages(page)).toHaveCount(1);

		const shell = await kept(page);
		expect(Object.keys(shell)).toEqual([expect.stringMatching(/^decentra-[0-9a-f]{16}$/)]);
		const [files] = Object.values(shell) as [string[]];
		expect(files).toEqual(expect.arrayContaining(['/', '/theme.js', expect.stringMatching(/^\/assets\/index-.*\.js$/)]));
		expect(files.filter((path) => path !== '/' && path !== '/theme.js' && !path.startsWith('/assets/'))).toEqual([]);

		await program.stop();
		await page.reload();
		await expect(page.getByText('The server cannot be reached. Trying again…')).toBeVisible();
		await expect(page.evaluate(() => fetch('/api/v1/session'))).rejects.toThrow();
		await program.start();
		await expect(messages(page)).toHaveCount(1);
		expect(await kept(page)).toEqual(shell);

		// What is no place in the page is asked of the server alone.
		await program.stop();
		await expect(page.goto(`${program.url}/api/docs`)).rejects.toThrow('ERR_CONNECTION_REFUSED');
	} finally {
		await program.remove();
	}
});
