import { mayHaveMarkup, plain, type Block } from '../rules/parts';

/** The parser is a fifth of the whole page: it is loaded with the first text that needs it. */
let parse = $state.raw<((source: string) => Block[]) | null>(null);
let loading: Promise<void> | null = null;

function load(): Promise<void> {
	loading ??= import('../rules/markup').then(
		({ parseMarkup }) => {
			parse = parseMarkup;
		},
		() => {
			loading = null;
		},
	);
	return loading;
}

/** The structure of a text. Until the parser is there, and where it can't be loaded, the text stands as it was written. */
export function markup(source: string): Block[] {
	if (mayHaveMarkup(source)) {
		if (parse !== null) return parse(source);
		void load();
	}
	return [{ kind: 'paragraph', children: plain(source) }];
}

/** The structure of a text, once the parser is there. */
export async function parsed(source: string): Promise<Block[]> {
	if (mayHaveMarkup(source)) await load();
	return markup(source);
}
