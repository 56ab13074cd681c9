import { expect, test } from 'vitest';
import { codeFromInput, innerPath, inviteIn, inviteLink, parseRoute, resetFromHash, resetLink, routePath, type Route } from './routes';

const routes: [string, Route][] = [
	['/', { name: 'home' }],
	['/friends', { name: 'friends' }],
	['/lobby', { name: 'lobby' }],
	['/lobby/3', { name: 'lobby', messageId: 3 }],
	['/channels/s1', { name: 'channel', serverId: 's1', channelId: null }],
	['/channels/s1/c1', { name: 'channel', serverId: 's1', channelId: 'c1' }],
	['/channels/s1/c1/42', { name: 'channel', serverId: 's1', channelId: 'c1', messageId: 42 }],
	['/dm/d1', { name: 'dm', dmId: 'd1' }],
	['/dm/d1/7', { name: 'dm', dmId: 'd1', messageId: 7 }],
	['/dm/a%20b', { name: 'dm', dmId: 'a b' }],
];
test.each(routes)('%s there and back', (path, route) => {
	expect(parseRoute(path)).toEqual(route);
	expect(routePath(route)).toBe(path);
});

test.each(['/nothing', '/dm', '/channels', '/channels/a/b/c', '/channels/a/b/0', '/channels/a/b/1/2', '/dm/%zz/x', '/dm/d/1/2', '/friends/x', '/lobby/x', '/lobby/1/2'])('%s is home', (path) => {
	expect(parseRoute(path)).toEqual({ name: 'home' });
});

test.each([
	['http://a.example/channels/s/c/5', '/channels/s/c/5'],
	['http://a.example/dm/d', '/dm/d'],
	['http://a.example/#invite=AB12CD34', null],
	['http://a.example.evil/channels/s/c', null],
	['https://a.example/channels/s/c', null],
])('%s leads within to %s', (href, path) => {
	expect(innerPath(href, 'http://a.example')).toBe(path);
});

test.each([
	['a code', 'AB12CD34', 'AB12CD34'],
	['small letters and space', '  ab12cd34 ', 'AB12CD34'],
	['a link', 'https://chat.example/#invite=AB12CD34', 'AB12CD34'],
	['a link with more', 'https://chat.example/friends?x=1#y=1&invite=ab12cd34', 'AB12CD34'],
	['a link of the first page', 'chat.example/?invite=ab12cd34', 'AB12CD34'],
	['a link without a code', 'https://chat.example/#invite=', null],
	['a link that is broken', 'https://chat.example/#invite=%zz', '%ZZ'],
	['nothing', '   ', null],
])('code from %s', (_name, input, code) => {
	expect(codeFromInput(input)).toBe(code);
});

test('an invite link says its code where no server sees it', () => {
	const link = inviteLink('http://localhost:8765', 'AB12CD34');
	expect(link).toBe('http://localhost:8765/#invite=AB12CD34');
	expect(inviteIn(new URL(link).hash)).toBe('AB12CD34');
	expect(inviteIn('#other=1')).toBeNull();
});

test('a reset link has its token where no server sees it', () => {
	expect(resetLink('https://chat.example', 'ABC+1')).toBe('https://chat.example/#reset=ABC%2B1');
	expect(resetFromHash('#reset=ABC%2B1')).toBe('ABC+1');
	for (const hash of ['', '#', '#reset=', '#other']) expect(resetFromHash(hash)).toBeNull();
});
