import type { Plugin } from 'vite';

/** In the mode `pseudo` every word of the catalogue shows that it comes from there: `e2e/words.spec.ts` looks for others. */
export function pseudoLocale(): Plugin {
	return {
		name: 'pseudo-locale',
		enforce: 'pre',
		apply: (_, { mode }) => mode === 'pseudo',
		transform(code, id) {
			if (!id.endsWith('/src/lib/strings.ts')) return undefined;
			const renamed = code.replace(/^export const s =/m, 'const plain =');
			if (renamed === code) this.error('the catalogue is not where it was');
			return `import { accented } from '/build/pseudoLocale.ts';\n${renamed}\nexport const s = accented(plain);\n`;
		},
	};
}

/** The same words, marked: `⟦Clósé⟧`. */
export function accented<T>(words: T): T {
	if (typeof words === 'string') return (/\p{L}/u.test(words) ? `⟦${words.replace(/[aeiou]/gi, (vowel) => `${vowel}\u0301`.normalize())}⟧` : words) as T;
	if (typeof words === 'function') return ((...given: unknown[]) => accented((words as (...given: unknown[]) => unknown)(...given))) as T;
	if (Array.isArray(words)) return words.map(accented) as T;
	if (typeof words === 'object' && words !== null) return Object.fromEntries(Object.entries(words).map(([key, value]) => [key, accented(value)])) as T;
	return words;
}
