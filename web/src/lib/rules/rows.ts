import type { Outbox, Outgoing } from './outbox';
import type { Message, Timeline } from './timeline';

export interface SystemLine {
	readonly key: string;
	readonly content: string;
	readonly timestamp: string;
}

export type Row =
	| { readonly kind: 'day'; readonly key: string; readonly date: Date }
	| { readonly kind: 'system'; readonly key: string; readonly content: string }
	/** Several people joined, one after the other. */
	| { readonly kind: 'joins'; readonly key: string; readonly names: readonly string[] }
	/** What follows was not read before. */
	| { readonly kind: 'new'; readonly key: string }
	| {
			readonly kind: 'message';
			readonly key: string;
			readonly message: Message;
			/** Opens a group: shows the author and the time. */
			readonly first: boolean;
			readonly date: Date;
	  }
	| {
			readonly kind: 'outgoing';
			readonly key: string;
			readonly outgoing: Outgoing;
			readonly first: boolean;
			readonly date: Date;
	  };

/** Messages of one author no further apart than this stand together. */
export const GROUP_WINDOW_MS = 7 * 60 * 1000;

const JOINED = ' joined the server';

/** What a conversation shows, top to bottom: messages in the server's order, notices by their time, then what is on its way. */
export function rows(
	{ messages, moreBefore, moreAfter }: Pick<Timeline, 'messages' | 'moreBefore' | 'moreAfter'>,
	outbox: Outbox,
	systemLines: readonly SystemLine[],
	username: string,
	/** The last message read, to draw a line below it. */
	lastRead: number | null = null,
): Row[] {
	const out: Row[] = [];
	let day = '';
	let author: string | null = null;
	let at = 0;

	const divide = (date: Date): void => {
		const key = dayKey(date);
		if (key === day) return;
		day = key;
		author = null;
		out.push({ kind: 'day', key: `day ${key} ${String(out.length)}`, date });
	};
	const opensGroup = (name: string, date: Date): boolean => {
		const first = author !== name || Math.abs(date.getTime() - at) > GROUP_WINDOW_MS;
		author = name;
		at = date.getTime();
		return first;
	};

	const firstNew = lastRead === null ? -1 : messages.findIndex((message) => message.id > lastRead && message.username !== username);
	const newId = messages[firstNew]?.id ?? null;

	// A notice from before or after what is held has its place there.
	const [from, to] = [moreBefore ? messages[0] : undefined, moreAfter ? messages.at(-1) : undefined];
	const notices = systemLines
		.map((line) => ({ ...line, time: Date.parse(line.timestamp) }))
		.filter(({ time }) => (from === undefined || time >= Date.parse(from.timestamp)) && (to === undefined || time <= Date.parse(to.timestamp)))
		.sort((a, b) => a.time - b.time);
	let notice = 0;
	const notify = (key: string, content: string): void => {
		const last = out.at(-1);
		const name = content.endsWith(JOINED) ? content.slice(0, -JOINED.length) : null;
		if (name !== null && last?.kind === 'joins') out[out.length - 1] = { ...last, names: [...last.names, name] };
		else if (name !== null) out.push({ kind: 'joins', key, names: [name] });
		else out.push({ kind: 'system', key, content });
	};
	const noticesUntil = (time: number): void => {
		for (let line = notices[notice]; line !== undefined && line.time <= time; line = notices[notice]) {
			notice++;
			divide(new Date(line.time));
			author = null;
			notify(`system ${line.key}`, line.content);
		}
	};

	for (const message of messages) {
		const date = new Date(message.timestamp);
		noticesUntil(date.getTime());
		divide(date);
		if (message.id === newId) {
			author = null;
			out.push({ kind: 'new', key: 'new' });
		}
		const first = opensGroup(message.username, date);
		// A message keeps the key it had on its way: the row stays where it is when it is acknowledged.
		const key = message.nonce !== null && message.username === username ? `nonce ${message.nonce}` : `id ${String(message.id)}`;
		out.push({ kind: 'message', key, message, first, date });
	}
	noticesUntil(Infinity);
	if (moreAfter) return out;
	for (const outgoing of outbox) {
		const date = new Date(outgoing.timestamp);
		divide(date);
		out.push({ kind: 'outgoing', key: `nonce ${outgoing.nonce}`, outgoing, first: opensGroup(username, date), date });
	}
	return out;
}

function dayKey(date: Date): string {
	return `${String(date.getFullYear())}-${String(date.getMonth() + 1)}-${String(date.getDate())}`;
}
