import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { confirmAsStaff, joinsStaff, signInAsStaff, type Member } from './support/staff.js';
import { button, givePassword, heading, inPage, newAddress, PASSWORD, signUp } from './support/steps.js';
import { startWorld, type World } from './support/world.js';

const GRACE = 'grace@staff.example';
const ALAN = 'alan@staff.example';
const FEW_REQUESTS = 3;

let world: World;
let grace: Member;
beforeAll(async () => {
  world = await startWorld({
    env: { FLAG_RESET_REQUESTS: `${FEW_REQUESTS}/3600`, LIMIT_RESET_PER_ADDRESS: '0' },
    before: [GRACE, ALAN].map((email) => ['create-staff', email, '--role', 'admin']),
  });
  grace = await joinsStaff(world, GRACE, 'Grace');
});
afterAll(() => world?.stop());

/** Someone's account gets flagged, because a reset was asked for too often. */
async function flagged(): Promise<string> {
  const email = newAddress('flagged');
  const device = await world.device();
  const page = await signUp(world, device, email, 'Flora');
  for (let time = 0; time < FEW_REQUESTS + 1; time++) {
    await page.goto('/forgot-password');
    await page.getByLabel('E-mail address').fill(email);
    await button(page, 'Send the link').click();
    await heading(page, 'Look in your mailbox').waitFor();
  }
  await device.close();
  return email;
}

/** Looks again until the worker has judged. */
async function until(page: Page, isThere: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 90_000; !(await isThere());) {
    if (Date.now() > deadline) throw new Error('it never came');
    await page.waitForTimeout(1000);
    await page.reload();
    await page.locator('h1').waitFor();
    await page.waitForTimeout(500);
  }
}

describe('the review queue', () => {
  test('a flagged account is found, claimed and decided by keyboard alone', async () => {
    const email = await flagged();
    const { page } = grace;
    await page.goto('/staff/queue');
    const row = page.getByRole('row').filter({ hasText: email });
    await until(page, () => row.isVisible());
    await row.getByText('Many reset requests').waitFor();
    await row.getByText(/events? from 1 source/).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('c');
    await page.getByText('Claimed.').waitFor();
    expect(await row.getByText('You').isVisible()).toBe(true);
    await page.keyboard.press('Enter');
    await heading(page, 'Many reset requests').waitFor();
    await page.getByRole('img', { name: /Chart of the events counted/ }).waitFor();
    await page.getByText(`limit of ${FEW_REQUESTS} within 1 hour`).waitFor();
    await page
      .getByRole('table', { name: 'Sources' })
      .getByText('127.0.0.1')
      .or(page.getByText('::1'))
      .first()
      .waitFor();
    await page.getByLabel('End every session and void the password').check();
    await button(page, 'Decide').click();
    await page.getByText('Say why.').waitFor();
    await page.getByLabel('Note').fill('Someone hammers at this account.');
    await button(page, 'Decide').click();
    const decided = page.getByText(/End every session and void the password — Grace/);
    await confirmAsStaff(world, grace, decided);
    await decided.waitFor();
    await page.getByText('Reset required').waitFor();
    expect((await world.letter(email, /reset-password#/)).to).toBe(email);
  });

  test('the overview counts it, and filters stay in the address', async () => {
    const { page } = grace;
    await page.goto('/staff');
    await page.getByRole('img', { name: 'Flags raised' }).waitFor();
    await page.goto('/staff/queue');
    await page.getByLabel('State').selectOption('RESOLVED');
    await page.getByRole('row').filter({ hasText: 'Many reset requests' }).first().waitFor();
    expect(new URL(page.url()).searchParams.get('status')).toBe('RESOLVED');
  });
});

describe('support requests', () => {
  test('a person without a way in gets a reference, and after a decision a link', async () => {
    const email = newAddress('lost');
    const owner = await world.device();
    await signUp(world, owner, email);
    const person = await (await world.device()).newPage();
    await person.goto('/support');
    await person.getByLabel('E-mail address of the account').fill(email);
    await person.getByLabel('What happened?').fill('My phone fell into the harbour.');
    await button(person, 'Ask for help').click();
    await heading(person, 'We have your request').waitFor();
    const reference = await person.locator('.reference').innerText();
    expect(await person.getByText(/A person decides by/).isVisible()).toBe(true);

    const { page } = grace;
    await page.goto('/staff/support');
    await until(page, () => page.getByRole('link', { name: reference }).isVisible());
    await page.getByRole('link', { name: reference }).click();
    await page.getByText('My phone fell into the harbour.').waitFor();
    await button(page, 'Claim this request').click();
    await page.getByLabel('How was the person identified?').fill('Called back on the number in the directory.');
    await button(page, 'Decide').click();
    const decided = page.getByText(/Approved — Grace/);
    await confirmAsStaff(world, grace, decided);
    await decided.waitFor();
    expect(await world.link(email, '/reset-password')).toContain('#');
    await person.context().close();
    await owner.close();
  });

  test('a link to a contact never verified needs a second person, and the owner can call it off', async () => {
    const email = newAddress('lost');
    const owner = await world.device();
    await signUp(world, owner, email);
    const person = await (await world.device()).newPage();
    await person.goto('/support');
    await person.getByLabel('E-mail address of the account').fill(email);
    await person.getByLabel('How can we reach you?').fill('elsewhere@example.net');
    await button(person, 'Ask for help').click();
    const reference = await person.locator('.reference').innerText();
    const { page } = grace;
    await page.goto('/staff/support');
    await until(page, () => page.getByRole('link', { name: reference }).isVisible());
    await page.getByRole('link', { name: reference }).click();
    await button(page, 'Claim this request').click();
    await page.getByLabel('Send the link to').selectOption('REQUEST_CONTACT');
    await page.getByText('a second staff member must confirm').waitFor();
    await page.getByLabel('How was the person identified?').fill('Answered what only the owner knows.');
    await button(page, 'Decide').click();
    const waiting = page.getByText('You approved this request, so someone else must confirm it.');
    await confirmAsStaff(world, grace, waiting);
    await waiting.waitFor();

    const alan = await joinsStaff(world, ALAN, 'Alan');
    await alan.page.goto('/staff/support');
    await alan.page.getByRole('link', { name: reference }).click();
    await alan.page.getByText('Grace approved this request').waitFor();
    await button(alan.page, 'Confirm').click();
    const held = alan.page.getByText('On hold');
    await confirmAsStaff(world, alan, held);
    await held.waitFor();

    const notice = await (await world.device()).newPage();
    await notice.goto(await world.link(email, '/cancel-reset'));
    await button(notice, 'Call it off').click();
    await heading(notice, 'Called off').waitFor();
    await alan.page.reload();
    await alan.page.getByText('Called off by owner').waitFor();
    for (const context of [person.context(), notice.context(), alan.device, owner]) await context.close();
  });

  test('an overdue request is red', async () => {
    const person = await (await world.device()).newPage();
    await person.goto('/support');
    await person.getByLabel('E-mail address of the account').fill(newAddress('late'));
    await button(person, 'Ask for help').click();
    const reference = await person.locator('.reference').innerText();
    await person.context().close();
    // Past the due time, and past the session of a staff member too.
    await world.advance(25 * 3600);
    const { page } = grace;
    await signInAsStaff(world, grace);
    await page.goto('/staff/support?overdue=yes');
    const row = page.getByRole('row').filter({ hasText: reference });
    await row.waitFor();
    const due = row.locator('.overdue');
    expect(await due.innerText()).toMatch(/^Overdue/);
    expect(await inPage(page, `getComputedStyle(document.querySelector('.overdue')).color`)).toBe('rgb(164, 38, 44)');
  });
});

describe('accounts and the audit', () => {
  test('an account is found by its address, locked and unlocked, and the audit tells it', async () => {
    const email = newAddress('found');
    const device = await world.device();
    await signUp(world, device, email, 'Felix');
    const { page } = grace;
    await page.goto('/staff/accounts');
    await page.getByLabel('E-mail address').fill(email);
    await button(page, 'Find').click();
    expect(page.url()).not.toContain('example.org');
    await page.getByRole('row').filter({ hasText: email }).getByRole('link').click();
    await heading(page, 'Felix').waitFor();
    await page.getByRole('table', { name: 'Events' }).getByText('Account created').waitFor();
    await button(page, 'Lock account').click();
    const dialog = page.getByRole('dialog', { name: 'Lock this account' });
    await dialog.getByLabel('Note').fill('Owner called.');
    await button(dialog, 'Lock account').click();
    const unlock = button(page, 'Unlock account');
    await confirmAsStaff(world, grace, unlock);
    await unlock.waitFor();
    const owner = await device.newPage();
    await givePassword(owner, email, PASSWORD);
    await owner.getByText('This account is locked').waitFor();
    await unlock.click();
    await button(page.getByRole('dialog', { name: 'Unlock this account' }), 'Unlock account').click();
    await button(page, 'Lock account').waitFor();
    await page.getByRole('link', { name: 'What staff did' }).click();
    await page.getByRole('row').filter({ hasText: 'lockAccount' }).first().waitFor();
    await device.close();
  });

  test('people without a role see no desk', async () => {
    const device = await world.device();
    const page = await signUp(world, device, newAddress());
    expect(await page.getByRole('link', { name: 'Staff desk' }).count()).toBe(0);
    await page.goto('/staff/queue');
    await page.getByText('Your account has no staff role.').waitFor();
    await device.close();
  });
});
