/** What an avatar shows. */
export type AvatarLook =
	| { readonly kind: 'image'; readonly src: string }
	| { readonly kind: 'emoji'; readonly emoji: string }
	| { readonly kind: 'initials'; readonly text: string; readonly hue: number };
