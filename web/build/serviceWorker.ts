import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes sw.js, which knows the files of this build: all with a hashed name, and what the page runs before its first paint. */
export function serviceWorker() {
	let outDir = '';
	return {
		name: 'service-worker',
		apply: 'build' as const,
		configResolved(config: { build: { outDir: string } }) {
			outDir = config.build.outDir;
		},
		closeBundle() {
			const files = ['/theme.js', ...readdirSync(join(outDir, 'assets')).sort().map((name) => `/assets/${name}`)];
			const hash = createHash('sha256');
			for (const file of ['/index.html', ...files]) hash.update(file).update(readFileSync(join(outDir, file)));
			const build = JSON.stringify({ name: `decentra-${hash.digest('hex').slice(0, 16)}`, files });
			writeFileSync(join(outDir, 'sw.js'), `const build = ${build};\n${readFileSync(join(import.meta.dirname, 'sw.js'), 'utf8')}`);
		},
	};
}
