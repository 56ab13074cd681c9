import { createContext } from 'svelte';
import type { Client } from '../lib/state/client.svelte';
import type { Overlays } from './overlays.svelte';

export interface App {
	readonly client: Client;
	readonly overlays: Overlays;
}

export const [getApp, setApp] = createContext<App>();
