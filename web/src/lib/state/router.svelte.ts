import { inviteIn, parseRoute, routePath, sameRoute, type Route } from '../rules/routes';

/** The part of `window` that holds the address. */
export interface AddressBar {
	location: Pick<Location, 'pathname' | 'search' | 'hash' | 'origin'>;
	history: Pick<History, 'pushState' | 'replaceState'>;
	addEventListener(type: 'popstate', listener: () => void): void;
}

/** What the address says to show. */
export class Router {
	readonly #bar: AddressBar;
	#route = $state.raw<Route>({ name: 'home' });
	#invite = $state<string | null>(null);

	constructor(bar: AddressBar) {
		this.#bar = bar;
		this.#read();
		bar.addEventListener('popstate', () => {
			this.#read();
		});
	}

	get route(): Route {
		return this.#route;
	}

	/** The code the page was opened with, until it was used or declined. */
	get invite(): string | null {
		return this.#invite;
	}

	get origin(): string {
		return this.#bar.location.origin;
	}

	go(route: Route): void {
		if (!sameRoute(route, this.#route)) this.#bar.history.pushState(null, '', routePath(route));
		this.#route = route;
	}

	/** Goes there without a step in the history: the way back would lead here again. */
	replace(route: Route): void {
		this.#bar.history.replaceState(null, '', routePath(route));
		this.#route = route;
	}

	/** Takes a click on a link of the app; everything else is the browser's. */
	follow(event: MouseEvent): void {
		if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
		const link = event.target instanceof Element ? event.target.closest('a') : null;
		const href = link?.getAttribute('href');
		if (link === null || href === null || href === undefined || !href.startsWith('/') || href.startsWith('//')) return;
		if (link.target !== '' || link.hasAttribute('download')) return;
		event.preventDefault();
		this.go(parseRoute(href));
	}

	forgetInvite(): void {
		this.#invite = null;
		this.#bar.history.replaceState(null, '', routePath(this.#route));
	}

	#read(): void {
		const { pathname, search, hash } = this.#bar.location;
		this.#route = parseRoute(pathname);
		this.#invite = inviteIn(search + hash);
	}
}
