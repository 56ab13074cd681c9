import { describe, expect, test } from 'vitest';
import { verdict } from './check';
import { iceConfiguration, renewIn } from './ice';
import { Speech } from './media';
import { videoBitrate } from './mesh.svelte';
import { noCounts, readPath } from './path';
import { frugal } from './peer';

const turn = { username: 'u', credential: 'c', expires_at: '2026-01-01T10:00:00+00:00', urls: [], relay_only: false };
const page = { hostname: 'chat.example', port: '', protocol: 'https:' };

describe('the servers of a connection', () => {
	test('are at the host and port of the page', () => {
		expect(iceConfiguration(turn, { ...page, port: '8765' })).toEqual({
			iceServers: [
				{ urls: ['turn:chat.example:8765?transport=udp', 'turn:chat.example:8765?transport=tcp'], username: 'u', credential: 'c' },
				{ urls: ['stun:chat.example:8765'] },
			],
			iceTransportPolicy: 'all',
			bundlePolicy: 'max-bundle',
		});
		expect(JSON.stringify(iceConfiguration(turn, page))).toContain('turn:chat.example:443?transport=udp');
	});
	test('are those that are named', () => {
		const named = iceConfiguration({ ...turn, urls: ['turn:relay.example:3478?transport=udp'] }, page);
		expect(named.iceServers?.map(({ urls }) => urls)).toEqual([['turn:relay.example:3478?transport=udp'], ['stun:relay.example:3478']]);
	});
	test('are the relay alone, for who wants that', () => {
		const discreet = iceConfiguration({ ...turn, relay_only: true }, page);
		expect(discreet.iceTransportPolicy).toBe('relay');
		expect(discreet.iceServers).toHaveLength(1);
	});
	test('are one way, to try it', () => {
		const tcp = iceConfiguration(turn, page, 'tcp');
		expect(tcp.iceServers?.[0]?.urls).toEqual(['turn:chat.example:443?transport=tcp']);
		expect(tcp.iceTransportPolicy).toBe('relay');
	});
});

test.each([
	['five minutes before their end', 0, 55],
	['as long as they are good at most, where the clock of the server is a year ahead', -365 * 24 * 60, 55],
	['not all the time, where it is a day behind', 24 * 60, 1],
])('credentials are renewed %s', (_when, minutesOn, minutes) => {
	expect(renewIn(turn, Date.parse(turn.expires_at) + (minutesOn - 60) * 60_000)).toBe(minutes * 60_000);
});

test('a description asks for silence to be left out and losses to be mended', () => {
	const sdp = 'a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:96 VP8/90000\r\na=fmtp:96 x=1\r\n';
	expect(frugal({ type: 'offer', sdp }).sdp).toContain('a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n');
	expect(frugal({ type: 'offer', sdp }).sdp).toContain('a=fmtp:96 x=1\r\n');
	expect(frugal(frugal({ type: 'offer', sdp })).sdp).toBe(frugal({ type: 'offer', sdp }).sdp);
	expect(frugal({ type: 'offer', sdp: 'v=0\r\n' })).toEqual({ type: 'offer', sdp: 'v=0\r\n' });
});

test('somebody speaks through short pauses', () => {
	const speech = new Speech();
	expect(speech.hear(0.001, 0)).toBe(false);
	expect(speech.hear(0.1, 100)).toBe(true);
	expect(speech.hear(0, 400)).toBe(true);
	expect(speech.hear(0, 500)).toBe(false);
});

describe('the path of a connection', () => {
	const report = (local: object): Record<string, unknown>[] => [
		{ id: 'in', type: 'inbound-rtp', packetsReceived: 90, packetsLost: 10 },
		{ id: 't', type: 'transport', selectedCandidatePairId: 'p' },
		{ id: 'p', type: 'candidate-pair', localCandidateId: 'l', currentRoundTripTime: 0.0421 },
		{ id: 'l', type: 'local-candidate', ...local },
	];
	test.each([
		[{ candidateType: 'host' }, 'direct'],
		[{ candidateType: 'prflx' }, 'direct'],
		[{ candidateType: 'relay', relayProtocol: 'udp' }, 'relay-udp'],
		[{ candidateType: 'relay', relayProtocol: 'tcp' }, 'relay-tcp'],
	])('by %o is %s', (local, kind) => {
		expect(readPath(report(local), noCounts)).toEqual({ path: { kind, roundTrip: 42, loss: 0.1 }, counts: { received: 90, lost: 10 } });
	});
	test('loses only what was lost since', () => {
		expect(readPath(report({ candidateType: 'host' }), { received: 80, lost: 10 }).path?.loss).toBe(0);
	});
	test('is none before one is chosen', () => {
		expect(readPath([{ id: 't', type: 'transport' }], noCounts).path).toBeNull();
	});
});

test.each([
	[{ microphone: 'works', direct: true, udp: true, tcp: true }, 'good'],
	[{ microphone: 'works', direct: false, udp: true, tcp: true }, 'good'],
	[{ microphone: 'works', direct: false, udp: false, tcp: true }, 'udp'],
	[{ microphone: 'fails', direct: true, udp: true, tcp: true }, 'microphone'],
	[{ microphone: 'silent', direct: true, udp: true, tcp: true }, 'silent'],
	[{ microphone: 'works', direct: true, udp: false, tcp: false }, 'relay'],
	[{ microphone: 'works', direct: false, udp: false, tcp: false }, 'nothing'],
] as const)('the check of %o says %s', (result, says) => {
	expect(verdict(result)).toBe(says);
});

test('video takes less of the line, the more it is sent to', () => {
	for (const slot of ['camera', 'screen'] as const) {
		const rates = [1, 2, 4, 6, 9].map((others) => videoBitrate(slot, others));
		expect(rates).toEqual([...rates].sort((a, b) => b - a));
	}
});
