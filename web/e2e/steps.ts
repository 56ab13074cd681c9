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
	await expect(page.getByLabel('Invite link')).toHaveValue(`${new URL(page.url()).origin}/?invite=${code}`);
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
