/** What staff do to an account directly: with its effect, its record, and a word to the owner. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { newId } from '../src/base/secrets.js';
import { useApp } from './support/app.js';
import type { Client, Data } from './support/client.js';
import { staffMember, type StaffMember } from './support/staff.js';

const app = useApp();

let known: StaffMember | undefined;
async function reviewer(): Promise<StaffMember> {
  if (known) await known.signsIn();
  return (known ??= await staffMember(app(), 'reviewer'));
}

const ACCOUNT = 'account { id status lock { reason note lockedAt expiresAt lockedBy { id } } activeSessionCount }';
const act = (client: Client, mutation: string, input: Data): Promise<Data> => {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}`;
  const count = mutation === 'revokeAllSessions' ? 'revokedSessionCount' : '';
  const conflict = mutation === 'revokeAllSessions' ? '' : `... on AccountConflictProblem { ${ACCOUNT} }`;
  return client.call(mutation, input, `... on ${type}Success { ${ACCOUNT} ${count} } ${conflict}`);
};
const isSignedIn = async (client: Client): Promise<boolean> =>
  (await client.graphql('{ viewer { id } }'))['viewer'] !== null;
const auditOf = (accountId: string) =>
  rows<{ action: string; note: string | null; by_account_id: string }>(
    app().ctx.db,
    sql`select action, note, by_account_id from audit_entries where subject_account_id = ${accountId} order by sequence desc`,
  );

describe('locking', () => {
  test('an account is barred, its sessions are over, its owner is told, and the desk sees who did it and why', async () => {
    const rita = await reviewer();
    const ada = await app().person();
    const accountId = await ada.accountId();
    const outcome = await act(rita.client, 'lockAccount', { accountId, reason: 'ABUSE', note: 'Spam.' });
    expect(outcome).toMatchObject({
      account: {
        status: 'LOCKED',
        activeSessionCount: 0,
        lock: { reason: 'ABUSE', note: 'Spam.', expiresAt: null, lockedBy: { id: rita.id } },
      },
    });
    expect(await isSignedIn(ada.browser)).toBe(false);
    expect((await app().mailTo(ada.email)).map(({ subject }) => subject)).toEqual(
      expect.arrayContaining([expect.stringMatching(/was locked/)]),
    );
    expect((await auditOf(accountId))[0]).toEqual({ action: 'lockAccount', note: 'Spam.', by_account_id: rita.id });
  });

  test('a lock ends by itself at its time; sessions from before it do not come back', async () => {
    const rita = await reviewer();
    const ada = await app().person();
    const accountId = await ada.accountId();
    const now = await app().advance(0);
    const expiresAt = new Date(now.getTime() + 3_600_000).toISOString();
    await act(rita.client, 'lockAccount', { accountId, reason: 'OWNER_REQUEST', expiresAt });
    expect(await app().client().call('signIn', { email: ada.email, password: ada.password })).toMatchObject({
      reason: 'ACCOUNT_LOCKED',
    });
    await app().advance(3_599);
    expect(await app().client().call('signIn', { email: ada.email, password: ada.password })).toMatchObject({
      reason: 'ACCOUNT_LOCKED',
    });
    await app().advance(2);
    expect(await isSignedIn(await ada.signsInElsewhere())).toBe(true);
    expect(await isSignedIn(ada.browser)).toBe(false);
    await rita.signsIn();
    expect(await act(rita.client, 'unlockAccount', { accountId })).toMatchObject({
      code: 'CONFLICT',
      account: { status: 'ACTIVE', lock: null },
    });
    expect(await act(rita.client, 'lockAccount', { accountId, reason: 'ABUSE' })).toMatchObject({
      account: { status: 'LOCKED' },
    });
  });

  test('an end that has passed, and a note that is too long, are refused', async () => {
    const rita = await reviewer();
    const accountId = await (await app().person()).accountId();
    for (const wrong of [{ expiresAt: '2001-01-01T00:00:00Z' }, { note: 'x'.repeat(2001) }]) {
      expect(await act(rita.client, 'lockAccount', { accountId, reason: 'ABUSE', ...wrong })).toMatchObject({
        code: 'INVALID_INPUT',
      });
    }
  });

  test('a locked account is not locked again; unlocked, its owner signs in as before', async () => {
    const rita = await reviewer();
    const ada = await app().person();
    const accountId = await ada.accountId();
    await act(rita.client, 'lockAccount', { accountId, reason: 'SUSPECTED_TAKEOVER' });
    expect(await act(rita.client, 'lockAccount', { accountId, reason: 'ABUSE' })).toMatchObject({
      code: 'CONFLICT',
      account: { lock: { reason: 'SUSPECTED_TAKEOVER' } },
    });
    expect(await act(rita.client, 'unlockAccount', { accountId, note: 'Called back.' })).toMatchObject({
      account: { status: 'ACTIVE', lock: null },
    });
    expect(await isSignedIn(await ada.signsInElsewhere())).toBe(true);
    expect((await app().mailTo(ada.email)).map(({ subject }) => subject)).toEqual(
      expect.arrayContaining([expect.stringMatching(/unlocked/)]),
    );
    expect((await auditOf(accountId))[0]).toMatchObject({ action: 'unlockAccount', note: 'Called back.' });
  });

  test('a reset link asked for before a lock is void, and none is sent while it holds', async () => {
    const rita = await reviewer();
    const ada = await app().person();
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    await act(rita.client, 'lockAccount', { accountId: await ada.accountId(), reason: 'ABUSE' });
    const newPassword = 'eleven calm winter evenings';
    expect(await app().client().call('completePasswordReset', { token, newPassword })).toMatchObject({
      code: 'TOKEN_INVALID',
    });
    const before = (await app().mailTo(ada.email)).length;
    await app().advance(120);
    await ada.asksForReset(app().client());
    expect((await app().mailTo(ada.email)).length).toBe(before);
  });
});

describe('forcing a reset', () => {
  test('R-112: the password is void, the owner gets a link, and staff get none', async () => {
    const rita = await reviewer();
    const ada = await app().person();
    const accountId = await ada.accountId();
    const outcome = await act(rita.client, 'forcePasswordReset', { accountId, note: 'In a leak.' });
    expect(outcome).toMatchObject({ account: { status: 'PASSWORD_RESET_REQUIRED' } });
    expect(JSON.stringify(outcome)).not.toContain('#');
    expect(await isSignedIn(ada.browser)).toBe(false);
    expect(await app().client().call('signIn', { email: ada.email, password: ada.password })).toMatchObject({
      reason: 'PASSWORD_RESET_REQUIRED',
    });
    const subjects = (await app().mailTo(ada.email)).map(({ subject }) => subject);
    expect(subjects).toEqual(
      expect.arrayContaining([expect.stringMatching(/Reset your/), expect.stringMatching(/must be reset/)]),
    );
    const token = await ada.nextToken('reset-password');
    const newPassword = 'eleven calm winter evenings';
    expect(await app().client().call('completePasswordReset', { token, newPassword })).toMatchObject({
      __typename: 'CompletePasswordResetSuccess',
    });
  });

  test('R-112: no argument of any mutation for staff takes a password, a code or an address', async () => {
    const { __schema } = await (
      await reviewer()
    ).client.graphql('{ __schema { types { name inputFields { name type { name ofType { name } } } } } }');
    const inputs = [
      'FlagAccountInput',
      'ResolveFlagInput',
      'LockAccountInput',
      'UnlockAccountInput',
      'ForcePasswordResetInput',
      'RevokeAllSessionsInput',
      'DecideSupportRequestInput',
      'ConfirmSupportDecisionInput',
    ];
    for (const { name, inputFields } of __schema.types as Data[]) {
      if (!inputs.includes(name)) continue;
      for (const field of inputFields as Data[]) {
        expect(`${name}.${field['name']}`).not.toMatch(/password$|code|token|email$|role|isStaff/i);
        expect(field['type'].name ?? field['type'].ofType.name).not.toBe('Secret');
      }
    }
  });
});

describe('ending all sessions', () => {
  test('every session is over before the answer is there, and counted', async () => {
    const rita = await reviewer();
    const ada = await app().person();
    const others = [await ada.signsInElsewhere(), await ada.signsInElsewhere()];
    const outcome = await act(rita.client, 'revokeAllSessions', { accountId: await ada.accountId() });
    expect(outcome).toMatchObject({ revokedSessionCount: 3, account: { activeSessionCount: 0, status: 'ACTIVE' } });
    for (const client of [ada.browser, ...others]) expect(await isSignedIn(client)).toBe(false);
    expect(await isSignedIn(await ada.signsInElsewhere())).toBe(true);
  });

  test('R-042: locking, forcing a reset and ending all sessions each end what is signed in', async () => {
    const rita = await reviewer();
    for (const [mutation, more] of [
      ['lockAccount', { reason: 'ABUSE' }],
      ['forcePasswordReset', {}],
      ['revokeAllSessions', {}],
    ] as const) {
      const ada = await app().person();
      await act(rita.client, mutation, { accountId: await ada.accountId(), ...more });
      expect(await isSignedIn(ada.browser)).toBe(false);
    }
  });
});

describe('who may, and on whom', () => {
  const actions: [string, Data][] = [
    ['lockAccount', { reason: 'ABUSE' }],
    ['unlockAccount', {}],
    ['forcePasswordReset', {}],
    ['revokeAllSessions', {}],
  ];

  test('an account that does not exist, or an id that is none', async () => {
    const rita = await reviewer();
    for (const accountId of [newId('acct'), 'acct_0', '%', '']) {
      for (const [mutation, more] of actions) {
        expect(await act(rita.client, mutation, { accountId, ...more })).toMatchObject({ code: 'NOT_FOUND' });
      }
    }
  });

  test('a closed account', async () => {
    const rita = await reviewer();
    const ada = await app().person();
    const accountId = await ada.accountId();
    await ada.browser.call('closeAccount', null);
    for (const [mutation, more] of actions.slice(0, 3)) {
      expect(await act(rita.client, mutation, { accountId, ...more })).toMatchObject({
        code: 'CONFLICT',
        account: { status: 'CLOSED' },
      });
    }
    expect(await act(rita.client, 'revokeAllSessions', { accountId })).toMatchObject({ revokedSessionCount: 0 });
  });

  test('R-114: nobody acts on themselves or on an equal or higher role; nothing is changed', async () => {
    const rita = await reviewer();
    const [otto, root] = [await staffMember(app(), 'reviewer'), await staffMember(app(), 'admin')];
    await rita.signsIn();
    for (const { id } of [rita, otto, root]) {
      for (const [mutation, more] of actions) {
        const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}`;
        const { body } = await rita.client.send(
          `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { __typename } }`,
          { input: { accountId: id, ...more } },
        );
        expect(body.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
      }
    }
    for (const member of [rita, otto, root]) expect(await isSignedIn(member.client)).toBe(true);
  });

  test('each asks for a recent sign-in, and for the right to review accounts', async () => {
    const rita = await reviewer();
    const helper = await staffMember(app(), 'support');
    const accountId = await (await app().person()).accountId();
    for (const [mutation, more] of actions) {
      const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}`;
      const { body } = await helper.client.send(
        `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { __typename } }`,
        { input: { accountId, ...more } },
      );
      expect(body.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
    await rita.signsIn();
    await app().advance(601);
    for (const [mutation, more] of actions) {
      expect(await act(rita.client, mutation, { accountId, ...more })).toMatchObject({
        code: 'REAUTHENTICATION_REQUIRED',
      });
    }
  });
});

describe('the file of an account', () => {
  test('accounts are found by address whatever its case, by state, and by time; the newest first', async () => {
    const rita = await reviewer();
    const ada = await app().person({ displayName: 'Ada' });
    const find = async (filter: Data): Promise<string[]> =>
      (
        await rita.client.graphql(
          'query ($filter: AccountFilter) { accounts(filter: $filter, first: 100) { nodes { id } } }',
          { filter },
        )
      )['accounts'].nodes.map(({ id }: Data) => id);
    const id = await ada.accountId();
    expect(await find({ email: ada.email.toUpperCase() })).toEqual([id]);
    for (const email of ['nobody@example.org', 'not an address', '%', "' or true --"])
      expect(await find({ email })).toEqual([]);
    expect((await find({}))[0]).toBe(id);
    expect(await find({ email: ada.email, statuses: ['LOCKED'] })).toEqual([]);
    await act(rita.client, 'lockAccount', { accountId: id, reason: 'ABUSE' });
    expect((await find({ statuses: ['LOCKED'] }))[0]).toBe(id);
    expect((await find({ statuses: ['LOCKED', 'CLOSED', 'PASSWORD_RESET_REQUIRED'] })).includes(id)).toBe(true);
    expect(await find({ statuses: ['ACTIVE'], email: ada.email })).toEqual([]);
    const now = await app().advance(0);
    expect(await find({ createdFrom: new Date(now.getTime() + 1000).toISOString() })).toEqual([]);
    expect((await find({ createdBefore: new Date(now.getTime() + 1000).toISOString() }))[0]).toBe(id);
  });

  test('pages of accounts hold each once', async () => {
    const rita = await reviewer();
    const seen: string[] = [];
    for (let after: string | null = null; ;) {
      const { accounts } = await rita.client.graphql(
        'query ($after: String) { accounts(first: 3, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }',
        { after },
      );
      seen.push(...(accounts.nodes as Data[]).map(({ id }) => id as string));
      if (!accounts.pageInfo.hasNextPage) break;
      after = accounts.pageInfo.endCursor;
    }
    const [row] = await rows<{ n: number }>(app().ctx.db, sql`select count(*)::int as n from accounts`);
    expect([seen.length, new Set(seen).size]).toEqual([row?.n, row?.n]);
  });

  test('letters that could not be delivered are there for staff to see, with the reason', async () => {
    const rita = await reviewer();
    const accountId = await (await app().person()).accountId();
    await app().ctx.db
      .execute(sql`insert into outbox (message, payload, priority, created_at, available_at, dead_at, last_error, account_id)
      values ('password_reset_link', '{}', 0, now(), now(), now(), 'mailbox full', ${accountId})`);
    const { account } = await rita.client.graphql(
      'query ($id: ID!) { account(id: $id) { undeliverableMessages { message reason failedAt } } }',
      { id: accountId },
    );
    expect(account.undeliverableMessages).toMatchObject([{ message: 'password_reset_link', reason: 'mailbox full' }]);
  });

  test('twenty accounts on a page cost one statement for each kind of fact, not one for each account', async () => {
    const rita = await reviewer();
    const statements = await countStatements(() =>
      rita.client.graphql(
        '{ accounts(first: 5) { nodes { displayName email status lock { reason } createdAt lastSignInAt secondFactorMethods activeSessionCount } } }',
      ),
    );
    const more = await countStatements(() =>
      rita.client.graphql(
        '{ accounts(first: 20) { nodes { displayName email status lock { reason } createdAt lastSignInAt secondFactorMethods activeSessionCount } } }',
      ),
    );
    expect(more).toBe(statements);
  });

  /** Statements that the service sends while `work` runs. */
  async function countStatements(work: () => Promise<unknown>): Promise<number> {
    const { db } = app().ctx;
    const session = (db as unknown as { session: { prepareQuery: (...args: unknown[]) => unknown } }).session;
    const original = session.prepareQuery.bind(session);
    let count = 0;
    session.prepareQuery = (...args) => ((count += 1), original(...args));
    await work();
    session.prepareQuery = original;
    return count;
  }
});

describe('odd input at the desk', () => {
  test('instants that the database cannot hold, and ids that are none, are refused or find nothing: never a fault', async () => {
    const root = await staffMember(app(), 'admin');
    const accountId = await (await app().person()).accountId();
    const codes = async (query: string, variables: Data) =>
      (await root.client.send(query, variables)).body.errors?.map(({ extensions }) => extensions.code);
    for (const at of ['0000-12-31T23:59:59Z', '9999-12-31T23:59:59-23:59', '0001-01-01T00:00:00+00:01']) {
      const asked = { accountId, reason: 'ABUSE', expiresAt: at };
      const lock = 'mutation ($input: LockAccountInput!) { lockAccount(input: $input) { __typename } }';
      expect([at, await codes(lock, { input: asked })]).toEqual([at, ['BAD_USER_INPUT']]);
      for (const query of [
        'query ($at: DateTime) { flaggedAccounts(filter: { flaggedFrom: $at }) { totalCount } }',
        'query ($at: DateTime) { accounts(filter: { createdBefore: $at }) { nodes { id } } }',
        'query ($at: DateTime) { auditLog(filter: { from: $at }) { nodes { id } } }',
      ]) {
        expect([at, await codes(query, { at })]).toEqual([at, ['BAD_USER_INPUT']]);
      }
      expect(await codes(`{ accounts(filter: { createdFrom: "${at}" }) { nodes { id } } }`, {})).toEqual([
        'GRAPHQL_VALIDATION_FAILED',
      ]);
    }
    for (const at of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z']) {
      expect(await codes('query ($at: DateTime) { auditLog(filter: { from: $at }) { nodes { id } } }', { at })).toBe(
        undefined,
      );
    }
    for (const text of ['', 'x', 'a\u0000b', '\ud800', accountId.toUpperCase(), 'x'.repeat(5000)]) {
      for (const query of [
        'query ($text: String) { supportRequests(filter: { reference: $text }) { totalCount nodes { id } } }',
        'query ($text: ID) { auditLog(filter: { byAccountId: $text }) { nodes { id } } }',
        'query ($text: ID) { auditLog(filter: { subjectAccountId: $text }) { nodes { id } } }',
        'query ($text: String) { accounts(filter: { email: $text }) { nodes { id } } }',
      ]) {
        const { body } = await root.client.send(query, { text });
        expect([text.slice(0, 10), body.errors, Object.values(body.data ?? {})[0]]).toMatchObject([
          text.slice(0, 10),
          undefined,
          { nodes: [] },
        ]);
      }
    }
  });
});
