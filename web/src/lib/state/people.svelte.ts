import { SvelteMap } from 'svelte/reactivity';
import type { AvatarTrio, ServerFrame } from '../wire';

interface Profile extends AvatarTrio {
	readonly displayName: string | null;
}

type Known = { username: string; display_name?: string } & Partial<AvatarTrio>;

/** How people look and are called, gathered from every frame that says so: messages carry only user names. */
export class People {
	readonly #profiles = new SvelteMap<string, Profile>();

	avatar(username: string): AvatarTrio | undefined {
		return this.#profiles.get(username.toLowerCase());
	}

	/** The display name, or the user name of those who have none. */
	name(username: string): string {
		return this.displayName(username) ?? username;
	}

	displayName(username: string): string | null {
		return this.#profiles.get(username.toLowerCase())?.displayName ?? null;
	}

	apply(frame: ServerFrame, self: string): void {
		switch (frame.type) {
			case 'init':
				this.#learn([
					frame,
					...frame.dms,
					...frame.friends,
					...frame.friend_requests_received,
					...frame.friend_requests_sent,
					...frame.blocked,
				]);
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
			case 'profile_updated':
			case 'user_blocked':
				this.#learn([frame]);
				return;
			case 'avatar_updated': {
				// This one has the picture alone.
				const name = this.displayName(self);
				this.#learn([{ ...frame, username: self, ...(name !== null && { display_name: name }) }]);
				return;
			}
		}
	}

	clear(): void {
		this.#profiles.clear();
	}

	#learn(users: readonly Known[]): void {
		for (const { username, display_name = '', avatar = null, avatar_type, avatar_data = null } of users) {
			if (avatar_type === undefined) continue;
			const key = username.toLowerCase();
			const displayName = display_name === '' ? null : display_name;
			const known = this.#profiles.get(key);
			const same = known?.avatar === avatar && known.avatar_type === avatar_type && known.avatar_data === avatar_data;
			if (same && known.displayName === displayName) continue;
			this.#profiles.set(key, { avatar, avatar_type, avatar_data, displayName });
		}
	}
}
