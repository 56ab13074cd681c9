import type { AnyContext, ContextRef } from '../wire';
import type { Route } from './routes';

export function channelContext(serverId: string, channelId: string): ContextRef {
	return { context: 'server', context_id: `${serverId}/${channelId}` };
}

export function dmContext(dmId: string): ContextRef {
	return { context: 'dm', context_id: dmId };
}

/** The one conversation of everybody who has an account. */
export const lobbyContext = { context: 'global', context_id: null } as const;

/** One text for one conversation, to look it up by. */
export function contextKey(ref: AnyContext): string {
	return `${ref.context}:${ref.context_id ?? ''}`;
}

/** The two ids of a channel's context id, or null when it is none. */
export function splitChannel(contextId: string): { serverId: string; channelId: string } | null {
	const slash = contextId.indexOf('/');
	if (slash < 1 || slash === contextId.length - 1) return null;
	return { serverId: contextId.slice(0, slash), channelId: contextId.slice(slash + 1) };
}

/** Where a conversation is shown. */
export function contextRoute({ context, context_id }: ContextRef): Route {
	if (context === 'global') return { name: 'lobby' };
	if (context === 'dm') return { name: 'dm', dmId: context_id };
	const ids = splitChannel(context_id);
	return ids === null ? { name: 'home' } : { name: 'channel', ...ids };
}

/** The conversation a route shows, or null. */
export function routeContext(route: Route): ContextRef | null {
	if (route.name === 'lobby') return lobbyContext;
	if (route.name === 'dm') return dmContext(route.dmId);
	if (route.name === 'channel' && route.channelId !== null) return channelContext(route.serverId, route.channelId);
	return null;
}
