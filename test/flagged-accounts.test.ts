/** Staff find what matters first, take a case, and decide it: one of them, once, with its effect. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { newId } from '../src/base/secrets.js';
import { raiseFlag } from '../src/flagged-accounts/raise.js';
import { severities } from '../src/flagged-accounts/rules.js';
import { grantRole, revokeRole } from '../src/sign-in/staff-members.js';
import { openApp, useApp, type App } from './support/app.js';
import type { Client, Data } from './support/client.js';
import { createTestDatabase } from './support/database.js';
import type { Person } from './support/person.js';
import { onFlag, staffMember, type StaffMember } from './support/staff.js';

const app = useApp();
const onPostgres = !!process.env['TEST_DATABASE_URL'];

const staffOf = new Map<string, StaffMember>();
/** A staff member of this file, freshly signed in. */
async function desk(name: string, role: 'support' | 'reviewer' | 'admin' = 'reviewer'): Promise<StaffMember> {
  const known = staffOf.get(name);
  if (known) await known.signsIn();
  const member = known ?? (await staffMember(app(), role));
  staffOf.set(name, member);
  return member;
}

async function flagged(reviewer: StaffMember, person: Person, severity = 'HIGH'): Promise<string> {
  const accountId = await person.accountId();
  const { flag } = await onFlag(reviewer.client, 'flagAccount', {
    accountId,
    reason: 'MANUAL',
    severity,
    note: 'Look at this.',
  });
  return flag.id as string;
}

async function claimed(reviewer: StaffMember, person: Person): Promise<string> {
  const flagId = await flagged(reviewer, person);
  expect(await onFlag(reviewer.client, 'claimFlag', { flagId })).toMatchObject({ __typename: 'ClaimFlagSuccess' });
  return flagId;
}

describe('raising', () => {
  test('a reviewer flags an account: who, why and what to look for are on record', async () => {
    const rita = await desk('rita');
    const ada = await app().person();
    const { flag } = await onFlag(rita.client, 'flagAccount', {
      accountId: await ada.accountId(),
      reason: 'MANUAL',
      severity: 'HIGH',
      note: 'Called twice.\u202E\u0007',
    });
    expect(flag).toMatchObject({
      reason: 'MANUAL',
      severity: 'HIGH',
      status: 'OPEN',
      note: 'Called twice.',
      evidence: null,
      flaggedBy: { id: rita.id },
      history: [{ kind: 'RAISED', by: { id: rita.id } }],
    });
  });

  test('one open flag for an account and reason: flagging again adds to it, and severity only rises (R-106)', async () => {
    const rita = await desk('rita');
    const ada = await app().person();
    const accountId = await ada.accountId();
    const first = await onFlag(rita.client, 'flagAccount', { accountId, reason: 'MANUAL', severity: 'HIGH' });
    const second = await onFlag(rita.client, 'flagAccount', {
      accountId,
      reason: 'MANUAL',
      severity: 'LOW',
      note: 'Again.',
    });
    expect(second['flag']).toMatchObject({ id: first['flag'].id, severity: 'HIGH', note: 'Again.' });
    expect(second['flag'].history).toHaveLength(2);
    expect(second['flag'].history[0]).toMatchObject({ kind: 'ADDED_TO', note: 'Again.' });
  });

  test('an unknown account, and a note that is too long', async () => {
    const rita = await desk('rita');
    const wanted = { reason: 'MANUAL', severity: 'LOW' };
    for (const accountId of [newId('acct'), 'acct_1', '', "'; --", '__proto__']) {
      expect(await onFlag(rita.client, 'flagAccount', { accountId, ...wanted })).toMatchObject({ code: 'NOT_FOUND' });
    }
    const ada = await app().person();
    const long = { accountId: await ada.accountId(), ...wanted, note: 'x'.repeat(2001) };
    expect(await rita.client.call('flagAccount', long, '... on InvalidInputProblem { fields { path } }')).toMatchObject(
      {
        code: 'INVALID_INPUT',
        fields: [{ path: ['input', 'note'] }],
      },
    );
    expect(await onFlag(rita.client, 'flagAccount', { ...long, note: '\u{1F600}'.repeat(2000) })).toMatchObject({
      __typename: 'FlagAccountSuccess',
    });
  });
});

describe('working on a case', () => {
  test("take it, put it back, take it again; taking one's own again succeeds", async () => {
    const rita = await desk('rita');
    const flagId = await flagged(rita, await app().person());
    expect(await onFlag(rita.client, 'claimFlag', { flagId })).toMatchObject({
      flag: { status: 'CLAIMED', claimedBy: { id: rita.id } },
    });
    expect(await onFlag(rita.client, 'claimFlag', { flagId })).toMatchObject({ __typename: 'ClaimFlagSuccess' });
    expect(await onFlag(rita.client, 'releaseFlag', { flagId })).toMatchObject({
      flag: { status: 'OPEN', claimedBy: null },
    });
    const { flag } = await onFlag(rita.client, 'claimFlag', { flagId });
    expect(flag.history.map(({ kind }: Data) => kind)).toEqual(['CLAIMED', 'RELEASED', 'CLAIMED', 'RAISED']);
  });

  test("someone else's case: the conflict shows it as it is now (R-117)", async () => {
    const [rita, otto] = [await desk('rita'), await desk('otto')];
    const flagId = await claimed(rita, await app().person());
    const mine = {
      __typename: 'FlagConflictProblem',
      code: 'CONFLICT',
      flag: { id: flagId, status: 'CLAIMED', claimedBy: { id: rita.id } },
    };
    expect(await onFlag(otto.client, 'claimFlag', { flagId })).toMatchObject(mine);
    expect(await onFlag(otto.client, 'releaseFlag', { flagId })).toMatchObject(mine);
    expect(await onFlag(otto.client, 'resolveFlag', { flagId, decision: 'DISMISS' })).toMatchObject(mine);
  });

  test("a decision needs the case in one's own hands, and a reason unless it is dismissed", async () => {
    const rita = await desk('rita');
    const flagId = await flagged(rita, await app().person());
    expect(await onFlag(rita.client, 'resolveFlag', { flagId, decision: 'DISMISS' })).toMatchObject({
      code: 'CONFLICT',
      flag: { status: 'OPEN' },
    });
    await onFlag(rita.client, 'claimFlag', { flagId });
    for (const decision of ['LOCK_ACCOUNT', 'FORCE_PASSWORD_RESET', 'REVOKE_SESSIONS']) {
      for (const note of [undefined, '', ' \n']) {
        expect(await onFlag(rita.client, 'resolveFlag', { flagId, decision, note })).toMatchObject({
          code: 'INVALID_INPUT',
        });
      }
    }
    expect(await onFlag(rita.client, 'resolveFlag', { flagId, decision: 'DISMISS' })).toMatchObject({
      flag: { status: 'RESOLVED', resolution: { decision: 'DISMISS', note: null, resolvedBy: { id: rita.id } } },
    });
    expect(await onFlag(rita.client, 'resolveFlag', { flagId, decision: 'DISMISS' })).toMatchObject({
      code: 'CONFLICT',
    });
    expect(await onFlag(rita.client, 'claimFlag', { flagId })).toMatchObject({
      code: 'CONFLICT',
      flag: { status: 'RESOLVED' },
    });
  });

  test('flags that do not exist', async () => {
    const rita = await desk('rita');
    for (const flagId of [newId('flag'), newId('acct'), 'x', '']) {
      for (const mutation of ['claimFlag', 'releaseFlag']) {
        expect(await onFlag(rita.client, mutation, { flagId })).toMatchObject({ code: 'NOT_FOUND' });
      }
      expect(await onFlag(rita.client, 'resolveFlag', { flagId, decision: 'DISMISS' })).toMatchObject({
        code: 'NOT_FOUND',
      });
      expect(await rita.client.graphql('query ($id: ID!) { flag(id: $id) { id } }', { id: flagId })).toEqual({
        flag: null,
      });
    }
  });

  test('a case whose holder is no longer staff can be taken over', async () => {
    const [rita, gone] = [await desk('rita'), await staffMember(app(), 'reviewer')];
    const flagId = await claimed(gone, await app().person());
    expect(await onFlag(rita.client, 'claimFlag', { flagId })).toMatchObject({ code: 'CONFLICT' });
    await revokeRole(app().ctx, gone.person.email);
    expect(await onFlag(rita.client, 'claimFlag', { flagId })).toMatchObject({ flag: { claimedBy: { id: rita.id } } });
  });

  test('on a closed account there is nothing left to carry out: it can only be dismissed', async () => {
    const rita = await desk('rita');
    const ada = await app().person();
    const flagId = await claimed(rita, ada);
    expect(await ada.browser.call('closeAccount', null)).toMatchObject({ __typename: 'CloseAccountSuccess' });
    const decision = { flagId, decision: 'LOCK_ACCOUNT', note: 'Too late.' };
    expect(await onFlag(rita.client, 'resolveFlag', decision)).toMatchObject({
      code: 'CONFLICT',
      flag: { status: 'CLAIMED' },
    });
    expect(await onFlag(rita.client, 'resolveFlag', { flagId, decision: 'DISMISS' })).toMatchObject({
      flag: { status: 'RESOLVED', account: { status: 'CLOSED' } },
    });
  });
});

describe('a decision and its effect', () => {
  const isSignedIn = async (client: Client): Promise<boolean> =>
    (await client.graphql('{ viewer { id } }'))['viewer'] !== null;
  const letters = async (person: Person): Promise<number> => (await app().mailTo(person.email)).length;

  test('DISMISS changes nothing for the owner', async () => {
    const rita = await desk('rita');
    const ada = await app().person();
    const flagId = await claimed(rita, ada);
    const before = await letters(ada);
    await onFlag(rita.client, 'resolveFlag', { flagId, decision: 'DISMISS', note: 'All is well.' });
    expect(await isSignedIn(ada.browser)).toBe(true);
    expect(await letters(ada)).toBe(before);
  });

  test("REVOKE_SESSIONS ends every session and tells the owner, without the staff member's address", async () => {
    const rita = await desk('rita');
    const ada = await app().person();
    const elsewhere = await ada.signsInElsewhere();
    const flagId = await claimed(rita, ada);
    await onFlag(rita.client, 'resolveFlag', { flagId, decision: 'REVOKE_SESSIONS', note: 'To be safe.' });
    expect([await isSignedIn(ada.browser), await isSignedIn(elsewhere)]).toEqual([false, false]);
    const letter = (await app().mailTo(ada.email)).find(({ subject }) => /signed out everywhere/.test(subject ?? ''));
    expect(letter).toBeDefined();
    expect(letter?.text).not.toContain(rita.client.ip);
    expect(letter?.text).not.toContain('To be safe');
    const again = await ada.signsInElsewhere();
    const { viewer } = await again.graphql(
      '{ viewer { securityEvents { nodes { kind byStaff device { ipAddress } } } } }',
    );
    expect(viewer.securityEvents.nodes.find(({ kind }: Data) => kind === 'SESSION_REVOKED')).toEqual({
      kind: 'SESSION_REVOKED',
      byStaff: true,
      device: null,
    });
  });

  test('FORCE_PASSWORD_RESET makes the password void and sends the owner, and nobody else, a link', async () => {
    const rita = await desk('rita');
    const ada = await app().person();
    const flagId = await claimed(rita, ada);
    const outcome = await onFlag(rita.client, 'resolveFlag', {
      flagId,
      decision: 'FORCE_PASSWORD_RESET',
      note: 'Leaked elsewhere.',
    });
    expect(outcome).toMatchObject({ flag: { account: { status: 'PASSWORD_RESET_REQUIRED' } } });
    expect(JSON.stringify(outcome)).not.toMatch(/prst_/);
    const refused = await app().client().call('signIn', { email: ada.email, password: ada.password });
    expect(refused).toMatchObject({ code: 'SIGN_IN_BLOCKED', reason: 'PASSWORD_RESET_REQUIRED' });
    const token = await ada.nextToken('reset-password');
    expect(
      await app().client().call('completePasswordReset', { token, newPassword: 'eleven calm winter evenings' }),
    ).toMatchObject({ __typename: 'CompletePasswordResetSuccess' });
    ada.password = 'eleven calm winter evenings';
    expect(await isSignedIn(await ada.signsInElsewhere())).toBe(true);
  });

  test('LOCK_ACCOUNT bars the account; only who knows the password learns of it', async () => {
    const rita = await desk('rita');
    const ada = await app().person();
    const flagId = await claimed(rita, ada);
    const { flag } = await onFlag(rita.client, 'resolveFlag', {
      flagId,
      decision: 'LOCK_ACCOUNT',
      note: 'Taken over.',
    });
    expect(flag.account.status).toBe('LOCKED');
    expect(await isSignedIn(ada.browser)).toBe(false);
    const client = app().client();
    expect(await client.call('signIn', { email: ada.email, password: ada.password })).toMatchObject({
      code: 'SIGN_IN_BLOCKED',
      reason: 'ACCOUNT_LOCKED',
    });
    expect(await client.call('signIn', { email: ada.email, password: 'not the right password' })).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    const { account } = await rita.client.graphql(
      'query ($id: ID!) { account(id: $id) { lock { reason note lockedBy { id } expiresAt } } }',
      { id: flag.account.id },
    );
    expect(account.lock).toEqual({
      reason: 'SUSPECTED_TAKEOVER',
      note: 'Taken over.',
      lockedBy: { id: rita.id },
      expiresAt: null,
    });
  });

  test('a decision asks for a recent sign-in', async () => {
    const rita = await desk('rita');
    const flagId = await claimed(rita, await app().person());
    await app().advance(601);
    expect(await onFlag(rita.client, 'resolveFlag', { flagId, decision: 'DISMISS' })).toMatchObject({
      code: 'REAUTHENTICATION_REQUIRED',
    });
    await rita.signsIn();
    expect(await onFlag(rita.client, 'resolveFlag', { flagId, decision: 'DISMISS' })).toMatchObject({
      __typename: 'ResolveFlagSuccess',
    });
  });
});

describe('nobody acts on themselves, nor on an equal or higher role (R-114)', () => {
  test('each combination is refused, and the lower one can be acted on', async () => {
    const [rita, otto, root] = [await desk('rita'), await desk('otto'), await desk('root', 'admin')];
    const helper = await desk('helper', 'support');
    for (const [actor, subject, isAllowed] of [
      [rita, rita, false],
      [rita, otto, false],
      [rita, root, false],
      [rita, helper, true],
      [root, root, false],
      [root, otto, true],
    ] as const) {
      await actor.signsIn();
      const { id } = await raiseFlag(app().ctx, {
        accountId: subject.id,
        reason: 'OWNER_REPORT',
        severity: 'LOW',
        note: null,
        by: {},
      });
      const { body } = await actor.client.send(
        'mutation ($input: ClaimFlagInput!) { claimFlag(input: $input) { __typename } }',
        { input: { flagId: id } },
      );
      expect(body.errors?.[0]?.extensions.code ?? body.data?.['claimFlag'].__typename).toBe(
        isAllowed ? 'ClaimFlagSuccess' : 'FORBIDDEN',
      );
      const direct = await actor.client.send(
        'mutation ($input: FlagAccountInput!) { flagAccount(input: $input) { __typename } }',
        { input: { accountId: subject.id, reason: 'MANUAL', severity: 'LOW' } },
      );
      expect(direct.body.errors?.[0]?.extensions.code ?? 'done').toBe(isAllowed ? 'done' : 'FORBIDDEN');
    }
  });

  test('R-110: a role is read at every request: once it is taken, the next call is refused', async () => {
    const temp = await staffMember(app(), 'reviewer');
    expect(await temp.client.graphql('{ flaggedAccounts { totalCount } }')).toBeTruthy();
    await app().ctx.db.execute(sql`update accounts set role = 'support' where id = ${temp.id}`);
    const { body } = await temp.client.send('{ flaggedAccounts { totalCount } }');
    expect(body.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    await revokeRole(app().ctx, temp.person.email);
    expect((await temp.client.send('{ accounts { nodes { id } } }')).body.errors?.[0]?.extensions.code).toBe(
      'UNAUTHENTICATED',
    );
    await grantRole(app().ctx, temp.person.email, 'reviewer');
    const oneFactor = app().client();
    await oneFactor.call('signIn', { email: temp.person.email, password: temp.person.password });
    expect((await oneFactor.send('{ accounts { nodes { id } } }')).body.errors?.[0]?.extensions.code).toBe(
      'UNAUTHENTICATED',
    );
  });
});

describe('the queue', () => {
  const QUEUE = `query ($filter: FlaggedAccountFilter, $orderBy: FlaggedAccountOrder, $first: Int, $after: String) {
    flaggedAccounts(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
      totalCount pageInfo { hasNextPage hasPreviousPage endCursor }
      edges { cursor severity flaggedAt node { id } matchingFlags { id severity reason status flaggedAt } } } }`;

  /** Every account of the queue, page by page. */
  async function walk(client: Client, variables: Data, first: number): Promise<Data[]> {
    const edges: Data[] = [];
    for (let after: string | null = null; ;) {
      const { flaggedAccounts } = await client.graphql(QUEUE, { ...variables, first, after });
      edges.push(...flaggedAccounts.edges);
      expect(flaggedAccounts.pageInfo.hasPreviousPage).toBe(after !== null);
      if (!flaggedAccounts.pageInfo.hasNextPage) return edges;
      after = flaggedAccounts.pageInfo.endCursor;
    }
  }

  interface Seeded {
    id: string;
    account: string;
    reason: string;
    rank: number;
    status: string;
    at: number;
    by: string | null;
  }

  test('is ordered as the contract says, page by page, for every order and filter, with many flags on one account', async () => {
    const shared = await createTestDatabase();
    const own = await openApp({}, shared);
    try {
      const rita = await staffMember(own, 'reviewer');
      const flags = await seedFlags(own, rita.id);
      const filters: Data[] = [
        { statuses: ['OPEN', 'CLAIMED'] },
        { statuses: ['OPEN'] },
        { statuses: ['RESOLVED'] },
        {},
        { reasons: ['MANUAL'] },
        { reasons: ['MANUAL'], statuses: ['OPEN', 'CLAIMED'] },
        { reasons: ['RESET_CAMPAIGN'], statuses: ['CLAIMED', 'OPEN'] },
        { reasons: ['OWNER_REPORT', 'CREDENTIAL_STUFFING'], statuses: ['OPEN', 'CLAIMED'] },
        { minSeverity: 'HIGH', statuses: ['OPEN', 'CLAIMED'] },
        { claimedByMe: true },
        { statuses: [] },
        { flaggedFrom: new Date(BASE + 40_000).toISOString(), flaggedBefore: new Date(BASE + 90_000).toISOString() },
      ];
      for (const filter of filters) {
        for (const field of ['SEVERITY', 'FLAGGED_AT']) {
          for (const direction of ['DESC', 'ASC']) {
            const edges = await walk(rita.client, { filter, orderBy: { field, direction } }, 7);
            const expected = reference(flags, filter, field, direction, rita.id);
            const name = JSON.stringify([filter, field, direction]);
            expect([name, edges.map(({ node }) => node.id)]).toEqual([name, expected.map(({ account }) => account)]);
            expect(edges.map(({ severity }) => severity)).toEqual(expected.map(({ rank }) => severities[rank - 1]));
            expect(edges.map(({ flaggedAt }) => Date.parse(flaggedAt))).toEqual(expected.map(({ at }) => at));
            expect(edges.map(({ matchingFlags }) => matchingFlags.map(({ id }: Data) => id))).toEqual(
              expected.map(({ matching }) => matching.map(({ id }) => id)),
            );
          }
        }
        const { flaggedAccounts } = await rita.client.graphql(QUEUE, { filter, first: 1 });
        expect(flaggedAccounts.totalCount).toBe(reference(flags, filter, 'SEVERITY', 'DESC', rita.id).length);
      }
      const byDefault = await rita.client.graphql('{ flaggedAccounts(first: 100) { nodes { id } } }');
      expect(byDefault['flaggedAccounts'].nodes.map(({ id }: Data) => id)).toEqual(
        reference(flags, filters[0] as Data, 'SEVERITY', 'DESC', rita.id).map(({ account }) => account),
      );
    } finally {
      await own.close();
      await shared.close();
    }
  });

  const BASE = Date.parse('2025-06-01T12:00:00Z');
  const REASONS = ['MANUAL', 'OWNER_REPORT', 'CREDENTIAL_STUFFING', 'RESET_CAMPAIGN'];

  /** Flags at random, as the service would have left them: one open for an account and reason, stored keys true. */
  async function seedFlags(own: App, me: string): Promise<Seeded[]> {
    let seed = 42;
    const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    const accounts = Array.from({ length: 25 }, () => newId('acct'));
    const flags: Seeded[] = [];
    for (const account of accounts) {
      for (let n = random(5); n > 0; n -= 1) {
        const reason = REASONS[random(4)] as string;
        const isTaken = flags.some(
          (flag) => flag.account === account && flag.reason === reason && flag.status !== 'RESOLVED',
        );
        const status = isTaken ? 'RESOLVED' : (['OPEN', 'CLAIMED', 'RESOLVED', 'OPEN'][random(4)] as string);
        flags.push({
          id: newId('flag'),
          account,
          reason,
          rank: 1 + random(4),
          status,
          at: BASE + random(130) * 1000,
          by: status === 'CLAIMED' && random(2) ? me : null,
        });
      }
    }
    await own.ctx.db.execute(sql`insert into accounts (id, email, email_key, sessions_valid_after, created_at)
      select a, a || '@x.example', a || '@x.example', now(), now() from jsonb_array_elements_text(${JSON.stringify(accounts)}::jsonb) a`);
    await own.ctx.db
      .execute(sql`insert into account_flags (id, account_id, reason, severity, status, flagged_at, account_flagged_since,
        reason_flagged_since, claimed_by, claimed_at, decision, resolved_at, resolved_by, network)
      select id, account, reason, rank, status, to_timestamp(at / 1000.0),
        coalesce(min(to_timestamp(at / 1000.0)) filter (where status <> 'RESOLVED') over (partition by account), to_timestamp(at / 1000.0)),
        min(to_timestamp(at / 1000.0)) over (partition by account, reason),
        case when status = 'CLAIMED' then coalesce(by, 'acct_other') end, case when status = 'CLAIMED' then now() end,
        case when status = 'RESOLVED' then 'DISMISS' end, case when status = 'RESOLVED' then now() end,
        case when status = 'RESOLVED' then 'acct_other' end, case when reason = 'RESET_CAMPAIGN' then id end
      from jsonb_to_recordset(${JSON.stringify(flags)}::jsonb) as f (id text, account text, reason text, rank smallint, status text, at bigint, by text)`);
    return flags;
  }

  /** The contract's words, in the plainest way. */
  function reference(flags: Seeded[], filter: Data, field: string, direction: string, me: string) {
    const matching = flags.filter(
      (flag) =>
        (!filter['statuses'] || filter['statuses'].includes(flag.status)) &&
        (!filter['reasons'] || filter['reasons'].includes(flag.reason)) &&
        (!filter['minSeverity'] || flag.rank >= severities.indexOf(filter['minSeverity']) + 1) &&
        (!filter['claimedByMe'] || (flag.status === 'CLAIMED' && flag.by === me)) &&
        (!filter['flaggedFrom'] || flag.at >= Date.parse(filter['flaggedFrom'])) &&
        (!filter['flaggedBefore'] || flag.at < Date.parse(filter['flaggedBefore'])),
    );
    const sign = direction === 'DESC' ? -1 : 1;
    const compare = (a: number | string, b: number | string): number => (a < b ? -1 : a > b ? 1 : 0);
    return [...new Set(matching.map(({ account }) => account))]
      .map((account) => {
        const own = matching
          .filter((flag) => flag.account === account)
          .sort((a, b) => b.rank - a.rank || a.at - b.at || compare(a.id, b.id));
        return {
          account,
          matching: own,
          rank: Math.max(...own.map(({ rank }) => rank)),
          at: Math.min(...own.map(({ at }) => at)),
        };
      })
      .sort((a, b) =>
        field === 'SEVERITY'
          ? sign * (a.rank - b.rank) || a.at - b.at || compare(a.account, b.account)
          : sign * (a.at - b.at) || sign * compare(a.account, b.account),
      );
  }

  test('the stored order stays true when the oldest flag of an account is decided', async () => {
    const rita = await desk('rita');
    const ada = await app().person();
    const first = await claimed(rita, ada);
    await app().advance(60);
    const accountId = await ada.accountId();
    await onFlag(rita.client, 'flagAccount', { accountId, reason: 'OWNER_REPORT', severity: 'HIGH' });
    const since = () =>
      rows<{ t: string }>(
        app().ctx.db,
        sql`select account_flagged_since::text as t from account_flags where account_id = ${accountId} and status <> 'RESOLVED'`,
      );
    const before = await since();
    expect(new Set(before.map(({ t }) => t)).size).toBe(1);
    await rita.signsIn();
    await onFlag(rita.client, 'resolveFlag', { flagId: first, decision: 'DISMISS' });
    const after = await since();
    expect(after).toHaveLength(1);
    expect(after[0]?.t).not.toBe(before[0]?.t);
  });

  test('a cursor is of use only to its viewer, in its list, with its filter and order (R-141); pages have 1 to 100', async () => {
    const [rita, otto] = [await desk('rita'), await desk('otto')];
    await rita.signsIn();
    await flagged(rita, await app().person(), 'LOW');
    await flagged(rita, await app().person(), 'LOW');
    const { flaggedAccounts } = await rita.client.graphql(QUEUE, { first: 1 });
    const after = flaggedAccounts.pageInfo.endCursor as string;
    const code = async (client: Client, variables: Data): Promise<string> =>
      (await client.send(QUEUE, variables)).body.errors?.[0]?.extensions.code ?? 'fine';
    expect(await code(rita.client, { first: 1, after })).toBe('fine');
    const broken = `${after.slice(0, -2)}${after.endsWith('A') ? 'B' : 'A'}${after.slice(-1)}`;
    for (const [client, variables] of [
      [otto.client, { after }],
      [rita.client, { after, filter: { statuses: ['OPEN'] } }],
      [rita.client, { after, orderBy: { field: 'FLAGGED_AT', direction: 'DESC' } }],
      [rita.client, { after: broken }],
      [rita.client, { after: '' }],
      [rita.client, { after: "' or 1=1 --" }],
      [rita.client, { first: 0 }],
      [rita.client, { first: -1 }],
      [rita.client, { first: 101 }],
      [rita.client, { first: 2_147_483_647 }],
    ] as const) {
      expect(await code(client, variables)).toBe('BAD_USER_INPUT');
    }
    expect(
      (await rita.client.send('query ($after: String) { accounts(after: $after) { nodes { id } } }', { after })).body
        .errors?.[0]?.extensions.code,
    ).toBe('BAD_USER_INPUT');
  });
});

if (onPostgres) {
  describe('races, on two machines', () => {
    test('R-117: of twenty decisions on one case exactly one is taken, and its effect is the one carried out', async () => {
      const database = await createTestDatabase();
      const apps = await Promise.all([1, 2].map(() => openApp({}, database)));
      const [one, two] = apps as [App, App];
      try {
        const rita = await staffMember(one, 'reviewer');
        const ada = await one.person();
        const flagId = await claimed(rita, ada);
        const second = two.client();
        for (const [name, value] of rita.client.cookies) second.cookies.set(name, value);
        const decide = (n: number) =>
          onFlag(n % 2 ? rita.client : second, 'resolveFlag', {
            flagId,
            decision: n % 2 ? 'LOCK_ACCOUNT' : 'DISMISS',
            note: `number ${n}`,
          });
        const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => decide(n)));
        const winners = outcomes.filter(({ __typename }) => __typename === 'ResolveFlagSuccess');
        expect(winners).toHaveLength(1);
        const decision = winners[0]?.['flag'].resolution.decision;
        const { account } = await rita.client.graphql('query ($id: ID!) { account(id: $id) { status } }', {
          id: await idOf(one, ada),
        });
        expect(account.status).toBe(decision === 'LOCK_ACCOUNT' ? 'LOCKED' : 'ACTIVE');
      } finally {
        await Promise.all(apps.map((each) => each.close()));
        await database.close();
      }
    });

    test('two staff members take one case at once: one has it', async () => {
      const [rita, otto] = [await desk('rita'), await desk('otto')];
      for (let round = 0; round < 5; round += 1) {
        await rita.signsIn();
        const flagId = await flagged(rita, await app().person());
        await otto.signsIn();
        const outcomes = await Promise.all([rita, otto].map(({ client }) => onFlag(client, 'claimFlag', { flagId })));
        expect(outcomes.map(({ __typename }) => __typename).sort()).toEqual([
          'ClaimFlagSuccess',
          'FlagConflictProblem',
        ]);
        expect(outcomes[0]?.['flag'].claimedBy.id).toBe(outcomes[1]?.['flag'].claimedBy.id);
      }
    });

    test('one account flagged fifty times at once has one open flag', async () => {
      const rita = await desk('rita');
      const accountId = await (await app().person()).accountId();
      const input = { accountId, reason: 'MANUAL', severity: 'LOW' };
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => onFlag(rita.client, 'flagAccount', input)));
      expect(new Set(outcomes.map(({ flag }) => flag.id)).size).toBe(1);
    });
  });
}

const idOf = async (own: App, person: Person): Promise<string> =>
  (await rows<{ id: string }>(own.ctx.db, sql`select id from accounts where email = ${person.email}`))[0]?.id as string;
