// Runs before the first paint, so that a chosen look does not flash in. Kept in step with state/appearance.svelte.ts.
try {
	for (const [aspect, looks] of Object.entries({ theme: ['light', 'dark'], density: ['compact'], motion: ['reduced'] })) {
		const chosen = localStorage.getItem(`decentra.${aspect}`);
		if (looks.includes(chosen)) document.documentElement.dataset[aspect] = chosen;
	}
} catch {
	// Storage is switched off: everything is as without a choice.
}
