import type { TURNCredentials } from '../wire.generated';

export type Only = 'udp' | 'tcp' | null;

/** The configuration of a peer connection: our own relay and STUN server, at the page's host and port unless it is named. */
export function iceConfiguration(turn: TURNCredentials, location: Pick<Location, 'hostname' | 'port' | 'protocol'>, only: Only = null): RTCConfiguration {
	const port = location.port !== '' ? location.port : location.protocol === 'https:' ? '443' : '80';
	const host = `${location.hostname}:${port}`;
	const all = turn.urls.length > 0 ? turn.urls : [`turn:${host}?transport=udp`, `turn:${host}?transport=tcp`];
	const relays = all.filter((url) => only === null || url.endsWith(`transport=${only}`));
	const servers: RTCIceServer[] = [{ urls: relays, username: turn.username, credential: turn.credential }];
	if (only === null && !turn.relay_only) servers.push({ urls: [`stun:${turn.urls.length > 0 ? authority(all[0] ?? '') : host}`] });
	return { iceServers: servers, iceTransportPolicy: turn.relay_only || only !== null ? 'relay' : 'all', bundlePolicy: 'max-bundle' };
}

/** The host and port of a TURN URI (RFC 7065). */
function authority(uri: string): string {
	return uri.replace(/^turns?:/, '').replace(/\?.*$/, '');
}

/** Before they expire. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** Whatever the clocks say, of the server and here: not all the time, and before an hour is over. */
const RENEW_AFTER_MS = 60_000;
const RENEW_WITHIN_MS = 55 * 60_000;

/** After how long credentials are renewed, in milliseconds. */
export function renewIn(turn: Pick<TURNCredentials, 'expires_at'>, now: number): number {
	return Math.min(Math.max(RENEW_AFTER_MS, Date.parse(turn.expires_at) - now - RENEW_BEFORE_MS), RENEW_WITHIN_MS);
}
