import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Puts Swagger UI (Apache-2.0) beside the page in public/api-docs that shows the REST resources with it. */
export function apiDocs() {
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
