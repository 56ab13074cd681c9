import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { build, preview, type PreviewServer } from 'vite';
import { accented } from '../build/pseudoLocale';
import { initials } from '../src/lib/rules/people';
import { s as plain } from '../src/lib/strings';
import { Program } from './program';
import { createServer, joinServer, messages, say, serverInvite, signUpAll } from './steps';
import { createVoiceChannel } from './voice';

// Every word of the page is in the catalogue. A build whose catalogue is marked is shown in front of the real program:
// what has letters and no mark is in a component, where no translation will find it.

const s = accented(plain);

/** What people wrote, and what stands for their names. */
const NAMES = ['Garden', 'ana', 'bob'];
const DATA = [...NAMES, ...NAMES.map(initials), 'general', 'parlour', 'hello there', 'and good evening'];

/** Whatever is shown or read out on a page, and is neither from the catalogue nor data. */
async function unmarked(page: Page): Promise<string[]> {
	return page.evaluate((data) => {
		const texts = [document.title];
		for (const element of document.body.querySelectorAll('*')) {
			// Times are as the browser writes them.
			if (element.closest('script, style, noscript, time') !== null || !element.checkVisibility()) continue;
			for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) texts.push(node.textContent ?? '');
			for (const name of ['aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext', 'title', 'placeholder', 'alt']) {
				texts.push(element.getAttribute(name) ?? '');
			}
		}
		return texts.filter((text) => {
			let rest = text;
			for (let before = ''; before !== rest; ) {
				before = rest;
				rest = rest.replace(/⟦[^⟦⟧]*⟧/g, '');
			}
			for (const piece of [...data, navigator.userAgent]) rest = rest.replaceAll(piece, '');
			return /\p{L}/u.test(rest.replace(/\b[A-Z0-9]{8}\b/g, '')); // a code
		});
	}, DATA);
}

let program: Program;
let server: PreviewServer;
let outDir: string;
let url: string;

test.beforeAll(async () => {
	program = await Program.start('--limits', 'off');
	outDir = await mkdtemp(join(tmpdir(), 'decentra-words-'));
	const config = { mode: 'pseudo', root: resolve('.'), logLevel: 'silent', build: { outDir, emptyOutDir: true } } as const;
	await build(config);
	server = await preview({
		...config,
		preview: { host: 'localhost', port: 0, proxy: { '/api': { target: program.url }, '/ws': { target: program.url, ws: true } } },
	});
	url = (server.resolvedUrls?.local[0] ?? '').replace(/\/$/, '');
});

test.afterAll(async () => {
	await server.close();
	await program.remove();
	await rm(outDir, { recursive: true });
});

test('every word is in the catalogue', async ({ browser }) => {
	const contexts = [await browser.newContext(), await browser.newContext()];
	try {
		const [page, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];
		await signUpAll(program.url, { ana: page, bob });
		await createServer(page, 'Garden');
		await createVoiceChannel(page, 'parlour');
		await joinServer(bob, await serverInvite(page));
		await say(bob, 'hello there');
		await expect(messages(page)).toHaveCount(1);
		await say(page, 'and good evening');
		const channel = new URL(page.url()).pathname;
		await page.getByRole('link', { name: 'Home' }).click();
		await page.getByRole('link', { name: 'Friends' }).click();
		await page.getByRole('button', { name: 'DM bob' }).click();
		await say(page, 'hello there');
		await expect(messages(page)).toHaveCount(1);
		const dm = new URL(page.url()).pathname;

		// A cookie does not care for the port: the session is that of the program behind.
		await page.goto(url);
		await expect(page.getByRole('heading', { name: s.home.title('ana') })).toBeVisible();
		expect.soft(await unmarked(page)).toEqual([]);
		await page.evaluate(() => document.body.insertAdjacentHTML('beforeend', '<p title="sesame ⟦x⟧">⟦a⟧ open ⟦b⟧</p>'));
		expect(await unmarked(page)).toEqual(['⟦a⟧ open ⟦b⟧', 'sesame ⟦x⟧']);

		const button = (name: string) => page.getByRole('button', { name, exact: true }).first().click();
		await page.goto(`${url}/friends`);
		await page.getByRole('searchbox').fill('bo');
		await expect(page.getByRole('region', { name: s.friends.results })).toContainText('bob');
		expect.soft(await unmarked(page)).toEqual([]);
		await page.getByRole('searchbox').fill('nobody');
		await expect(page.getByText(s.friends.noResults('nobody'))).toBeVisible();
		expect.soft(await unmarked(page)).toEqual([]);

		await page.goto(`${url}${dm}`);
		await expect(page.getByRole('article')).toHaveCount(1);
		expect.soft(await unmarked(page)).toEqual([]);

		await page.goto(`${url}${channel}`);
		await expect(page.getByRole('article')).toHaveCount(2);
		await page.getByRole('article').last().hover();
		expect.soft(await unmarked(page)).toEqual([]);
		await page.getByRole('link', { name: s.voice.join('parlour') }).hover();
		expect.soft(await unmarked(page)).toEqual([]);

		for (const [name, ready] of [
			[s.nav.createServer, s.dialogs.serverName],
			[s.nav.joinServer, s.dialogs.joinCode],
			[s.nav.createChannel, s.dialogs.channelName],
			[s.nav.createVoiceChannel, s.dialogs.channelName],
			[s.nav.inviteToServer, s.dialogs.link],
		] as const) {
			await button(name);
			await expect(page.getByLabel(ready)).toBeVisible();
			expect.soft(await unmarked(page)).toEqual([]);
			await page.keyboard.press('Escape');
		}

		const settings = page.getByRole('dialog');
		for (const [menu, item, sections] of [
			[s.nav.serverMenu('Garden'), s.server.menu, [s.server.general, s.server.channels, s.server.invites, s.server.members]],
			[
				s.user.menu,
				s.user.settings,
				[s.me.profile, s.me.privacy, s.me.appearance, s.notifications.title, s.voice.title, s.me.sessions, s.me.account, s.administration.title],
			],
		] as const) {
			await button(menu);
			expect.soft(await unmarked(page)).toEqual([]);
			await page.getByRole('menuitem', { name: item }).click();
			for (const section of sections) {
				await settings.getByRole('button', { name: section, exact: true }).click();
				await expect(settings.getByRole('region', { name: section, exact: true }).first()).toBeVisible();
				await expect(settings.getByText(s.loading)).toHaveCount(0);
				expect.soft(await unmarked(page)).toEqual([]);
			}
			await page.keyboard.press('Escape');
		}

		await button(s.user.menu);
		await page.getByRole('menuitem', { name: s.user.logOut }).click();
		await expect(page.getByRole('button', { name: s.login.logIn })).toBeVisible();
		expect.soft(await unmarked(page)).toEqual([]);
		await button(s.login.logIn);
		await expect(page.getByText(s.login.fillUsername)).toBeVisible();
		expect.soft(await unmarked(page)).toEqual([]);
		await button(s.login.signUp);
		await expect(page.getByRole('button', { name: s.login.createAccount })).toBeVisible();
		expect.soft(await unmarked(page)).toEqual([]);
		await page.goto(`${url}/#reset=token`);
		await expect(page.getByRole('button', { name: s.reset.action })).toBeVisible();
		expect.soft(await unmarked(page)).toEqual([]);
	} finally {
		for (const context of contexts) await context.close();
	}
});
