import { expect, type Locator, type Page } from '@playwright/test';

export const PASSWORD = 'correct horse 7';

export async function signUp(page: Page, url: string, name: string, code?: string): Promise<void> {
	await page.goto(url);
	const create = page.getByRole('button', { name: 'Create Account' });
	const toSignUp = page.getByRole('button', { name: 'Sign Up' });
	await create.or(toSignUp).first().waitFor();
	// The page of an installation without accounts opens at the sign-up by itself.
	await page.waitForLoadState('networkidle');
	if (await toSignUp.isVisible()) await toSignUp.click();
	await page.getByLabel('Username').fill(name);
	await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
	if (code !== undefined) await page.getByLabel('Invite code').fill(code);
	await create.click();
	await expect(page.getByRole('button', { name: 'Settings' }).or(page.getByRole('button', { name: 'Open navigation' })).first()).toBeVisible();
}

/** Signs people up by their names: the first takes no code, and gives one to each of the others, who become friends. */
export async function signUpAll(url: string, people: Readonly<Record<string, Page>>): Promise<void> {
	let inviter: Page | undefined;
	for (const [name, page] of Object.entries(people)) {
		await signUp(page, url, name, inviter && (await accountInvite(inviter)));
		inviter ??= page;
	}
}

export async function logIn(page: Page, name: string): Promise<void> {
	await page.getByLabel('Username').fill(name);
	await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
	await page.getByRole('button', { name: 'Login' }).click();
	await expect(page.getByRole('button', { name: 'Settings' })).toBeVisible();
}

export async function accountInvite(page: Page): Promise<string> {
	await page.getByRole('button', { name: 'Settings' }).click();
	await page.getByRole('menuitem', { name: 'Generate Invite' }).click();
	return readCode(page);
}

export async function readCode(page: Page): Promise<string> {
	const field = page.getByRole('dialog').getByLabel('Invite code');
	await expect(field).toHaveValue(/^[A-Z0-9]{8}$/);
	const code = await field.inputValue();
	await expect(page.getByLabel('Invite link')).toHaveValue(`${new URL(page.url()).origin}/#invite=${code}`);
	await page.keyboard.press('Escape');
	await expect(page.getByRole('dialog')).toHaveCount(0);
	return code;
}

export async function createServer(page: Page, name: string): Promise<void> {
	await page.getByRole('navigation', { name: 'Servers' }).getByRole('button', { name: 'Create a server' }).click();
	await page.getByLabel('Server name').fill(name);
	await page.getByRole('button', { name: 'Create', exact: true }).click();
	await expect(page.getByRole('heading', { name: 'general', exact: true })).toBeVisible();
}

export async function serverInvite(page: Page): Promise<string> {
	await page.getByRole('button', { name: 'Invite people' }).first().click();
	return readCode(page);
}

export async function joinServer(page: Page, code: string): Promise<void> {
	await page.getByRole('navigation', { name: 'Servers' }).getByRole('button', { name: 'Join a server' }).click();
	await page.getByLabel('Invite code or link').fill(code);
	await page.getByRole('button', { name: 'Join', exact: true }).click();
	await expect(page.getByRole('heading', { name: 'general', exact: true })).toBeVisible();
}

/** The first makes a server, and the others join it. */
export async function shareServer(name: string, owner: Page, ...others: Page[]): Promise<void> {
	await createServer(owner, name);
	for (const page of others) await joinServer(page, await serverInvite(owner));
}

export function composer(page: Page): Locator {
	return page.getByRole('textbox', { name: /^Message / });
}

export async function say(page: Page, text: string): Promise<void> {
	await composer(page).fill(text);
	await composer(page).press('Enter');
	await expect(composer(page)).toHaveValue('');
}

export function messages(page: Page): Locator {
	return page.getByRole('log').getByRole('article');
}

/** The texts of all messages shown, top to bottom, none on its way any more. */
export async function expectTexts(page: Page, texts: string[]): Promise<void> {
	await expect(messages(page).locator('.bubble')).toHaveText(texts);
	await expect(page.locator('article.sending, article.failed')).toHaveCount(0);
}

/** How many messages are on their way at a time, and over how many connections. */
const WINDOW = 200;
const CONNECTIONS = 8;

/** Many messages in the channel of an address, through connections of their own: faster than typing. Few keep their order. */
export async function write(page: Page, address: string, texts: string[]): Promise<void> {
	await page.evaluate(
		async ({ address, texts, WINDOW, CONNECTIONS }) => {
			const [, , server, channel] = new URL(address).pathname.split('/');
			const connections = texts.length > WINDOW ? CONNECTIONS : 1;
			const send = (share: string[]): Promise<void> =>
				new Promise((done, fail) => {
					const socket = new WebSocket(`ws://${location.host}/ws`);
					let sent = 0;
					let stored = 0;
					const next = (): void => {
						const content = share[sent];
						if (content === undefined) return;
						const id = `w${String(sent++)}`;
						socket.send(
							JSON.stringify({ type: 'message', content, context: 'server', context_id: `${server ?? ''}/${channel ?? ''}`, nonce: `${content} ${id}`.slice(-60), request_id: id }),
						);
					};
					socket.onerror = () => {
						fail(new Error('the connection failed'));
					};
					socket.onopen = () => {
						socket.send(JSON.stringify({ type: 'auth' }));
					};
					socket.onmessage = ({ data }: MessageEvent<string>) => {
						const frame = JSON.parse(data) as { type: string; request_id?: string; message?: string };
						if (frame.type === 'init') for (let n = 0; n < WINDOW; n++) next();
						if (frame.type === 'error') fail(new Error(frame.message));
						if (frame.type !== 'ok' || frame.request_id === undefined) return;
						next();
						if (++stored < share.length) return;
						socket.close();
						done();
					};
				});
			await Promise.all(Array.from({ length: connections }, (_, n) => send(texts.filter((_text, at) => at % connections === n))));
		},
		{ address, texts, WINDOW, CONNECTIONS },
	);
}

export async function openSettings(page: Page, section?: string): Promise<void> {
	await page.getByRole('button', { name: 'Settings', exact: true }).click();
	await page.getByRole('menuitem', { name: 'User settings' }).click();
	await expect(page.getByRole('dialog', { name: 'User settings' })).toBeVisible();
	if (section !== undefined) await page.getByRole('dialog').getByRole('button', { name: section, exact: true }).click();
}

/** Chromium tells every page of a test that it has the focus. */
export async function lookAway(page: Page, away: boolean): Promise<void> {
	await page.evaluate((gone) => {
		document.hasFocus = () => !gone;
		window.dispatchEvent(new Event(gone ? 'blur' : 'focus'));
	}, away);
}

/** A picture of the size as a PNG file. */
export async function drawPicture(page: Page, width: number, height: number): Promise<Buffer> {
	const data = await page.evaluate(
		([w, h]) => {
			const canvas = document.createElement('canvas');
			canvas.width = w;
			canvas.height = h;
			const context = canvas.getContext('2d');
			if (context !== null) {
				context.fillStyle = 'teal';
				context.fillRect(0, 0, w, h);
			}
			return canvas.toDataURL('image/png');
		},
		[width, height] as const,
	);
	return Buffer.from(data.slice(data.indexOf(',') + 1), 'base64');
}
