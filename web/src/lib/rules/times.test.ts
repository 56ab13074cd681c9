import { expect, test } from 'vitest';
import { clockTime, dayName } from './times';

const words = { today: 'Today', yesterday: 'Yesterday' };
const now = new Date(2026, 2, 29, 12, 0);

test.each([
	['this morning', new Date(2026, 2, 29, 0, 1), 'Today'],
	['last night', new Date(2026, 2, 28, 23, 59), 'Yesterday'],
])('%s', (_name, date, wanted) => {
	expect(dayName(date, now, words)).toBe(wanted);
});

test('another day has its date', () => {
	expect(dayName(new Date(2025, 0, 2), now, words)).toContain('2025');
});

test('no date, no text', () => {
	expect(clockTime(new Date('nonsense'))).toBe('');
	expect(dayName(new Date('nonsense'), now, words)).toBe('');
});
