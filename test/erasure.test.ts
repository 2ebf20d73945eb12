/** What is personal of a closed account is gone when its time is over; what others rely on stays (issue 8, data duties). */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { eraseClosed, OWNED_TABLES } from '../src/accounts/erasure.js';
import { closeAccount } from '../src/accounts/profile.js';
import { recordAudit, verifyAudit } from '../src/audit/service.js';
import { inTransaction } from '../src/base/context.js';
import { rows } from '../src/base/database.js';
import { useApp } from './support/app.js';
import { newestToken, type Person } from './support/person.js';
import { staffMember } from './support/staff.js';

const DELAY = 86_400;
const app = useApp({ ERASURE_DELAY: String(DELAY), FLAG_CAMPAIGN: '2/3600', FLAG_FAILED_SIGN_INS: '2/3600' });

/** Every row of every table, as text: where a person would look for themselves. */
async function dump(): Promise<Map<string, string>> {
  const tables = await rows<{ name: string }>(
    app().ctx.db,
    sql`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const found = new Map<string, string>();
  for (const { name } of tables) {
    const [all] = await rows<{ text: string }>(
      app().ctx.db,
      sql`select coalesce(string_agg(t::text, E'\n'), '') as text from ${sql.identifier(name)} t`,
    );
    found.set(name, all?.text ?? '');
  }
  return found;
}

const tablesThatKnow = async (text: string): Promise<string[]> =>
  [...(await dump())].filter(([, all]) => all.includes(text)).map(([name]) => name);

/** A person with a past: letters, a second browser, failed attempts. */
async function personWithPast(name: string): Promise<Person> {
  const person = await app().person({ displayName: name, email: `${name.toLowerCase()}@example.org` });
  await person.signsInElsewhere();
  await person.asksForReset();
  await app().client().call('signIn', { email: person.email, password: 'not the password at all' });
  await app().work();
  return person;
}

async function erase(): Promise<void> {
  while ((await eraseClosed(app().ctx)) > 0);
}

describe('a closed account', () => {
  test('is left alone until its time is over', async () => {
    const person = await personWithPast('Patience');
    await closeAccount(app().ctx, await person.accountId(), 'any');
    await app().advance(DELAY - 60);
    await erase();
    expect(await tablesThatKnow(person.email)).toContain('accounts');
  });

  test('then has no person behind it in any table, and the audit stays whole', async () => {
    const person = await personWithPast('Ulrika');
    const id = await person.accountId();
    const { ip } = person.browser;
    await inTransaction(app().ctx, (ctx) => recordAudit(ctx, { action: 'test', subjectAccountId: id }));
    expect((await tablesThatKnow(person.email)).length).toBeGreaterThan(0);

    await closeAccount(app().ctx, id, 'any');
    await app().work();
    await app().advance(DELAY + 60);
    await erase();

    expect(await tablesThatKnow(person.email)).toEqual([]);
    expect(await tablesThatKnow('Ulrika')).toEqual([]);
    // Where limits count, an address of the network lives until its window is over.
    expect((await tablesThatKnow(`${ip}`)).filter((name) => name !== 'rate_hits')).toEqual([]);
    const kept = (await tablesThatKnow(id)).map((name) => name.replace(/_(?:\d{4}_\d\d|default)$/, ''));
    expect([...new Set(kept)].sort()).toEqual(['accounts', 'audit_entries', 'security_events']);
    expect(await verifyAudit(app().ctx)).toMatchObject({ fault: null });
  });

  test('takes what was written to support about it along: under its address, and under the one it had when that was decided', async () => {
    const hanna = await staffMember(app(), 'support');
    const person = await personWithPast('Xenia');
    const id = await person.accountId();
    const ask = async (message: string): Promise<string> => {
      const { reference } = await app()
        .client()
        .call(
          'requestManualReset',
          { email: person.email, contact: 'xenia.elsewhere@example.net', message },
          '... on RequestManualResetAccepted { reference }',
        );
      const { supportRequests } = await hanna.client.graphql(
        'query ($reference: String!) { supportRequests(filter: { reference: $reference }) { nodes { id } } }',
        { reference },
      );
      return supportRequests.nodes[0].id as string;
    };
    const supportRequestId = await ask('My dog ate the telephone.');
    await hanna.client.call('claimSupportRequest', { supportRequestId });
    const note = 'Identified by a passport.';
    await hanna.client.call('decideSupportRequest', { supportRequestId, decision: 'REJECT', note });
    await person.browser.call('changeEmail', { newEmail: 'xenia.new@example.org' });
    const token = await newestToken(app(), 'xenia.new@example.org', 'confirm-email');
    await app().client().call('confirmEmailChange', { token });
    await app().client().call('requestManualReset', { email: 'xenia.new@example.org', message: 'And then the cat.' });
    for (const words of ['xenia.elsewhere', 'My dog ate', 'And then the cat']) {
      expect(await tablesThatKnow(words)).toEqual(['support_requests']);
    }

    await closeAccount(app().ctx, id, 'any');
    await app().work();
    await app().advance(DELAY + 60);
    await erase();
    // A link to sign up by lies under its address until a day after it lapsed.
    await app().advance(2 * DELAY);
    await app().work();

    for (const words of ['xenia', 'My dog ate', 'And then the cat']) expect(await tablesThatKnow(words)).toEqual([]);
    // What staff wrote down of what they did is the audit's, which nobody changes.
    expect(await tablesThatKnow(note)).toEqual(['audit_entries']);
    const [kept] = await rows(
      app().ctx.db,
      sql`select status, account_id, decided_by from support_requests where id = ${supportRequestId}`,
    );
    expect(kept).toEqual({ status: 'REJECTED', account_id: id, decided_by: hanna.id });
  });

  test('takes along whence its events came, in its own flags and in those of a source; others stay', async () => {
    const [yara, zoe] = [await personWithPast('Yara'), await personWithPast('Zoe')];
    const [own, source] = [app().client(), app().client()];
    for (let n = 0; n < 2; n += 1) await own.call('signIn', { email: zoe.email, password: `not the password ${n}` });
    for (const { email } of [yara, zoe]) await source.call('requestPasswordReset', { email });
    await app().work();
    const [a, b] = [await yara.accountId(), await zoe.accountId()];
    const evidence = () =>
      rows(
        app().ctx.db,
        sql`select f.reason, e.account_id, e.network from flag_events e join account_flags f on f.id = e.flag_id
            where e.network in (${own.ip}, ${source.ip}) order by f.reason, e.account_id = ${b}`,
      );
    const yaras = { reason: 'RESET_CAMPAIGN', account_id: a, network: source.ip };
    const zoes = { reason: 'RESET_CAMPAIGN', account_id: b, network: source.ip };
    const failed = { reason: 'CREDENTIAL_STUFFING', account_id: b, network: own.ip };
    expect(await evidence()).toEqual([failed, failed, yaras, zoes]);
    await closeAccount(app().ctx, b, 'any');
    await app().advance(DELAY + 60);
    await erase();
    expect(await evidence()).toEqual([yaras]);
    const [kept] = await rows(
      app().ctx.db,
      sql`select count(*)::int as events from flag_events where account_id = ${b} and network = 'erased'`,
    );
    expect(kept).toEqual({ events: 4 });
  });

  test('takes nothing with it of who has the address now', async () => {
    const first = await personWithPast('Viola');
    await closeAccount(app().ctx, await first.accountId(), 'any');
    await app().advance(3600);
    const second = await app().person({ email: first.email, displayName: 'Violetta' });
    await app().advance(DELAY);
    await erase();
    const browser = await second.signsInElsewhere();
    const { viewer } = await browser.graphql('{ viewer { account { displayName } } }');
    expect(viewer.account.displayName).toBe('Violetta');
    expect(await tablesThatKnow('Viola,')).toEqual([]);
  });

  test('that cannot be erased keeps no other from it, and is told at each run', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 22; n += 1) {
      const person = await app().person({ email: `held${n}@example.org` });
      ids.push(await person.accountId());
    }
    for (const id of ids) await closeAccount(app().ctx, id, 'any');
    const { db } = app().ctx;
    const held = sql.join(
      ids.slice(0, 21).map((id) => sql.raw(`'${id}'`)),
      sql`, `,
    );
    await db.execute(sql`alter table accounts add constraint held check (erased_at is null or id not in (${held}))`);
    const told = () =>
      app().logLines.filter((line) => line.includes('"erasure_failed"') && line.includes(String(ids[0])));
    try {
      await app().advance(DELAY + 60);
      await erase();
      expect(await tablesThatKnow('held21@example.org')).toEqual([]);
      expect(await tablesThatKnow('held0@example.org')).toContain('accounts');
      expect(told().length).toBeGreaterThan(0);
      const text = (await app().http.inject('/metrics')).body;
      expect(text).toMatch(/^rekey_job_failures_total\{name="erase"\} [1-9]/m);
    } finally {
      await db.execute(sql`alter table accounts drop constraint held`);
    }
    await erase();
    expect(await tablesThatKnow('held0@example.org')).toEqual([]);
  }, 60_000);

  test('leaves nothing of more events than one statement takes', async () => {
    const person = await app().person();
    const id = await person.accountId();
    await app().ctx.db.execute(
      sql`insert into security_events (id, kind, occurred_at, account_id, request_id, ip, network)
          select 'evt_many' || n, 'signed_in', now(), ${id}, 'r', '192.0.2.77', '192.0.2.77' from generate_series(1, 10001) n`,
    );
    await closeAccount(app().ctx, id, 'any');
    await app().advance(DELAY + 60);
    await erase();
    expect(await tablesThatKnow('192.0.2.77')).toEqual([]);
  });

  test('is erased once, whoever comes first', async () => {
    const person = await personWithPast('Wanda');
    const id = await person.accountId();
    await closeAccount(app().ctx, id, 'any');
    await app().advance(DELAY + 60);
    const counts = await Promise.all([eraseClosed(app().ctx), eraseClosed(app().ctx), eraseClosed(app().ctx)]);
    expect(counts.reduce((sum, n) => sum + n)).toBeGreaterThanOrEqual(1);
    const [audited] = await rows<{ n: number }>(
      app().ctx.db,
      sql`select count(*)::int as n from audit_entries where action = 'eraseAccount' and subject_account_id = ${id}`,
    );
    expect(audited).toEqual({ n: 1 });
  });
});

describe('the list of tables to erase', () => {
  test('has every table that refers to an account, but for what staff and rules keep', async () => {
    const referring = await rows<{ name: string }>(
      app().ctx.db,
      sql`select distinct c.relname as name from pg_constraint f join pg_class c on c.oid = f.conrelid
          where f.contype = 'f' and f.confrelid = 'accounts'::regclass`,
    );
    const kept = ['account_flags'];
    const expected = referring.map(({ name }) => name).filter((name) => !kept.includes(name));
    expect([...OWNED_TABLES].filter((name) => name !== 'outbox').sort()).toEqual(expected.sort());
  });
});
