import { describe, expect, test } from 'vitest';
import { mentions } from './mentions';

describe('a mention', () => {
	test.each(['@ana', 'Hello @ana!', 'is it you, @Ana?', '(@ANA)', 'Ask @ana.', '@bob and\n@ana', 'hello,@ana'])('is in %j', (text) => {
		expect(mentions(text, 'ana')).toBe(true);
	});
	test.each(['ana', '@anabel', '@ana.bel', '@ana-1', 'mail@ana', 'x_@ana', '@ ana', '', '@'])('is not in %j', (text) => {
		expect(mentions(text, 'ana')).toBe(false);
	});
	test('is of a name with anything that a name may have', () => {
		expect(mentions('see @Jörg_B.-2, please', 'jörg_b.-2')).toBe(true);
		expect(mentions('see @Jo\u0308rg', 'Jörg')).toBe(true);
		expect(mentions('@ana.', 'ana.')).toBe(true);
	});
	test('is of nobody without a name', () => {
		expect(mentions('@ana', '')).toBe(false);
	});
});
