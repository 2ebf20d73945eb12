/** `rekey export-account` gives a person everything that is kept of them, and nothing of anyone else (GDPR, article 15). */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { closeAccount } from '../src/accounts/profile.js';
import { findAccount } from '../src/accounts/service.js';
import type { Account } from '../src/accounts/tables.js';
import { rows } from '../src/base/database.js';
import { accountData, EXPORTED_TABLES, TABLES_LEFT_OUT } from '../src/commands/account-data.js';
import { useApp } from './support/app.js';
import { Authenticator } from './support/authenticator.js';
import { addPasskey, addPhone, addTotp, newNumber } from './support/factors.js';
import { newestToken, type Person } from './support/person.js';
import { letsIn, startQr } from './support/qr.js';
import { onFlag, staffMember, type StaffMember } from './support/staff.js';

const app = useApp();
const [NUMBER, NEXT_NUMBER] = [newNumber(), newNumber()];
const NOTE = 'Identified by a passport.';

let [ada, hanna] = [null as unknown as Person, null as unknown as StaffMember];
let id: string;

const accountOf = async (accountId: string) => (await findAccount(app().ctx, accountId)) as Account;
const dataOf = async (accountId: string) => {
  const data = await accountData(app().ctx, await accountOf(accountId));
  return JSON.parse(JSON.stringify(data)) as typeof data;
};

/** Files a request to support under Ada's address, and lets staff decide it. */
async function asksSupport(message: string, decision: 'APPROVE' | 'REJECT' | null): Promise<void> {
  const { reference } = await app()
    .client()
    .call(
      'requestManualReset',
      { email: ada.email, contact: `contact of: ${message}`, message },
      '... on RequestManualResetAccepted { reference }',
    );
  if (decision === null) return;
  const { supportRequests } = await hanna.client.graphql(
    'query ($reference: String!) { supportRequests(filter: { reference: $reference }) { nodes { id } } }',
    { reference },
  );
  const supportRequestId = supportRequests.nodes[0].id as string;
  await hanna.client.call('claimSupportRequest', { supportRequestId });
  await hanna.client.call('decideSupportRequest', { supportRequestId, decision, note: NOTE });
}

describe('a person with something in every corner', () => {
  beforeAll(async () => {
    hanna = await staffMember(app(), 'admin', { displayName: 'Hanna of the desk' });
    ada = await app().person({ displayName: 'Ada', email: `ada.${process.pid}@example.org` });
    id = await ada.accountId();
    const former = ada.email;
    await addPhone(app(), ada, NUMBER);
    await addTotp(app(), ada);
    await addPasskey(ada.browser, new Authenticator(), 'Blue key');
    await ada.browser.call('changeEmail', { newEmail: `next.${former}` });
    await app()
      .client()
      .call('confirmEmailChange', { token: await newestToken(app(), `next.${former}`, 'confirm-email') });
    ada = { ...ada, email: `next.${former}` };
    await ada.browser.call('changeEmail', { newEmail: `other.${former}` });
    await ada.browser.call('addPhoneNumber', { phoneNumber: NEXT_NUMBER });
    await letsIn(ada.browser, await startQr(app().client()));
    await asksSupport('I am Ada', 'APPROVE');
    await asksSupport('I am not Ada', 'REJECT');
    await asksSupport('Who am I?', null);
    await app().work();
    await onFlag(hanna.client, 'flagAccount', { accountId: id, reason: 'MANUAL', severity: 'HIGH', note: NOTE });
    await app().client().call('requestPasswordReset', { email: ada.email });
  }, 120_000);

  test('gets something from each table that is exported', async () => {
    const data = await dataOf(id);
    const empty = Object.values(EXPORTED_TABLES).filter((part) => [data[part]].flat().filter(Boolean).length === 0);
    expect(empty).toEqual([]);
    expect(data).toMatchObject({
      account: { email: ada.email, displayName: 'Ada', closedAt: null, passwordSetAt: expect.any(String) },
      phoneNumber: { number: NUMBER },
      phoneNumberToConfirm: { number: NEXT_NUMBER },
      emailChanges: [
        { newEmail: ada.email, usedAt: expect.any(String) },
        { newEmail: ada.email.replace('next', 'other') },
      ],
      secondFactors: [{ method: 'TOTP' }],
      passkeys: [{ label: 'Blue key' }],
      reviews: [{ reason: 'MANUAL', status: 'OPEN' }],
    });
    expect(data.formerContacts.map(({ contact }) => contact)).toContainEqual({
      email: ada.email.replace('next.', ''),
      phoneNumber: NUMBER,
      notificationChannel: 'EMAIL',
    });
    const kinds = data.securityEvents.map((event) => (event as unknown as { kind: string }).kind);
    expect(kinds).toEqual(expect.arrayContaining(['EMAIL_CHANGE_REQUESTED', 'MANUAL_RESET_REQUESTED', 'SIGNED_IN']));
    expect(data.letters).toContainEqual(expect.objectContaining({ message: 'password_reset', doneAt: null }));
    expect(data.auditEntries).toContainEqual({ action: 'flagAccount', at: expect.any(String) });
  });

  test('gets the words of a request to support only where the writer was found to be them', async () => {
    const { supportRequests } = await dataOf(id);
    expect(supportRequests).toMatchObject([
      { status: 'APPROVED', decision: 'APPROVE', message: 'I am Ada', contact: 'contact of: I am Ada' },
      { status: 'REJECTED', decision: 'REJECT', message: null, contact: null },
      { status: 'OPEN', decision: null, message: null, contact: null },
    ]);
  });

  test('gets no secret nor what is made of one, and nothing of who works at the desk and what they noted', async () => {
    const text = JSON.stringify(await dataOf(id));
    const guarded = await rows<{ table: string; column: string }>(
      app().ctx.db,
      sql`select c.table_name as "table", c.column_name as "column" from information_schema.columns c
          join information_schema.tables t using (table_schema, table_name)
          where table_schema = 'public' and t.table_type = 'BASE TABLE' and c.data_type = 'text' and c.column_name ~
            'digest|hash|secret|mac$|sealed|composed|challenge|public_key|credential_id|number_key|^number$|recipient_key|private'`,
    );
    expect(guarded.length).toBeGreaterThan(15);
    let seen = 0;
    for (const { table, column } of guarded) {
      const stored = await rows<{ value: string }>(
        app().ctx.db,
        sql`select ${sql.identifier(column)} as value from ${sql.identifier(table)} where length(${sql.identifier(column)}) > 4`,
      );
      for (const { value } of stored) expect([table, column, text.includes(value)]).toEqual([table, column, false]);
      seen += stored.length;
    }
    expect(seen).toBeGreaterThan(20);
    for (const theirs of [hanna.id, hanna.person.email, 'Hanna', NOTE]) expect(text).not.toContain(theirs);
  });

  test('gets it while the account is closed, and an id with times once it is erased', async () => {
    const before = await dataOf(id);
    await closeAccount(app().ctx, id, 'any');
    const closed = await dataOf(id);
    expect(closed.account).toMatchObject({ email: ada.email, closedAt: expect.any(String) });
    expect(closed.sessions.length).toBe(before.sessions.length);
    await app().advance(app().config.ERASURE_DELAY + 60);
    await app().work();
    const erased = await dataOf(id);
    expect(erased.account).toMatchObject({ id, email: null, displayName: null, erasedAt: expect.any(String) });
    expect(JSON.stringify(erased)).not.toMatch(/ada|Blue key|\+47/i);
  });
});

test('every table that refers to an account is exported, or left out for a reason', async () => {
  const referring = await rows<{ name: string }>(
    app().ctx.db,
    sql`with recursive referring(oid) as (
          select a.attrelid from pg_attribute a join pg_class c on c.oid = a.attrelid
          where a.attname ~ '(^|_)(account_id|email_key)$' and c.relkind in ('r', 'p') and not c.relispartition
            and c.relnamespace = 'public'::regnamespace
          union
          select f.conrelid from pg_constraint f join referring r on r.oid = f.confrelid where f.contype = 'f'
        )
        select c.relname as name from referring r join pg_class c on c.oid = r.oid`,
  );
  const listed = [...Object.keys(EXPORTED_TABLES), ...Object.keys(TABLES_LEFT_OUT)];
  expect(listed.sort()).toEqual([...new Set(referring.map(({ name }) => name))].sort());
});
