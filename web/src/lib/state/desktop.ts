/** What the desktop shows of us, outside the page. */
export interface Notice {
	title: string;
	body: string;
	/** A notice takes the place of the one before with the same tag. */
	tag: string;
	silent: boolean;
	/** It stays until somebody has seen to it. */
	stays: boolean;
	onclick: () => void;
}

/** `none`: this browser shows nothing for this page. */
export type Permission = NotificationPermission | 'none';

/** What of the browser notifications need; passed in, so that tests can bring their own. */
export interface Desktop {
	permission: () => Permission;
	ask: () => Promise<Permission>;
	/** The answer takes the notice away. */
	show: (notice: Notice) => () => void;
}

export function browserDesktop(): Desktop {
	const known = 'Notification' in window && window.isSecureContext;
	return {
		permission: () => (known ? Notification.permission : 'none'),
		ask: async () => {
			if (!known) return 'none';
			const answer = await Notification.requestPermission();
			return answer === 'granted' && !constructible() ? 'none' : answer;
		},
		show: ({ title, stays, onclick, ...options }) => {
			// A notice in the place of another one is news as well; not all browsers know the word.
			const more: NotificationOptions & { renotify: boolean } = { ...options, icon: '/icon-192.png', requireInteraction: stays, renotify: true };
			const shown = new Notification(title, more);
			shown.onclick = () => {
				window.focus();
				onclick();
				shown.close();
			};
			return () => {
				shown.close();
			};
		},
	};
}

/** Phones have the class, and refuse to make one. */
function constructible(): boolean {
	try {
		new Notification('', { silent: true }).close();
		return true;
	} catch {
		return false;
	}
}
