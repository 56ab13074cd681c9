import { describe, expect, test } from 'vitest';
import { acknowledge, discard, enqueue, fail, nextToSend, retry, settle, type Outbox } from './outbox';
import { applyEvent, applyPage, emptyTimeline } from './timeline';

const time = '2026-01-01T10:00:00+00:00';
const two = enqueue(enqueue([], 'a', 'one', time), 'b', 'two', time);
const states = (outbox: Outbox): string => outbox.map((entry) => `${entry.nonce}:${entry.state}`).join(' ');
const loaded = applyPage(emptyTimeline, { messages: [], seq: 0, more_before: false, more_after: false });
const stored = applyEvent(loaded, {
	type: 'message',
	id: 1,
	seq: 1,
	username: 'ana',
	content: 'one',
	timestamp: time,
	nonce: 'a',
	context: 'dm',
	context_id: 'd',
});

describe('outbox', () => {
	const cases: [name: string, outbox: Outbox, wanted: string, next: string | undefined][] = [
		['messages wait in the order they were written', two, 'a:sending b:sending', 'a'],
		['after the acknowledgement the next one goes', acknowledge(two, 'a', 1), 'a:sent b:sending', 'b'],
		['a failed one keeps its place and holds nobody up', fail(two, 'a', 'no'), 'a:failed b:sending', 'b'],
		['retry sends it again', retry(fail(two, 'a', 'no'), 'a'), 'a:sending b:sending', 'a'],
		['an acknowledged one cannot fail', fail(acknowledge(two, 'a', 1), 'a', 'late'), 'a:sent b:sending', 'b'],
		['a discarded one is gone', discard(two, 'a'), 'b:sending', 'b'],
		['the event settles it by nonce', settle(two, stored, 'ana'), 'b:sending', 'b'],
		['somebody else with the same nonce does not', settle(two, stored, 'bob'), 'a:sending b:sending', 'a'],
		['a late event settles even a failed one', settle(fail(two, 'a', 'timeout'), stored, 'ana'), 'b:sending', 'b'],
		['acknowledged at a change the timeline is past', settle(acknowledge(two, 'b', 1), stored, 'ana'), '', undefined],
		['acknowledged at a change still to come', settle(acknowledge(two, 'b', 2), stored, 'ana'), 'b:sent', undefined],
	];
	test.each(cases)('%s', (_name, outbox, wanted, next) => {
		expect(states(outbox)).toBe(wanted);
		expect(nextToSend(outbox)?.nonce).toBe(next);
	});
});
