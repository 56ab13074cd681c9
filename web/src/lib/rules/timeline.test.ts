import { describe, expect, test } from 'vitest';
import type { ConversationFrame, StoredMessage } from '../wire';
import {
	applyChanges,
	applyEvent,
	applyNewer,
	applyOlder,
	applyPage,
	covers,
	emptyTimeline,
	hasHole,
	leave,
	trim,
	type Timeline,
} from './timeline';

const where = { context: 'server', context_id: 's/c' } as const;
const at = (seq: number): string => `2026-01-01T10:00:${String(seq % 60).padStart(2, '0')}+00:00`;

function said(seq: number, content = `m${String(seq)}`): ConversationFrame {
	return { type: 'message', id: seq, seq, username: 'ana', content, timestamp: at(seq), ...where };
}
function edited(seq: number, id: number, content: string): ConversationFrame {
	return { type: 'message_edited', id, seq, username: 'ana', content, timestamp: at(id), edited_at: at(seq), ...where };
}
function deleted(seq: number, id: number): ConversationFrame {
	return { type: 'message_deleted', id, seq, username: 'ana', ...where };
}
function stored(id: number, seq = id, content = `m${String(id)}`): StoredMessage {
	return {
		id,
		seq,
		username: 'ana',
		content,
		timestamp: at(id),
		...(seq > id && { edited_at: at(seq) }),
		context_type: 'server',
		context_id: 's/c',
	};
}
const gone = (id: number, seq: number): StoredMessage => ({ ...stored(id, seq, ''), deleted: true });
const page = (seq: number, messages: StoredMessage[], more_before = false, more_after = false) => ({ seq, messages, more_before, more_after });
const changes = (seq: number, messages: StoredMessage[], reset = false) => ({ seq, messages, reset });
const shown = (timeline: Timeline): string => timeline.messages.map((m) => m.content).join(' ');
const events = (timeline: Timeline, ...frames: ConversationFrame[]): Timeline => frames.reduce(applyEvent, timeline);

const three = applyPage(emptyTimeline, page(3, [stored(1), stored(2), stored(3)]));
const tail = applyPage(emptyTimeline, page(12, [stored(10), stored(11), stored(12)], true));
const middle = applyPage(emptyTimeline, page(12, [stored(5), stored(6)], true, true));

describe('events on a loaded timeline', () => {
	const cases: [name: string, frames: ConversationFrame[], shows: string, seq: number, hole: boolean][] = [
		['the next message is appended', [said(4)], 'm1 m2 m3 m4', 4, false],
		['a repeated event changes nothing', [said(4), said(4), said(3)], 'm1 m2 m3 m4', 4, false],
		['an edit replaces the text', [edited(4, 2, 'new')], 'm1 new m3', 4, false],
		['a delete removes the message', [deleted(4, 2)], 'm1 m3', 4, false],
		['an edit of a deleted message is nothing', [deleted(4, 2), edited(5, 2, 'x')], 'm1 m3', 5, false],
		['what lies beyond a hole waits', [said(5), said(6)], 'm1 m2 m3', 3, true],
		['the missing one lets them through in order', [said(6), said(5), said(4)], 'm1 m2 m3 m4 m5 m6', 6, false],
		['a hole filled in part stays a hole', [said(7), said(5), said(4)], 'm1 m2 m3 m4 m5', 5, true],
		['the same event beyond a hole waits once', [said(5), said(5), said(4)], 'm1 m2 m3 m4 m5', 5, false],
		['edits and deletes beyond a hole wait too', [deleted(6, 4), edited(5, 4, 'x'), said(4)], 'm1 m2 m3', 6, false],
	];
	test.each(cases)('%s', (_name, frames, shows, seq, hole) => {
		const timeline = events(three, ...frames);
		expect(shown(timeline)).toBe(shows);
		expect(timeline.seq).toBe(seq);
		expect(hasHole(timeline)).toBe(hole);
	});
});

describe('events while the page is under way', () => {
	test('those after the page are applied, those in it are not applied twice', () => {
		const before = events(emptyTimeline, said(2), said(3), said(4), edited(5, 1, 'new'));
		expect(before.messages).toEqual([]);
		const timeline = applyPage(before, page(3, [stored(1), stored(2), stored(3)]));
		expect(shown(timeline)).toBe('new m2 m3 m4');
		expect(timeline.seq).toBe(5);
		expect(hasHole(timeline)).toBe(false);
	});
	test('a page older than the first event leaves a hole', () => {
		const timeline = applyPage(events(emptyTimeline, said(6)), page(3, [stored(1), stored(2), stored(3)]));
		expect(shown(timeline)).toBe('m1 m2 m3');
		expect(hasHole(timeline)).toBe(true);
	});
	test('a delete that the page knows already is not undone', () => {
		const timeline = applyPage(events(emptyTimeline, said(2), deleted(3, 2)), page(3, [stored(1)]));
		expect(shown(timeline)).toBe('m1');
	});
});

describe('older pages', () => {
	test('go in front', () => {
		const timeline = applyOlder(tail, page(12, [stored(8), stored(9)], true), tail.epoch);
		expect(shown(timeline)).toBe('m8 m9 m10 m11 m12');
		expect(timeline.moreBefore).toBe(true);
	});
	test('overlap is not shown twice, and the start of the conversation is known', () => {
		const timeline = applyOlder(tail, page(12, [stored(9), stored(10)]), tail.epoch);
		expect(shown(timeline)).toBe('m9 m10 m11 m12');
		expect(timeline.moreBefore).toBe(false);
	});
	test('a page made before an edit or a delete gets them on arrival', () => {
		const changed = events(tail, edited(13, 8, 'new'), deleted(14, 9));
		expect(shown(changed)).toBe('m10 m11 m12');
		expect(shown(applyOlder(changed, page(12, [stored(7), stored(8), stored(9)]), tail.epoch))).toBe('m7 new m10 m11 m12');
	});
	test('a page made after an edit is not set back by the event', () => {
		const timeline = applyOlder(tail, page(14, [stored(8, 14, 'second'), stored(9)]), tail.epoch);
		expect(shown(events(timeline, edited(13, 8, 'first')))).toBe('second m9 m10 m11 m12');
	});
	test('one asked for before the page was replaced is thrown away', () => {
		const replaced = applyPage(tail, page(90, [stored(90)], true));
		expect(applyOlder(replaced, page(12, [stored(8)]), tail.epoch)).toBe(replaced);
	});
	test('one asked for before the oldest were let go is thrown away', () => {
		const trimmed = trim(tail, 'oldest', 2, 1);
		expect(shown(trimmed)).toBe('m12');
		expect(trimmed.moreBefore).toBe(true);
		expect(applyOlder(trimmed, page(12, [stored(9)]), tail.epoch)).toBe(trimmed);
	});
});

describe('away from the newest', () => {
	test('new messages are left to their page', () => {
		const timeline = events(middle, said(13), edited(14, 6, 'new'), deleted(15, 5));
		expect(shown(timeline)).toBe('new');
		expect(timeline.seq).toBe(15);
		expect(hasHole(timeline)).toBe(false);
		expect(shown(applyChanges(timeline, changes(17, [stored(16), stored(13, 17, 'thirteen')])))).toBe('new');
	});
	test('newer pages go behind, and the last of them joins the present', () => {
		const more = applyNewer(middle, page(12, [stored(7), stored(8)], true, true), middle.epoch);
		expect(shown(more)).toBe('m5 m6 m7 m8');
		expect(more.moreAfter).toBe(true);
		const all = applyNewer(more, page(12, [stored(9), stored(12)], true), more.epoch);
		expect(all.moreAfter).toBe(false);
		expect(shown(events(all, said(13)))).toBe('m5 m6 m7 m8 m9 m12 m13');
	});
	test('a page overtaken by events gets their changes, and is not taken for the last', () => {
		const changed = events(middle, edited(13, 7, 'new'), deleted(14, 8), said(15));
		const timeline = applyNewer(changed, page(12, [stored(7), stored(8)], true), middle.epoch);
		expect(shown(timeline)).toBe('m5 m6 new');
		expect(timeline.moreAfter).toBe(true);
		expect(shown(applyNewer(timeline, page(15, [stored(15)], true), timeline.epoch))).toBe('m5 m6 new m15');
	});
	test('events that the last page knows already change nothing', () => {
		const timeline = applyNewer(middle, page(14, [stored(7), stored(13, 14, 'new')], true), middle.epoch);
		expect(shown(events(timeline, said(13), edited(14, 13, 'new'), said(15)))).toBe('m5 m6 m7 new m15');
	});
	test('letting go of the newest', () => {
		const trimmed = trim(tail, 'newest', 2, 2);
		expect(shown(trimmed)).toBe('m10 m11');
		expect(trimmed.moreAfter).toBe(true);
		expect(applyNewer(trimmed, page(12, [stored(12)]), tail.epoch)).toBe(trimmed);
	});
	test('going to another place keeps what is seen until its page is there', () => {
		const left = events(leave(tail), said(13));
		expect(shown(left)).toBe('m10 m11 m12');
		expect(shown(applyPage(left, page(12, [stored(5), stored(6)], true, true)))).toBe('m5 m6');
	});
	test('what it covers', () => {
		expect([9, 10, 11, 99].map((id) => covers(tail, id))).toEqual([false, true, true, true]);
		expect([4, 5, 6, 7].map((id) => covers(middle, id))).toEqual([false, true, true, false]);
		expect(covers(three, 99)).toBe(true);
		expect(covers(emptyTimeline, 1)).toBe(false);
	});
});

describe('changes after a gap', () => {
	const cases: [name: string, start: Timeline, answer: Parameters<typeof applyChanges>[1], shows: string, seq: number][] = [
		['nothing changed', three, changes(3, []), 'm1 m2 m3', 3],
		['new messages', three, changes(5, [stored(4), stored(5)]), 'm1 m2 m3 m4 m5', 5],
		['an edit', three, changes(4, [stored(2, 4, 'new')]), 'm1 new m3', 4],
		['a delete', three, changes(4, [gone(2, 4)]), 'm1 m3', 4],
		['said and deleted in the gap', three, changes(5, [gone(4, 5)]), 'm1 m2 m3', 5],
		['said and edited in the gap', three, changes(5, [stored(4, 5, 'new')]), 'm1 m2 m3 new', 5],
		['in any order', three, changes(6, [stored(6), stored(4), stored(1, 5, 'new')]), 'new m2 m3 m4 m6', 6],
		['an edit of what no page holds', tail, changes(13, [stored(2, 13, 'new')]), 'm10 m11 m12', 13],
		['what waited beyond the hole follows', events(three, said(6)), changes(5, [stored(4), stored(5)]), 'm1 m2 m3 m4 m5 m6', 6],
		['what waited and is in the answer is not shown twice', events(three, said(5)), changes(5, [stored(4), stored(5)]), 'm1 m2 m3 m4 m5', 5],
		['an answer overtaken by events undoes nothing', events(three, said(4), deleted(5, 4)), changes(4, [stored(4)]), 'm1 m2 m3', 5],
	];
	test.each(cases)('%s', (_name, start, answer, shows, seq) => {
		const timeline = applyChanges(start, answer);
		expect(shown(timeline)).toBe(shows);
		expect(timeline.seq).toBe(seq);
		expect(hasHole(timeline)).toBe(false);
	});
	test('an edit of what no page holds is there when its page comes', () => {
		const timeline = applyChanges(tail, changes(13, [stored(9, 13, 'new')]));
		expect(shown(applyOlder(timeline, page(12, [stored(9)]), timeline.epoch))).toBe('new m10 m11 m12');
	});
	test('too many changes: the page is asked for anew, events wait for it', () => {
		const reset = events(applyChanges(three, changes(500, [], true)), said(501));
		expect(reset.loaded).toBe(false);
		expect(shown(reset)).toBe('m1 m2 m3');
		expect(shown(applyPage(reset, page(500, [stored(499), stored(500)], true)))).toBe('m499 m500 m501');
	});
});

test('any order of arrival ends with the same timeline', () => {
	const all = [said(4), edited(5, 4, 'four'), said(6), deleted(7, 2), edited(8, 4, 'vier'), said(9)];
	const wanted = shown(events(three, ...all));
	expect(wanted).toBe('m1 m3 vier m6 m9');
	for (let seed = 1; seed <= 200; seed++) {
		const shuffled = [...all, ...all.slice(0, seed % 4)];
		let random = seed;
		for (let i = shuffled.length - 1; i > 0; i--) {
			random = (random * 1103515245 + 12345) % 2147483648;
			const j = random % (i + 1);
			const a = shuffled[i];
			const b = shuffled[j];
			if (a === undefined || b === undefined) continue;
			shuffled[i] = b;
			shuffled[j] = a;
		}
		expect(shown(events(three, ...shuffled))).toBe(wanted);
	}
});
