import { expect, test, type Page } from '@playwright/test';
import { expectGoodLooks } from './looks';
import { Program } from './program';
import { composer, expectTexts, messages, PASSWORD, say, signUpAll } from './steps';

test('the lobby is one room for pages and for other clients', async ({ browser, request }) => {
	const program = await Program.start('--limits', 'off');
	const contexts = [await browser.newContext(), await browser.newContext()];
	try {
		const [ana, bob] = (await Promise.all(contexts.map((context) => context.newPage()))) as [Page, Page];
		await signUpAll(program.url, { ana, bob });
		await ana.getByRole('link', { name: 'Lobby' }).click();
		await expect(ana.getByRole('heading', { name: 'Welcome to the lobby' })).toBeVisible();
		await say(ana, 'anybody *here*?');
		await say(ana, 'hello?');

		// Who comes later reads what was said; both see each other write.
		await bob.getByRole('link', { name: 'Lobby' }).click();
		await expectTexts(bob, ['anybody here?', 'hello?']);
		await composer(bob).pressSequentially('I');
		await expect(ana.getByText('bob is typing…')).toBeVisible();
		await composer(bob).pressSequentially(' am');
		await composer(bob).press('Enter');
		await expectTexts(ana, ['anybody here?', 'hello?', 'I am']);
		await composer(ana).press('ArrowUp');
		await ana.getByLabel('Edit message').fill('hello!');
		await ana.getByLabel('Edit message').press('Enter');
		await expectTexts(bob, ['anybody here?', 'hello!(edited)', 'I am']);

		// A program reads and writes the same.
		const session = await request.post(`${program.url}/api/v1/tokens`, { data: { username: 'bob', password: PASSWORD } });
		expect(session.ok()).toBe(true);
		const { token } = (await session.json()) as { token: string };
		const headers = { authorization: `Bearer ${token}` };
		const lobby = `${program.url}/api/v1/lobby/messages`;
		const page = (await (await request.get(lobby, { headers })).json()) as { messages: { content: string }[] };
		expect(page.messages.map(({ content }) => content)).toEqual(['anybody *here*?', 'hello!', 'I am']);
		const sent = await request.post(lobby, { headers, data: { content: 'from a program' } });
		expect(sent.ok()).toBe(true);
		await expect(messages(ana).last()).toContainText('from a program');
		await expect(messages(bob).last()).toContainText('from a program');

		// Nobody is called for it, and it is found by its link and its name.
		await expect(ana).toHaveTitle(/^Lobby/);
		await ana.getByRole('link', { name: 'Friends' }).click();
		await say(bob, 'bye');
		await ana.keyboard.press('Control+k');
		await ana.keyboard.type('lob');
		await ana.keyboard.press('Enter');
		await expect(messages(ana).last()).toContainText('bye');
		await ana.goto(`${program.url}/lobby/1`);
		await expect(messages(ana).first()).toHaveClass(/found/);
		await expect(ana.getByRole('button', { name: 'Jump to present' })).toHaveCount(0);
		await expectGoodLooks(ana, 'desk-lobby');
		await ana.setViewportSize({ width: 390, height: 844 });
		await expectGoodLooks(ana, 'phone-lobby');
	} finally {
		for (const context of contexts) await context.close();
		await program.remove();
	}
});
