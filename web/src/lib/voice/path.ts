/** How a connection gets there. */
export type PathKind = 'direct' | 'relay-udp' | 'relay-tcp';

export interface Path {
	readonly kind: PathKind;
	/** Milliseconds, there and back. */
	readonly roundTrip: number | null;
	/** Of what was sent to us lately, the share that was lost: 0 to 1. */
	readonly loss: number;
}

/** What was counted the last time, to tell what happened since. */
export interface Counts {
	readonly received: number;
	readonly lost: number;
}

export const noCounts: Counts = { received: 0, lost: 0 };

type Entry = Record<string, unknown>;

/** Reads the chosen path off a report (W3C WebRTC statistics); null while there is none. */
export function readPath(report: Iterable<Entry>, before: Counts): { path: Path | null; counts: Counts } {
	const byId = new Map<unknown, Entry>();
	let received = 0;
	let lost = 0;
	let chosen: Entry | undefined;
	for (const entry of report) {
		byId.set(entry['id'], entry);
		if (entry['type'] === 'inbound-rtp') {
			received += number(entry['packetsReceived']);
			lost += number(entry['packetsLost']);
		}
		if (entry['type'] === 'transport') chosen = byId.get(entry['selectedCandidatePairId']) ?? { pending: entry['selectedCandidatePairId'] };
	}
	const pair = chosen !== undefined && 'pending' in chosen ? byId.get(chosen['pending']) : chosen;
	const counts = { received, lost };
	const local = pair === undefined ? undefined : byId.get(pair['localCandidateId']);
	if (pair === undefined || local === undefined) return { path: null, counts };
	const newLost = Math.max(0, lost - before.lost);
	const newAll = Math.max(0, received - before.received) + newLost;
	const trip = pair['currentRoundTripTime'];
	return {
		path: {
			kind: local['candidateType'] !== 'relay' ? 'direct' : local['relayProtocol'] === 'udp' ? 'relay-udp' : 'relay-tcp',
			roundTrip: typeof trip === 'number' ? Math.round(trip * 1000) : null,
			loss: newAll === 0 ? 0 : newLost / newAll,
		},
		counts,
	};
}

function number(value: unknown): number {
	return typeof value === 'number' ? value : 0;
}
