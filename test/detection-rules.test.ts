/** The rules see what they should, count it exactly, and change nothing that anyone outside can see. */
import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { loadConfig, type Limit } from '../src/base/config.js';
import { rows } from '../src/base/database.js';
import { clock } from '../src/base/time.js';
import { judgeEvents } from '../src/flagged-accounts/detection.js';
import {
  firstReached,
  rules,
  severityFor,
  severityRank,
  worthKeeping,
  type Counted,
  type FlagReason,
} from '../src/flagged-accounts/rules.js';
import { recordRefused } from '../src/security-events/service.js';
import { openApp, useApp } from './support/app.js';
import { createTestDatabase } from './support/database.js';
import { addTotp, passwordStep, secondStep } from './support/factors.js';
import { OTHER_PASSWORD } from './support/person.js';
import { flagsOf, onFlag, staffMember, type StaffMember } from './support/staff.js';

const onPostgres = !!process.env['TEST_DATABASE_URL'];
const ruleFor = (reason: FlagReason) => rules.find((rule) => rule.reason === reason) as (typeof rules)[number];

describe('the policy, as tables of examples', () => {
  const at = (seconds: number, account = 'a'): Counted => ({
    id: `e${seconds}${account}`,
    at: seconds * 1000,
    accountId: account,
    network: 'n',
  });

  test('a threshold is reached by so many events within the window, not by the same number spread wider', () => {
    const limit = { max: 3, seconds: 100 };
    expect(firstReached([at(0), at(50), at(100)], 'events', limit)).toBe(100_000);
    expect(firstReached([at(0), at(50), at(101)], 'events', limit)).toBeNull();
    expect(firstReached([at(0), at(80), at(150), at(170)], 'events', limit)).toBe(170_000);
    expect(firstReached([at(0), at(1)], 'events', limit)).toBeNull();
    expect(firstReached([], 'events', limit)).toBeNull();
  });

  test('a campaign counts accounts: one account asked for a hundred times is none', () => {
    const limit = { max: 3, seconds: 100 };
    const often = Array.from({ length: 100 }, (_, n) => at(n / 2));
    expect(firstReached(often, 'accounts', limit)).toBeNull();
    expect(firstReached([at(0, 'a'), at(1, 'b'), at(2, 'a'), at(3, 'c')], 'accounts', limit)).toBe(3_000);
    expect(firstReached([at(0, 'a'), at(90, 'b'), at(101, 'c'), at(102, 'a')], 'accounts', limit)).toBe(102_000);
  });

  test('a rule whose threshold is 0 is off', () => {
    expect(firstReached([at(0), at(0)], 'events', { max: 0, seconds: 100 })).toBeNull();
  });

  test('severity follows from the evidence and rises with it', () => {
    for (const rule of rules) {
      const ranks = [1, 2, 3, 4, 8, 10, 50].map((times) => severityRank(severityFor(rule, times * 5, 5)));
      expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    }
    expect(severityFor(ruleFor('REPEATED_PASSWORD_RESETS'), 3, 3)).toBe('MEDIUM');
    expect(severityFor(ruleFor('REPEATED_PASSWORD_RESETS'), 12, 3)).toBe('CRITICAL');
  });

  test('what strangers can cause alone never stands beside real harm (R-107, R-109)', () => {
    for (const reason of ['REPEATED_RESET_REQUESTS', 'CREDENTIAL_STUFFING'] as const) {
      expect(severityFor(ruleFor(reason), 1_000_000, 5)).toBe('MEDIUM');
    }
  });

  test('each rule takes its numbers from the environment', () => {
    const config = loadConfig({ APP_ENV: 'test', DATA_DIR: '/tmp', SECRET_KEYS: undefined, FLAG_RESETS: '7/70' });
    expect(config[ruleFor('REPEATED_PASSWORD_RESETS').limit]).toEqual({ max: 7, seconds: 70 });
  });
});

describe('what people and strangers do', () => {
  const app = useApp({
    FLAG_RESET_REQUESTS: '5/3600',
    FLAG_RESETS: '3/86400',
    FLAG_FAILED_SIGN_INS: '4/3600',
    FLAG_SECOND_FACTOR_FAILURES: '3/3600',
    LIMIT_GUESS: '100/900',
    LIMIT_RESET_PER_ADDRESS: '100/1800',
  });
  let desk: StaffMember | undefined;
  const reviewer = async (): Promise<StaffMember> => {
    if (desk) await desk.signsIn();
    return (desk ??= await staffMember(app(), 'reviewer'));
  };

  test('R-106: repeated reset requests raise one open flag; more adds to its count', async () => {
    const ada = await app().person();
    const id = await ada.accountId();
    for (let n = 0; n < 4; n += 1) await ada.asksForReset(app().client());
    await app().work();
    const staff = await reviewer();
    expect(await flagsOf(staff.client, id)).toEqual([]);
    await ada.asksForReset(app().client());
    await app().work();
    const [flag, ...others] = await flagsOf(staff.client, id);
    expect(others).toEqual([]);
    expect(flag).toMatchObject({ reason: 'REPEATED_RESET_REQUESTS', severity: 'LOW', status: 'OPEN' });
    expect(flag?.['evidence']).toMatchObject({ eventCount: 5, distinctSources: 5, affectedAccountCount: 1 });
    for (let n = 0; n < 5; n += 1) await ada.asksForReset(ada.browser);
    await app().work();
    const [grown] = await flagsOf(staff.client, id);
    expect(grown?.['id']).toBe(flag?.['id']);
    expect(grown?.['evidence']).toMatchObject({ eventCount: 10, distinctSources: 6 });
    expect(grown?.['evidence'].events.nodes).toHaveLength(10);
    expect(grown?.['history'].map(({ kind }: { kind: string }) => kind)).toEqual(['ADDED_TO', 'RAISED']);
  });

  test('R-107: requests never completed do not look like completed resets, and the other way round', async () => {
    const bob = await app().person();
    const id = await bob.accountId();
    for (const password of [OTHER_PASSWORD, 'four slow green boats', 'six bright copper kettles']) {
      expect(await bob.resetsPassword(password)).toMatchObject({ __typename: 'CompletePasswordResetSuccess' });
      await app().advance(61);
    }
    await app().work();
    const staff = await reviewer();
    const flags = await flagsOf(staff.client, id);
    expect(flags.map(({ reason }) => reason)).toEqual(['REPEATED_PASSWORD_RESETS']);
    expect(flags[0]).toMatchObject({ severity: 'MEDIUM', evidence: { eventCount: 3 } });
  });

  test('many failed sign-ins, then a right one from the same place: a takeover until shown otherwise', async () => {
    const eve = await app().person();
    const id = await eve.accountId();
    const thief = app().client();
    for (let n = 0; n < 4; n += 1)
      await thief.call('signIn', { email: eve.email, password: `wrong guess number ${n}` });
    await app().work();
    const staff = await reviewer();
    expect(await flagsOf(staff.client, id)).toMatchObject([
      { reason: 'CREDENTIAL_STUFFING', severity: 'LOW', evidence: { eventCount: 4 } },
    ]);
    await thief.call('signIn', { email: eve.email, password: eve.password });
    await app().work();
    expect(await flagsOf(staff.client, id)).toMatchObject([
      { reason: 'CREDENTIAL_STUFFING', severity: 'CRITICAL', evidence: { eventCount: 4 } },
    ]);
  });

  test('attempts that are slowed down count as well: the defaults can be reached', async () => {
    const database = await createTestDatabase();
    const own = await openApp({ LIMIT_GUESS: '2/900', FLAG_FAILED_SIGN_INS: '10/3600' }, database);
    try {
      const eve = await own.person();
      for (let n = 0; n < 10; n += 1) {
        await own.client().call('signIn', { email: eve.email, password: `wrong guess number ${n}` });
      }
      await own.work();
      const [flag] = await rows<{ event_count: number }>(own.ctx.db, sql`select event_count from account_flags`);
      expect(flag).toEqual({ event_count: 10 });
    } finally {
      await own.close();
      await database.close();
    }
  });

  test('a right sign-in from elsewhere is looked at within the hour', async () => {
    const eve = await app().person();
    const id = await eve.accountId();
    const thief = app().client();
    for (let n = 0; n < 4; n += 1)
      await thief.call('signIn', { email: eve.email, password: `wrong guess number ${n}` });
    await eve.signsInElsewhere();
    await app().work();
    const staff = await reviewer();
    expect(await flagsOf(staff.client, id)).toMatchObject([{ severity: 'HIGH' }]);
  });

  test('failed second factors: whoever does that knows the password', async () => {
    const mia = await app().person();
    const id = await mia.accountId();
    await addTotp(app(), mia);
    for (let n = 0; n < 3; n += 1) {
      const [client, challenge] = await passwordStep(app(), mia);
      await secondStep(client, challenge, { totpCode: '000000' });
    }
    await app().work();
    const staff = await reviewer();
    expect(await flagsOf(staff.client, id)).toMatchObject([
      { reason: 'SECOND_FACTOR_ABUSE', severity: 'HIGH', evidence: { eventCount: 3 } },
    ]);
  });

  test('a dismissed reason stays quiet for the same evidence and speaks again on new evidence', async () => {
    const ada = await app().person();
    const id = await ada.accountId();
    for (let n = 0; n < 6; n += 1) await ada.asksForReset(app().client());
    await app().work();
    const staff = await reviewer();
    const [flag] = await flagsOf(staff.client, id);
    await onFlag(staff.client, 'claimFlag', { flagId: flag?.['id'] });
    await onFlag(staff.client, 'resolveFlag', { flagId: flag?.['id'], decision: 'DISMISS' });
    for (let n = 0; n < 4; n += 1) await ada.asksForReset(app().client());
    await app().work();
    expect(await flagsOf(staff.client, id)).toEqual([]);
    await ada.asksForReset(app().client());
    await app().work();
    const [again] = await flagsOf(staff.client, id);
    expect(again?.['id']).not.toBe(flag?.['id']);
    expect(again?.['evidence'].eventCount).toBe(5);
  });

  test('nothing counts twice when events are brought again, and nothing is lost when the judge dies', async () => {
    const ada = await app().person();
    for (let n = 0; n < 5; n += 1) await ada.asksForReset(app().client());
    const { ctx } = app();
    await expect(
      ctx.db.transaction(async (db) => {
        await judgeEvents({ ...ctx, db }, 500);
        throw new Error('killed in the middle');
      }),
    ).rejects.toThrow('killed');
    await app().work();
    const staff = await reviewer();
    const [flag] = await flagsOf(staff.client, await ada.accountId());
    expect(flag?.['evidence'].eventCount).toBe(5);
    await ctx.db.execute(
      sql`insert into unjudged_events select event_id, occurred_at from flag_events where flag_id = ${flag?.['id']}`,
    );
    await app().work();
    expect((await flagsOf(staff.client, await ada.accountId()))[0]?.['evidence'].eventCount).toBe(5);
  });

  test('an event that is committed late completes what came after it', async () => {
    const ada = await app().person();
    const id = await ada.accountId();
    for (let n = 0; n < 5; n += 1) await ada.asksForReset(app().client());
    const { ctx } = app();
    const late = await rows<{ event_id: string; occurred: string }>(
      ctx.db,
      sql`delete from unjudged_events where event_id = (select event_id from unjudged_events order by occurred_at limit 1)
          returning event_id, occurred_at::text as occurred`,
    );
    await app().work();
    const staff = await reviewer();
    expect(await flagsOf(staff.client, id)).toEqual([]);
    await ctx.db.execute(
      sql`insert into unjudged_events values (${late[0]?.event_id}, ${late[0]?.occurred}::timestamptz)`,
    );
    await app().work();
    expect((await flagsOf(staff.client, id))[0]?.['evidence'].eventCount).toBe(5);
  });

  test('a burst that waited in the queue for hours is seen, though a later event came in with it', async () => {
    const ada = await app().person();
    const id = await ada.accountId();
    for (let n = 0; n < 5; n += 1) await ada.asksForReset(app().client());
    await app().advance(3 * 3600);
    await ada.asksForReset(app().client());
    await app().work();
    const staff = await reviewer();
    expect((await flagsOf(staff.client, id))[0]?.['evidence'].eventCount).toBe(6);
  });

  test('the owner sees what strangers asked for, once it is judged', async () => {
    const ada = await app().person();
    await ada.asksForReset(app().client());
    await app().work();
    const { viewer } = await ada.browser.graphql(
      '{ viewer { securityEvents { nodes { kind byStaff device { summary ipAddress } } } } }',
    );
    expect(viewer.securityEvents.nodes[0]).toMatchObject({
      kind: 'PASSWORD_RESET_REQUESTED',
      byStaff: false,
      device: { summary: 'Firefox on Linux' },
    });
  });

  test("events of an address that nobody had yet are not the later owner's", async () => {
    const email = `later.${process.pid}@example.org`;
    const client = app().client();
    for (let n = 0; n < 6; n += 1) await client.call('requestPasswordReset', { email });
    const late = await app().person({ email });
    await app().work();
    const staff = await reviewer();
    expect(await flagsOf(staff.client, await late.accountId())).toEqual([]);
  });

  test('R-108: a flag changes nothing that the public sees', async () => {
    const [calm, attacked] = [await app().person(), await app().person()];
    for (let n = 0; n < 8; n += 1) await attacked.asksForReset(app().client());
    await app().work();
    const answers = [];
    for (const person of [calm, attacked]) {
      const client = app().client();
      const asked = await client.send(
        'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename ... on RequestPasswordResetAccepted { linkLifetimeMinutes resendAfterSeconds } } }',
        { input: { email: person.email } },
      );
      const signedIn = await client.send('mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }', {
        input: { email: person.email, password: person.password },
      });
      answers.push([asked.status, asked.text, signedIn.status, signedIn.text]);
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(await attacked.resetsPassword(OTHER_PASSWORD)).toMatchObject({ __typename: 'CompletePasswordResetSuccess' });
  });
});

describe('one network that asks for many', () => {
  const app = useApp({ FLAG_CAMPAIGN: '6/3600', FLAG_RESET_REQUESTS: '3/3600', LIMIT_RESET_PER_ADDRESS: '100/1800' });

  test('R-109: one flag for the source names the accounts, and does not bury a severe case', async () => {
    const staff = await staffMember(app(), 'reviewer');
    const victim = await app().person();
    await onFlag(staff.client, 'flagAccount', {
      accountId: await victim.accountId(),
      reason: 'MANUAL',
      severity: 'CRITICAL',
    });
    const people = [];
    for (let n = 0; n < 12; n += 1) people.push(await app().person());
    const attacker = app().client();
    await attacker.call('requestPasswordReset', { email: staff.person.email });
    for (let round = 0; round < 4; round += 1) for (const person of people) await person.asksForReset(attacker);
    await app().work();
    await staff.signsIn();
    const { flaggedAccounts } = await staff.client.graphql(
      '{ flaggedAccounts { totalCount edges { severity node { id } matchingFlags { id reason evidence { eventCount affectedAccountCount distinctSources affectedAccounts { id } } } } } }',
    );
    expect(flaggedAccounts.totalCount).toBe(2);
    expect(flaggedAccounts.edges[0]).toMatchObject({ severity: 'CRITICAL', node: { id: await victim.accountId() } });
    const [campaign] = flaggedAccounts.edges[1].matchingFlags;
    expect(campaign).toMatchObject({
      reason: 'RESET_CAMPAIGN',
      evidence: { affectedAccountCount: 13, eventCount: 49, distinctSources: 1 },
    });
    expect(campaign.evidence.affectedAccounts).toHaveLength(13);
    // Filed under someone whose case a reviewer may work on, though a colleague was hit first.
    expect(flaggedAccounts.edges[1].node.id).toBe(await people[0]?.accountId());
    const claimed = await onFlag(staff.client, 'claimFlag', { flagId: campaign.id });
    expect(claimed['__typename']).toBe('ClaimFlagSuccess');
  });
});

describe('one network, with the limits and thresholds as they are shipped', () => {
  const { LIMIT_MAIL_PER_NETWORK, LIMIT_SIGN_IN_PER_NETWORK, FLAG_CAMPAIGN } = loadConfig({
    APP_ENV: 'test',
    DATA_DIR: '/tmp',
  });
  const asText = ({ max, seconds }: Limit): string => `${max}/${seconds}`;
  const app = useApp({
    LIMIT_MAIL_PER_NETWORK: asText(LIMIT_MAIL_PER_NETWORK),
    LIMIT_SIGN_IN_PER_NETWORK: asText(LIMIT_SIGN_IN_PER_NETWORK),
    FLAG_SIGN_IN_CAMPAIGN: '6/3600',
  });
  const addresses = async (prefix: string, count: number): Promise<string[]> =>
    (
      await rows<{ email: string }>(
        app().ctx.db,
        sql`insert into accounts (id, email, email_key, sessions_valid_after, created_at)
            select 'acct_' || left(md5(${prefix} || n), 22), email, email, now(), now() - interval '1 day'
            from generate_series(1, ${count}::int) n cross join lateral (select ${prefix} || n || '@example.org' as email) named
            returning email`,
      )
    ).map(({ email }) => email);
  const openFlags = () =>
    rows<{ reason: string; severity: number; event_count: number; affected_account_count: number }>(
      app().ctx.db,
      sql`select reason, severity::int, event_count, affected_account_count from account_flags order by flagged_at`,
    );
  const eventsOf = async (network: string): Promise<number> =>
    (
      await rows<{ n: number }>(
        app().ctx.db,
        sql`select count(*)::int as n from security_events where network = ${network} and kind = 'password_reset_requested'`,
      )
    )[0]?.n ?? 0;

  test('R-109: requests that the door refused are evidence too, so that a campaign is seen; they send nothing', async () => {
    const known = await addresses('campaign', FLAG_CAMPAIGN.max + 5);
    const attacker = app().client();
    const answers = [];
    for (const email of [...known, ...known]) {
      answers.push((await attacker.call('requestPasswordReset', { email }))['__typename']);
    }
    expect(answers.filter((name) => name !== 'RateLimitProblem')).toHaveLength(LIMIT_MAIL_PER_NETWORK.max);
    await app().work();
    expect(await openFlags()).toEqual([
      { reason: 'RESET_CAMPAIGN', severity: 2, event_count: known.length, affected_account_count: known.length },
    ]);
    expect(await eventsOf(attacker.ip)).toBe(known.length);
    const letters = await rows<{ n: number }>(app().ctx.db, sql`select count(*)::int as n from sent_messages`);
    expect(letters[0]?.n).toBeLessThanOrEqual(LIMIT_MAIL_PER_NETWORK.max);
  });

  test('what is refused fills no disk: a row for an address, and no more of one network than are of use', async () => {
    const ctx = { ...app().ctx, origin: { requestId: 'x', ip: null, network: '192.0.2.77', userAgent: null } };
    const bound = { max: 5, seconds: 3600 };
    for (const n of [1, 1, 1, 2]) await recordRefused(ctx, 'password_reset_requested', `r${n}@example.org`, bound);
    expect(await eventsOf('192.0.2.77')).toBe(2);
    for (let n = 1; n < 20; n += 1) await recordRefused(ctx, 'password_reset_requested', `r${n}@example.org`, bound);
    expect(await eventsOf('192.0.2.77')).toBe(5);
    await app().advance(3601);
    await recordRefused(ctx, 'password_reset_requested', 'r1@example.org', bound);
    expect(await eventsOf('192.0.2.77')).toBe(6);
    for (const times of [1, 10, 10_000]) {
      const config = { ...ctx.config, FLAG_CAMPAIGN: { max: times, seconds: 60 } };
      expect(worthKeeping('RESET_CAMPAIGN', config).max).toBeLessThanOrEqual(Math.max(times, 1000));
    }
  });

  test('R-109: an attack on 10 000 addresses, from one network or from thousands, leaves a severe case on top', async () => {
    const { ctx } = app();
    await ctx.db.execute(sql`delete from account_flags`);
    const staff = await staffMember(app(), 'reviewer');
    const severe = await (await app().person()).accountId();
    await onFlag(staff.client, 'flagAccount', { accountId: severe, reason: 'MANUAL', severity: 'CRITICAL' });
    await addresses('attacked', 10_000);
    // What the door and the worker leave of so many requests: one source asks for each, and five ask for each of the first 500.
    await ctx.db.execute(
      sql`with asked as (
            insert into security_events (id, kind, occurred_at, email_key, request_id, network)
            select 'evt_' || left(md5('attack' || n || '.' || source), 22), 'password_reset_requested',
              ${clock(ctx)} - n * interval '1 millisecond', 'attacked' || n || '@example.org', 'x',
              case when source = 0 then '192.0.2.1' else '198.51.' || n % 250 || '.' || source end
            from generate_series(1, 10000) n cross join generate_series(0, 5) source
            where source = 0 or n <= 500
            returning id, occurred_at)
          insert into unjudged_events (event_id, occurred_at) select id, occurred_at from asked`,
    );
    await app().work();
    await staff.signsIn();
    const { flaggedAccounts } = await staff.client.graphql(
      '{ flaggedAccounts { totalCount edges { severity node { id } matchingFlags { reason evidence { affectedAccountCount affectedAccounts { id } } } } } }',
    );
    const [first, second, ...others] = flaggedAccounts.edges;
    expect(first).toMatchObject({ severity: 'CRITICAL', node: { id: severe } });
    expect(second.matchingFlags[0]).toMatchObject({
      reason: 'RESET_CAMPAIGN',
      evidence: { affectedAccountCount: 10_000 },
    });
    expect(second.matchingFlags[0].evidence.affectedAccounts).toHaveLength(100);
    expect(others.every(({ severity }: { severity: string }) => severity === 'LOW')).toBe(true);
    expect(flaggedAccounts.totalCount).toBe(502);
  });

  test('one try for each of many accounts raises one flag for the source; a right one makes it urgent', async () => {
    await app().ctx.db.execute(sql`delete from account_flags`);
    const person = await app().person();
    const attacker = app().client();
    for (const email of await addresses('spray', 6)) {
      await attacker.call('signIn', { email, password: 'the same for everyone' });
    }
    await app().work();
    expect(await openFlags()).toEqual([
      { reason: 'SIGN_IN_CAMPAIGN', severity: 2, event_count: 6, affected_account_count: 6 },
    ]);
    await person.signsInElsewhere();
    await app().work();
    expect(await openFlags()).toMatchObject([{ severity: 2 }]);
    await attacker.call('signIn', { email: person.email, password: person.password });
    await app().work();
    expect(await openFlags()).toMatchObject([{ reason: 'SIGN_IN_CAMPAIGN', severity: 3 }]);
  });
});

if (onPostgres) {
  describe('races', () => {
    test('R-106: 50 reset requests in parallel, judged by four workers: one open flag with the right count', async () => {
      const database = await createTestDatabase();
      const env = { LIMIT_RESET_PER_ADDRESS: '100/1800' };
      const apps = await Promise.all([1, 2].map(() => openApp(env, database)));
      const [one, two] = apps as [(typeof apps)[0], (typeof apps)[0]];
      try {
        const ada = await one.person();
        const id = await ada.accountId();
        let isOver = false;
        const judges = [one, two, one, two].map(async ({ ctx }) => {
          while (!isOver) await judgeEvents(ctx, 7);
        });
        await Promise.all(
          Array.from({ length: 50 }, (_, n) =>
            (n % 2 ? one : two).client().call('requestPasswordReset', { email: ada.email }),
          ),
        );
        isOver = true;
        await Promise.all(judges);
        while ((await judgeEvents(one.ctx, 500)) > 0);
        const flags = await rows<{ event_count: number; distinct_sources: number; rows: number }>(
          one.ctx.db,
          sql`select event_count, distinct_sources, (select count(*)::int from flag_events where flag_id = f.id) as rows
              from account_flags f where account_id = ${id}`,
        );
        expect(flags).toEqual([{ event_count: 50, distinct_sources: 50, rows: 50 }]);
      } finally {
        await Promise.all(apps.map((app) => app.close()));
        await database.close();
      }
    });
  });
}
