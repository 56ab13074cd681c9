import { expect, test } from 'vitest';
import { code, namingAt, prefix, surround, type Change, type Selected } from './format';

/** `a[b]c`: b is selected; `a|b`: the caret. */
function selected(sketch: string): Selected {
	const text = sketch.replace(/[[\]|]/g, '');
	if (sketch.includes('|')) return { text, start: sketch.indexOf('|'), end: sketch.indexOf('|') };
	return { text, start: sketch.indexOf('['), end: sketch.indexOf(']') - 1 };
}
function after({ text }: Selected, { from, to, insert, start, end }: Change): string {
	const next = text.slice(0, from) + insert + text.slice(to);
	if (start === end) return `${next.slice(0, start)}|${next.slice(start)}`;
	return `${next.slice(0, start)}[${next.slice(start, end)}]${next.slice(end)}`;
}

test.each([
	['around a word', 'a [b] c', 'a **[b]** c'],
	['and away again', 'a **[b]** c', 'a [b] c'],
	['not around the space beside it', 'a[ b ]c', 'a **[b]** c'],
	['at the caret', 'a |', 'a **|**'],
	['all of it', '[abc]', '**[abc]**'],
])('marks %s', (_name, before, wanted) => {
	expect(after(selected(before), surround(selected(before), '**'))).toBe(wanted);
});

test.each([
	['the line of the caret', 'a\nb|c\nd', 'a\n> bc|\nd'],
	['all lines selected', 'a[\nb]', '[> a\n> b]'],
	['and away again', '> a\n[> b]', '> a\n[b]'],
	['an empty line', '|', '> |'],
])('quotes %s', (_name, before, wanted) => {
	expect(after(selected(before), prefix(selected(before), () => '> '))).toBe(wanted);
});

test('lines are counted', () => {
	expect(after(selected('[a\nb]'), prefix(selected('[a\nb]'), (line) => `${String(line)}. `))).toBe('[1. a\n2. b]');
});

test('code in a line, and a block of it', () => {
	expect(after(selected('a [b]'), code(selected('a [b]')))).toBe('a `[b]`');
	expect(after(selected('[a\nb]'), code(selected('[a\nb]')))).toBe('```\n[a\nb]\n```');
});

test.each([
	['@an|', '@an'],
	['hi @|', '@'],
	['(@bob|', '@bob'],
	['mail a@b|', null],
	['#gen|', '#gen'],
	['see :smi|', ':smi'],
	['so :D|', null],
	['12:30|', null],
	['@ana |', null],
	['@an|na', '@an'],
])('%s names %s', (sketch, wanted) => {
	const caret = sketch.indexOf('|');
	const naming = namingAt(sketch.replace('|', ''), caret);
	expect(naming === null ? null : naming.kind + naming.query).toBe(wanted);
	if (naming !== null) expect(sketch[naming.from]).toBe(naming.kind);
});
