import { expect, test } from 'vitest';
import { Api } from './api';

const user = { username: 'ana', avatar: null, avatar_type: 'emoji', avatar_data: null };

function answering(status: number, body: unknown): { api: Api; calls: RequestInit[] } {
	const calls: RequestInit[] = [];
	const api = new Api((_path, init) => {
		calls.push(init ?? {});
		return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status }));
	});
	return { api, calls };
}

test('a session that is there', async () => {
	expect(await answering(200, { user }).api.session()).toEqual(user);
});

test('a session that is not there is no error', async () => {
	expect(await answering(401, { code: 'unauthenticated', title: 'No session' }).api.session()).toBeNull();
});

test('a server that is not there is an error', async () => {
	const api = new Api(() => Promise.reject(new TypeError('Failed to fetch')));
	await expect(api.session()).rejects.toMatchObject({ code: 'unavailable' });
});

test('a problem brings its sentence and code', async () => {
	const { api } = answering(409, { title: 'Conflict', status: 409, detail: 'That name is taken.', code: 'conflict' });
	await expect(api.signUp('ana', 'secret', null)).rejects.toMatchObject({ code: 'conflict', message: 'That name is taken.' });
});

test('a proxy that answers in HTML counts by its status', async () => {
	const api = new Api(() => Promise.resolve(new Response('<html>', { status: 502 })));
	await expect(api.logIn('ana', 'secret')).rejects.toMatchObject({ code: 'unavailable' });
});

test('an empty invite code is not sent', async () => {
	const { api, calls } = answering(201, { user });
	await api.signUp('ana', 'secret', null);
	await api.signUp('ana', 'secret', 'AB12CD34');
	expect(calls.map((call) => JSON.parse(call.body as string) as unknown)).toEqual([
		{ username: 'ana', password: 'secret' },
		{ username: 'ana', password: 'secret', invite_code: 'AB12CD34' },
	]);
});
