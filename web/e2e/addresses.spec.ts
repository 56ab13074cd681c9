import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { Program } from './program';
import { accountInvite, createServer, drawPicture, joinServer, openSettings, PASSWORD, say, serverInvite, signUp } from './steps';

/** Every address that the pages of a context ask for, and where they say that they come from. */
class Addresses {
	readonly #all: Promise<string>[] = [];

	constructor(context: BrowserContext) {
		context.on('request', (request) => {
			this.#all.push(
				request.allHeaders().then(
					(headers) => `${request.url()} ${headers['referer'] ?? ''}`,
					() => request.url(),
				),
			);
		});
		context.on('page', (page) => {
			page.on('websocket', (socket) => this.#all.push(Promise.resolve(socket.url())));
		});
	}

	async seen(): Promise<string[]> {
		return Promise.all(this.#all);
	}
}

test('no address that the page asks for has what lets somebody in', async ({ browser }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext()];
	try {
		const addresses = contexts.map((context) => new Addresses(context));
		const [ana, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];
		const secrets: string[] = [PASSWORD, encodeURIComponent(PASSWORD)];

		// Links, with a code behind the #.
		await signUp(ana, program.url, 'ana');
		const code = await accountInvite(ana);
		await bob.goto(program.url);
		await bob.goto(`${program.url}/#invite=${code}`);
		await expect(bob.getByLabel('Invite code')).toHaveValue(code);
		await bob.getByLabel('Username').fill('bob');
		await bob.getByLabel('Password', { exact: true }).fill(PASSWORD);
		await bob.getByRole('button', { name: 'Create Account' }).click();
		await expect(bob.getByRole('heading', { name: 'Welcome, bob' })).toBeVisible();
		expect(bob.url()).not.toContain(code);

		// A picture, a server, messages, and a page that is loaded anew.
		await openSettings(bob);
		const settings = bob.getByRole('dialog', { name: 'User settings' });
		await settings.getByLabel('Picture file').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: await drawPicture(bob, 64, 64) });
		await settings.getByRole('button', { name: 'Save avatar' }).click();
		await ana.getByRole('link', { name: 'Friends' }).click();
		await expect(ana.locator('.avatar img').first()).toBeVisible();
		await bob.keyboard.press('Escape');
		await createServer(ana, 'Workshop');
		const serverCode = await serverInvite(ana);
		await joinServer(bob, serverCode);
		await say(bob, 'hello');
		for (const page of [ana, bob]) {
			await page.reload();
			await expect(page.getByText('hello')).toBeVisible();
			await expect(page.locator('.avatar img').first()).toBeVisible();
		}

		// A link for a new password.
		await openSettings(ana, 'Administration');
		await ana.getByRole('button', { name: 'Make a reset link for bob' }).click();
		const link = await ana.getByLabel('Link for a new password').inputValue();
		secrets.push(code, serverCode, link.slice(link.indexOf('=') + 1));
		for (const context of contexts) {
			const [session] = await context.cookies();
			expect(session?.value).toMatch(/^[A-Z2-7]{26}$/);
			secrets.push(session?.value ?? '');
		}
		await bob.goto(link);
		await bob.getByLabel('New password').fill(`${PASSWORD} again`);
		await bob.getByRole('button', { name: 'Set password' }).click();
		await expect(bob.getByText('Your password is set. Log in with it.')).toBeVisible();

		for (const seen of await Promise.all(addresses.map((each) => each.seen()))) {
			const path = program.url.replace('http:', '');
			for (const asked of [`ws:${path}/ws`, 'api/v1/session', 'api/v1/avatars/', 'assets/']) expect(seen.some((address) => address.includes(asked)), asked).toBe(true);
			for (const secret of secrets) expect(seen.filter((address) => address.includes(secret))).toEqual([]);
		}
	} finally {
		await Promise.all(contexts.map((context) => context.close()));
		await program.remove();
	}
});
