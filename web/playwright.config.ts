import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const chosen = process.env['CHROMIUM'] ?? '';
const systemChromium = '/usr/bin/chromium';
const executablePath = chosen !== '' ? chosen : existsSync(systemChromium) ? systemChromium : undefined;

export default defineConfig({
	testDir: 'e2e',
	outputDir: 'test-results',
	// A busy machine takes its time for the longest of them; what hangs still ends.
	timeout: 180_000,
	retries: (process.env['CI'] ?? '') !== '' ? 1 : 0,
	expect: { timeout: 10_000 },
	workers: 1,
	forbidOnly: (process.env['CI'] ?? '') !== '',
	reporter: [['list']],
	use: {
		browserName: 'chromium',
		viewport: { width: 1280, height: 800 },
		locale: 'en-GB',
		timezoneId: 'UTC',
		// What records the browser's doings takes its time: only what failed is looked at closely.
		trace: 'on-first-retry',
		launchOptions: {
			...(executablePath === undefined ? {} : { executablePath }),
			args: [
				'--no-sandbox',
				'--disable-gpu',
				'--disable-quic',
				'--no-first-run',
				'--disable-background-networking',
				'--disable-component-update',
				'--disable-sync',
			],
		},
	},
});
