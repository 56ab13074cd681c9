import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const gateway = process.env['DECENTRA_DEV_GATEWAY'] ?? 'http://localhost:8765';

/** Puts Swagger UI (Apache-2.0) beside the page in public/api-docs that shows the REST resources with it. */
function apiDocs() {
	let outDir = '';
	return {
		name: 'api-docs',
		apply: 'build' as const,
		configResolved(config: { build: { outDir: string } }) {
			outDir = config.build.outDir;
		},
		closeBundle() {
			const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
			for (const file of ['swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'swagger-ui.css', 'LICENSE', 'NOTICE']) {
				copyFileSync(join(from, file), join(outDir, 'api-docs', file));
			}
		},
	};
}

export default defineConfig(({ mode }) => ({
	plugins: [svelte(), apiDocs()],
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
