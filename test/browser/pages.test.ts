import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import AxeBuilder from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import {
  addAuthenticator,
  button,
  completeSignUp,
  givePassword,
  heading,
  inPage,
  newAddress,
  PASSWORD,
  totpCode,
} from './support/steps.js';
import { startWorld, type World } from './support/world.js';

const STAFF = 'grace@staff.example';
const BUDGET = 120_000;
const themes = ['light', 'dark'] as const;
const widths = [360, 1440];

let world: World;
let signedIn: Awaited<ReturnType<BrowserContext['storageState']>>;
beforeAll(async () => {
  world = await startWorld({ before: [['create-staff', STAFF, '--role', 'admin']] });
  const device = await world.device();
  const page = await device.newPage();
  await completeSignUp(world, page, STAFF, 'Grace');
  const { secret } = await addAuthenticator(world, page);
  await button(page, 'Sign out').click();
  await heading(page, 'Sign in').waitFor();
  await givePassword(page, STAFF, PASSWORD);
  await page.getByLabel('Code', { exact: true }).fill(await totpCode(world, secret));
  await button(page, 'Confirm').click();
  await heading(page, 'Hello, Grace').waitFor();
  signedIn = await device.storageState();
  await device.close();
});
afterAll(() => world?.stop());

const open = [
  '/sign-in',
  '/sign-in?with=qr',
  '/sign-up',
  '/sign-up#token',
  '/forgot-password',
  '/reset-password',
  '/confirm-email#token',
  '/cancel-reset#token',
  '/not-me#token',
  '/support',
];
const inside = ['/', '/security', '/qr', '/staff', '/staff/queue', '/staff/support', '/staff/accounts', '/staff/audit'];

describe('every page, in both themes, on a phone and on a desk', () => {
  for (const path of [...open, ...inside]) {
    test(path, async () => {
      for (const colorScheme of themes) {
        const state = inside.includes(path) ? { storageState: signedIn } : {};
        const device = await world.device({ ...state, colorScheme });
        const page = await device.newPage();
        const complaints: string[] = [];
        page.on('console', (message) => {
          if (message.type() === 'error') complaints.push(message.text());
        });
        page.on('pageerror', (error) => complaints.push(error.message));
        const strangers: string[] = [];
        page.on('request', (request) => {
          if (!request.url().startsWith(`${world.url}/`)) strangers.push(request.url());
        });
        await page.goto(path);
        await page.locator('h1').waitFor();
        await page.waitForLoadState('networkidle').catch(() => {});
        for (const width of widths) {
          await page.setViewportSize({ width, height: 800 });
          expect(await inPage<number>(page, 'document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
          const { violations } = await new AxeBuilder({ page }).analyze();
          const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
          expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
        }
        expect(complaints).toEqual([]);
        expect(strangers).toEqual([]);
        expect(new URL(page.url()).hash).toBe('');
        await device.close();
      }
    });
  }
});

describe('small and quick', () => {
  /** The scripts a page loads before anyone does anything, compressed as a server would. */
  const scriptBytes = async (path: string): Promise<number> => {
    const device = await world.device();
    const page = await device.newPage();
    const scripts = new Set<string>();
    page.on('response', (response) => {
      if (/javascript/.test(response.headers()['content-type'] ?? '')) scripts.add(response.url());
    });
    await page.goto(path);
    await page.locator('h1').waitFor();
    await page.waitForTimeout(1000);
    let bytes = 0;
    for (const url of scripts) bytes += brotliCompressSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length;
    await device.close();
    return bytes;
  };

  test('sign-in and reset load less than 120 kB of JavaScript, and neither charts nor the desk', async () => {
    for (const path of ['/sign-in', '/reset-password']) expect(await scriptBytes(path)).toBeLessThan(BUDGET);
  });

  test('the second view of the reset page takes less than a second', async () => {
    const device = await world.device();
    const page = await device.newPage();
    await page.goto('/reset-password');
    await page.locator('h1').waitFor();
    const began = performance.now();
    await page.goto('/reset-password?again');
    await page.locator('h1').waitFor();
    expect(performance.now() - began).toBeLessThan(1000);
    await device.close();
  });

  test('nothing stands inline in the page, and the policy allows nothing inline', async () => {
    const answer = await fetch(`${world.url}/sign-in`);
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe-inline');
    expect(await answer.text()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=/);
  });
});

describe('by keyboard alone', () => {
  const focusedText = (page: Page) => inPage<string>(page, 'document.activeElement.textContent.trim()');

  test('the skip link is the first stop and leads to the content', async () => {
    const device = await world.device({ storageState: signedIn });
    const page = await device.newPage();
    await page.goto('/security');
    await heading(page, 'Security').waitFor();
    await page.keyboard.press('Tab');
    expect(await focusedText(page)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await inPage(page, 'document.activeElement.id')).toBe('main');
    expect(new URL(page.url()).hash).toBe('');
    await device.close();
  });

  test('sign-in works without a mouse, and an error takes the focus back to its field', async () => {
    const device = await world.device();
    const page = await device.newPage();
    await page.goto('/sign-in');
    await heading(page, 'Sign in').waitFor();
    await page.keyboard.type('nobody');
    await page.keyboard.press('Enter');
    await page.locator('.error-text').waitFor();
    expect(await inPage(page, `document.activeElement.getAttribute('aria-invalid')`)).toBe('true');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(newAddress('nobody'));
    await page.keyboard.press('Enter');
    await page.getByLabel('Password', { exact: true }).waitFor();
    await page.keyboard.type('whatever it is');
    await page.keyboard.press('Enter');
    await page.getByText('do not match').waitFor();
    expect(await inPage(page, `document.activeElement.getAttribute('autocomplete')`)).toBe('current-password');
    await device.close();
  });

  test('a dialog keeps the focus, closes on Escape and gives it back', async () => {
    const device = await world.device({ storageState: signedIn });
    const page = await device.newPage();
    await page.goto('/security');
    const opener = button(page, 'Add authenticator app');
    await opener.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    for (let stop = 0; stop < 8; stop++) {
      await page.keyboard.press('Tab');
      const inside = `document.activeElement === document.body || document.activeElement.closest('dialog') !== null`;
      expect(await inPage(page, inside)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await focusedText(page)).toBe('Add authenticator app');
    await device.close();
  });
});

describe('the catalogue of texts', () => {
  test('is one file, and English', () => {
    const texts = readFileSync(fileURLToPath(new URL('../../src/web/texts.ts', import.meta.url)), 'utf8');
    expect(texts).toContain("export const locale = 'en'");
  });
});
