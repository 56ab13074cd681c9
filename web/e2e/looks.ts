import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** axe finds nothing serious in what the page shows now. */
export async function expectAccessible(page: Page): Promise<void> {
	await page.evaluate(() => document.fonts.ready);
	const { violations } = await new AxeBuilder({ page })
		.options({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })
		.setLegacyMode(true) // the page has no frames from elsewhere, for which it would open another to put the findings together
		.analyze();
	const bad = violations
		.filter(({ impact }) => impact === 'serious' || impact === 'critical')
		.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join('\n')}`);
	expect(bad).toEqual([]);
}

/** Keeps what the page shows now in screenshots/. */
export async function picture(page: Page, name: string): Promise<void> {
	await page.evaluate(() => document.fonts.ready);
	await page.screenshot({ path: `screenshots/${name}.png`, animations: 'disabled' });
}

/** The same in both colour schemes: what is shown now is accessible, and kept as a picture of each. */
export async function expectGoodLooks(page: Page, name: string): Promise<void> {
	for (const colorScheme of ['light', 'dark'] as const) {
		await page.emulateMedia({ colorScheme });
		await expectAccessible(page);
		await picture(page, `${name}-${colorScheme}`);
	}
	await page.emulateMedia({ colorScheme: null });
}
