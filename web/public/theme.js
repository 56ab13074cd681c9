// Runs before the first paint, so that a chosen colour scheme does not flash in. Kept in step with state/theme.svelte.ts.
try {
	const theme = localStorage.getItem('decentra.theme');
	if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
	// Storage is switched off: the system's scheme it is.
}
