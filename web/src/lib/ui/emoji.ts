import dataSource from 'emoji-picker-element-data/en/emojibase/data.json?url';

export interface NamedEmoji {
	readonly emoji: string;
	readonly name: string;
}

/** Emoji that are called so, best first. What is known of them is loaded with the first question, and kept by the browser. */
export async function findEmoji(query: string, most: number): Promise<NamedEmoji[]> {
	const { default: Database } = await import('emoji-picker-element/database.js');
	const database = new Database({ dataSource });
	try {
		const found = await database.getEmojiBySearchQuery(query);
		return found.slice(0, most).flatMap((emoji) => ('unicode' in emoji ? [{ emoji: emoji.unicode, name: emoji.shortcodes?.[0] ?? emoji.annotation }] : []));
	} finally {
		await database.close();
	}
}

/** An element with all emoji to choose from. */
export async function emojiPicker(onpick: (emoji: string) => void): Promise<HTMLElement> {
	const { default: Picker } = await import('emoji-picker-element/picker.js');
	const picker = new Picker({ dataSource });
	picker.addEventListener('emoji-click', ({ detail }) => {
		if (detail.unicode !== undefined) onpick(detail.unicode);
	});
	return picker;
}
