/**
 * More of security.md section 5, beside `failures.test.ts`: what comes while a person is in the middle of something. The real
 * thing is stopped, hangs or changes its part.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { rows } from '../src/base/database.js';
import { closeHashPool } from '../src/passwords/hash-pool.js';
import { openApp, type App } from './support/app.js';
import type { Client, Data } from './support/client.js';
import { startPostgres, startRedis, type OwnPostgres, type OwnRedis } from './support/dependencies.js';
import {
  addPhone,
  addTotp,
  newestCode,
  newNumber,
  nextTotpCode,
  passwordStep,
  secondStep,
  totpCode,
} from './support/factors.js';
import { eventually, expectUnavailable, onDatabase } from './support/outage.js';
import { GOOD_PASSWORD, OTHER_PASSWORD, type Person } from './support/person.js';

const THIRD_PASSWORD = 'four green kettles sing low';
const VIEWER = '{ viewer { account { id } } }';

/** The document of a mutation whose outcome alone counts. */
const mutation = (name: string): string => {
  const input = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  return `mutation ($input: ${input}!) { ${name}(input: $input) { __typename } }`;
};

afterAll(() => closeHashPool());

if (process.env['TEST_DATABASE_URL']) {
  describe('while PostgreSQL is down', () => {
    let own: OwnPostgres;
    let app: App;
    beforeAll(async () => {
      own = await startPostgres();
      app = await openApp({}, onDatabase(own.url));
    }, 60_000);
    afterAll(async () => {
      await app.close();
      await own.remove();
    });

    test('no code, link or password is used up or called wrong: each works when it is back', async () => {
      const [ada, ben, cleo, dora] = [await app.person(), await app.person(), await app.person(), await app.person()];
      const totp = await addTotp(app, ada);
      const [first, second] = [await passwordStep(app, ada), await passwordStep(app, ada)];
      await ben.asksForReset();
      const token = await ben.nextToken('reset-password');
      const number = newNumber();
      await dora.browser.call('addPhoneNumber', { phoneNumber: number });
      const code = await newestCode(app, number);
      await app.advance(30);
      const answer = ([client, challenge]: [Client, Data], proof: Data) =>
        [client, 'completeSignIn', { challenge: challenge['challenge'], proof }] as const;
      const steps: readonly (readonly [Client, string, Data, string])[] = [
        [...answer(first, { totpCode: await totpCode(app, totp.key) }), 'SignInSuccess'],
        [...answer(second, { recoveryCode: totp.recoveryCodes[0] }), 'SignInSuccess'],
        [app.client(), 'completePasswordReset', { token, newPassword: OTHER_PASSWORD }, 'CompletePasswordResetSuccess'],
        [
          cleo.browser,
          'changePassword',
          { currentPassword: GOOD_PASSWORD, newPassword: THIRD_PASSWORD },
          'ChangePasswordSuccess',
        ],
        [dora.browser, 'verifyPhoneNumber', { code }, 'VerifyPhoneNumberSuccess'],
      ];
      const count = async () =>
        rows(
          app.ctx.db,
          sql`select (select count(*)::int from security_events) as events, (select count(*)::int from outbox) as letters,
                (select count(*)::int from attempt_counters) as guesses, (select count(*)::int from sessions) as sessions`,
        );
      const before = await count();

      await own.stop();
      for (const [client, name, input] of steps) expectUnavailable(await client.send(mutation(name), { input }));
      await own.start();

      const ready = () => app.http.inject('/readyz');
      await eventually(ready, ({ statusCode }) => statusCode === 200);
      expect(await count()).toEqual(before);
      for (const [client, name, input, success] of steps) {
        const { body } = await client.send(mutation(name), { input });
        expect(body.data).toEqual({ [name]: { __typename: success } });
      }
      const signIn = async ({ email }: Person, password: string) =>
        (await app.client().call('signIn', { email, password }))['__typename'];
      expect(await signIn(ben, OTHER_PASSWORD)).toBe('SignInSuccess');
      expect(await signIn(cleo, THIRD_PASSWORD)).toBe('SignInSuccess');
      expect(await signIn(cleo, GOOD_PASSWORD)).toBe('InvalidCredentialsProblem');
    }, 60_000);
  });

  describe('an old primary that stays, and takes no more writes', () => {
    let primary: OwnPostgres;
    let standby: Awaited<ReturnType<OwnPostgres['startStandby']>>;
    let clients: postgres.Sql[];
    let app: App;
    let person: Person;
    beforeEach(async () => {
      primary = await startPostgres();
      standby = await primary.startStandby();
      const hosts = `${new URL(primary.url).host},${new URL(standby.url).host}`;
      app = await openApp({}, onDatabase(primary.url.replace(new URL(primary.url).host, hosts)));
      clients = [primary, standby].map(({ url }) => postgres(url, { max: 1, onnotice: () => {} }));
      person = await app.person();
      await clients[0]?.unsafe('alter system set default_transaction_read_only = on');
      await clients[0]?.unsafe('select pg_reload_conf()');
      await standby.promote();
    }, 60_000);
    afterEach(async () => {
      await Promise.all([...clients.map((client) => client.end()), app.close()]);
      await Promise.all([primary.remove(), standby.remove()]);
    });

    test('writing goes on at the other', async () => {
      const input = { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD };
      const change = () => person.browser.send(mutation('changePassword'), { input });
      expectUnavailable(await change());
      const changed = await eventually(change, ({ status }) => status === 200);
      expect(changed.body.data).toEqual({ changePassword: { __typename: 'ChangePasswordSuccess' } });
      person.password = OTHER_PASSWORD;
      await expect(person.signsInElsewhere()).resolves.toBeDefined();
      const changes = `select 1 as one from security_events where kind = 'password_changed'`;
      const found = await Promise.all(clients.map((client) => client.unsafe(changes)));
      expect(found.map(({ length }) => length)).toEqual([0, 1]);
    }, 60_000);

    test('a node that only reads follows when it is asked whether it is ready: no session lives on in the past', async () => {
      const ready = () => app.http.inject('/readyz');
      expect((await ready()).statusCode).toBe(503);
      await eventually(ready, ({ statusCode }) => statusCode === 200);
      await clients[1]?.unsafe('update sessions set revoked_at = now()');
      const { body } = await person.browser.send('{ viewer { email } }');
      expect(body.data).toEqual({ viewer: null });
    }, 60_000);
  });

  describe('while Redis is there and silent', () => {
    let own: OwnPostgres;
    let redis: OwnRedis;
    let app: App;
    beforeAll(async () => {
      [own, redis] = await Promise.all([startPostgres(), startRedis()]);
      app = await openApp({ REDIS_URL: redis.url }, onDatabase(own.url));
    }, 60_000);
    afterAll(async () => {
      redis.goOn();
      await app.close();
      await redis.stop();
      await own.remove();
    });

    test('doors to secrets and to letters are shut within its time, reading goes on, and then all does', async () => {
      const person = await app.person();
      const doors = [
        [mutation('signIn'), { email: person.email, password: GOOD_PASSWORD }],
        [mutation('requestPasswordReset'), { email: person.email }],
        [mutation('signUp'), { email: 'new.person@example.org' }],
      ] as const;
      redis.hang();
      const startedAt = performance.now();
      const shut = Promise.all(doors.map(([document, input]) => app.client().send(document, { input })));
      const read = await person.browser.send(VIEWER);
      expect([read.status, read.body.errors]).toEqual([200, undefined]);
      // It did not wait for what waits.
      expect(performance.now() - startedAt).toBeLessThan(1_500);
      for (const answer of await shut) expectUnavailable(answer);
      // Two seconds are what a command may take (SECURITY.md), and a slow machine a bit more.
      expect(performance.now() - startedAt).toBeLessThan(4_000);
      redis.goOn();
      for (const [document, input] of doors) {
        const answer = await eventually(
          () => app.client().send(document, { input }),
          ({ status }) => status === 200,
        );
        expect(answer.status).toBe(200);
      }
    }, 60_000);
  });
}

/** The contract has no code for a factor whose message does not arrive: the code is queued, and sent for as long as it works. */
describe('while the receiver of text messages', () => {
  let mood: 'well' | 'silent' | 'busy' | 'refusing' = 'well';
  const hanging: ServerResponse[] = [];
  const texts: { to: string; text: string }[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      if (mood === 'silent') return void hanging.push(response);
      if (mood === 'well') texts.push(JSON.parse(body) as (typeof texts)[number]);
      response.writeHead(mood === 'well' ? 202 : mood === 'busy' ? 503 : 400).end();
    });
  });
  let app: App;
  let number: string;
  let ada: Person;
  let totp: { key: string; recoveryCodes: string[] };

  beforeAll(async () => {
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    const unlimited = { LIMIT_SMS_PER_NUMBER: '0', LIMIT_GUESS: '0' };
    app = await openApp({ SMS_URL: `http://127.0.0.1:${port}/`, SMS_SECRET: 'a secret of the webhook', ...unlimited });
    ada = await app.person();
    totp = await addTotp(app, ada);
    number = newNumber();
    await addPhone(app, ada, number);
    const enrolled = await ada.browser.call(
      'enrollSecondFactor',
      { method: 'SMS' },
      '... on EnrollSecondFactorSuccess { secondFactor { id } }',
    );
    const confirmation = { secondFactorId: enrolled['secondFactor'].id, code: await newestCode(app, number) };
    expect((await ada.browser.call('confirmSecondFactor', confirmation))['__typename']).toBe(
      'ConfirmSecondFactorSuccess',
    );
  }, 60_000);
  afterAll(async () => {
    receiver.closeAllConnections();
    receiver.close();
    await app.close();
  });

  /** As far as the code that was asked for, and the answer to asking. */
  async function asksForText(): Promise<{ client: Client; challenge: Data; answer: Data }> {
    const [client, challenge] = await passwordStep(app, ada);
    expect(challenge).toMatchObject({ methods: expect.arrayContaining(['SMS', 'TOTP', 'RECOVERY_CODE']) });
    const answer = await client.call(
      'sendChallengeCode',
      { challenge: challenge['challenge'], method: 'SMS' },
      '... on SendChallengeCodeSuccess { delivery { channel resendAfterSeconds } }',
    );
    return { client, challenge, answer };
  }
  const isIn = async (client: Client) => (await client.graphql(VIEWER))['viewer'] !== null;

  test.each(['silent', 'busy', 'refusing'] as const)(
    'is %s: the factor is not skipped, another one opens, and the answer is the same',
    async (trouble) => {
      const usual = await asksForText();
      await app.work();
      mood = trouble;
      const begun = texts.length;
      const { client, challenge, answer } = await asksForText();
      expect(answer).toEqual(usual.answer);
      expect(answer['__typename']).toBe('SendChallengeCodeSuccess');
      const working = app.work();
      if (trouble === 'silent')
        await eventually(
          () => Promise.resolve(hanging.length),
          (n) => n > 0,
        );
      else await working;
      const guess = await secondStep(client, challenge, { smsCode: '12345678' });
      expect(guess['__typename']).toBe('ProofRejectedProblem');
      expect(await isIn(client)).toBe(false);
      const [other, again] = await passwordStep(app, ada);
      const recovery = { recoveryCode: totp.recoveryCodes.shift() };
      expect((await secondStep(other, again, recovery))['__typename']).toBe('SignInSuccess');
      const right = await secondStep(client, challenge, { totpCode: await nextTotpCode(app, totp.key) });
      expect(right['__typename']).toBe('SignInSuccess');
      expect(await isIn(client)).toBe(true);
      expect(texts).toHaveLength(begun);
      mood = 'well';
      for (const response of hanging.splice(0)) response.destroy();
      await working;
    },
    60_000,
  );

  test('is well again: the code that waited arrives, and opens what it was asked for', async () => {
    mood = 'busy';
    const { client, challenge } = await asksForText();
    await app.work();
    mood = 'well';
    const begun = texts.length;
    await app.advance(120);
    await app.work();
    const codes = texts.slice(begun).flatMap(({ to, text }) => (to === number ? (/\b\d{8}\b/.exec(text) ?? []) : []));
    const outcomes: unknown[] = [];
    for (const smsCode of codes) outcomes.push((await secondStep(client, challenge, { smsCode }))['__typename']);
    expect(outcomes).toContain('SignInSuccess');
  }, 60_000);
});
