import { contextKey } from '../rules/context';
import { mayMention, mentions } from '../rules/mentions';
import { sameName } from '../rules/people';
import { s } from '../strings';
import type { ContextRef, MessageFrame, ServerFrame } from '../wire';
import type { Call } from '../wire.generated';
import type { Desktop, Notice, Permission } from './desktop';
import { parsed } from './markup.svelte';
import type { Store } from './storage';

const KEY = 'decentra.notifications';
/** Desktops show no more of a text. */
const MOST_TEXT = 200;

/** Kept on this device. */
export interface NotificationChoices {
	on: boolean;
	/** Direct messages and mentions alone, or every message. */
	about: 'personal' | 'all';
	sound: boolean;
}

const defaults: NotificationChoices = { on: false, about: 'personal', sound: true };

export interface NotificationOptions {
	store: Store;
	desktop: Desktop;
	/** The page is looked at: it needs no notice. */
	attended: () => boolean;
	self: () => string;
	/** How somebody is called. */
	nameOf: (username: string) => string;
	/** How a channel is called, or null for a direct message. */
	placeOf: (ref: ContextRef) => string | null;
	unread: (ref: ContextRef) => number;
	/** The calls that ring. */
	calls: () => readonly Call[];
	open: (ref: ContextRef) => void;
}

/** What happens while nobody looks at the page is told by the desktop. */
export class Notifications {
	readonly #options: NotificationOptions;
	/** By tag: what takes it away, and whether it is time to. */
	readonly #shown = new Map<string, { close: () => void; over: () => boolean }>();
	#choices = $state.raw<NotificationChoices>(defaults);
	#permission = $state<Permission>('none');

	constructor(options: NotificationOptions) {
		this.#options = options;
		this.#permission = options.desktop.permission();
		try {
			this.#choices = { ...defaults, ...(JSON.parse(options.store.getItem(KEY) ?? '{}') as Partial<NotificationChoices>) };
		} catch {
			// What was kept is not ours: begin anew.
		}
	}

	get choices(): NotificationChoices {
		return this.#choices;
	}
	/** As the browser said when it was asked last. */
	get permission(): Permission {
		return this.#permission;
	}
	get on(): boolean {
		return this.#choices.on && this.#permission === 'granted';
	}

	/** Asks the browser, which asks the user. */
	async switchOn(): Promise<void> {
		this.#permission = await this.#options.desktop.ask();
		this.choose({ on: this.#permission === 'granted' });
	}

	choose(changed: Partial<NotificationChoices>): void {
		this.#choices = { ...this.#choices, ...changed };
		this.#options.store.setItem(KEY, JSON.stringify(this.#choices));
		if (!this.#choices.on) this.clear();
	}

	/** After all others have taken the frame. */
	apply(frame: ServerFrame): void {
		for (const [tag, { close, over }] of this.#shown) {
			if (!over()) continue;
			close();
			this.#shown.delete(tag);
		}
		if (!this.on || this.#options.attended()) return;
		if (frame.type === 'message') void this.#hear(frame);
		for (const call of this.#options.calls()) this.#ring(call);
	}

	clear(): void {
		for (const { close } of this.#shown.values()) close();
		this.#shown.clear();
	}

	/** Tells of a message if it is one to be told of. */
	async #hear({ context, context_id, username, content }: MessageFrame): Promise<void> {
		const self = this.#options.self();
		if (context === 'global' || context_id === null || sameName(username, self)) return;
		if (this.#choices.about === 'personal' && context !== 'dm') {
			if (!mayMention(content, self) || !mentions(await parsed(content), self)) return;
		}
		this.#tell({ context, context_id }, username, content);
	}

	#tell(ref: ContextRef, username: string, content: string): void {
		const { nameOf, placeOf, unread, open } = this.#options;
		const place = placeOf(ref);
		this.#show({
			title: place === null ? nameOf(username) : s.notifications.from(nameOf(username), place),
			body: content.slice(0, MOST_TEXT),
			tag: contextKey(ref),
			silent: !this.#choices.sound,
			stays: false,
			onclick: () => {
				open(ref);
			},
		}, () => unread(ref) === 0);
	}

	/** The page sounds by itself while it rings, and asks what to do when it is seen. */
	#ring({ call_id, username }: Call): void {
		const tag = `call:${call_id}`;
		if (this.#shown.has(tag)) return;
		const { nameOf, calls } = this.#options;
		this.#show(
			{ title: s.voice.incoming(nameOf(username)), body: '', tag, silent: true, stays: true, onclick: () => undefined },
			() => !calls().some((call) => call.call_id === call_id),
		);
	}

	#show(notice: Notice, over: () => boolean): void {
		try {
			this.#shown.set(notice.tag, { close: this.#options.desktop.show(notice), over });
		} catch {
			// The browser has changed its mind.
			this.#permission = this.#options.desktop.permission();
		}
	}
}
