export type Route =
	| { readonly name: 'home' }
	| { readonly name: 'friends' }
	/** Without a channel: the first text channel of the server. */
	| { readonly name: 'channel'; readonly serverId: string; readonly channelId: string | null }
	| { readonly name: 'dm'; readonly dmId: string };

export function parseRoute(pathname: string): Route {
	const [head, first, second, ...rest] = pathname.split('/').filter((segment) => segment !== '').map(decode);
	if (rest.length > 0) return { name: 'home' };
	if (head === 'friends' && first === undefined) return { name: 'friends' };
	if (head === 'dm' && first !== undefined && second === undefined) return { name: 'dm', dmId: first };
	if (head === 'channels' && first !== undefined) {
		return { name: 'channel', serverId: first, channelId: second ?? null };
	}
	return { name: 'home' };
}

export function routePath(route: Route): string {
	switch (route.name) {
		case 'home':
			return '/';
		case 'friends':
			return '/friends';
		case 'dm':
			return `/dm/${encodeURIComponent(route.dmId)}`;
		case 'channel': {
			const server = `/channels/${encodeURIComponent(route.serverId)}`;
			return route.channelId === null ? server : `${server}/${encodeURIComponent(route.channelId)}`;
		}
	}
}

export function sameRoute(a: Route, b: Route): boolean {
	return routePath(a) === routePath(b);
}

/** The code of an invite link (`…/?invite=CODE`), or null. */
export function inviteFromSearch(search: string): string | null {
	return cleanCode(new URLSearchParams(search).get('invite') ?? '');
}

export function inviteLink(origin: string, code: string): string {
	return `${origin}/?invite=${encodeURIComponent(code)}`;
}

/** The token of a link that sets a new password (`…/#reset=TOKEN`), or null. What is behind the # is sent to no server. */
export function resetFromHash(hash: string): string | null {
	const token = new URLSearchParams(hash.replace(/^#/, '')).get('reset') ?? '';
	return token === '' ? null : token;
}

export function resetLink(origin: string, token: string): string {
	return `${origin}/#reset=${encodeURIComponent(token)}`;
}

/** What somebody typed or pasted into a code field: a code, or a whole link with one. Null when there is none. */
export function codeFromInput(input: string): string | null {
	const text = input.trim();
	if (/[?&]invite=/.test(text)) return inviteFromSearch(text.slice(text.indexOf('?')));
	return cleanCode(text);
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
