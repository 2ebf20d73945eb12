/** What staff did is on record, in one chain that shows every change, and nobody who serves the public can change it. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { hashOf, NO_HASH, recordAudit, verifyAudit } from '../src/audit/service.js';
import { inTransaction, type Context } from '../src/base/context.js';
import { rows } from '../src/base/database.js';
import { createStaff, grantRole, revokeRole } from '../src/sign-in/staff-members.js';
import { openApp, useApp, type App } from './support/app.js';
import type { Data } from './support/client.js';
import { createTestDatabase } from './support/database.js';
import { newestToken } from './support/person.js';
import { onFlag, staffMember, type StaffMember } from './support/staff.js';

const app = useApp();
const onPostgres = !!process.env['TEST_DATABASE_URL'];

const staffOf = new Map<string, StaffMember>();
async function desk(role: 'support' | 'reviewer' | 'admin'): Promise<StaffMember> {
  const known = staffOf.get(role);
  if (known) await known.signsIn();
  const member = known ?? (await staffMember(app(), role));
  staffOf.set(role, member);
  return member;
}

const actionsOn = async (ctx: Context, subject: string): Promise<string[]> =>
  (
    await rows<{ action: string }>(
      ctx.db,
      sql`select action from audit_entries where subject_account_id = ${subject} order by sequence`,
    )
  ).map(({ action }) => action);

describe('the record', () => {
  test('R-118: every action and every look-up of a single account is one entry: who, what, whom, why, when, request', async () => {
    const rita = await desk('reviewer');
    const ada = await app().person();
    const accountId = await ada.accountId();
    const { reference } = await app()
      .client()
      .call('requestManualReset', { email: ada.email }, '... on RequestManualResetAccepted { reference }');
    const { flag } = await onFlag(rita.client, 'flagAccount', {
      accountId,
      reason: 'MANUAL',
      severity: 'LOW',
      note: 'Why not.',
    });
    await onFlag(rita.client, 'claimFlag', { flagId: flag.id });
    await onFlag(rita.client, 'releaseFlag', { flagId: flag.id });
    await onFlag(rita.client, 'claimFlag', { flagId: flag.id });
    await onFlag(rita.client, 'resolveFlag', { flagId: flag.id, decision: 'DISMISS' });
    await rita.client.graphql('query ($id: ID!) { account(id: $id) { email } }', { id: accountId });
    await rita.client.graphql('query ($id: ID!) { flag(id: $id) { note } }', { id: flag.id });
    await rita.client.graphql('query ($email: String!) { accounts(filter: { email: $email }) { nodes { id } } }', {
      email: ada.email,
    });
    const found = await rita.client.graphql(
      'query ($reference: String!) { supportRequests(filter: { reference: $reference }) { nodes { id } } }',
      { reference },
    );
    const supportRequestId = found['supportRequests'].nodes[0].id as string;
    await rita.client.graphql('query ($id: ID!) { supportRequest(id: $id) { message } }', { id: supportRequestId });
    await rita.client.call('claimSupportRequest', { supportRequestId });
    await rita.client.call('decideSupportRequest', { supportRequestId, decision: 'REJECT' });
    for (const [mutation, more] of [
      ['lockAccount', { reason: 'ABUSE', note: 'Because.' }],
      ['unlockAccount', {}],
      ['forcePasswordReset', {}],
      ['revokeAllSessions', {}],
    ] as const) {
      await rita.client.call(mutation, { accountId, ...more });
    }
    expect(await actionsOn(app().ctx, accountId)).toEqual([
      'flagAccount',
      'claimFlag',
      'releaseFlag',
      'claimFlag',
      'resolveFlag',
      'account',
      'flag',
      'accounts',
      'supportRequests',
      'supportRequest',
      'claimSupportRequest',
      'decideSupportRequest',
      'lockAccount',
      'unlockAccount',
      'forcePasswordReset',
      'revokeAllSessions',
    ]);
    const [entry] = await rows<Data>(
      app().ctx.db,
      sql`select * from audit_entries where subject_account_id = ${accountId} and action = 'lockAccount'`,
    );
    expect(entry).toMatchObject({
      by_account_id: rita.id,
      by_service: null,
      note: 'Because.',
      details: { reason: 'ABUSE' },
    });
    expect(entry?.['request_id']).toMatch(/^[0-9a-f-]{36}$/);
    expect((await verifyAudit(app().ctx)).fault).toBeNull();
  });

  test('R-118: what is refused or comes too late leaves no entry of an action', async () => {
    const rita = await desk('reviewer');
    const accountId = await (await app().person()).accountId();
    await rita.client.call('unlockAccount', { accountId });
    await rita.client.call('lockAccount', { accountId, reason: 'ABUSE', note: 'x'.repeat(2001) });
    expect(await actionsOn(app().ctx, accountId)).toEqual([]);
  });

  test('R-118: when the audit cannot be written, nothing is done', async () => {
    const rita = await desk('reviewer');
    const ada = await app().person();
    const { db } = app().ctx;
    await db.execute(
      sql`create function no_audit() returns trigger language plpgsql as 'begin raise exception ''the disk is full''; end'`,
    );
    await db.execute(sql`create trigger no_audit before insert on audit_entries execute function no_audit()`);
    try {
      const input = { accountId: await ada.accountId(), reason: 'ABUSE' };
      const { body } = await rita.client.send(
        'mutation ($input: LockAccountInput!) { lockAccount(input: $input) { __typename } }',
        { input },
      );
      expect(body.errors?.[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR');
      for (const query of [
        `{ account(id: "${input.accountId}") { id email } }`,
        `{ accounts(filter: { email: "${ada.email}" }) { nodes { id } } }`,
        '{ supportRequests(filter: { reference: "ABCD-EFGH" }) { nodes { id } } }',
      ]) {
        const { body } = await rita.client.send(query);
        expect([body.errors?.[0]?.extensions.code, Object.values(body.data ?? {})]).toEqual([
          'INTERNAL_SERVER_ERROR',
          [null],
        ]);
      }
    } finally {
      await db.execute(sql`drop trigger no_audit on audit_entries`);
      await db.execute(sql`drop function no_audit()`);
    }
    expect((await ada.browser.graphql('{ viewer { id } }'))['viewer']).not.toBeNull();
    expect((await app().mailTo(ada.email)).filter(({ subject }) => subject?.includes('locked'))).toEqual([]);
  });

  test('operators at the command line are on record too: staff made, rights given and taken', async () => {
    const ctx: Context = { ...app().ctx, actor: { kind: 'system', name: 'rekey grant' } };
    const ada = await app().person();
    const id = await ada.accountId();
    expect(await grantRole(ctx, ada.email, 'support')).toEqual({ accountId: id, before: null, after: 'support' });
    expect((await ada.browser.graphql('{ viewer { id } }'))['viewer']).toBeNull();
    expect(await createStaff(ctx, ada.email.toUpperCase(), 'reviewer')).toMatchObject({
      before: 'support',
      after: 'reviewer',
    });
    expect(await revokeRole(ctx, ada.email)).toMatchObject({ before: 'reviewer', after: null });
    expect(await actionsOn(ctx, id)).toEqual(['grantRole', 'createStaff', 'revokeRole']);
    expect(
      (await app().mailTo(ada.email)).filter(({ subject }) => subject?.includes('rights were changed')),
    ).toHaveLength(3);
    for (const wrong of ['not an address', 'a@b'])
      expect(await grantRole(ctx, wrong, 'admin')).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await grantRole(ctx, 'nobody@example.org', 'admin')).toMatchObject({ code: 'NOT_FOUND' });
    const [entry] = await rows<Data>(
      ctx.db,
      sql`select by_account_id, by_service from audit_entries where subject_account_id = ${id} limit 1`,
    );
    expect(entry).toEqual({ by_account_id: null, by_service: 'rekey grant' });
  });

  test('a new staff member chooses a password through the letter, and has rights only after a second factor', async () => {
    const email = `fresh.staff.${process.pid}@example.org`;
    expect(await createStaff(app().ctx, email, 'admin')).toEqual({ invited: email });
    const client = app().client();
    const token = await newestToken(app(), email, 'sign-up');
    const signedUp = await client.call('completeSignUp', { token, password: 'seven purple horses run' });
    expect(signedUp['__typename']).toBe('SignInSuccess');
    const { viewer } = await client.graphql('{ viewer { scopes } }');
    expect(viewer.scopes).toEqual([]);
    const [row] = await rows<{ role: string }>(app().ctx.db, sql`select role from accounts where email = ${email}`);
    expect(row?.role).toBe('admin');
  });
});

describe('reading it', () => {
  const LOG = `query ($filter: AuditLogFilter, $first: Int, $after: String) { auditLog(filter: $filter, first: $first, after: $after) {
    nodes { id action at note byService by { id } subject { id } } pageInfo { hasNextPage endCursor } } }`;

  test('is for those who oversee staff, and is itself on record (R-119)', async () => {
    for (const role of ['support', 'reviewer'] as const) {
      const member = await desk(role);
      expect((await member.client.send(LOG)).body.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
    const root = await desk('admin');
    await root.client.graphql(LOG);
    const { auditLog } = await root.client.graphql(LOG, { first: 1 });
    expect(auditLog.nodes[0]).toMatchObject({
      action: 'auditLog',
      by: { id: root.id },
      byService: null,
      subject: null,
    });
    await root.client.graphql(LOG, { filter: { subjectAccountId: root.id, byAccountId: 'a\u0000' } });
    const [last] = await rows<Data>(
      app().ctx.db,
      sql`select details from audit_entries order by sequence desc limit 1`,
    );
    expect(last?.['details']).toEqual({ subjectAccountId: root.id });
  });

  test('by staff member, by account and by time, the latest first, each entry once', async () => {
    const [rita, root] = [await desk('reviewer'), await desk('admin')];
    const ada = await app().person();
    const accountId = await ada.accountId();
    const from = (await app().advance(1)).toISOString();
    await rita.signsIn();
    for (let n = 0; n < 5; n += 1)
      await rita.client.graphql('query ($id: ID!) { account(id: $id) { id } }', { id: accountId });
    const before = (await app().advance(1)).toISOString();
    await root.signsIn();
    const seen: Data[] = [];
    for (let after: string | null = null; ;) {
      const { auditLog } = await root.client.graphql(LOG, { filter: { subjectAccountId: accountId }, first: 2, after });
      seen.push(...auditLog.nodes);
      if (!auditLog.pageInfo.hasNextPage) break;
      after = auditLog.pageInfo.endCursor;
    }
    expect(seen.map(({ action, by, subject }) => [action, by.id, subject.id])).toEqual(
      Array.from({ length: 5 }, () => ['account', rita.id, accountId]),
    );
    const times = seen.map(({ at }) => Date.parse(at));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    const between = await root.client.graphql(LOG, { filter: { byAccountId: rita.id, from, before }, first: 100 });
    expect(between['auditLog'].nodes).toHaveLength(5);
  });
});

describe('the chain', () => {
  const own = useApp();

  /** Nine entries, and then what only the owner of the tables can do; all of it is undone at the end. */
  async function spoiled(
    changes: readonly ReturnType<typeof sql>[],
    look: (ctx: Context) => Promise<void>,
  ): Promise<void> {
    const undo = new Error('undo');
    await inTransaction(own().ctx, async (ctx) => {
      for (let n = 1; n <= 9; n += 1) {
        const details = { z: n, a: [{ y: 1, b: null }], text: 'ø \u{1F600}' };
        await recordAudit(ctx, { action: `step${n}`, subjectAccountId: `acct_${n}`, note: `note ${n}`, details });
      }
      await ctx.db.execute(sql`alter table audit_entries disable trigger audit_entries_written_once`);
      for (const change of changes) await ctx.db.execute(change);
      await look(ctx);
      throw undo;
    }).catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  }

  test('an empty chain is whole; an untouched one is, from its first entry to its head', async () => {
    expect(await verifyAudit(own().ctx)).toEqual({ entries: 0, head: { sequence: 0, hash: NO_HASH }, fault: null });
    await spoiled([], async (ctx) => {
      const verdict = await verifyAudit(ctx);
      expect(verdict).toMatchObject({ entries: 9, fault: null, head: { sequence: 9 } });
      expect(await verifyAudit(ctx, verdict.head)).toEqual(verdict);
    });
  });

  const copy =
    'id, action, at, by_account_id, by_service, subject_account_id, note, request_id, details, previous_hash, hash';
  for (const [what, changes, fault] of [
    [
      'a changed note',
      ["update audit_entries set note = 'another' where sequence = 5"],
      { sequence: 5, what: 'changed' },
    ],
    [
      'another actor',
      ["update audit_entries set by_account_id = 'acct_x' where sequence = 1"],
      { sequence: 1, what: 'changed' },
    ],
    [
      'a changed time',
      ["update audit_entries set at = at + interval '1 millisecond' where sequence = 9"],
      { sequence: 9, what: 'changed' },
    ],
    [
      'changed details',
      [`update audit_entries set details = details || '{"z": 0}' where sequence = 3`],
      { sequence: 3, what: 'changed' },
    ],
    ['a missing entry', ['delete from audit_entries where sequence = 4'], { sequence: 4, what: 'missing' }],
    ['a missing beginning', ['delete from audit_entries where sequence <= 2'], { sequence: 1, what: 'missing' }],
    [
      'a gap that was closed by new numbers',
      [
        'delete from audit_entries where sequence = 4',
        'update audit_entries set sequence = sequence - 1 where sequence > 4',
      ],
      { sequence: 4, what: 'changed' },
    ],
    [
      "two entries in each other's place",
      [
        'update audit_entries set sequence = 113 - sequence where sequence in (6, 7)',
        'update audit_entries set sequence = sequence - 100 where sequence > 100',
      ],
      { sequence: 6, what: 'changed' },
    ],
    [
      'an entry put in before the first',
      [`insert into audit_entries select 0, ${copy} from audit_entries where sequence = 1`],
      { sequence: 1, what: 'missing' },
    ],
    [
      'an entry put in behind the last',
      [`insert into audit_entries select 10, ${copy} from audit_entries where sequence = 9`],
      { sequence: 10, what: 'changed' },
    ],
  ] as const) {
    test(`R-119: ${what} is found`, () =>
      spoiled(
        changes.map((change) => sql.raw(change)),
        async (ctx) => expect((await verifyAudit(ctx)).fault).toEqual(fault),
      ));
  }

  test('R-119: a link to another entry than the one before is found, though the entry is as its own hash says', () =>
    spoiled([], async (ctx) => {
      const [entry] = await rows<{
        id: string;
        action: string;
        at_ms: string;
        subject: string;
        note: string;
        request_id: string;
        details: Record<string, unknown>;
      }>(
        ctx.db,
        sql`select id, action, (extract(epoch from at) * 1000)::bigint as at_ms, subject_account_id as subject, note, request_id, details
            from audit_entries where sequence = 5`,
      );
      const { id = '', action = '', subject = '', note = '', request_id: requestId = '', details = {} } = entry ?? {};
      const forged = {
        sequence: 5,
        id,
        action,
        at: Number(entry?.at_ms),
        byAccountId: null,
        byService: 'test',
        subjectAccountId: subject,
        note,
        requestId,
        details,
        previousHash: NO_HASH,
      };
      await ctx.db.execute(
        sql`update audit_entries set previous_hash = ${NO_HASH}, hash = ${hashOf(forged)} where sequence = 5`,
      );
      expect((await verifyAudit(ctx)).fault).toEqual({ sequence: 5, what: 'reordered' });
    }));

  test('R-119: an end that was cut off is found by who kept an earlier head, and the log keeps them', () =>
    spoiled([], async (ctx) => {
      const { head } = await verifyAudit(ctx);
      await ctx.db.execute(sql`delete from audit_entries where sequence > 6`);
      expect((await verifyAudit(ctx)).fault).toBeNull();
      expect((await verifyAudit(ctx, head)).fault).toEqual({ sequence: 7, what: 'missing' });
      expect(own().logLines.join('')).toContain(head.hash);
    }));

  test('R-119: entries are never changed, not even by the owner by mistake', async () => {
    await inTransaction(own().ctx, (ctx) => recordAudit(ctx, { action: 'one' }));
    for (const change of [
      'update audit_entries set note = null',
      'delete from audit_entries',
      'truncate audit_entries',
    ]) {
      await expect(own().ctx.db.execute(sql.raw(change))).rejects.toThrow();
    }
    expect((await verifyAudit(own().ctx)).entries).toBe(1);
  });

  if (onPostgres) {
    test('a hundred writers at once, on two machines: no gap, no fork, and none waits for ever', async () => {
      const database = await createTestDatabase();
      const [one, two] = (await Promise.all([1, 2].map(() => openApp({}, database)))) as [App, App];
      try {
        await Promise.all(
          Array.from({ length: 100 }, (_, n) =>
            inTransaction((n % 2 ? one : two).ctx, (ctx) => recordAudit(ctx, { action: `n${n}` })),
          ),
        );
        expect(await verifyAudit(one.ctx)).toMatchObject({ entries: 100, fault: null });
      } finally {
        await Promise.all([one.close(), two.close()]);
        await database.close();
      }
    });

    test("R-119: the service's own role may add to the audit and read it, and no more", async () => {
      const database = await createTestDatabase();
      const own = await openApp({}, database);
      const role = `rekey_app_${process.pid}`;
      const asRole = new URL(database.databaseUrl as string);
      asRole.username = role;
      asRole.password = 'app';
      const admin = postgres(database.databaseUrl as string, { max: 1, onnotice: () => {} });
      await admin.unsafe(`create role ${role} login password 'app'`);
      const service = postgres(asRole.href, { max: 1, onnotice: () => {} });
      try {
        await admin`select grant_service_role(${role})`;
        await inTransaction(own.ctx, (ctx) => recordAudit(ctx, { action: 'first' }));
        expect(await service`select action from audit_entries`).toHaveLength(1);
        await service`insert into audit_entries select sequence + 1, id, action, at, by_account_id, by_service, subject_account_id, note, request_id, details, hash, hash from audit_entries`;
        for (const forbidden of [
          'update audit_entries set note = null',
          'delete from audit_entries',
          'truncate audit_entries',
          'drop table audit_entries',
          'alter table audit_entries disable trigger all',
          'alter table accounts add column x int',
        ]) {
          await expect(service.unsafe(forbidden)).rejects.toThrow(/permission denied|must be owner/);
        }
        // Everything else that the service does, it may: also the months of events, which only the owner could make.
        await service`update accounts set display_name = null`;
        expect(await service`select ensure_security_events_partition('2031-05-01') as made`).toEqual([{ made: true }]);
        expect(await service`select drop_security_events_before('2020-01-01') as dropped`).toEqual([{ dropped: 0 }]);
        await service`delete from security_events where occurred_at < '2020-01-01'`;
      } finally {
        await service.end();
        await admin.unsafe(`drop owned by ${role}`);
        await admin.unsafe(`drop role ${role}`);
        await admin.end();
        await own.close();
        await database.close();
      }
    });
  }
});
