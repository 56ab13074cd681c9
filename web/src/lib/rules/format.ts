/** A text with what is selected in it, as offsets in UTF-16 units. */
export interface Selected {
	readonly text: string;
	readonly start: number;
	readonly end: number;
}

/** What one change of a text does: the range that is replaced, by what, and what is selected afterwards. */
export interface Change {
	readonly from: number;
	readonly to: number;
	readonly insert: string;
	readonly start: number;
	readonly end: number;
}

/** Puts marks around what is selected, or takes them away. Space at its ends stays outside: marks beside it would be none. */
export function surround(selected: Selected, mark: string): Change {
	const { text } = selected;
	const { length } = mark;
	const chosen = text.slice(selected.start, selected.end);
	const inner = chosen.trim() === '' ? chosen : chosen.trim();
	const start = selected.start + chosen.indexOf(inner);
	const end = start + inner.length;
	if (text.slice(start - length, start) === mark && text.slice(end, end + length) === mark) {
		return { from: start - length, to: end + length, insert: inner, start: start - length, end: end - length };
	}
	return { from: start, to: end, insert: mark + inner + mark, start: start + length, end: end + length };
}

/** Puts a mark before every line that is selected, or takes it away from all. `mark` is told the line's number, from 1. */
export function prefix({ text, start, end }: Selected, mark: (line: number) => string): Change {
	const from = text.lastIndexOf('\n', start - 1) + 1;
	const next = text.indexOf('\n', end);
	const to = next === -1 ? text.length : next;
	const lines = text.slice(from, to).split('\n');
	const marked = lines.every((line, at) => line.startsWith(mark(at + 1)));
	const insert = lines.map((line, at) => (marked ? line.slice(mark(at + 1).length) : mark(at + 1) + line)).join('\n');
	return { from, to, insert, start: start === end ? from + insert.length : from, end: from + insert.length };
}

/** A code mark fits the text: one line is code in a line, several are a block of it. */
export function code(selected: Selected): Change {
	const inner = selected.text.slice(selected.start, selected.end);
	if (!inner.includes('\n')) return surround(selected, '`');
	const insert = `\`\`\`\n${inner}\n\`\`\``;
	return { from: selected.start, to: selected.end, insert, start: selected.start + 4, end: selected.start + 4 + inner.length };
}

/** What is being named right before the caret: `@ana`, `#gen`, `:smi`. */
export interface Naming {
	readonly kind: '@' | '#' | ':';
	readonly query: string;
	/** Where the sign stands. */
	readonly from: number;
}

export function namingAt(text: string, caret: number): Naming | null {
	const match = /(?:^|[\s([{])([@#:])([\p{L}\p{N}_.+-]*)$/u.exec(text.slice(0, caret));
	const [, kind, query = ''] = match ?? [];
	if (kind !== '@' && kind !== '#' && kind !== ':') return null;
	// A smiley of two signs is no emoji's name.
	if (kind === ':' && query.length < 2) return null;
	return { kind, query, from: caret - query.length - 1 };
}
