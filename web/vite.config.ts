import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { apiDocs } from './build/apiDocs.ts';
import { licences } from './build/licences.ts';
import { pseudoLocale } from './build/pseudoLocale.ts';
import { serviceWorker } from './build/serviceWorker.ts';

const gateway = process.env['DECENTRA_DEV_GATEWAY'] ?? 'http://localhost:8765';

export default defineConfig(({ mode }) => ({
	plugins: [svelte(), apiDocs(), licences('swagger-ui-dist'), serviceWorker(), pseudoLocale()],
	build: {
		target: 'es2022',
		assetsDir: 'assets',
		modulePreload: { polyfill: false },
		// Data URLs for fonts would dodge the cache and the content security policy.
		assetsInlineLimit: 0,
	},
	server: {
		proxy: {
			'/api': { target: gateway },
			'/ws': { target: gateway, ws: true },
		},
	},
	// Rune classes are tested with the browser's runtime of Svelte, not the one for rendering on a server.
	resolve: mode === 'test' ? { conditions: ['browser'] } : {},
	test: {
		include: ['src/**/*.test.ts'],
		environment: 'node',
		env: { TZ: 'UTC' },
	},
}));
