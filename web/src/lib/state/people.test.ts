import { expect, test } from 'vitest';
import type { User } from '../wire';
import { People } from './people.svelte';

const bob: User = { username: 'bob', avatar: '🦊', avatar_type: 'emoji', avatar_data: null, profile_version: 2 };

test('an older profile that comes later changes nothing', () => {
	const people = new People();
	people.apply({ type: 'avatar_update', ...bob, display_name: 'Robert', profile_version: 3 });
	people.apply({ type: 'friend_added', ...bob });
	expect(people.name('Bob')).toBe('Robert');
	people.apply({ type: 'profile_updated', ...bob, avatar: '🐢', profile_version: 4 });
	expect([people.name('bob'), people.avatar('bob')?.avatar]).toEqual(['bob', '🐢']);
});
