import { profileOf, sameName } from '../rules/people';
import { WireError, type ClientFrame, type FriendPolicy, type SearchResult, type ServerFrame, type User } from '../wire';
import type { Transport } from './transport';

/** Friends, the requests in both directions, and who is kept away. */
export class Friends {
	readonly #transport: Transport;
	#list = $state.raw<readonly User[]>([]);
	#sent = $state.raw<readonly User[]>([]);
	#received = $state.raw<readonly User[]>([]);
	#blocked = $state.raw<readonly User[]>([]);
	#policy = $state<FriendPolicy>('instant');

	constructor(transport: Transport) {
		this.#transport = transport;
	}

	get list(): readonly User[] {
		return this.#list;
	}
	get sent(): readonly User[] {
		return this.#sent;
	}
	get received(): readonly User[] {
		return this.#received;
	}

	get blocked(): readonly User[] {
		return this.#blocked;
	}
	/** How others become one's friends. */
	get policy(): FriendPolicy {
		return this.#policy;
	}

	isBlocked(username: string): boolean {
		return has(this.#blocked, username);
	}

	/** How one stands to somebody, whatever an older search said. */
	relation(username: string): 'friend' | 'sent' | 'received' | 'none' {
		if (has(this.#list, username)) return 'friend';
		if (has(this.#sent, username)) return 'sent';
		return has(this.#received, username) ? 'received' : 'none';
	}

	async search(query: string): Promise<readonly SearchResult[]> {
		const answer = await this.#transport.request({ type: 'search_users', query });
		return answer.type === 'search_results' ? answer.results : [];
	}
	async add(username: string): Promise<void> {
		await this.#transport.request({ type: 'add_friend', username });
	}
	async approve(username: string): Promise<void> {
		await this.#transport.request({ type: 'approve_friend_request', username });
	}
	async deny(username: string): Promise<void> {
		await this.#withdraw({ type: 'deny_friend_request', username });
		this.#received = without(this.#received, username);
	}
	async cancel(username: string): Promise<void> {
		await this.#withdraw({ type: 'cancel_friend_request', username });
		this.#sent = without(this.#sent, username);
	}
	async remove(username: string): Promise<void> {
		await this.#transport.request({ type: 'remove_friend', username });
	}

	async block(username: string): Promise<void> {
		await this.#transport.request({ type: 'block_user', username });
	}
	async unblock(username: string): Promise<void> {
		await this.#transport.request({ type: 'unblock_user', username });
	}
	async setPolicy(policy: FriendPolicy): Promise<void> {
		await this.#transport.request({ type: 'set_friend_policy', friends: policy });
	}

	apply(frame: ServerFrame): void {
		switch (frame.type) {
			case 'init':
				this.#list = frame.friends;
				this.#sent = frame.friend_requests_sent;
				this.#received = frame.friend_requests_received;
				this.#blocked = frame.blocked;
				this.#policy = frame.settings.friends;
				return;
			case 'user_blocked':
				this.#blocked = withUser(this.#blocked, profileOf(frame));
				this.#forgetRequests(frame.username);
				return;
			case 'user_unblocked':
				this.#blocked = without(this.#blocked, frame.username);
				return;
			case 'settings_updated':
				this.#policy = frame.friends;
				return;
			case 'friend_added':
			case 'friend_request_approved':
			case 'friend_request_accepted':
				this.#list = withUser(this.#list, profileOf(frame));
				this.#forgetRequests(frame.username);
				return;
			case 'friend_request_sent':
				this.#sent = withUser(this.#sent, profileOf(frame));
				return;
			case 'friend_request_received':
				this.#received = withUser(this.#received, profileOf(frame));
				return;
			case 'friend_request_denied':
			case 'friend_request_cancelled_by_sender':
				this.#received = without(this.#received, frame.username);
				return;
			case 'friend_request_cancelled':
				this.#sent = without(this.#sent, frame.username);
				return;
			case 'friend_removed':
				this.#list = without(this.#list, frame.username);
				return;
		}
	}

	clear(): void {
		this.#list = this.#sent = this.#received = this.#blocked = [];
	}

	/** A denial is not told: a request may be gone already. Then that is what was wanted. */
	async #withdraw(frame: ClientFrame): Promise<void> {
		try {
			await this.#transport.request(frame);
		} catch (error) {
			if (!(error instanceof WireError) || (error.code !== 'not_found' && error.code !== 'conflict')) throw error;
		}
	}

	#forgetRequests(username: string): void {
		this.#sent = without(this.#sent, username);
		this.#received = without(this.#received, username);
	}
}

function has(list: readonly User[], username: string): boolean {
	return list.some((other) => sameName(other.username, username));
}

function without(list: readonly User[], username: string): readonly User[] {
	return list.filter((other) => !sameName(other.username, username));
}

function withUser(list: readonly User[], added: User): readonly User[] {
	return [...without(list, added.username), added];
}
