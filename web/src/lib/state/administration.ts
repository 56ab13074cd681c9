import { WireError, type Account, type InstallationSettings, type PasswordReset } from '../wire';
import type { Transport } from './transport';

/** What the owner of the installation does. Every method rejects with a `WireError`. */
export class Administration {
	readonly #transport: Transport;

	constructor(transport: Transport) {
		this.#transport = transport;
	}

	/** What new accounts start with, or null for those who do not own the installation. */
	async settings(): Promise<InstallationSettings | null> {
		try {
			const answer = await this.#transport.request({ type: 'get_installation_settings' });
			return answer.type === 'installation_settings' ? answer : null;
		} catch (error) {
			if (error instanceof WireError && error.code === 'permission_denied') return null;
			throw error;
		}
	}
	async setFriends(friends: InstallationSettings['friends']): Promise<void> {
		await this.#transport.request({ type: 'update_installation', friends });
	}
	/** A page of the accounts behind a name. */
	async accounts(after: string): Promise<{ accounts: readonly Account[]; more: boolean }> {
		const answer = await this.#transport.request({ type: 'get_accounts', after });
		return answer.type === 'accounts' ? answer : { accounts: [], more: false };
	}
	async makeReset(username: string): Promise<PasswordReset> {
		const answer = await this.#transport.request({ type: 'create_password_reset', username });
		if (answer.type !== 'password_reset') throw new WireError('internal', answer.type);
		return answer;
	}
	async remove(username: string, password: string, messages: 'keep' | 'remove'): Promise<void> {
		await this.#transport.request({ type: 'remove_account', username, password, messages });
	}
}
