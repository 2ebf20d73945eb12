import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { inspect } from './support/inspect.js';
import { confirmAsStaff, joinsStaff, signInAsStaff, type Member } from './support/staff.js';
import { askForReset, button, givePassword, heading, inPage, newAddress, PASSWORD, signUp } from './support/steps.js';
import { startWorld, TRUSTED_DOCUMENTS, type World } from './support/world.js';

const GRACE = 'grace@staff.example';
const ALAN = 'alan@staff.example';
const FEW_REQUESTS = 3;
/** More than a page of the queue. */
const MANY = 25;

let world: World;
let grace: Member;
beforeAll(async () => {
  world = await startWorld({
    env: { FLAG_RESET_REQUESTS: `${FEW_REQUESTS}/3600`, LIMIT_RESET_PER_ADDRESS: '0' },
    before: [
      ...[GRACE, ALAN].map((email) => ['create-staff', email, '--role', 'admin']),
      ['import-accounts', importFile()],
    ],
  });
  grace = await joinsStaff(world, GRACE, 'Grace');
});
afterAll(() => world?.stop());

/** Accounts that come from another system. */
function importFile(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'rekey-browser-')), 'accounts.jsonl');
  const lines = Array.from({ length: MANY }, (_, at) =>
    JSON.stringify({ email: `many-${at}@example.org`, passwordHash: null }),
  );
  writeFileSync(file, lines.join('\n'));
  return file;
}

/** Someone's account gets flagged, because a reset was asked for too often. */
async function flagged(): Promise<string> {
  const email = newAddress('flagged');
  const device = await world.device();
  const page = await signUp(world, device, email, 'Flora');
  for (let time = 0; time < FEW_REQUESTS + 1; time++) {
    await askForReset(page, email);
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
    await row.getByText(`Rule: ${FEW_REQUESTS} within 1 hour`).waitFor();
    await row.getByText(/^(?:Low|Medium|High|Critical)$/).waitFor();
    await row.getByText(/this minute|minutes? ago/).waitFor();
    await row.getByRole('button', { name: /^Claim/ }).waitFor();
    await inspect(page, 'queue');
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
    await page.getByRole('listitem').filter({ hasText: 'Raised by a rule' }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'Claimed by Grace' }).waitFor();
    await inspect(page, 'case');
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

  test('the overview counts failures, resets and flags over time', async () => {
    const stranger = await (await world.device()).newPage();
    await givePassword(stranger, newAddress('nobody'), 'not the password');
    await stranger.getByText('do not match').waitFor();
    await stranger.context().close();
    const { page } = grace;
    await page.goto('/staff');
    const counted = async (chart: string, ...columns: string[]) => {
      const part = page.getByRole('region', { name: chart });
      await part.getByRole('img', { name: chart }).waitFor();
      await part.getByText('As a table').click();
      await part.locator('td').first().waitFor();
      const cells = columns.map((column) => part.locator(`td[data-label="${column}"]`).allInnerTexts());
      return (await Promise.all(cells)).flat().reduce((sum, cell) => sum + Number(cell), 0);
    };
    expect(await counted('Failures', 'Failed sign-ins and codes')).toBe(1);
    expect(await counted('Resets', 'Reset requests')).toBe(FEW_REQUESTS + 1);
    expect(await counted('Flags raised', 'Critical', 'High', 'Medium', 'Low')).toBe(1);
    await inspect(page, 'overview');
    await page.getByLabel('Time').selectOption('24 hours');
    await page.waitForURL('**/staff?period=DAY');
    await page.getByRole('img', { name: 'Failures' }).waitFor();
  });

  test('pages follow a cursor, by key too, and filters stay in the address', async () => {
    const { page } = grace;
    await flagMany(page);
    await page.goto('/staff/queue?reason=MANUAL');
    const links = page.locator('[data-row] a.row-link');
    const rows = async () =>
      page.locator('[data-row]').evaluateAll((all) => all.map((row) => row.getAttribute('data-row')));
    await page.getByText(`${MANY} accounts`).waitFor();
    const first = await rows();
    expect(first).toHaveLength(20);
    await page.keyboard.press('n');
    await page.getByText('Page 2').waitFor();
    await expectSoon(() => links.count(), MANY - 20);
    const second = await rows();
    expect(new Set([...first, ...second]).size).toBe(MANY);
    expect(await button(page, 'Next').isDisabled()).toBe(true);
    await page.keyboard.press('p');
    await expectSoon(() => links.count(), 20);
    expect(await rows()).toEqual(first);

    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('c');
    await page.getByText('Claimed.').waitFor();
    await page.getByLabel('Only mine').check();
    await page.getByText('1 account', { exact: true }).waitFor();
    await expectSoon(rows, [first[1]]);
    await page.keyboard.press('j');
    await page.keyboard.press('r');
    await page.getByText('Back in the queue.').waitFor();
    await page.getByLabel('Only mine').uncheck();
    await page.keyboard.press('f');
    expect(await inPage(page, 'document.activeElement.tagName')).toBe('SELECT');
    await page.getByLabel('Least severity').selectOption('MEDIUM');
    await page.getByText('Nothing waits. Well done.').waitFor();
    expect(new URL(page.url()).search).toBe('?reason=MANUAL&severity=MEDIUM');
    await page.goto('/staff/queue');
    await page.getByLabel('State').selectOption('RESOLVED');
    await page.getByRole('row').filter({ hasText: 'Many reset requests' }).first().waitFor();
    expect(new URL(page.url()).searchParams.get('status')).toBe('RESOLVED');
  });
});

interface FoundAccounts {
  readonly nodes: readonly { readonly id: string; readonly email: string }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

/** As many accounts as no person flags by hand: another service may. By the documents of the pages, which are all that is served. */
async function flagMany(page: Page): Promise<void> {
  const documents = Object.values(JSON.parse(readFileSync(TRUSTED_DOCUMENTS, 'utf8')) as Record<string, string>);
  const ask = async (operation: string, variables: object) => {
    const query = documents.find((text) => text.includes(` ${operation}(`));
    const answer = await page.request.post('/graphql', { data: { query, variables }, headers: { origin: world.url } });
    return ((await answer.json()) as { data: { accounts: FoundAccounts } }).data;
  };
  for (let [after, isMore] = [null as string | null, true]; isMore;) {
    const { accounts } = await ask('FindAccounts', { after });
    [after, isMore] = [accounts.pageInfo.endCursor, accounts.pageInfo.hasNextPage];
    for (const { id: accountId, email } of accounts.nodes) {
      if (!email.startsWith('many-')) continue;
      await ask('FlagAccount', { input: { accountId, reason: 'MANUAL', severity: 'LOW', note: 'Seen by the shop.' } });
    }
  }
}

/** Looks until it is as expected: what a list shows follows the answer by a moment. */
async function expectSoon<Value>(look: () => Promise<Value>, expected: Value): Promise<void> {
  const isSo = async () => JSON.stringify(await look()) === JSON.stringify(expected);
  for (const deadline = Date.now() + 30_000; !(await isSo()) && Date.now() < deadline;) await sleep(100);
  expect(await look()).toEqual(expected);
}

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
    await inspect(person, 'support-asked');

    const { page } = grace;
    await page.goto('/staff/support');
    await until(page, () => page.getByRole('link', { name: reference }).isVisible());
    await page.getByRole('link', { name: reference }).click();
    await page.getByText('My phone fell into the harbour.').waitFor();
    await button(page, 'Claim this request').click();
    await page.getByLabel('How was the person identified?').waitFor();
    await inspect(page, 'support-case');
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
    await inspect(page, 'support-overdue');
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
    await button(page, 'Raise a flag').click();
    const raising = page.getByRole('dialog', { name: 'Raise a flag' });
    await raising.getByLabel('Note').fill('The owner called twice.');
    await inspect(page, 'raise-flag');
    await button(raising, 'Raise a flag').click();
    await page.getByRole('link', { name: 'Raised by hand' }).waitFor();
    await button(page, 'Lock account').click();
    const dialog = page.getByRole('dialog', { name: 'Lock this account' });
    await dialog.getByLabel('Note').fill('Owner called.');
    await button(dialog, 'Lock account').click();
    const unlock = button(page, 'Unlock account');
    await confirmAsStaff(world, grace, unlock);
    await unlock.waitFor();
    await inspect(page, 'account');
    const owner = await device.newPage();
    await givePassword(owner, email, PASSWORD);
    await owner.getByText('This account is locked').waitFor();
    await unlock.click();
    await button(page.getByRole('dialog', { name: 'Unlock this account' }), 'Unlock account').click();
    await button(page, 'Lock account').waitFor();
    await page.getByRole('link', { name: 'What staff did' }).click();
    await page.getByRole('row').filter({ hasText: 'lockAccount' }).first().waitFor();
    await inspect(page, 'audit');
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
