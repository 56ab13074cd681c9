import { describe, expect, test } from 'vitest';
import { mentions } from './mentions';

describe('a mention', () => {
	test.each(['@ana', 'Hello @ana!', 'is it you, @Ana?', '(@ANA)', 'Ask @ana.', '@bob and\n@ana', 'hello,@ana', '**@ana**', '> @ana', '- one\n- @ana'])('is in %j', (text) => {
		expect(mentions(text, 'ana')).toBe(true);
	});
	test.each(['ana', '#ana', '@anabel', '@ana.bel', '@ana-1', 'mail@ana', 'x_@ana', '@ ana', '`@ana`', '', '@'])('is not in %j', (text) => {
		expect(mentions(text, 'ana')).toBe(false);
	});
	test.each(['jörg_b.-2', 'हिन्दी'])('is of %j', (name) => {
		expect(mentions(`See @${name.toUpperCase()}, please`, name)).toBe(true);
	});
});
