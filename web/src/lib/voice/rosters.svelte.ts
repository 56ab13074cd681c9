import { SvelteMap } from 'svelte/reactivity';
import type { FrameOf, ServerFrame } from '../wire';
import type { VoiceMember } from '../wire.generated';

function key(serverId: string, channelId: string): string {
	return `${serverId}/${channelId}`;
}

const nobody: readonly VoiceMember[] = [];

/** Who is in which voice room of one's servers. */
export class Rosters {
	readonly #rooms = new SvelteMap<string, readonly VoiceMember[]>();

	/** What is known now, of all rooms. */
	get known(): ReadonlyMap<string, readonly VoiceMember[]> {
		return new Map(this.#rooms);
	}

	members(serverId: string, channelId: string): readonly VoiceMember[] {
		return this.#rooms.get(key(serverId, channelId)) ?? nobody;
	}

	apply(frame: ServerFrame): void {
		switch (frame.type) {
			case 'init':
				this.#rooms.clear();
				for (const room of frame.voice) this.#set(room.server_id, room.channel_id, room.voice_members);
				return;
			case 'voice_rooms':
				for (const room of frame.voice) this.#set(room.server_id, room.channel_id, room.voice_members);
				return;
			case 'voice_state_update':
				this.#set(frame.server_id, frame.channel_id, frame.voice_members);
				return;
			case 'voice_mute_update':
				this.#change(frame, { muted: frame.muted });
				return;
			case 'voice_deafen_update':
				this.#change(frame, { deafened: frame.deafened });
				return;
			case 'voice_video_update':
				this.#change(frame, { video: frame.video });
				return;
			case 'voice_screen_share_update':
				this.#change(frame, { screen_sharing: frame.screen_sharing });
				return;
			case 'server_left':
				for (const room of [...this.#rooms.keys()]) if (room.startsWith(`${frame.server_id}/`)) this.#rooms.delete(room);
				return;
		}
	}

	/** Takes what an answer says of a room, unless the room was heard of since it was asked for: then that is newer, or what is newer follows. */
	answered({ server_id, channel_id, voice_members }: FrameOf<'voice_joined'>, knownWhenAsked: Rosters['known']): readonly VoiceMember[] {
		const room = key(server_id, channel_id);
		if (this.#rooms.get(room) === knownWhenAsked.get(room)) this.#set(server_id, channel_id, voice_members);
		return this.members(server_id, channel_id);
	}

	clear(): void {
		this.#rooms.clear();
	}

	#set(serverId: string, channelId: string, members: readonly VoiceMember[]): void {
		if (members.length === 0) this.#rooms.delete(key(serverId, channelId));
		else this.#rooms.set(key(serverId, channelId), members);
	}

	#change(frame: { username: string; server_id?: string; channel_id?: string }, change: Partial<VoiceMember>): void {
		if (frame.server_id === undefined || frame.channel_id === undefined) return;
		const members = this.members(frame.server_id, frame.channel_id);
		const changed = members.map((member) => (member.username === frame.username ? { ...member, ...change } : member));
		this.#set(frame.server_id, frame.channel_id, changed);
	}
}
