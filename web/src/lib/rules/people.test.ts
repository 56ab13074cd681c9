import { expect, test } from 'vitest';
import { avatarView, byName, initials } from './people';

const image = (avatar_data: string) => ({ avatar: null, avatar_type: 'image' as const, avatar_data });

test.each([
	['the default is drawn as initials', { avatar: '\u{1F464}', avatar_type: 'emoji' as const, avatar_data: null }, 'initials'],
	['nothing known', undefined, 'initials'],
	['an emoji', { avatar: '🦊', avatar_type: 'emoji' as const, avatar_data: null }, 'emoji'],
	['a picture', image('data:image/png;base64,AAAA'), 'image'],
	['a picture of this installation', image('/api/v1/avatars/abc'), 'image'],
	['an address elsewhere', image('https://evil.example/a.png'), 'initials'],
	['an address without scheme', image('//evil.example/a.png'), 'initials'],
	['a drawing that could run scripts', image('data:image/svg+xml,<svg/>'), 'initials'],
])('%s', (_name, trio, kind) => {
	expect(avatarView('ana', trio).kind).toBe(kind);
});

test.each([
	['ana', 'AN'],
	['ana.maria', 'AM'],
	['x', 'X'],
	['李小龍', '李小'],
	['🦊fox', '🦊F'],
])('initials of %s', (name, wanted) => {
	expect(initials(name)).toBe(wanted);
});

test('names are sorted without regard to case', () => {
	expect(byName([{ username: 'bob' }, { username: 'Ana' }, { username: 'ana2' }]).map((p) => p.username)).toEqual(['Ana', 'ana2', 'bob']);
});
