import type { Router } from '../lib/state/router.svelte';
import type { ChannelType } from '../lib/wire';
import type { Conversation } from '../lib/state/conversation.svelte';

export type DialogKind =
	| { readonly name: 'create-server' }
	| { readonly name: 'join-server' }
	| { readonly name: 'create-channel'; readonly serverId: string; readonly kind: ChannelType }
	| { readonly name: 'server-invite'; readonly serverId: string }
	| { readonly name: 'account-invite' }
	| { readonly name: 'server-settings'; readonly serverId: string }
	| { readonly name: 'leave-server'; readonly serverId: string }
	| { readonly name: 'user-settings' }
	| { readonly name: 'block-user'; readonly username: string }
	| { readonly name: 'remove-friend'; readonly username: string }
	| { readonly name: 'person'; readonly username: string }
	| { readonly name: 'switcher' }
	| { readonly name: 'keys' }
	| { readonly name: 'message-actions'; readonly conversation: Conversation; readonly id: number }
	| { readonly name: 'delete-message'; readonly conversation: Conversation; readonly id: number };

/** What lies over the screen: at most one dialog, and on a phone at most one drawer. */
export class Overlays {
	dialog = $state.raw<DialogKind | null>(null);
	drawer = $state<'navigation' | 'members' | null>(null);
	/** On a wide screen the list of members can be put away. */
	membersShown = $state(true);
	/** The buttons that format what is written. */
	formattingShown = $state(false);

	/** The search for people takes the focus when its screen is there. */
	searchWanted = $state(false);

	searchPeople(router: Router): void {
		this.searchWanted = true;
		router.go({ name: 'friends' });
	}

	open(dialog: DialogKind): void {
		this.drawer = null;
		this.dialog = dialog;
	}

	close(): void {
		this.dialog = null;
	}
}
