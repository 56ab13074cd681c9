export type Route =
	| { readonly name: 'home' }
	| { readonly name: 'friends' }
	| { readonly name: 'lobby'; readonly messageId?: number }
	/** Without a channel: the first text channel of the server. With a message: where that is. */
	| { readonly name: 'channel'; readonly serverId: string; readonly channelId: string | null; readonly messageId?: number }
	| { readonly name: 'dm'; readonly dmId: string; readonly messageId?: number };

export function parseRoute(pathname: string): Route {
	const [head, ...ids] = pathname.split('/').filter((segment) => segment !== '').map(decode);
	const [first, second, third] = ids;
	if (head === 'friends' && first === undefined) return { name: 'friends' };
	if (head === 'lobby' && ids.length <= 1) return withMessage({ name: 'lobby' }, first);
	if (head === 'dm' && first !== undefined && ids.length <= 2) return withMessage({ name: 'dm', dmId: first }, second);
	if (head === 'channels' && first !== undefined && ids.length <= 3) {
		return withMessage({ name: 'channel', serverId: first, channelId: second ?? null }, third);
	}
	return { name: 'home' };
}

function withMessage(route: Extract<Route, { messageId?: number }>, id: string | undefined): Route {
	if (id === undefined) return route;
	return /^[1-9]\d{0,14}$/.test(id) ? { ...route, messageId: Number(id) } : { name: 'home' };
}

export function routePath(route: Route): string {
	switch (route.name) {
		case 'home':
			return '/';
		case 'friends':
			return '/friends';
		case 'lobby':
			return joined('lobby', route.messageId);
		case 'dm':
			return joined('dm', route.dmId, route.messageId);
		case 'channel':
			return route.channelId === null ? joined('channels', route.serverId) : joined('channels', route.serverId, route.channelId, route.messageId);
	}
}

function joined(...segments: (string | number | undefined)[]): string {
	return segments.map((segment) => (segment === undefined ? '' : `/${encodeURIComponent(segment)}`)).join('');
}

/** The place within this installation that an address leads to, or null. */
export function innerPath(href: string, origin: string): string | null {
	if (!href.startsWith(`${origin}/`)) return null;
	const { pathname } = new URL(href);
	return parseRoute(pathname).name === 'home' ? null : pathname;
}

export function sameRoute(a: Route, b: Route): boolean {
	return routePath(a) === routePath(b);
}

const invitation = /[?#&]invite=([^#&]*)/;

/**
 * The code of an invite link (`…/#invite=CODE`), or null. What is behind the # is sent to no server, and is in nobody's log.
 * Links that the first page gave out (`…/?invite=CODE`) are understood too.
 */
export function inviteIn(link: string): string | null {
	return cleanCode(decode(invitation.exec(link)?.[1] ?? ''));
}

export function inviteLink(origin: string, code: string): string {
	return `${origin}/#invite=${encodeURIComponent(code)}`;
}

/** The token of a link that sets a new password (`…/#reset=TOKEN`), or null. */
export function resetFromHash(hash: string): string | null {
	const token = new URLSearchParams(hash.replace(/^#/, '')).get('reset') ?? '';
	return token === '' ? null : token;
}

export function resetLink(origin: string, token: string): string {
	return `${origin}/#reset=${encodeURIComponent(token)}`;
}

/** What somebody typed or pasted into a code field: a code, or a whole link with one. Null when there is none. */
export function codeFromInput(input: string): string | null {
	return invitation.test(input) ? inviteIn(input) : cleanCode(input);
}

function cleanCode(text: string): string | null {
	const code = text.trim().toUpperCase();
	return code === '' ? null : code;
}

function decode(segment: string): string {
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment;
	}
}
