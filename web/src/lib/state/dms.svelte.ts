import { sameName } from '../rules/people';
import type { Dm, ServerFrame } from '../wire';
import type { Transport } from './transport';

/** Direct messages: one with each friend one ever wrote to, the one with the newest message first. */
export class Dms {
	readonly #transport: Transport;
	#list = $state.raw<readonly Dm[]>([]);
	/** Who is waited for: their DM is opened when the server has made it. */
	readonly #wanted = new Map<string, (dm: Dm) => void>();

	constructor(transport: Transport) {
		this.#transport = transport;
	}

	get list(): readonly Dm[] {
		return this.#list;
	}

	byId(id: string): Dm | undefined {
		return this.#list.find((dm) => dm.id === id);
	}

	with(username: string): Dm | undefined {
		return this.#list.find((dm) => sameName(dm.username, username));
	}

	/** The DM with a friend, made if there is none. */
	async start(username: string): Promise<Dm> {
		const known = this.with(username);
		if (known !== undefined) return known;
		const key = username.toLowerCase();
		const started = new Promise<Dm>((resolve) => this.#wanted.set(key, resolve));
		try {
			const answer = await this.#transport.request({ type: 'start_dm', username });
			return (answer.type === 'ok' ? answer.dm : undefined) ?? (await started);
		} finally {
			this.#wanted.delete(key);
		}
	}

	apply(frame: ServerFrame): void {
		switch (frame.type) {
			case 'init':
				this.#list = frame.dms;
				return;
			case 'dm_started':
				if (this.byId(frame.dm.id) === undefined) this.#list = [frame.dm, ...this.#list];
				else this.#list = this.#list.map((dm) => (dm.id === frame.dm.id ? frame.dm : dm));
				this.#wanted.get(frame.dm.username.toLowerCase())?.(frame.dm);
				return;
			case 'message': {
				const dm = frame.context === 'dm' ? this.byId(frame.context_id ?? '') : undefined;
				if (dm !== undefined && this.#list[0] !== dm) this.#list = [dm, ...this.#list.filter((other) => other !== dm)];
				return;
			}
		}
	}

	clear(): void {
		this.#list = [];
	}
}
