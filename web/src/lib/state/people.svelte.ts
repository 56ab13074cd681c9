import { SvelteMap } from 'svelte/reactivity';
import type { AvatarTrio, ServerFrame } from '../wire';

/** Pictures by name, gathered from every frame that has some: messages carry only names. */
export class People {
	readonly #avatars = new SvelteMap<string, AvatarTrio>();

	avatar(username: string): AvatarTrio | undefined {
		return this.#avatars.get(username.toLowerCase());
	}

	apply(frame: ServerFrame, self: string): void {
		switch (frame.type) {
			case 'init':
				this.#learn([frame, ...frame.dms, ...frame.friends, ...frame.friend_requests_received, ...frame.friend_requests_sent]);
				return;
			case 'server_members':
				this.#learn(frame.members);
				return;
			case 'search_results':
				this.#learn(frame.results);
				return;
			case 'dm_started':
				this.#learn([frame.dm]);
				return;
			case 'friend_added':
			case 'friend_request_sent':
			case 'friend_request_received':
			case 'friend_request_approved':
			case 'friend_request_accepted':
			case 'avatar_update':
				this.#learn([frame]);
				return;
			case 'avatar_updated':
				this.#learn([{ ...frame, username: self }]);
				return;
		}
	}

	clear(): void {
		this.#avatars.clear();
	}

	#learn(users: readonly ({ username: string } & Partial<AvatarTrio>)[]): void {
		for (const { username, avatar = null, avatar_type, avatar_data = null } of users) {
			if (avatar_type === undefined) continue;
			const key = username.toLowerCase();
			const known = this.#avatars.get(key);
			if (known?.avatar === avatar && known.avatar_type === avatar_type && known.avatar_data === avatar_data) continue;
			this.#avatars.set(key, { avatar, avatar_type, avatar_data });
		}
	}
}
