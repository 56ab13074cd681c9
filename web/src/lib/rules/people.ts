import type { AvatarTrio, User } from '../wire';

export type AvatarView =
	| { readonly kind: 'image'; readonly src: string }
	| { readonly kind: 'emoji'; readonly emoji: string }
	| { readonly kind: 'initials'; readonly text: string; readonly hue: number };

/** What everybody starts with; the client draws initials in its place. */
export const defaultAvatar: AvatarTrio = { avatar: '\u{1F464}', avatar_type: 'emoji', avatar_data: null };

/** How an avatar is drawn. A picture is a data URL or a path of this installation, never an address elsewhere. */
export function avatarView(username: string, trio: Partial<AvatarTrio> | undefined): AvatarView {
	const data = trio?.avatar_data ?? null;
	if (trio?.avatar_type === 'image' && data !== null) {
		if (/^data:image\/(png|jpeg|gif|webp)[;,]/i.test(data) || data.startsWith('/api/v1/')) return { kind: 'image', src: data };
	}
	const emoji = trio?.avatar?.trim() ?? '';
	if (trio?.avatar_type === 'emoji' && emoji !== '' && emoji !== defaultAvatar.avatar) return { kind: 'emoji', emoji };
	return { kind: 'initials', text: initials(username), hue: hue(username) };
}

/** The part of a frame that says how somebody looks and is called. */
export function profileOf({ username, display_name, avatar, avatar_type, avatar_data, profile_version }: User): User {
	return { username, avatar, avatar_type, avatar_data, profile_version, ...(display_name !== undefined && { display_name }) };
}

/** Up to two letters that stand for a name. */
export function initials(name: string): string {
	const words = name.split(/[\s._-]+/u).filter((word) => word !== '');
	const [first, second] = words;
	const letters = first === undefined ? [] : second === undefined ? [...first].slice(0, 2) : [[...first][0], [...second][0]];
	return letters.join('').toLocaleUpperCase();
}

/** Hues (degrees, OKLCH) that look well under white letters: no olive, no mustard. */
const HUES = [12, 38, 145, 165, 190, 215, 240, 262, 285, 310, 340];

/** A hue that stays the same for a name. */
export function hue(name: string): number {
	let hash = 7;
	for (const char of name.toLowerCase()) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
	return HUES[hash % HUES.length] ?? 0;
}

const collator = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

export function byName<T extends { username: string }>(people: readonly T[]): T[] {
	return [...people].sort((a, b) => collator.compare(a.username, b.username));
}

/** User names are the same without regard to case. */
export function sameName(a: string, b: string): boolean {
	return a.toLowerCase() === b.toLowerCase();
}
