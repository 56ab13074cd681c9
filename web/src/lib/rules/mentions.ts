import { sameName } from './people';

/** What may be in a user name, and what may stand behind one. */
const MENTION = /(?<![\p{L}\p{M}\p{N}_])@([\p{L}\p{M}\p{N}_.-]+)/gu;

/** Whether a text speaks to somebody: has `@username` as a word. */
export function mentions(text: string, username: string): boolean {
	if (username === '') return false;
	return [...text.normalize('NFC').matchAll(MENTION)].some(([, word = '']) => {
		// A full stop may belong to the name or to the sentence.
		return sameName(word.slice(0, username.length), username) && /^[._-]*$/.test(word.slice(username.length));
	});
}
