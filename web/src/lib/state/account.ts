import type { Invite, InviteTerms, SessionInfo } from '../wire';
import type { Transport } from './transport';

/** What one changes about one's own account. Every method rejects with a `WireError`. */
export class Account {
	readonly #transport: Transport;

	constructor(transport: Transport) {
		this.#transport = transport;
	}

	async setEmoji(emoji: string): Promise<void> {
		await this.#transport.request({ type: 'set_avatar', avatar_type: 'emoji', avatar: emoji });
	}
	/** A data URL. */
	async setPicture(data: string): Promise<void> {
		await this.#transport.request({ type: 'set_avatar', avatar_type: 'image', avatar_data: data });
	}
	/** Empty: none. */
	async setDisplayName(name: string): Promise<void> {
		await this.#transport.request({ type: 'set_profile', display_name: name });
	}
	async changePassword(password: string, newPassword: string): Promise<void> {
		await this.#transport.request({ type: 'change_password', password, new_password: newPassword });
	}
	/** One's own open codes for new accounts. */
	async invites(): Promise<readonly Invite[]> {
		const answer = await this.#transport.request({ type: 'get_invites' });
		return answer.type === 'invites' ? answer.invites : [];
	}
	/** The code. */
	async invite(terms: InviteTerms = {}): Promise<string> {
		const answer = await this.#transport.request({ type: 'generate_invite', ...terms });
		return answer.type === 'invite_code' ? answer.code : '';
	}
	async revokeInvite(code: string): Promise<void> {
		await this.#transport.request({ type: 'revoke_invite', code });
	}
	async sessions(): Promise<readonly SessionInfo[]> {
		const answer = await this.#transport.request({ type: 'get_sessions' });
		return answer.type === 'sessions' ? answer.sessions : [];
	}
	async revokeSession(id: string): Promise<void> {
		await this.#transport.request({ type: 'revoke_session', id });
	}
	async delete(password: string, messages: 'keep' | 'remove'): Promise<void> {
		await this.#transport.request({ type: 'delete_account', password, messages });
	}
}
