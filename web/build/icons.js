// Draws the icons of the installed page from public/favicon.svg: CHROMIUM=/usr/bin/chromium npm run icons. They are committed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';

const folder = join(import.meta.dirname, '../public');
const logo = readFileSync(join(folder, 'favicon.svg'), 'utf8');
/** The system cuts the corners itself. */
const square = logo.replace(/ rx="\d+"/, '');

const executablePath = process.env['CHROMIUM'];
const browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args: ['--no-sandbox'] });
const page = await browser.newPage();
for (const { name, svg, size } of [
	{ name: 'icon-192', svg: logo, size: 192 },
	{ name: 'icon-512', svg: logo, size: 512 },
	{ name: 'icon-maskable-512', svg: square, size: 512 },
]) {
	await page.setViewportSize({ width: size, height: size });
	await page.setContent(`<style>body { margin: 0 } svg { display: block }</style>${svg}`);
	await page.screenshot({ path: join(folder, `${name}.png`), omitBackground: true });
}
await browser.close();
