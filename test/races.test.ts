/** What happens when everything comes at once, on two instances over one database. PostgreSQL only: one session hides it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { closeHashPool } from '../src/passwords/hash-pool.js';
import { openApp, type App } from './support/app.js';
import type { Client, Data } from './support/client.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { addTotp, nextTotpCode, passwordStep, secondStep } from './support/factors.js';
import { GOOD_PASSWORD, OTHER_PASSWORD } from './support/person.js';

let database: TestDatabase;
let dataDir: string;
let one: App;
let two: App;
let strict: App;
let strictToo: App;

async function openInstances(): Promise<void> {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'rekey-races-'));
  // One folder: the instances share keys and mailbox, as they share the database.
  const env = { DATA_DIR: dataDir, MAX_SESSIONS: '1000' };
  one = await openApp({ ...env, LIMIT_GUESS: '0' }, database);
  two = await openApp({ ...env, LIMIT_GUESS: '0' }, database);
  strict = await openApp(env, database);
  strictToo = await openApp(env, database);
}

async function closeInstances(): Promise<void> {
  for (const app of [one, two, strict, strictToo]) await app.close();
  await database.close();
  await closeHashPool();
  await rm(dataDir, { recursive: true, force: true });
}

/** Runs it so often at once, every other time on the other instance. */
const atOnce = <T>(count: number, run: (app: App, index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => run(i % 2 === 0 ? one : two, i)));

/** The hash queue is bounded and says BUSY: what it turned away is tried again, as a client would. */
async function insist(send: () => Promise<Data>): Promise<Data> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!String(error).includes('BUSY')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const count = (outcomes: readonly Data[], typename: string) =>
  outcomes.filter((outcome) => outcome['__typename'] === typename).length;

const isSignedIn = async (client: Client) => (await client.graphql('{ viewer { id } }'))['viewer'] !== null;

function races(): void {
  test('50 completions of one link: exactly one succeeds, and its password is the one (R-051)', async () => {
    const ada = await one.person();
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    const outcomes = await atOnce(50, (app, i) =>
      insist(() => app.client().call('completePasswordReset', { token, newPassword: `${OTHER_PASSWORD} number ${i}` })),
    );
    expect(count(outcomes, 'CompletePasswordResetSuccess')).toBe(1);
    expect(count(outcomes, 'TokenInvalidProblem')).toBe(49);
    const winner = outcomes.findIndex((outcome) => outcome['__typename'] === 'CompletePasswordResetSuccess');
    ada.password = `${OTHER_PASSWORD} number ${winner}`;
    await expect(ada.signsInElsewhere()).resolves.toBeDefined();
  });

  test('50 completions of two links, half each: one succeeds, for using one voids the other (R-052)', async () => {
    const ada = await one.person();
    const tokens: string[] = [];
    for (let i = 0; i < 2; i += 1) {
      await ada.asksForReset();
      tokens.push(await ada.nextToken('reset-password'));
      await one.advance(61);
    }
    const outcomes = await atOnce(50, (app, i) =>
      insist(() =>
        app
          .client()
          .call('completePasswordReset', { token: tokens[i % 2], newPassword: `${OTHER_PASSWORD} ${i} times` }),
      ),
    );
    expect(count(outcomes, 'CompletePasswordResetSuccess')).toBe(1);
  });

  test('50 completions of one sign-up: one account, one success', async () => {
    const email = 'raced@example.org';
    await one.client().call('signUp', { email });
    await one.work();
    const [letter] = await one.mailTo(email);
    const token = /#(sgnp_\S+)/.exec(letter?.text ?? '')?.[1];
    const outcomes = await atOnce(50, (app) =>
      insist(() => app.client().call('completeSignUp', { token, password: GOOD_PASSWORD })),
    );
    expect(count(outcomes, 'SignInSuccess')).toBe(1);
    expect(await rows(one.ctx.db, sql`select id from accounts where email_key = ${email}`)).toHaveLength(1);
  });

  test('100 sign-ins with the old password in flight during a change: no session survives (R-078)', async () => {
    const ada = await one.person();
    const clients: Client[] = [];
    const signIns = atOnce(100, async (app) => {
      const client = app.client();
      clients.push(client);
      await insist(() => client.call('signIn', { email: ada.email, password: GOOD_PASSWORD })).catch(() => undefined);
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    const changed = await insist(() =>
      ada.browser.call('changePassword', { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD }),
    );
    await signIns;
    expect(changed['__typename']).toBe('ChangePasswordSuccess');
    expect(clients.some((client) => client.cookies.has('rekey-session'))).toBe(true);
    const alive = await Promise.all(clients.map(isSignedIn));
    expect(alive.filter(Boolean)).toHaveLength(0);
    expect(await isSignedIn(ada.browser)).toBe(true);
  }, 60_000);

  test('100 sign-ins with the old password in flight during a reset: no session survives (R-059)', async () => {
    const ada = await one.person();
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    const clients: Client[] = [];
    const signIns = atOnce(100, async (app) => {
      const client = app.client();
      clients.push(client);
      await insist(() => client.call('signIn', { email: ada.email, password: GOOD_PASSWORD })).catch(() => undefined);
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    const reset = await insist(() =>
      two.client().call('completePasswordReset', { token, newPassword: OTHER_PASSWORD }),
    );
    await signIns;
    expect(reset['__typename']).toBe('CompletePasswordResetSuccess');
    expect((await Promise.all(clients.map(isSignedIn))).filter(Boolean)).toHaveLength(0);
  }, 60_000);

  test('20 changes with one current password: one succeeds, and only its password signs in (R-079)', async () => {
    const ada = await one.person();
    const session = ada.browser.cookies.get('rekey-session') ?? '';
    const answers = await atOnce(20, async (app, i) => {
      const client = app.client();
      client.cookies.set('rekey-session', session);
      const input = { currentPassword: GOOD_PASSWORD, newPassword: `${OTHER_PASSWORD} change ${i}` };
      return insist(() => client.call('changePassword', input)).catch((error: unknown) => ({ refused: String(error) }));
    });
    const winners = answers.flatMap((answer, i) =>
      '__typename' in answer && answer['__typename'] === 'ChangePasswordSuccess' ? [i] : [],
    );
    expect(winners).toHaveLength(1);
    for (const answer of answers.filter((_, i) => i !== winners[0])) {
      expect(JSON.stringify(answer)).toMatch(/UNAUTHENTICATED|INVALID_CREDENTIALS/);
    }
    for (let i = 0; i < 20; i += 1) {
      const outcome = await insist(() =>
        one.client().call('signIn', { email: ada.email, password: `${OTHER_PASSWORD} change ${i}` }),
      );
      expect([i, outcome['__typename']]).toEqual([i, i === winners[0] ? 'SignInSuccess' : 'InvalidCredentialsProblem']);
    }
  }, 60_000);

  test('200 guesses against a limit of 5: at most five are compared (R-019)', async () => {
    const ada = await strict.person();
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        insist(() => strict.client().call('signIn', { email: ada.email, password: `guess number ${i} of many` })),
      ),
    );
    const compared = count(outcomes, 'InvalidCredentialsProblem');
    expect(compared).toBeGreaterThan(0);
    expect(compared).toBeLessThanOrEqual(5);
    expect(count(outcomes, 'RateLimitProblem')).toBe(200 - compared);
    const events = await rows(
      one.ctx.db,
      sql`select id from security_events where kind = 'sign_in_failed' and email_key = ${ada.email} and details is null`,
    );
    expect(events).toHaveLength(compared);
  }, 60_000);

  test('200 wrong codes across two instances: exactly the five of the limit are compared (R-019, R-022)', async () => {
    const ada = await strict.person();
    const { key } = await addTotp(strict, ada);
    const doors: (() => Promise<Data>)[] = [];
    for (let n = 0; n < 10; n += 1) {
      const [client, challenge] = await passwordStep(strict, ada);
      const twin = strictToo.client();
      for (const [name, value] of client.cookies) twin.cookies.set(name, value);
      for (const at of [client, twin]) {
        for (let i = 0; i < 10; i += 1) doors.push(() => secondStep(at, challenge, { totpCode: '000000' }));
      }
    }
    // In turns, so that both instances are asked all the time.
    const inTurns = doors.map((_, n) => doors[(n * 37) % doors.length] as () => Promise<Data>);
    const outcomes = await Promise.all(inTurns.map((door) => door()));
    expect(outcomes).toHaveLength(200);
    expect(count(outcomes, 'ProofRejectedProblem')).toBe(5);
    expect(count(outcomes, 'RateLimitProblem') + count(outcomes, 'TokenInvalidProblem')).toBe(195);
    const compared = await rows(
      one.ctx.db,
      sql`select id from security_events where kind = 'second_factor_failed' and account_id = ${await ada.accountId()}`,
    );
    expect(compared).toHaveLength(5);
    for (const app of [strict, strictToo]) {
      const [client, challenge] = await passwordStep(app, ada);
      const right = await secondStep(client, challenge, { totpCode: await nextTotpCode(app, key) });
      expect(right['__typename']).toBe('RateLimitProblem');
    }
  }, 60_000);

  test('after 100 failures in a row the password is off for everyone; a reset puts it back (R-018)', async () => {
    const ada = await one.person();
    const answers = new Map<string, string>();
    for (const email of [ada.email, 'nobody.at.all@example.org']) {
      for (let round = 0; round < 5; round += 1)
        await atOnce(20, (app, i) =>
          insist(() => app.client().call('signIn', { email, password: `wrong ${round} and wrong ${i}` })),
        );
      const last = await one.client().call('signIn', { email, password: GOOD_PASSWORD });
      answers.set(email, JSON.stringify(last));
    }
    expect(new Set(answers.values()).size).toBe(1);
    expect([...answers.values()][0]).toContain('RATE_LIMITED');
    await one.advance(86_400);
    expect((await one.client().call('signIn', { email: ada.email, password: GOOD_PASSWORD }))['code']).toBe(
      'RATE_LIMITED',
    );
    await ada.resetsPassword(OTHER_PASSWORD);
    await expect(ada.signsInElsewhere()).resolves.toBeDefined();
  }, 60_000);

  test('other sessions never succeed after the answer of a change, on either instance (R-076)', async () => {
    const ada = await one.person();
    const other = await ada.signsInElsewhere();
    const spies = [one, two].map((app) => {
      const client = app.client();
      client.cookies.set('rekey-session', other.cookies.get('rekey-session') ?? '');
      return client;
    });
    let answeredAt = Infinity;
    const late: number[] = [];
    let isOver = false;
    const polling = spies.map(async (spy) => {
      while (!isOver) {
        const startedAt = performance.now();
        if ((await isSignedIn(spy)) && startedAt > answeredAt) late.push(startedAt);
      }
    });
    await ada.browser.call('changePassword', { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD });
    answeredAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 200));
    isOver = true;
    await Promise.all(polling);
    expect(late).toEqual([]);
  });

  test('a session that is ended while it is used stays ended, on both instances (R-037)', async () => {
    const ada = await one.person();
    const other = await ada.signsInElsewhere();
    const [row] = await rows<{ id: string }>(
      one.ctx.db,
      sql`select s.id from sessions s join accounts a on a.id = s.account_id
          where a.email_key = ${ada.email} and s.method = 'PASSWORD'`,
    );
    await one.advance(3600);
    const uses = atOnce(100, (app) => {
      const client = app.client();
      client.cookies.set('rekey-session', other.cookies.get('rekey-session') ?? '');
      return isSignedIn(client);
    });
    await ada.browser.call('revokeSession', { sessionId: row?.id });
    for (const app of [one, two]) {
      const client = app.client();
      client.cookies.set('rekey-session', other.cookies.get('rekey-session') ?? '');
      expect(await isSignedIn(client)).toBe(false);
    }
    await uses;
    expect(await isSignedIn(other)).toBe(false);
  });

  test('20 parallel sign-ins where two sessions are allowed leave two', async () => {
    const narrow = await openApp({ DATA_DIR: dataDir, LIMIT_GUESS: '0', MAX_SESSIONS: '2' }, database);
    try {
      const ada = await narrow.person();
      const clients = Array.from({ length: 20 }, () => narrow.client());
      const input = { email: ada.email, password: ada.password };
      // Whose session the others ended before its answer was made hears that nobody is signed in.
      const answers = await Promise.all(
        clients.map((client) =>
          client.send('mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }', { input }),
        ),
      );
      const told = answers.map(({ body }) => body.data?.['signIn']?.__typename ?? body.errors?.[0]?.extensions.code);
      expect(told.filter((one) => one !== 'SignInSuccess' && one !== 'UNAUTHENTICATED')).toEqual([]);
      const alive = await Promise.all(clients.map(isSignedIn));
      expect(alive.filter(Boolean)).toHaveLength(2);
    } finally {
      await narrow.close();
    }
  });

  test('50 reset requests and two workers at once: one letter, fifty events (R-057)', async () => {
    const ada = await one.person();
    await atOnce(50, (app) => app.client().call('requestPasswordReset', { email: ada.email }));
    await Promise.all([one.work(), two.work(), one.work(), two.work()]);
    const letters = (await one.mailTo(ada.email)).filter(({ subject }) => subject === 'Reset your Rekey password');
    expect(letters).toHaveLength(1);
    const events = await rows(
      one.ctx.db,
      sql`select id from security_events where kind = 'password_reset_requested' and email_key = ${ada.email}`,
    );
    expect(events).toHaveLength(50);
  });
}

if (process.env['TEST_DATABASE_URL']) {
  describe('many at once, on two instances', () => {
    beforeAll(openInstances);
    afterAll(closeInstances);
    races();
  });
} else {
  test('races are run where TEST_DATABASE_URL names a PostgreSQL server: an embedded database has one session', () => {
    expect(process.env['TEST_DATABASE_URL']).toBeUndefined();
  });
}
