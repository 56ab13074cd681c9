import { SvelteMap } from 'svelte/reactivity';
import { profileOf } from '../rules/people';
import type { AvatarTrio, ServerFrame, User } from '../wire';

/**
 * How people look and are called, gathered from every frame that says so: messages carry only user names. Frames
 * overtake each other: of two profiles the one with the greater version counts.
 */
export class People {
	readonly #profiles = new SvelteMap<string, User>();

	avatar(username: string): AvatarTrio | undefined {
		return this.#profiles.get(username.toLowerCase());
	}

	/** The display name, or the user name of those who have none. */
	name(username: string): string {
		return this.displayName(username) ?? username;
	}

	displayName(username: string): string | null {
		return this.#profiles.get(username.toLowerCase())?.display_name ?? null;
	}

	apply(frame: ServerFrame): void {
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
			case 'avatar_updated':
			case 'profile_updated':
			case 'user_blocked':
				this.#learn([frame]);
				return;
		}
	}

	clear(): void {
		this.#profiles.clear();
	}

	#learn(users: readonly User[]): void {
		for (const user of users) {
			const key = user.username.toLowerCase();
			const known = this.#profiles.get(key);
			if (known === undefined || known.profile_version < user.profile_version) this.#profiles.set(key, profileOf(user));
		}
	}
}
