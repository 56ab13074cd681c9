import { channelContext, dmContext } from '../lib/rules/context';
import type { Place } from '../lib/rules/places';
import { routePath } from '../lib/rules/routes';
import type { Client } from '../lib/state/client.svelte';
import { s } from '../lib/strings';

/** The group of direct messages, which is no server's id. */
const DMS = '';

/** All places of one's own, as the sidebars have them. */
export function places({ dms, friends, people, reads, servers }: Client): Place[] {
	const person = (username: string): Pick<Place, 'kind' | 'label' | 'detail' | 'group'> => ({
		kind: 'person',
		label: people.name(username),
		detail: username,
		group: DMS,
	});
	return [
		{ key: '/lobby', kind: 'text', label: s.lobby.title, detail: '', group: DMS, route: { name: 'lobby' }, unread: 0 },
		...dms.list.map(({ id, username }): Place => {
			const route = { name: 'dm', dmId: id } as const;
			return { ...person(username), key: routePath(route), route, unread: reads.unread(dmContext(id)) };
		}),
		...friends.list
			.filter(({ username }) => dms.with(username) === undefined)
			.map(({ username }): Place => ({ ...person(username), key: `friend ${username}`, route: null, unread: 0 })),
		...servers.list.flatMap((server) =>
			server.channels.map(({ id, name, type }): Place => {
				const route = { name: 'channel', serverId: server.id, channelId: id } as const;
				return { key: routePath(route), kind: type, label: name, detail: server.name, group: server.id, route, unread: reads.unread(channelContext(server.id, id)) };
			}),
		),
	];
}

/** Goes there; with a friend one never wrote to the conversation begins. */
export async function visit(client: Client, place: Place): Promise<void> {
	try {
		client.router.go(place.route ?? { name: 'dm', dmId: (await client.dms.start(place.detail)).id });
	} catch (error) {
		client.toasts.error(error);
	}
}
