import { parseMarkup, type Block, type Inline } from './markup';
import { sameName } from './people';

/** Whether a message speaks to somebody: what is shown as their name in it does, and nothing else. */
export function mentions(content: string, username: string): boolean {
	// Most messages need no more than a look.
	if (!content.toLowerCase().includes(`@${username.toLowerCase()}`)) return false;
	const within = (parts: readonly (Block | Inline)[]): boolean =>
		parts.some((part) => {
			if (part.kind === 'mention') return part.sign === '@' && sameName(part.name, username);
			if (part.kind === 'list') return part.items.some(within);
			return 'children' in part && within(part.children);
		});
	return within(parseMarkup(content));
}
