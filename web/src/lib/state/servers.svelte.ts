import { SvelteMap } from 'svelte/reactivity';
import { sameName } from '../rules/people';
import type { Channel, Member, Server, ServerFrame } from '../wire';
import type { Transport } from './transport';

/** The servers one belongs to, their channels, and the members of those that were looked at. */
export class Servers {
	readonly #transport: Transport;
	readonly #members = new SvelteMap<string, readonly Member[]>();
	#list = $state.raw<readonly Server[]>([]);

	constructor(transport: Transport) {
		this.#transport = transport;
	}

	get list(): readonly Server[] {
		return this.#list;
	}

	byId(id: string): Server | undefined {
		return this.#list.find((server) => server.id === id);
	}

	channel(serverId: string, channelId: string): Channel | undefined {
		return this.byId(serverId)?.channels.find((channel) => channel.id === channelId);
	}

	isOwner(server: Server, username: string): boolean {
		return sameName(server.owner, username);
	}

	mayCreateChannel(server: Server, username: string): boolean {
		return this.isOwner(server, username) || server.permissions?.can_create_channel === true;
	}

	/** Undefined until they were loaded. */
	members(serverId: string): readonly Member[] | undefined {
		return this.#members.get(serverId);
	}

	async loadMembers(serverId: string): Promise<void> {
		const answer = await this.#transport.request({ type: 'get_server_members', server_id: serverId });
		if (answer.type === 'server_members') this.#members.set(answer.server_id, answer.members);
	}

	/** The id of the new server. */
	async create(name: string): Promise<string | null> {
		return serverId(await this.#transport.request({ type: 'create_server', name }));
	}

	/** The id of the joined server. */
	async join(code: string): Promise<string | null> {
		return serverId(await this.#transport.request({ type: 'join_server_with_invite', invite_code: code }));
	}

	async createChannel(serverId: string, name: string): Promise<void> {
		await this.#transport.request({ type: 'create_channel', server_id: serverId, name, channel_type: 'text' });
	}

	async invite(serverId: string): Promise<string> {
		const answer = await this.#transport.request({ type: 'generate_server_invite', server_id: serverId });
		return answer.type === 'server_invite_code' ? answer.code : '';
	}

	apply(frame: ServerFrame): void {
		switch (frame.type) {
			case 'init':
				this.#list = frame.servers;
				return;
			case 'server_created':
			case 'server_joined': {
				const { server } = frame;
				const known = this.byId(server.id) !== undefined;
				this.#list = known ? this.#list.map((old) => (old.id === server.id ? server : old)) : [...this.#list, server];
				return;
			}
			case 'server_renamed':
				this.#change(frame.server_id, (server) => ({ ...server, name: frame.name }));
				return;
			case 'permissions_updated':
				this.#change(frame.server_id, (server) => ({ ...server, permissions: frame.permissions }));
				return;
			case 'channel_created':
				this.#change(frame.server_id, (server) => {
					const known = server.channels.some((channel) => channel.id === frame.channel.id);
					return known ? server : { ...server, channels: [...server.channels, frame.channel] };
				});
				return;
			case 'member_joined':
				this.#memberJoined(frame.server_id, frame.username);
				return;
		}
	}

	clear(): void {
		this.#list = [];
		this.#members.clear();
	}

	#memberJoined(serverId: string, username: string): void {
		const members = this.#members.get(serverId);
		if (members === undefined || members.some((member) => sameName(member.username, username))) return;
		this.#members.set(serverId, [...members, { username, is_owner: false }]);
		// The event has no picture; the list has. Without an answer the name alone stays.
		this.loadMembers(serverId).catch(() => undefined);
	}

	#change(id: string, update: (server: Server) => Server): void {
		this.#list = this.#list.map((server) => (server.id === id ? update(server) : server));
	}
}

function serverId(answer: ServerFrame): string | null {
	return answer.type === 'server_created' || answer.type === 'server_joined' ? answer.server.id : null;
}
