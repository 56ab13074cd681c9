import { describe, expect, test } from 'vitest';
import { parseMarkup } from './markup';
import { isEmojiOnly, mayHaveMarkup, plain, type Block, type Inline } from './parts';

/** Brackets name what surrounds the text. */
function sketch(parts: readonly (Block | Inline)[]): string {
	return parts
		.map((part) => {
			switch (part.kind) {
				case 'text':
					return part.text;
				case 'code':
					return `code(${part.text})`;
				case 'mention':
					return `mention(${part.sign === '#' ? part.text : part.name})`;
				case 'link':
					return `link(${part.href} ${sketch(part.children)})`;
				case 'paragraph':
					return `p(${sketch(part.children)})`;
				case 'heading':
					return `h${String(part.level)}(${sketch(part.children)})`;
				case 'list':
					return `list${part.start === null ? '' : String(part.start)}(${part.items.map((item) => sketch(item)).join('|')})`;
				default:
					return `${part.kind}(${sketch(part.children)})`;
			}
		})
		.join('');
}

test.each([
	['nothing special', 'hello you', 'p(hello you)'],
	['a single line break', 'a\nb', 'p(a\nb)'],
	['two paragraphs', 'a\n\nb', 'p(a)p(b)'],
	['strong, emphasis, strike', '**a** *b* _c_ ~~d~~', 'p(strong(a) emphasis(b) emphasis(c) strike(d))'],
	['marks that are none', '2 * 3 * 4, snake_case_name, ~/home, a ~ b', 'p(2 * 3 * 4, snake_case_name, ~/home, a ~ b)'],
	['one inside the other', '**a *b* c**', 'p(strong(a emphasis(b) c))'],
	['code', 'see `a*b*c`', 'p(see code(a*b*c))'],
	['a block of code', '```js\nlet a = "*b*";\n```', 'code(let a = "*b*";)'],
	['a block that was not closed', '```\nabc', 'code(abc)'],
	['a quote', '> a\n> b\n\nc', 'quote(p(a\nb))p(c)'],
	['lists', '- a\n- b\n\n3. c\n4. d', 'list(p(a)|p(b))list3(p(c)|p(d))'],
	['a heading', '# a *b*', 'h1(a emphasis(b))'],
	['no heading without a space', '#general', 'p(mention(#general))'],
	['an escaped mark', '\\*a\\*', 'p(*a*)'],
	['a lone mark', '-', 'p(-)'],
	['an empty quote', '>', 'p(>)'],
	['a line of marks', 'a\n---\nb', 'p(a\n---\nb)'],
	['indented', '    a', 'p(a)'],
	['an address', 'https://a.example/b_c_d', 'p(link(https://a.example/b_c_d https://a.example/b_c_d))'],
	['an address in strong', '**https://a.example/**', 'p(strong(link(https://a.example/ https://a.example/)))'],
	['a named link', '[the *way*](https://a.example/x)', 'p(link(https://a.example/x the emphasis(way)))'],
	['somebody', 'hi @ana, @bob.b.!', 'p(hi mention(ana), mention(bob.b).!)'],
	['an e-mail address is nobody', 'a@b.example', 'p(a@b.example)'],
	['a channel', 'see #general, or #12', 'p(see mention(#general), or mention(#12))'],
	['nobody in code', '`@ana`', 'p(code(@ana))'],
])('%s', (_name, source, wanted) => {
	expect(sketch(parseMarkup(source))).toBe(wanted);
	// What is taken for plain text without a look at its structure has none.
	if (!mayHaveMarkup(source)) expect(`p(${sketch(plain(source))})`).toBe(wanted);
});

describe('hostile', () => {
	test.each([
		['HTML', '<b>x</b><script>alert(1)</script>', 'p(<b>x</b><script>alert(1)</script>)'],
		['a block of HTML', '<div>\n\n*x*\n\n</div>', 'p(<div>)p(emphasis(x))p(</div>)'],
		['entities', '&lt;b&gt; &#x3c;', 'p(&lt;b&gt; &#x3c;)'],
		['script addresses', '[x](javascript:alert(1)) [y](data:text/html,x) [z](vbscript:x)', 'p([x](javascript:alert(1)) [y](data:text/html,x) [z](vbscript:x))'],
		['hidden script address', '[x](java\\script:alert(1))', 'p([x](java\\script:alert(1)))'],
		['a path of this installation', '[x](/api/v1/session)', 'p([x](/api/v1/session))'],
		['a label that is another address', '[https://bank.example](https://evil.example)', 'p([https://bank.example](https://evil.example))'],
		['a link without a label', '[](https://evil.example)', 'p([](link(https://evil.example/ https://evil.example)))'],
		['a picture from elsewhere is a link', '![x](https://evil.example/p.png)', 'p(!link(https://evil.example/p.png x))'],
		['a definition hides nothing', '[a]: https://evil.example', 'p([a]: link(https://evil.example/ https://evil.example))'],
	])('%s', (_name, source, wanted) => {
		expect(sketch(parseMarkup(source))).toBe(wanted);
	});

	test.each(['*', '_', '[', '`', '~', '![', '<', '>', '- ', '1. ', '**a', '[a](', '~~a', 'a*', '\\', '> ', '- \n', '>- ', '* _', '@a', '[]()', '#'])(
		'4,000 characters of %j are parsed quickly, and not deeper than can be drawn',
		(mark) => {
			const start = performance.now();
			const blocks = parseMarkup(mark.repeat(Math.ceil(4000 / mark.length)));
			expect(performance.now() - start).toBeLessThan(10_000);
			expect(JSON.stringify(blocks).split('"children"').length).toBeLessThan(20_000);
			expect(depth(blocks)).toBeLessThan(10);
		},
	);
});

function depth(parts: readonly (Block | Inline)[]): number {
	return Math.max(
		0,
		...parts.map((part) => 1 + ('items' in part ? Math.max(0, ...part.items.map((item) => depth(item))) : 'children' in part ? depth(part.children) : 0)),
	);
}

test.each([
	['👍', true],
	['👨‍👩‍👧 🇩🇪 ❤️', true],
	['🎉🎉🎉🎉🎉🎉', true],
	['🎉🎉🎉🎉🎉🎉🎉', false],
	['1', false],
	['👍 yes', false],
	['', false],
])('%j is nothing but emoji: %s', (source, wanted) => {
	expect(isEmojiOnly(source)).toBe(wanted);
});
