import Copy from '@lucide/svelte/icons/copy';
import Link from '@lucide/svelte/icons/link';
import Pencil from '@lucide/svelte/icons/pencil';
import Trash2 from '@lucide/svelte/icons/trash-2';
import { contextRoute } from '../lib/rules/context';
import { sameName } from '../lib/rules/people';
import { routePath } from '../lib/rules/routes';
import type { Message } from '../lib/rules/timeline';
import type { Conversation } from '../lib/state/conversation.svelte';
import { s } from '../lib/strings';
import type { MenuItem } from '../lib/ui/Menu.svelte';
import type { App } from './context';

/** What one may do with a message: the bar beside it and the sheet of a phone show the same. */
export function messageActions({ client, overlays }: App, conversation: Conversation, message: Message): MenuItem[] {
	const copy = async (text: string, done: string): Promise<void> => {
		try {
			await navigator.clipboard.writeText(text);
			client.toasts.info(done);
		} catch (error) {
			client.toasts.error(error);
		}
	};
	const items: MenuItem[] = [];
	// Browsers give the clipboard to pages of https and of this machine only.
	if ('clipboard' in navigator) {
		items.push(
			{ label: s.chat.copyText, icon: Copy, act: () => void copy(message.content, s.chat.copiedText) },
			{ label: s.chat.copyLink, icon: Link, act: () => void copy(client.router.origin + messagePath(conversation, message.id), s.chat.copiedLink) },
		);
	}
	if (sameName(message.username, client.username)) {
		items.push(
			{ label: s.chat.edit, icon: Pencil, act: () => (conversation.editing = message.id) },
			{ label: s.chat.delete, icon: Trash2, danger: true, act: () => overlays.open({ name: 'delete-message', conversation, id: message.id }) },
		);
	}
	return items;
}

function messagePath({ ref }: Conversation, messageId: number): string {
	const route = contextRoute(ref);
	return routePath(route.name === 'home' || route.name === 'friends' ? route : { ...route, messageId });
}
