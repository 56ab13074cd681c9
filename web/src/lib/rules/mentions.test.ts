import { describe, expect, test } from 'vitest';
import { parseMarkup } from './markup';
import { mayMention, mentions } from './mentions';

const spoken = (text: string, username: string): boolean => mayMention(text, username) && mentions(parseMarkup(text), username);

describe('a mention', () => {
	test.each(['@ana', 'Hello @ana!', 'is it you, @Ana?', '(@ANA)', 'Ask @ana.', '@bob and\n@ana', 'hello,@ana', '**@ana**', '> @ana', '- one\n- @ana'])('is in %j', (text) => {
		expect(spoken(text, 'ana')).toBe(true);
	});
	test.each(['ana', '#ana', '@anabel', '@ana.bel', '@ana-1', 'mail@ana', 'x_@ana', '@ ana', '`@ana`', '', '@'])('is not in %j', (text) => {
		expect(spoken(text, 'ana')).toBe(false);
	});
	test.each(['jörg_b.-2', 'हिन्दी'])('is of %j', (name) => {
		expect(spoken(`See @${name.toUpperCase()}, please`, name)).toBe(true);
	});
});
