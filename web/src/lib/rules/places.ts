import type { Route } from './routes';

/** Where one can go: a conversation, a voice channel, or a friend one never wrote to. */
export interface Place {
	readonly key: string;
	readonly kind: 'text' | 'voice' | 'person';
	readonly label: string;
	/** More words to find it by, shown beside the label. */
	readonly detail: string;
	readonly unread: number;
	/** Places of one server, or all direct messages. */
	readonly group: string;
	/** Null for a friend one never wrote to: the conversation begins when it is chosen. */
	readonly route: Route | null;
}

/** The next place up or down the list, round and round: of the same group, or of all those with something unread. */
export function nextPlace(places: readonly Place[], current: string | null, by: 1 | -1, unread: boolean): Place | undefined {
	const group = places.find(({ key }) => key === current)?.group ?? places[0]?.group;
	const stops = places.filter(
		(place) => place.key === current || (place.kind !== 'voice' && place.route !== null && (unread ? place.unread > 0 : place.group === group)),
	);
	const at = stops.findIndex(({ key }) => key === current);
	const from = at === -1 && by === -1 ? 0 : at;
	const next = stops[(from + by + stops.length) % stops.length];
	return next?.key === current ? undefined : next;
}

/** The places that fit what was typed, the best first. Nothing typed: those with something unread, then the others as they stand. */
export function findPlaces(places: readonly Place[], query: string, most: number): Place[] {
	const wanted = query.trim().toLowerCase().replace(/^[#@]/, '');
	return places
		.map((place) => ({ place, score: wanted === '' ? Number(place.unread > 0) : Math.max(fit(place.label, wanted) * 2, fit(place.detail, wanted) - 1) }))
		.filter(({ score }) => wanted === '' || score > 0)
		.sort((a, b) => b.score - a.score)
		.slice(0, most)
		.map(({ place }) => place);
}

/** How well a name fits: from its beginning, from the beginning of a word, anywhere, or its letters in order. */
function fit(name: string, wanted: string): number {
	const text = name.toLowerCase();
	if (text.startsWith(wanted)) return text === wanted ? 5 : 4;
	if (text.split(/[\s_.-]+/u).some((word) => word.startsWith(wanted))) return 3;
	if (text.includes(wanted)) return 2;
	let at = 0;
	for (const letter of wanted) {
		at = text.indexOf(letter, at) + 1;
		if (at === 0) return 0;
	}
	return 1;
}
