import { expect, test } from 'vitest';
import { codeFromInput, inviteFromSearch, inviteLink, parseRoute, resetFromHash, resetLink, routePath, type Route } from './routes';

const routes: [string, Route][] = [
	['/', { name: 'home' }],
	['/friends', { name: 'friends' }],
	['/channels/s1', { name: 'channel', serverId: 's1', channelId: null }],
	['/channels/s1/c1', { name: 'channel', serverId: 's1', channelId: 'c1' }],
	['/dm/d1', { name: 'dm', dmId: 'd1' }],
	['/dm/a%20b', { name: 'dm', dmId: 'a b' }],
];
test.each(routes)('%s there and back', (path, route) => {
	expect(parseRoute(path)).toEqual(route);
	expect(routePath(route)).toBe(path);
});

test.each(['/nothing', '/dm', '/channels', '/channels/a/b/c', '/dm/%zz/x', '/friends/x'])('%s is home', (path) => {
	expect(parseRoute(path)).toEqual({ name: 'home' });
});

test.each([
	['a code', 'AB12CD34', 'AB12CD34'],
	['small letters and space', '  ab12cd34 ', 'AB12CD34'],
	['a link', 'https://chat.example/?invite=AB12CD34', 'AB12CD34'],
	['a link with more', 'https://chat.example/?x=1&invite=ab12cd34', 'AB12CD34'],
	['nothing', '   ', null],
])('code from %s', (_name, input, code) => {
	expect(codeFromInput(input)).toBe(code);
});

test('an invite link says its code', () => {
	const link = inviteLink('http://localhost:8765', 'AB12CD34');
	expect(link).toBe('http://localhost:8765/?invite=AB12CD34');
	expect(inviteFromSearch(new URL(link).search)).toBe('AB12CD34');
	expect(inviteFromSearch('?other=1')).toBeNull();
});

test('a reset link has its token where no server sees it', () => {
	expect(resetLink('https://chat.example', 'ABC+1')).toBe('https://chat.example/#reset=ABC%2B1');
	expect(resetFromHash('#reset=ABC%2B1')).toBe('ABC+1');
	for (const hash of ['', '#', '#reset=', '#other']) expect(resetFromHash(hash)).toBeNull();
});
