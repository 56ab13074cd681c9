import type { Clock } from '../socket/connection';
import type { ClientFrame, ServerFrame } from '../wire';

/** What the state classes need of the connection. */
export interface Transport {
	readonly ready: boolean;
	/** Rejects with a `WireError`. */
	request(frame: ClientFrame): Promise<ServerFrame>;
}

export type { Clock };
