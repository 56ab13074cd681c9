import type { Block, Inline } from './parts';
import { sameName } from './people';

/** Whether it is worth a closer look: most messages name nobody. */
export function mayMention(content: string, username: string): boolean {
	return content.toLowerCase().includes(`@${username.toLowerCase()}`);
}

/** Whether a message speaks to somebody: what is shown as their name in it does, and nothing else. */
export function mentions(parts: readonly (Block | Inline)[], username: string): boolean {
	return parts.some((part) => {
		if (part.kind === 'mention') return part.sign === '@' && sameName(part.name, username);
		if (part.kind === 'list') return part.items.some((item) => mentions(item, username));
		return 'children' in part && mentions(part.children, username);
	});
}
