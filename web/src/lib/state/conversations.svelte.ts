import { untrack } from 'svelte';
import { contextKey } from '../rules/context';
import type { ContextRef, FrameOf, ServerFrame } from '../wire';
import { Conversation, type ConversationContext } from './conversation.svelte';

/** Conversations kept up to date in memory; the one not opened for longest is let go of first. */
const MAX_HELD = 24;

/** All conversations that are held, and which one is shown. */
export class Conversations {
	readonly #context: ConversationContext;
	readonly #held = new Map<string, Conversation>();
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
		void conversation.refresh();
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
			case 'message':
			case 'message_edited':
			case 'message_deleted':
				this.#held.get(contextKey(frame))?.apply(frame);
				return;
			case 'conversation_changed':
				this.#held.get(contextKey(frame))?.changedTo(frame.seq);
				return;
			case 'server_left':
				this.#forget((ref) => ref.context === 'server' && ref.context_id.startsWith(`${frame.server_id}/`));
				return;
			case 'channel_deleted':
				this.#forget((ref) => ref.context === 'server' && ref.context_id === `${frame.server_id}/${frame.channel_id}`);
				return;
			case 'system':
				this.#notice(frame);
				return;
		}
	}

	clear(): void {
		this.#held.clear();
		this.#shown = null;
	}

	#forget(gone: (ref: ContextRef) => boolean): void {
		for (const [key, { ref }] of this.#held) if (gone(ref)) this.#held.delete(key);
		if (this.#shown !== null && gone(this.#shown.ref)) this.#shown = null;
	}

	/** A notice about a whole server stands in the channel that is shown. */
	#notice({ context, context_id, content, timestamp }: FrameOf<'system'>): void {
		const exact = this.#held.get(contextKey({ context, context_id }));
		const shown = this.#shown;
		const inside = context_id !== null && shown?.ref.context === 'server' && shown.ref.context_id.startsWith(`${context_id}/`) ? shown : undefined;
		(exact ?? inside)?.addSystemLine({ key: this.#context.newNonce(), content, timestamp });
	}
}
