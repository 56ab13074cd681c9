import './app.css';
import { mount } from 'svelte';
import App from './app/App.svelte';
import { openBrowserSocket } from './lib/socket/browser';
import type { Clock } from './lib/socket/connection';
import { Client } from './lib/state/client.svelte';
import { browserDesktop } from './lib/state/desktop';
import { guarded } from './lib/state/storage';
import { browserVoice } from './lib/voice/media';

const clock: Clock = {
	now: () => Date.now(),
	random: () => Math.random(),
	after(ms, callback) {
		const timer = setTimeout(callback, ms);
		return () => {
			clearTimeout(timer);
		};
	},
};

/** `crypto.randomUUID` would need https; this does not. */
function newNonce(): string {
	return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const client = new Client({
	fetch: (input, init) => fetch(input, init),
	openSocket: openBrowserSocket,
	clock,
	store: guarded(() => localStorage),
	addressBar: window,
	newNonce,
	voice: browserVoice(),
	desktop: browserDesktop(),
	showLook: (aspect, chosen) => {
		if (chosen === null) document.documentElement.removeAttribute(`data-${aspect}`);
		else document.documentElement.setAttribute(`data-${aspect}`, chosen);
	},
});

const target = document.getElementById('app');
if (target !== null) mount(App, { target, props: { client } });
void client.start();

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
	// Without it the page is the same while the server can be reached.
	navigator.serviceWorker.register('/sw.js').catch(() => undefined);
}
