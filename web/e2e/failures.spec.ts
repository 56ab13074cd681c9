import { expect, test, type WebSocketRoute } from '@playwright/test';
import { Program } from './program';
import { createServer, expectTexts, messages, say, signUp } from './steps';

interface Frame {
	type: string;
	request_id?: string;
	content?: string;
}

test('refused, lost and repeated frames', async ({ page }) => {
	const program = await Program.start('--limits', 'off');
	try {
		let toServer: (frame: Frame, route: WebSocketRoute) => boolean = () => true;
		let toPage: (frame: Frame) => boolean = () => true;
		let socket: WebSocketRoute | undefined;
		let asked: string[] = [];
		await page.routeWebSocket(/\/ws$/, (route) => {
			socket = route;
			const server = route.connectToServer();
			route.onMessage((data) => {
				const frame = JSON.parse(String(data)) as Frame;
				asked.push(frame.type);
				if (toServer(frame, route)) server.send(data);
			});
			server.onMessage((data) => {
				if (toPage(JSON.parse(String(data)) as Frame)) route.send(data);
			});
		});
		await signUp(page, program.url, 'ana');
		await createServer(page, 'Garden');

		// Refused: red, with the reason; sent again on demand.
		toServer = (frame, route) => {
			if (frame.type !== 'message') return true;
			route.send(JSON.stringify({ type: 'error', request_id: frame.request_id, code: 'internal', message: 'The cat sat on it.' }));
			return false;
		};
		await say(page, 'one');
		await expect(messages(page).getByRole('alert')).toContainText('The cat sat on it.');
		toServer = () => true;
		await messages(page).getByRole('button', { name: 'Retry' }).click();
		await expectTexts(page, ['one']);

		// The event is lost: noticed and asked for.
		toPage = (frame) => frame.type !== 'message';
		await say(page, 'two');
		await expect(messages(page)).toHaveCount(2);
		asked = [];
		await expect.poll(() => asked).toContain('get_changes');
		toPage = () => true;
		await say(page, 'three');
		await expectTexts(page, ['one', 'two', 'three']);

		// Everything twice: shown once.
		toPage = (frame) => {
			socket?.send(JSON.stringify(frame));
			return true;
		};
		await say(page, 'four');
		await expectTexts(page, ['one', 'two', 'three', 'four']);
		toPage = () => true;

		// The server lost track: the page asks for everything anew.
		asked = [];
		socket?.send(JSON.stringify({ type: 'resync' }));
		await expect.poll(() => asked).toEqual(['resync', 'get_changes', 'get_server_members']);

		// Closed, with a code of the server's own: the page comes back, and the row stays.
		await socket?.close({ code: 4002 });
		await say(page, 'five');
		await expectTexts(page, ['one', 'two', 'three', 'four', 'five']);
		await expect(page.getByText('Reconnecting…')).toHaveCount(0);

		await page.reload();
		await expectTexts(page, ['one', 'two', 'three', 'four', 'five']);
	} finally {
		await program.remove();
	}
});
