import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** Writes licences.txt: the licences of all packages that parts of the page come from, be it code, an icon or a font, and of those named. */
export function licences(...named: string[]): Plugin {
	return {
		name: 'licences',
		apply: 'build',
		generateBundle(_, bundle) {
			const sources = Object.values(bundle).flatMap((output) => (output.type === 'chunk' ? output.moduleIds : output.originalFileNames));
			const folders = [...sources, ...named.map((name) => `node_modules/${name}/`)].map((file) => /^.*node_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0]);
			const texts = new Map(folders.filter((folder) => folder !== undefined).map(licenceOf));
			const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([title, text]) => `${title}\n${'='.repeat(title.length)}\n\n${text}`);
			this.emitFile({ type: 'asset', fileName: 'licences.txt', source: sorted.join('\n\n\n') });
		},
	};
}

/** What package is in the folder, under which licence, and its words. */
function licenceOf(folder: string): [title: string, text: string] {
	const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
	const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)(\.(md|txt))?$/i.test(file));
	if (files.length === 0) throw new Error(`${folder} has no licence file`);
	const text = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
	return [`${String(name)} ${String(version)} (${String(license)})`, `${text.join('\n\n')}\n`];
}
