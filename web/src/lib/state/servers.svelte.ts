import { SvelteMap } from 'svelte/reactivity';
import { defaultAvatar, sameName } from '../rules/people';
import { inOrder, inOrderOfJoining, mayOpenSettings, noPermissions } from '../rules/servers';
import type { Ban, Channel, ChannelType, ClientFrame, Invite, InviteTerms, Member, Permissions, Server, ServerFrame, FrameOf } from '../wire';
import type { Transport } from './transport';

/** The servers one belongs to, their channels, and the members of those that were looked at. */
export class Servers {
	readonly #transport: Transport;
	readonly #members = new SvelteMap<string, readonly Member[]>();
	readonly #followed = new Set<() => void>();
	#list = $state.raw<readonly Server[]>([]);
	#self = '';

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
		return this.may(server, username, 'can_create_channel');
	}

	may(server: Server, username: string, what: keyof Permissions): boolean {
		return this.isOwner(server, username) || server.permissions?.[what] === true;
	}

	mayOpenSettings(server: Server, username: string): boolean {
		return mayOpenSettings(server, username);
	}

	/** Undefined until they were loaded. */
	members(serverId: string): readonly Member[] | undefined {
		return this.#members.get(serverId);
	}

	async loadMembers(serverId: string): Promise<void> {
		const answer = await this.#transport.request({ type: 'get_server_members', server_id: serverId });
		if (answer.type === 'server_members') this.#members.set(answer.server_id, answer.members);
	}

	/** Loads the members of a server, and again with every `refreshMembers`, until the answer is called. */
	followMembers(serverId: string): () => void {
		const load = (): void => {
			this.loadMembers(serverId).catch(() => undefined);
		};
		this.#followed.add(load);
		load();
		return () => this.#followed.delete(load);
	}

	/** Who came and went meanwhile was not told. */
	refreshMembers(): void {
		for (const load of this.#followed) load();
	}

	/** The id of the new server. */
	async create(name: string): Promise<string | null> {
		return serverId(await this.#transport.request({ type: 'create_server', name }));
	}

	/** The id of the joined server. */
	async join(code: string): Promise<string | null> {
		return serverId(await this.#transport.request({ type: 'join_server_with_invite', invite_code: code }));
	}

	/** The new channel, in its place already. */
	async createChannel(serverId: string, name: string, type: ChannelType = 'text'): Promise<Channel | null> {
		const answer = await this.#transport.request({ type: 'create_channel', server_id: serverId, name, channel_type: type });
		const channel = answer.type === 'ok' ? answer.channel : undefined;
		if (channel === undefined) return null;
		this.#addChannel(serverId, channel);
		return channel;
	}
	async updateChannel(serverId: string, channelId: string, change: { name?: string; description?: string }): Promise<void> {
		await this.#do({ type: 'update_channel', server_id: serverId, channel_id: channelId, ...change });
	}
	async reorderChannels(serverId: string, channelIds: string[]): Promise<void> {
		await this.#do({ type: 'reorder_channels', server_id: serverId, channel_ids: channelIds });
	}
	async deleteChannel(serverId: string, channelId: string): Promise<void> {
		await this.#do({ type: 'delete_channel', server_id: serverId, channel_id: channelId });
	}
	async rename(serverId: string, name: string): Promise<void> {
		await this.#do({ type: 'rename_server', server_id: serverId, name });
	}
	async handOver(serverId: string, username: string): Promise<void> {
		await this.#do({ type: 'transfer_server', server_id: serverId, username });
	}
	async leave(serverId: string): Promise<void> {
		await this.#do({ type: 'leave_server', server_id: serverId });
	}
	async remove(serverId: string): Promise<void> {
		await this.#do({ type: 'delete_server', server_id: serverId });
	}
	async permit(serverId: string, username: string, permissions: Permissions): Promise<void> {
		await this.#do({ type: 'update_user_permissions', server_id: serverId, username, permissions });
	}
	async kick(serverId: string, username: string): Promise<void> {
		await this.#do({ type: 'kick_member', server_id: serverId, username });
	}
	async ban(serverId: string, username: string): Promise<void> {
		await this.#do({ type: 'ban_member', server_id: serverId, username });
	}
	async unban(serverId: string, username: string): Promise<void> {
		await this.#do({ type: 'unban_member', server_id: serverId, username });
	}
	async bans(serverId: string): Promise<readonly Ban[]> {
		const answer = await this.#transport.request({ type: 'get_server_bans', server_id: serverId });
		return answer.type === 'server_bans' ? answer.bans : [];
	}
	async invites(serverId: string): Promise<readonly Invite[]> {
		const answer = await this.#transport.request({ type: 'get_server_invites', server_id: serverId });
		return answer.type === 'server_invites' ? answer.invites : [];
	}
	async revokeInvite(serverId: string, code: string): Promise<void> {
		await this.#do({ type: 'revoke_server_invite', server_id: serverId, code });
	}

	async invite(serverId: string, terms: InviteTerms = {}): Promise<string> {
		const answer = await this.#transport.request({ type: 'generate_server_invite', server_id: serverId, ...terms });
		return answer.type === 'server_invite_code' ? answer.code : '';
	}

	/** `self` is who is logged in. */
	apply(frame: ServerFrame, self: string): void {
		this.#self = self;
		switch (frame.type) {
			case 'init':
				this.#list = frame.servers;
				return;
			case 'server_created':
			case 'server_joined': {
				const { server } = frame;
				this.#list = inOrderOfJoining([...this.#list.filter((old) => old.id !== server.id), server]);
				return;
			}
			case 'server_renamed':
				this.#change(frame.server_id, (server) => ({ ...server, name: frame.name }));
				return;
			case 'permissions_updated':
				this.#change(frame.server_id, (server) => ({ ...server, permissions: frame.permissions }));
				return;
			case 'channel_created':
				this.#addChannel(frame.server_id, frame.channel);
				return;
			case 'channel_updated':
				this.#change(frame.server_id, (server) => ({
					...server,
					channels: server.channels.map((channel) => (channel.id === frame.channel.id ? frame.channel : channel)),
				}));
				return;
			case 'channels_reordered':
				this.#change(frame.server_id, (server) => ({ ...server, channels: inOrder(server.channels, frame.channel_ids) }));
				return;
			case 'channel_deleted':
				this.#change(frame.server_id, (server) => ({
					...server,
					channels: server.channels.filter((channel) => channel.id !== frame.channel_id),
				}));
				return;
			case 'server_left':
				this.#list = this.#list.filter((server) => server.id !== frame.server_id);
				this.#members.delete(frame.server_id);
				return;
			case 'server_owner_changed':
				this.#ownerChanged(frame);
				return;
			case 'permissions_updated_success':
				this.#changeMembers(frame.server_id, (member) =>
					sameName(member.username, frame.username) ? { ...member, permissions: frame.permissions } : member,
				);
				return;
			case 'member_joined':
				this.#memberJoined(frame.server_id, frame.username);
				return;
			case 'member_left': {
				const members = this.#members.get(frame.server_id);
				if (members !== undefined) {
					this.#members.set(frame.server_id, members.filter((member) => !sameName(member.username, frame.username)));
				}
				return;
			}
		}
	}

	clear(): void {
		this.#list = [];
		this.#members.clear();
	}

	#memberJoined(serverId: string, username: string): void {
		const members = this.#members.get(serverId);
		if (members === undefined || members.some((member) => sameName(member.username, username))) return;
		this.#members.set(serverId, [...members, { username, ...defaultAvatar, profile_version: 0, is_owner: false, permissions: noPermissions }]);
		// The event has no picture; the list has. Without an answer the name alone stays.
		this.loadMembers(serverId).catch(() => undefined);
	}

	#ownerChanged(frame: FrameOf<'server_owner_changed'>): void {
		const { server_id, owner, former_owner, former_owner_permissions: left } = frame;
		this.#change(server_id, ({ permissions, ...server }) => {
			const now = sameName(owner, this.#self) ? undefined : sameName(former_owner, this.#self) ? left : permissions;
			return { ...server, owner, ...(now !== undefined && { permissions: now }) };
		});
		this.#changeMembers(server_id, ({ permissions, ...member }) => {
			if (sameName(member.username, owner)) return { ...member, is_owner: true };
			const now = sameName(member.username, former_owner) ? left : permissions;
			return { ...member, is_owner: false, ...(now !== undefined && { permissions: now }) };
		});
	}

	#changeMembers(serverId: string, update: (member: Member) => Member): void {
		const members = this.#members.get(serverId);
		if (members !== undefined) this.#members.set(serverId, members.map(update));
	}

	async #do(frame: ClientFrame): Promise<void> {
		await this.#transport.request(frame);
	}

	#addChannel(serverId: string, channel: Channel): void {
		this.#change(serverId, (server) => {
			const known = server.channels.some(({ id }) => id === channel.id);
			return known ? server : { ...server, channels: [...server.channels, channel] };
		});
	}

	#change(id: string, update: (server: Server) => Server): void {
		this.#list = this.#list.map((server) => (server.id === id ? update(server) : server));
	}
}

function serverId(answer: ServerFrame): string | null {
	return answer.type === 'server_created' || answer.type === 'server_joined' ? answer.server.id : null;
}
