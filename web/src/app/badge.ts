/** Marks the tab, and the icon of the installed app, while something is unread. */
export function showBadge(unread: number): void {
	const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
	icon?.setAttribute('href', unread > 0 ? '/favicon-unread.svg' : '/favicon.svg');
	// Not in every browser, and not on pages that came without https.
	if ('setAppBadge' in navigator) navigator.setAppBadge(unread).catch(() => undefined);
}
