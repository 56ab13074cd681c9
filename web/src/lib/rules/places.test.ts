import { expect, test } from 'vitest';
import { findPlaces, nextPlace, type Place } from './places';

function place(key: string, group: string, unread = 0, kind: Place['kind'] = 'text', route: Place['route'] = { name: 'home' }): Place {
	return { key, kind, label: key, detail: group, unread, group, route };
}
const places = [
	place('bob', 'dm', 0, 'person'),
	place('cyd', 'dm', 2, 'person'),
	place('dan', 'friends', 0, 'person', null),
	place('general', 'Garden'),
	place('bench', 'Garden', 0, 'voice'),
	place('tool-shed', 'Garden', 1),
	place('general-2', 'Kitchen', 3),
];

test.each([
	['general', 1, false, 'tool-shed'],
	['tool-shed', 1, false, 'general'],
	['tool-shed', -1, false, 'general'],
	['bob', 1, false, 'cyd'],
	['bench', 1, false, 'tool-shed'],
	['general', 1, true, 'tool-shed'],
	['tool-shed', 1, true, 'general-2'],
	['general-2', 1, true, 'cyd'],
	['general', -1, true, 'cyd'],
	['general-2', 1, false, undefined],
	[null, 1, false, 'bob'],
	[null, -1, false, 'cyd'],
	[null, 1, true, 'cyd'],
] as const)('from %s by %i, unread %s: %s', (current, by, unread, wanted) => {
	expect(nextPlace(places, current, by, unread)?.key).toBe(wanted);
});

test.each([
	['', ['cyd', 'tool-shed', 'general-2', 'bob', 'dan', 'general', 'bench']],
	['gen', ['general', 'general-2']],
	['general', ['general', 'general-2']],
	['#shed', ['tool-shed']],
	['@bo', ['bob']],
	['kitchen', ['general-2']],
	['tlsh', ['tool-shed']],
	['nothing', []],
])('%j finds %j', (query, wanted) => {
	expect(findPlaces(places, query, 10).map(({ key }) => key)).toEqual(wanted);
});

test('nowhere to go', () => {
	expect(nextPlace([], null, 1, false)).toBeUndefined();
});
