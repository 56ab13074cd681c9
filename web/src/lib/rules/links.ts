export type TextPart = { readonly text: string; readonly href?: undefined } | { readonly text: string; readonly href: string };

// No spaces, quotes, angle brackets, controls or direction marks: those end an address.
// eslint-disable-next-line no-control-regex
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/giu;

/** Cuts a text into plain parts and links. Only http and https become links. */
export function linkify(text: string): TextPart[] {
	const parts: TextPart[] = [];
	let from = 0;
	for (const match of text.matchAll(ADDRESS)) {
		const address = withoutTail(match[0]);
		const href = safeHref(address);
		if (href === null) continue;
		if (match.index > from) parts.push({ text: text.slice(from, match.index) });
		parts.push({ text: address, href });
		from = match.index + address.length;
	}
	if (from < text.length || parts.length === 0) parts.push({ text: text.slice(from) });
	return parts;
}

function safeHref(address: string): string | null {
	if (!URL.canParse(address)) return null;
	const url = new URL(address);
	if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
	return url.hostname === '' ? null : url.href;
}

/** Punctuation that ends the sentence, not the address; a closing bracket belongs to it only if it was opened in it. */
function withoutTail(address: string): string {
	let end = address.length;
	for (; end > 0; end--) {
		const last = address[end - 1] ?? '';
		if ('.,;:!?*_~'.includes(last)) continue;
		const opening = { ')': '(', ']': '[', '}': '{' }[last];
		if (opening === undefined) break;
		const kept = address.slice(0, end);
		if (count(kept, last) <= count(kept, opening)) break;
	}
	return address.slice(0, end);
}

function count(text: string, char: string): number {
	return text.split(char).length - 1;
}
