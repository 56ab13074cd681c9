import { linkify } from './links';

/** What the page draws of a message: these parts and nothing else. */
export type Inline =
	| { readonly kind: 'text'; readonly text: string }
	| { readonly kind: 'code'; readonly text: string }
	| { readonly kind: 'strong'; readonly children: readonly Inline[] }
	| { readonly kind: 'emphasis'; readonly children: readonly Inline[] }
	| { readonly kind: 'strike'; readonly children: readonly Inline[] }
	| { readonly kind: 'link'; readonly href: string; readonly children: readonly Inline[] }
	/** `@name` or `#name`; whether there is somebody or a channel of that name is not known here. */
	| { readonly kind: 'mention'; readonly sign: '@' | '#'; readonly name: string; readonly text: string };

export type Block =
	| { readonly kind: 'paragraph'; readonly children: readonly Inline[] }
	| { readonly kind: 'heading'; readonly level: number; readonly children: readonly Inline[] }
	| { readonly kind: 'quote'; readonly children: readonly Block[] }
	/** `start` is null for a list without numbers. */
	| { readonly kind: 'list'; readonly start: number | null; readonly items: readonly (readonly Block[])[] }
	| { readonly kind: 'code'; readonly text: string };

/** Without one of these nothing is markup. */
const MARKS = /[*_~`[\]\\#>+\-)]|^\s|\n\s*\n| {2}/;
const PICTOGRAPH = '\\p{Extended_Pictographic}(?:\\uFE0F|\\p{Emoji_Modifier})?';
const EMOJI_ONLY = new RegExp(`^(?:\\s*(?:\\p{Regional_Indicator}{2}|${PICTOGRAPH}(?:\\u200D${PICTOGRAPH})*)){1,6}\\s*$`, 'u');
const MENTION = /(?<![\p{L}\p{M}\p{N}_.@#&/-])([@#])([\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_.-]*[\p{L}\p{M}\p{N}_])?)/gu;

/** Without it the text is one paragraph as it stands. */
export function mayHaveMarkup(source: string): boolean {
	return MARKS.test(source);
}

/** One to six emoji and nothing else. */
export function isEmojiOnly(source: string): boolean {
	return EMOJI_ONLY.test(source);
}

/** Text with the addresses and names that are in it. */
export function plain(text: string): Inline[] {
	return linkify(text).flatMap((part): Inline[] =>
		part.href === undefined ? mentions(part.text) : [{ kind: 'link', href: part.href, children: [{ kind: 'text', text: part.text }] }],
	);
}

function mentions(text: string): Inline[] {
	const parts: Inline[] = [];
	let from = 0;
	for (const match of text.matchAll(MENTION)) {
		if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) });
		parts.push({ kind: 'mention', sign: match[1] === '#' ? '#' : '@', name: match[2] ?? '', text: match[0] });
		from = match.index + match[0].length;
	}
	if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
	return parts;
}
