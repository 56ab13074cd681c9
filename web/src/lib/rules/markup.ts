import type { Nodes, Parents, PhrasingContent, RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmStrikethroughFromMarkdown } from 'mdast-util-gfm-strikethrough';
import { gfmStrikethrough } from 'micromark-extension-gfm-strikethrough';
import { linkify } from './links';
import { plain, type Block, type Inline } from './parts';

/** CommonMark (with strikethrough of GFM), but for what surprises in a chat or would hide what was written. */
const options = {
	extensions: [
		gfmStrikethrough({ singleTilde: false }),
		{
			disable: {
				null: [
					'autolink',
					'characterReference',
					'codeIndented',
					'definition',
					'htmlFlow',
					'htmlText',
					'labelStartImage',
					'setextUnderline',
					'thematicBreak',
				],
			},
		},
	],
	mdastExtensions: [gfmStrikethroughFromMarkdown()],
};

/** What is nested deeper than this is shown as it was written. */
const MAX_DEPTH = 6;

/** The structure of a message. No text becomes HTML, whatever it looks like: the page draws these parts and nothing else. */
export function parseMarkup(source: string): Block[] {
	const reader = new Reader(source);
	const blocks = reader.blocks(fromMarkdown(source, options), 0);
	// Marks that stand for nothing, as a lone "-".
	return isEmpty(blocks) ? [{ kind: 'paragraph', children: plain(source) }] : blocks;
}

class Reader {
	readonly #source: string;

	constructor(source: string) {
		this.#source = source;
	}

	blocks(parent: Parents, depth: number): Block[] {
		return parent.children.map((node) => this.#block(node, depth + 1));
	}

	#block(node: RootContent, depth: number): Block {
		if (depth <= MAX_DEPTH) {
			switch (node.type) {
				case 'paragraph':
					return { kind: 'paragraph', children: this.#inlines(node.children, depth) };
				case 'heading':
					return { kind: 'heading', level: node.depth, children: this.#inlines(node.children, depth) };
				case 'blockquote':
					return { kind: 'quote', children: this.blocks(node, depth) };
				case 'list': {
					const items = node.children.map((item) => this.blocks(item, depth));
					return { kind: 'list', start: node.ordered === true ? (node.start ?? 1) : null, items };
				}
				case 'code':
					return { kind: 'code', text: node.value };
			}
		}
		return { kind: 'paragraph', children: plain(this.#written(node)) };
	}

	#inlines(nodes: readonly PhrasingContent[], depth: number): Inline[] {
		return nodes.flatMap((node) => this.#inline(node, depth + 1));
	}

	#inline(node: PhrasingContent, depth: number): Inline[] {
		if (depth <= MAX_DEPTH) {
			switch (node.type) {
				case 'text':
					return plain(node.value);
				case 'break':
					return [{ kind: 'text', text: '\n' }];
				case 'strong':
				case 'emphasis':
					return [{ kind: node.type, children: this.#inlines(node.children, depth) }];
				case 'delete':
					return [{ kind: 'strike', children: this.#inlines(node.children, depth) }];
				case 'inlineCode':
					return [{ kind: 'code', text: node.value }];
				case 'link':
					return this.#link(node.url, this.#inlines(node.children, depth), node);
			}
		}
		return plain(this.#written(node));
	}

	/** A link whose label is an address of its own could lead elsewhere than it says: it is shown as written. */
	#link(url: string, children: Inline[], node: Nodes): Inline[] {
		const [target, ...rest] = linkify(url);
		const honest = !children.some(({ kind }) => kind === 'link') && children.some((child) => !isEmpty([child]));
		if (!honest || target?.href === undefined || rest.length > 0) return plain(this.#written(node));
		return [{ kind: 'link', href: target.href, children }];
	}

	#written({ position }: Nodes): string {
		return this.#source.slice(position?.start.offset, position?.end.offset);
	}
}

function isEmpty(parts: readonly (Block | Inline)[]): boolean {
	return parts.every((part) => {
		if ('text' in part) return part.text.trim() === '';
		if ('items' in part) return part.items.every((item) => isEmpty(item));
		return isEmpty(part.children);
	});
}
