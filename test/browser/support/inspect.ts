/** What every page owes everyone, whoever it is shown to and in whatever state it stands. */
import AxeBuilder from '@axe-core/playwright';
import { expect } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { inPage } from './steps.js';

const THEMES = ['light', 'dark'] as const;
const WIDTHS = [1440, 360];

/** A folder for pictures of everything that is looked at here: for people, who see what no rule does. */
const PICTURES = process.env['SCREENSHOTS'];

/** The page as it stands, on a phone and on a desk, in both themes: readable for all, and never wider than the screen. */
export async function inspect(page: Page, name: string): Promise<void> {
  const before = page.viewportSize() ?? { width: 1280, height: 900 };
  const found: string[] = [];
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme });
      const where = `${name}, ${width} px, ${colorScheme}`;
      const wide = await inPage<number>(page, 'document.documentElement.scrollWidth');
      if (wide > width) found.push(`${where}: ${wide} px wide`);
      // Legacy mode: there are no frames here, and it spares a page for each run.
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
      for (const { id, impact, nodes } of violations) {
        if (impact !== 'serious' && impact !== 'critical') continue;
        found.push(`${where}: ${id}: ${nodes.map((node) => node.html).join(' ')}`);
      }
      if (PICTURES) await takePicture(page, `${name}-${width}-${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(before);
  expect(found).toEqual([]);
}

async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES as string, { recursive: true });
  const hasDialog = await page.getByRole('dialog').first().isVisible();
  await page.screenshot({ path: join(PICTURES as string, `${name}.png`), fullPage: !hasDialog });
}
