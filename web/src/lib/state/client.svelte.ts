import { Api } from '../api';
import { channelContext, contextRoute, dmContext, routeContext, splitChannel } from '../rules/context';
import { profileOf } from '../rules/people';
import type { Route } from '../rules/routes';
import { Connection, type Clock, type ConnectionState, type SocketLike } from '../socket/connection';
import { s } from '../strings';
import { WireError, type ContextRef, type FrameOf, type Limits, type ServerFrame, type User } from '../wire';
import { Account } from './account';
import { Administration } from './administration';
import { Appearance, type ShowLook } from './appearance.svelte';
import { Conversations } from './conversations.svelte';
import { Dms } from './dms.svelte';
import type { Desktop } from './desktop';
import { Drafts } from './drafts';
import { Friends } from './friends.svelte';
import { Notifications } from './notifications.svelte';
import { People } from './people.svelte';
import { Presence } from './presence.svelte';
import { Reads } from './reads.svelte';
import { Router, type AddressBar } from './router.svelte';
import { Servers } from './servers.svelte';
import type { Store } from './storage';
import { Toasts } from './toasts.svelte';
import type { Transport } from './transport';
import type { VoiceBrowser } from '../voice/media';
import { Voice } from '../voice/voice.svelte';

export interface ClientOptions {
	fetch: typeof fetch;
	openSocket: () => SocketLike;
	clock: Clock;
	store: Store;
	addressBar: AddressBar;
	newNonce: () => string;
	voice: VoiceBrowser;
	desktop: Desktop;
	showLook: ShowLook;
}

/** `starting` until the server said whether there is a session; `unreachable` while it can't be asked. */
export type SessionState = 'starting' | 'unreachable' | 'out' | 'in';

const HEARTBEAT_MS = 30_000;
const SESSION_RETRY_MS = 3_000;

/** The whole client: one connection, and one state class per concern that takes what it is concerned with from the frames. */
export class Client {
	readonly api: Api;
	readonly router: Router;
	readonly toasts: Toasts;
	readonly appearance: Appearance;
	readonly drafts: Drafts;
	readonly people = new People();
	readonly servers: Servers;
	readonly friends: Friends;
	readonly dms: Dms;
	readonly conversations: Conversations;
	readonly reads: Reads;
	readonly presence: Presence;
	readonly account: Account;
	readonly administration: Administration;
	readonly voice: Voice;
	readonly notifications: Notifications;

	/** The window is seen and has the focus. */
	attended = $state(true);

	readonly #connection: Connection;
	readonly #clock: Clock;
	readonly #store: Store;
	#session = $state<SessionState>('starting');
	#connectionState = $state<ConnectionState>('stopped');
	#initialised = $state(false);
	#ended = $state(false);
	#user = $state.raw<User | null>(null);
	#limits = $state.raw<Limits>({});
	#cancelHeartbeat: (() => void) | null = null;

	constructor(options: ClientOptions) {
		this.#clock = options.clock;
		this.#store = options.store;
		this.api = new Api(options.fetch);
		this.router = new Router(options.addressBar);
		this.toasts = new Toasts(options.clock);
		this.appearance = new Appearance(options.store, options.showLook);
		const username = (): string => this.username;
		this.drafts = new Drafts(options.store, username);
		const connection = new Connection({
			open: options.openSocket,
			clock: options.clock,
			onState: (state) => {
				this.#onState(state);
			},
			onFrame: (frame) => {
				this.#onFrame(frame);
			},
			urgent: () => this.voice.place !== null,
		});
		this.#connection = connection;
		const transport: Transport = {
			get ready() {
				return connection.state === 'ready';
			},
			request: (frame) => connection.request(frame),
		};
		this.servers = new Servers(transport);
		this.friends = new Friends(transport);
		this.dms = new Dms(transport);
		this.reads = new Reads(transport, options.clock);
		this.presence = new Presence(transport, options.clock);
		this.account = new Account(transport);
		this.administration = new Administration(transport);
		this.voice = new Voice({
			transport,
			clock: options.clock,
			store: options.store,
			browser: options.voice,
			self: username,
			newSession: options.newNonce,
			tell: (message) => {
				this.toasts.info(message);
			},
		});
		this.notifications = new Notifications({
			store: options.store,
			desktop: options.desktop,
			attended: () => this.attended,
			self: username,
			nameOf: (name) => this.people.name(name),
			placeOf: (ref) => this.#placeOf(ref),
			unread: (ref) => this.reads.unread(ref),
			calls: () => this.voice.incoming,
			open: (ref) => {
				this.router.go(contextRoute(ref));
			},
		});
		this.conversations = new Conversations({
			transport,
			clock: options.clock,
			username,
			newNonce: options.newNonce,
			onError: (message) => {
				this.toasts.error(message);
			},
			leftOff: (ref, page) => {
				const read = this.reads.read(ref);
				return read > 0 && this.reads.unread(ref) >= page ? read : null;
			},
		});
	}

	get session(): SessionState {
		return this.#session;
	}
	/** The session was ended from outside: by the server, or on another page. */
	get ended(): boolean {
		return this.#ended;
	}
	/** The world has arrived once since the login. */
	get initialised(): boolean {
		return this.#initialised;
	}
	/** The world is here, and the link to the server is not. */
	get reconnecting(): boolean {
		return this.#initialised && this.#connectionState !== 'ready';
	}
	get connected(): boolean {
		return this.#connectionState === 'ready';
	}
	get user(): User | null {
		return this.#user;
	}
	get username(): string {
		return this.#user?.username ?? '';
	}
	get limits(): Limits {
		return this.#limits;
	}

	/** Asks whether there is a session, until the server answers. */
	async start(): Promise<void> {
		for (;;) {
			try {
				const user = await this.api.session();
				if (user === null) this.#session = 'out';
				else this.#enter(user);
				return;
			} catch {
				this.#session = 'unreachable';
				await new Promise<void>((resolve) => this.#clock.after(SESSION_RETRY_MS, resolve));
			}
		}
	}

	async logIn(username: string, password: string): Promise<void> {
		this.#enter(await this.api.logIn(username, password));
	}

	async signUp(username: string, password: string, inviteCode: string | null): Promise<void> {
		const user = await this.api.signUp(username, password, inviteCode);
		this.router.forgetInvite();
		this.#enter(user);
	}

	async logOut(): Promise<void> {
		try {
			await this.api.logOut();
		} catch (error) {
			// A session that is gone already is what was asked for.
			if (!(error instanceof WireError) || error.code !== 'unauthenticated') throw error;
		}
		this.#leave();
		this.router.replace({ name: 'home' });
	}

	/** Rejects with a `WireError`. */
	async deleteAccount(password: string, messages: 'keep' | 'remove'): Promise<void> {
		await this.account.delete(password, messages);
		this.#leave();
		this.router.replace({ name: 'home' });
	}

	/** The page is looked at again, or the network is back. */
	wake(): void {
		this.#connection.hurry();
		if (this.connected) void this.conversations.refreshShown();
	}

	/** The route to show: a server without a channel named leads to its first text channel. */
	resolve(route: Route): Route {
		if (route.name !== 'channel' || route.channelId !== null) return route;
		const server = this.servers.byId(route.serverId);
		const kept = this.#store.getItem(`decentra.channel.${route.serverId}`);
		const texts = server?.channels.filter((channel) => channel.type === 'text') ?? [];
		const channel = texts.find(({ id }) => id === kept) ?? texts[0];
		return channel === undefined ? route : { ...route, channelId: channel.id };
	}

	/** The conversations of a server, or all direct messages. */
	conversationsOf(serverId: string | null): ContextRef[] {
		if (serverId === null) return this.dms.list.map(({ id }) => dmContext(id));
		return this.servers.byId(serverId)?.channels.map(({ id }) => channelContext(serverId, id)) ?? [];
	}

	/** What is on the screen now. */
	show(route: Route): void {
		const ref = routeContext(route);
		const there = ref !== null && this.#exists(route);
		const conversation = there ? this.conversations.hold(ref) : null;
		if (conversation !== null && 'messageId' in route && route.messageId !== undefined) void conversation.seek(route.messageId);
		this.conversations.show(conversation);
		if (ref?.context === 'server' && there) {
			const ids = splitChannel(ref.context_id);
			if (ids !== null) this.#store.setItem(`decentra.channel.${ids.serverId}`, ids.channelId);
		}
	}

	#exists(route: Route): boolean {
		if (route.name === 'lobby') return true;
		if (route.name === 'dm') return this.dms.byId(route.dmId) !== undefined;
		if (route.name !== 'channel' || route.channelId === null) return false;
		return this.servers.channel(route.serverId, route.channelId)?.type === 'text';
	}

	#enter(user: User): void {
		this.#user = user;
		this.#ended = false;
		this.#session = 'in';
		this.#connection.start();
	}

	#leave(): void {
		this.#connection.stop();
		this.#session = 'out';
		this.#initialised = false;
		this.#user = null;
		for (const part of [this.servers, this.friends, this.dms, this.conversations, this.people, this.reads, this.presence, this.voice, this.notifications]) {
			part.clear();
		}
	}

	#onState(state: ConnectionState): void {
		this.#connectionState = state;
		this.#cancelHeartbeat?.();
		this.#cancelHeartbeat = null;
		if (state === 'ready') {
			this.#beat();
			this.voice.comeBack();
			void this.conversations.refreshAll();
			this.servers.refreshMembers();
		}
		if (state === 'refused') {
			this.#leave();
			this.#ended = true;
		}
	}

	/**
	 * Every half minute the shown conversation asks whether it missed anything; a dead link shows itself by silence.
	 * With none shown, an empty search is the cheapest question there is.
	 */
	#beat(): void {
		this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
			if (this.conversations.hasShown) void this.conversations.refreshShown();
			else void this.friends.search('').catch(() => undefined);
			this.#beat();
		});
	}

	#onFrame(frame: ServerFrame): void {
		if (frame.type === 'init') {
			this.#limits = frame.limits;
			this.#initialised = true;
		}
		if (frame.type === 'init' || frame.type === 'avatar_updated' || frame.type === 'profile_updated') {
			if (frame.profile_version >= (this.#user?.profile_version ?? 0)) this.#user = profileOf(frame);
		}
		this.people.apply(frame);
		if (frame.type === 'server_left') this.#leaveServer(frame);
		this.servers.apply(frame, this.username);
		this.friends.apply(frame);
		this.dms.apply(frame);
		this.conversations.apply(frame);
		this.reads.apply(frame, this.username);
		this.presence.apply(frame, this.username);
		this.voice.apply(frame);
		this.notifications.apply(frame);
		const route = this.router.route;
		if (frame.type === 'channel_deleted' && route.name === 'channel' && route.channelId === frame.channel_id) {
			this.router.replace({ name: 'channel', serverId: frame.server_id, channelId: null });
		}
	}

	/** The channel and its server, or null for a direct message. */
	#placeOf({ context, context_id }: ContextRef): string | null {
		const ids = context === 'server' ? splitChannel(context_id) : null;
		const server = this.servers.byId(ids?.serverId ?? '');
		const channel = server?.channels.find(({ id }) => id === ids?.channelId);
		return server === undefined || channel === undefined ? null : `#${channel.name} · ${server.name}`;
	}

	/** Says why a server is gone, and leads away from it. */
	#leaveServer({ server_id, reason }: FrameOf<'server_left'>): void {
		const server = this.servers.byId(server_id);
		if (server === undefined) return;
		if (reason !== 'left') this.toasts.info(s.servers.gone[reason](server.name));
		const route = this.router.route;
		if (route.name === 'channel' && route.serverId === server_id) this.router.replace({ name: 'home' });
	}
}
