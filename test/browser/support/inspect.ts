/** What every page owes everyone, whoever it is shown to and in whatever state it stands. */
import AxeBuilder from '@axe-core/playwright';
import { expect } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { inPage } from './steps.js';

/**
 * Rules look at each width and at each theme once: colours do not depend on the width, nor anything else on the theme.
 * Pictures show all four.
 */
const VIEWS = [
  { width: 1440, colorScheme: 'light', isJudged: true },
  { width: 1440, colorScheme: 'dark', isJudged: false },
  { width: 360, colorScheme: 'light', isJudged: false },
  { width: 360, colorScheme: 'dark', isJudged: true },
] as const;

/** A folder for pictures of everything that is looked at here: for people, who see what no rule does. */
const PICTURES = process.env['SCREENSHOTS'];

/** The page as it stands, on a phone and on a desk, in both themes: readable for all, and never wider than the screen. */
export async function inspect(page: Page, name: string): Promise<void> {
  const before = page.viewportSize() ?? { width: 1280, height: 900 };
  const found: string[] = [];
  for (const { width, colorScheme, isJudged } of VIEWS) {
    if (!isJudged && !PICTURES) continue;
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    const wide = await inPage<number>(page, 'document.documentElement.scrollWidth');
    if (wide > width) found.push(`${name}, ${width} px: ${wide} px wide`);
    if (isJudged)
      found.push(...(await seriousFaults(page)).map((fault) => `${name}, ${width} px, ${colorScheme}: ${fault}`));
    if (PICTURES) await takePicture(page, `${name}-${width}-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
  expect(found).toEqual([]);
}

async function seriousFaults(page: Page): Promise<string[]> {
  // Legacy mode: there are no frames here, and it spares a page for each run.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}

async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES as string, { recursive: true });
  const hasDialog = await page.getByRole('dialog').first().isVisible();
  await page.screenshot({ path: join(PICTURES as string, `${name}.png`), fullPage: !hasDialog });
}
