import type { Channel, Permissions, Server } from '../wire';
import { sameName } from './people';

/** As the server lists them, whichever it told of first. */
export function inOrderOfJoining(servers: readonly Server[]): Server[] {
	const key = ({ joined_at, id }: Server): string => joined_at + id;
	return [...servers].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** The channels in the order of the ids; those that are not named keep their order at the end. */
export function inOrder(channels: readonly Channel[], ids: readonly string[]): Channel[] {
	const place = new Map(ids.map((id, at) => [id, at]));
	const at = (channel: Channel): number => place.get(channel.id) ?? ids.length;
	return [...channels].sort((a, b) => at(a) - at(b));
}

/**
 * The ids of all channels after one was moved up or down among those of its kind, which are listed apart;
 * null when it is at the edge.
 */
export function moved(channels: readonly Channel[], id: string, by: -1 | 1): string[] | null {
	const kind = channels.find((channel) => channel.id === id)?.type;
	const alike = channels.filter((channel) => channel.type === kind);
	const neighbour = alike[alike.findIndex((channel) => channel.id === id) + by];
	if (neighbour === undefined) return null;
	const swap = new Map([
		[id, neighbour.id],
		[neighbour.id, id],
	]);
	return channels.map((channel) => swap.get(channel.id) ?? channel.id);
}

/** The owner may everything; a member who may anything with channels sees those. */
export function mayOpenSettings(server: Server, username: string): boolean {
	if (sameName(server.owner, username)) return true;
	const { can_create_channel, can_edit_channel, can_delete_channel } = server.permissions ?? noPermissions;
	return can_create_channel || can_edit_channel || can_delete_channel;
}

export const noPermissions: Permissions = { can_create_channel: false, can_edit_channel: false, can_delete_channel: false };
