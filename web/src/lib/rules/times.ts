const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

export function clockTime(date: Date): string {
	return valid(date) ? time.format(date) : '';
}

export function fullTime(date: Date): string {
	return valid(date) ? full.format(date) : '';
}

/** A day, as lists have room for it. */
export function shortDay(date: Date): string {
	return valid(date) ? short.format(date) : '';
}

/** A day and its hour, as lists have room for it. */
export function shortTime(date: Date): string {
	return valid(date) ? moment.format(date) : '';
}

/** The day's name, or the given word for today and yesterday. */
export function dayName(date: Date, now: Date, words: { today: string; yesterday: string }): string {
	if (!valid(date)) return '';
	const distance = Math.round((startOfDay(now) - startOfDay(date)) / 86_400_000);
	if (distance === 0) return words.today;
	if (distance === 1) return words.yesterday;
	return day.format(date);
}

function startOfDay(date: Date): number {
	return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function valid(date: Date): boolean {
	return !Number.isNaN(date.getTime());
}
