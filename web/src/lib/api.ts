import { WireError, type ErrorCode, type User } from './wire';

export interface Installation {
	/** No account exists yet: the first sign-up needs no code. */
	first_account: boolean;
}

/** The REST calls around the session. The session itself is a cookie that no script can read. */
export class Api {
	readonly #fetch: typeof fetch;

	constructor(fetcher: typeof fetch) {
		this.#fetch = fetcher;
	}

	async installation(): Promise<Installation> {
		return (await this.#call('GET', '/installation')) as Installation;
	}

	/** The user of the session, or null when there is none. */
	async session(): Promise<User | null> {
		try {
			return ((await this.#call('GET', '/session')) as { user: User }).user;
		} catch (error) {
			if (error instanceof WireError && error.code === 'unauthenticated') return null;
			throw error;
		}
	}

	async logIn(username: string, password: string): Promise<User> {
		return ((await this.#call('POST', '/session', { username, password })) as { user: User }).user;
	}

	async signUp(username: string, password: string, inviteCode: string | null): Promise<User> {
		const body = { username, password, ...(inviteCode === null ? {} : { invite_code: inviteCode }) };
		return ((await this.#call('POST', '/accounts', body)) as { user: User }).user;
	}

	/** Sets a password with the token of a one-time link. */
	async resetPassword(token: string, password: string): Promise<void> {
		await this.#call('POST', '/password-resets', { token, new_password: password });
	}

	async logOut(): Promise<void> {
		await this.#call('DELETE', '/session');
	}

	async #call(method: string, path: string, body?: unknown): Promise<unknown> {
		let response: Response;
		try {
			response = await this.#fetch(`/api/v1${path}`, {
				method,
				credentials: 'same-origin',
				headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
				...(body === undefined ? {} : { body: JSON.stringify(body) }),
			});
		} catch {
			throw new WireError('unavailable', 'The server cannot be reached.');
		}
		if (!response.ok) throw await problem(response);
		if (response.status === 204) return null;
		return response.json();
	}
}

interface Problem {
	title?: string;
	detail?: string;
	code?: ErrorCode;
	retry_after?: number;
}

const CODE_OF_STATUS: Record<number, ErrorCode> = {
	400: 'invalid',
	401: 'unauthenticated',
	403: 'permission_denied',
	404: 'not_found',
	409: 'conflict',
	413: 'too_large',
	422: 'invalid',
	429: 'rate_limited',
};

/** RFC 9457; an answer of something in between that knows nothing of it counts by its status. */
async function problem(response: Response): Promise<WireError> {
	let body: Problem = {};
	try {
		body = (await response.json()) as Problem;
	} catch {
		// Not JSON: the status has to do.
	}
	const code = body.code ?? CODE_OF_STATUS[response.status] ?? 'unavailable';
	const message = body.detail ?? body.title ?? `The server answered ${String(response.status)}.`;
	return new WireError(code, message, body.retry_after);
}
