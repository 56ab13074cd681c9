import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
	{ ignores: ['dist/', 'node_modules/', 'test-results/', 'screenshots/'] },
	js.configs.recommended,
	...ts.configs.strict,
	...svelte.configs.recommended,
	{
		languageOptions: {
			globals: { ...globals.browser, ...globals.node },
		},
		rules: {
			'@typescript-eslint/consistent-type-imports': 'error',
			'@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
			eqeqeq: 'error',
			'no-console': 'error',
			'no-eval': 'error',
			'no-implied-eval': 'error',
			// alert, confirm and prompt block the page: there are dialogs and toasts.
			'no-alert': 'error',
		},
	},
	{
		files: ['**/*.svelte', '**/*.svelte.ts'],
		languageOptions: {
			parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
		},
		rules: {
			// Text from users is never HTML.
			'svelte/no-at-html-tags': 'error',
			'svelte/button-has-type': 'error',
			'svelte/no-target-blank': 'error',
			'svelte/require-each-key': 'error',
			'svelte/no-unused-svelte-ignore': 'error',
			// Maps that no component reads are meant to be plain.
			'svelte/prefer-svelte-reactivity': 'off',
			// Routes are resolved by the app's own router.
			'svelte/no-navigation-without-resolve': 'off',
		},
	},
	{
		// The building blocks know nothing of the app: not its state, not its words, not its wire.
		files: ['src/lib/ui/**'],
		rules: {
			'no-restricted-imports': [
				'error',
				{ patterns: ['**/state/*', '**/app/*', '**/rules/*', '**/socket/*', '**/wire', '**/strings', '**/api'] },
			],
		},
	},
	{
		// The rules are pure: no state classes, no components, no page.
		files: ['src/lib/rules/**'],
		rules: {
			'no-restricted-imports': ['error', { patterns: ['**/state/*', '**/app/*', '**/ui/*', '**/socket/*', '*.svelte'] }],
			'no-restricted-globals': ['error', 'window', 'document', 'localStorage', 'fetch', 'setTimeout'],
		},
	},
);
