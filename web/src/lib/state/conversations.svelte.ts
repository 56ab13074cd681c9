import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { contextKey } from '../rules/context';
import { sameName } from '../rules/people';
import type { ContextRef, ServerFrame } from '../wire';
import { Conversation, type ConversationContext } from './conversation.svelte';

/** Conversations kept up to date in memory; the one not opened for longest is let go of first. */
const MAX_HELD = 24;

/** All conversations that are held, which one is shown, and where something came in unseen since the page was opened. */
export class Conversations {
	readonly #context: ConversationContext;
	readonly #held = new Map<string, Conversation>();
	readonly #unseen = new SvelteMap<string, number>();
	#shown: Conversation | null = null;

	constructor(context: ConversationContext) {
		this.#context = context;
	}

	/** The conversation, held from now on. Nothing is asked for yet. */
	hold(ref: ContextRef): Conversation {
		const key = contextKey(ref);
		const held = this.#held.get(key) ?? new Conversation(ref, this.#context);
		this.#held.delete(key);
		this.#held.set(key, held);
		for (const [oldKey, old] of this.#held) {
			if (this.#held.size <= MAX_HELD) break;
			if (old !== this.#shown && untrack(() => old.outbox.length === 0)) this.#held.delete(oldKey);
		}
		return held;
	}

	/** The conversation is on the screen (or none is): brings it up to date. */
	show(conversation: Conversation | null): void {
		this.#shown = conversation;
		if (conversation === null) return;
		this.#unseen.delete(contextKey(conversation.ref));
		void conversation.refresh();
	}

	/** How many messages of others came in since the conversation was last on the screen. */
	unseen(ref: ContextRef): number {
		return this.#unseen.get(contextKey(ref)) ?? 0;
	}

	get unseenTotal(): number {
		let total = 0;
		for (const count of this.#unseen.values()) total += count;
		return total;
	}

	/** Something may have been missed: the shown conversation first, then the others. */
	async refreshAll(): Promise<void> {
		const shown = this.#shown;
		if (shown !== null) await shown.refresh();
		for (const conversation of [...this.#held.values()].reverse()) {
			if (!this.#context.transport.ready) return;
			if (conversation !== shown) await conversation.refresh();
		}
	}

	get hasShown(): boolean {
		return this.#shown !== null;
	}

	async refreshShown(): Promise<void> {
		await this.#shown?.refresh();
	}

	apply(frame: ServerFrame): void {
		switch (frame.type) {
			case 'message': {
				const key = contextKey(frame);
				const held = this.#held.get(key);
				const isNew = held === undefined || !held.timeline.loaded || frame.seq > held.timeline.seq;
				held?.apply(frame);
				if (isNew && held !== this.#shown && !sameName(frame.username, this.#context.username())) {
					if (frame.context === 'server' || frame.context === 'dm') this.#unseen.set(key, (this.#unseen.get(key) ?? 0) + 1);
				}
				return;
			}
			case 'message_edited':
			case 'message_deleted':
				this.#held.get(contextKey(frame))?.apply(frame);
				return;
			case 'system':
				this.#notice(frame);
				return;
		}
	}

	clear(): void {
		this.#held.clear();
		this.#unseen.clear();
		this.#shown = null;
	}

	/** A notice about a whole server stands in the channel that is shown. */
	#notice({ context, context_id, content, timestamp }: Extract<ServerFrame, { type: 'system' }>): void {
		if (context === undefined || context === null || context_id === undefined || context_id === null) return;
		const exact = this.#held.get(contextKey({ context, context_id }));
		const shown = this.#shown;
		const inside = shown?.ref.context === 'server' && shown.ref.context_id.startsWith(`${context_id}/`) ? shown : undefined;
		(exact ?? inside)?.addSystemLine({ key: this.#context.newNonce(), content, timestamp });
	}
}
