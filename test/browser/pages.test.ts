import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { inspect } from './support/inspect.js';
import { askForReset, button, heading, inPage, newAddress, signUp } from './support/steps.js';
import { joinsStaff } from './support/staff.js';
import { startWorld, type World } from './support/world.js';

const STAFF = 'grace@staff.example';
const BUDGET = 120_000;

let world: World;
let stranger: BrowserContext;
let member: BrowserContext;
beforeAll(async () => {
  world = await startWorld({ before: [['create-staff', STAFF, '--role', 'admin']] });
  stranger = await world.device();
  member = (await joinsStaff(world, STAFF, 'Grace')).device;
});
afterAll(() => world?.stop());

describe('every page, in both themes, on a phone and on a desk', () => {
  const open = [
    '/sign-in',
    '/sign-in?with=qr',
    '/sign-up',
    '/sign-up#token',
    '/forgot-password',
    '/reset-password',
    '/reset-password#token',
    '/confirm-email#token',
    '/cancel-reset#token',
    '/not-me#token',
    '/support',
  ];
  const inside = [
    '/',
    '/security',
    '/qr',
    '/staff',
    '/staff/queue',
    '/staff/support',
    '/staff/accounts',
    '/staff/audit',
  ];

  for (const path of [...open, ...inside]) {
    test(path, async () => {
      const page = await (inside.includes(path) ? member : stranger).newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      await page.goto(path);
      await settled(page);
      await inspect(page, `page${path.replaceAll(/\W/g, '-')}`);
      expect(complaints).toEqual([]);
      expect(new URL(page.url()).hash).toBe('');
      await page.close();
    });
  }
});

/** The heading is there, and nothing is on its way any more. */
async function settled(page: Page): Promise<void> {
  await page.locator('h1').waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
}

describe('small and quick', () => {
  /** The scripts of a page, its workers' too, with an estimate of a password where it asks for one: compressed. */
  const scriptBytes = async (path: string): Promise<number> => {
    const device = await world.device();
    const page = await device.newPage();
    const scripts = new Set<string>();
    device.on('response', (response) => {
      if (/javascript/.test(response.headers()['content-type'] ?? '')) scripts.add(response.url());
    });
    await page.goto(path, { waitUntil: 'networkidle' });
    await page.locator('h1').waitFor();
    const password = page.getByLabel('New password');
    if (await password.isVisible()) {
      await password.fill('correct horse');
      await page.getByText('Estimated strength').waitFor();
    }
    let bytes = 0;
    for (const url of scripts) bytes += brotliCompressSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length;
    await device.close();
    return bytes;
  };

  test('sign-in and reset load less than 120 kB of JavaScript', async () => {
    const email = newAddress();
    const device = await world.device();
    await askForReset(await signUp(world, device, email), email);
    await device.close();
    for (const path of ['/sign-in', await world.link(email, '/reset-password')]) {
      const bytes = await scriptBytes(path);
      expect(bytes).toBeGreaterThan(0);
      expect(bytes).toBeLessThan(BUDGET);
    }
  });

  test('the first view of the reset page asks the service once, and loads nothing that is not its own', async () => {
    const device = await world.device();
    const asked: string[] = [];
    device.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const page = await device.newPage();
    await page.goto('/reset-password#token');
    await heading(page, 'This link no longer works').waitFor();
    expect(asked.filter((path) => path === '/graphql')).toHaveLength(1);
    expect(asked.filter((path) => /account-|staff-|security-|word-lists|strength/.test(path))).toEqual([]);
    expect(asked.length).toBeLessThan(10);
    await device.close();
  });

  test('nothing stands inline in the page, and the policy allows nothing inline', async () => {
    const answer = await fetch(`${world.url}/sign-in`);
    expect(answer.headers.get('content-security-policy')).toMatch(/script-src 'self';.*style-src 'self'/);
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe-');
    expect(await answer.text()).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=/);
  });
});

describe('by keyboard alone', () => {
  const focusedText = (page: Page) => inPage<string>(page, 'document.activeElement.textContent.trim()');

  test('the skip link is the first stop and leads to the content', async () => {
    const page = await member.newPage();
    await page.goto('/security');
    await heading(page, 'Security').waitFor();
    await page.keyboard.press('Tab');
    expect(await focusedText(page)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await inPage(page, 'document.activeElement.id')).toBe('main');
    expect(new URL(page.url()).hash).toBe('');
    await page.close();
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
    await inspect(page, 'sign-in-refused');
    await device.close();
  });

  test('the way back in works without a mouse, from the letter to signing in', async () => {
    const email = newAddress();
    const device = await world.device();
    const page = await signUp(world, device, email);
    await page.goto('/forgot-password');
    await heading(page, 'Forgot password?').waitFor();
    await page.keyboard.type(email);
    await page.keyboard.press('Enter');
    await heading(page, 'Look in your mailbox').waitFor();
    await page.goto(await world.link(email, '/reset-password'));
    await page.getByLabel('New password').waitFor();
    await page.keyboard.type('quiet lantern over seven hills');
    await page.keyboard.press('Tab');
    expect(await inPage(page, `document.activeElement.getAttribute('aria-label')`)).toBe('Show password');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading(page, 'Your password is changed').waitFor();
    await page.keyboard.press('Enter');
    await heading(page, 'Sign in').waitFor();
    await page.keyboard.type(email);
    await page.keyboard.press('Enter');
    await page.getByLabel('Password', { exact: true }).waitFor();
    await page.keyboard.type('quiet lantern over seven hills');
    await page.keyboard.press('Enter');
    await heading(page, /^Hello/).waitFor();
    await device.close();
  });

  test('a dialog keeps the focus, closes on Escape and gives it back', async () => {
    const page = await member.newPage();
    await page.goto('/security');
    const opener = button(page, 'Add authenticator app');
    await opener.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    for (let stop = 0; stop < 8; stop++) {
      await page.keyboard.press('Tab');
      const isInside = `document.activeElement === document.body || document.activeElement.closest('dialog') !== null`;
      expect(await inPage(page, isInside)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await focusedText(page)).toBe('Add authenticator app');
    await page.close();
  });
});

describe('the words', () => {
  const web = fileURLToPath(new URL('../../src/web/', import.meta.url));
  const pages = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx$/.test(file));

  test('all stand in the catalogue, and none between the tags of a page', () => {
    expect(pages.length).toBeGreaterThan(30);
    const found = pages.flatMap((file) =>
      [...readFileSync(`${web}${file}`, 'utf8').matchAll(/>[^<>{}=;()]*[A-Za-z]{3}[^<>{}=;()]*<\//g)].map(
        ([words]) => `${file}: ${words.trim()}`,
      ),
    );
    expect(found).toEqual([]);
  });
});
