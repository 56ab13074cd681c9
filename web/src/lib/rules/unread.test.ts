import { describe, expect, test } from 'vitest';
import { countText, fromProgress, nothingRead, readUpTo, withMessage, withoutMessage, withProgress } from './unread';

describe('unread counts', () => {
	test('messages of others count, one\'s own and known ones do not', () => {
		let reading = fromProgress({ seq: 4, read: 4, unread: 0 });
		reading = withMessage(reading, { id: 5, seq: 5 }, false);
		reading = withMessage(reading, { id: 5, seq: 5 }, false);
		reading = withMessage(reading, { id: 6, seq: 6 }, true);
		expect(reading).toMatchObject({ seq: 6, read: 4, unread: 1 });
	});

	test('a deleted message that was not read is taken off, a read one is not', () => {
		let reading = withMessage(withMessage(nothingRead, { id: 1, seq: 1 }, false), { id: 2, seq: 2 }, false);
		reading = withoutMessage(reading, { id: 2, seq: 3 }, false);
		expect(reading.unread).toBe(1);
		reading = withoutMessage(readUpTo(reading, 1), { id: 1, seq: 4 }, false);
		expect(reading.unread).toBe(0);
	});

	test('the count ends at a hundred, and says so', () => {
		let reading = fromProgress({ seq: 1, read: 0, unread: 100 });
		reading = withMessage(reading, { id: 2, seq: 2 }, false);
		expect(reading.unread).toBe(100);
		expect(withoutMessage(reading, { id: 2, seq: 3 }, false).unread).toBe(100);
		expect([countText(7), countText(99), countText(100)]).toEqual(['7', '99', '99+']);
	});

	test('a mark of another device counts, and messages that came after it stay unread', () => {
		let reading = withMessage(withMessage(nothingRead, { id: 1, seq: 1 }, false), { id: 2, seq: 2 }, false);
		reading = withProgress(reading, { seq: 1, read: 1, unread: 0 });
		expect(reading).toMatchObject({ seq: 2, read: 1, unread: 1 });
		expect(withProgress(reading, { seq: 2, read: 2, unread: 0 }).unread).toBe(0);
	});

	test('a mark never moves back', () => {
		const reading = readUpTo(fromProgress({ seq: 9, read: 3, unread: 4 }), 9);
		expect(reading).toMatchObject({ read: 9, unread: 0 });
		expect(withProgress(reading, { seq: 9, read: 5, unread: 2 })).toBe(reading);
		expect(readUpTo(reading, 4)).toBe(reading);
	});
});
