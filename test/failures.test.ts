/**
 * What fails open and what fails closed (security.md section 5, R-181, R-182, R-185): each row stops the real thing, which
 * is the test's own, and starts it again. Only where there is a PostgreSQL to install from.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { SMTPServer } from 'smtp-server';
import { rows } from '../src/base/database.js';
import { openMailbox } from '../src/delivery/mailbox.js';
import { closeHashPool } from '../src/passwords/hash-pool.js';
import { openApp, type App } from './support/app.js';
import type { Client } from './support/client.js';
import { startPostgres, startRedis, type OwnPostgres, type OwnRedis } from './support/dependencies.js';
import { killLoop } from './support/kill-loop.js';
import { eventually, expectUnavailable, onDatabase } from './support/outage.js';
import { GOOD_PASSWORD, OTHER_PASSWORD } from './support/person.js';
import { startProgram } from './support/program.js';

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
const RESET = 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename } }';
const VIEWER = '{ viewer { account { id } } }';

if (process.env['TEST_DATABASE_URL']) {
  afterAll(() => closeHashPool());

  describe('while PostgreSQL is down', () => {
    let postgres: OwnPostgres;
    let app: App;
    beforeAll(async () => {
      postgres = await startPostgres();
      app = await openApp({}, onDatabase(postgres.url));
    }, 60_000);
    afterAll(async () => {
      await app.close();
      await postgres.remove();
    });

    test('everything is closed and says so, nothing is guessed, and it recovers by itself', async () => {
      const person = await app.person();
      const id = await person.accountId();
      await postgres.stop();

      expectUnavailable(await person.browser.send(VIEWER));
      const stranger = app.client();
      expectUnavailable(await stranger.send(SIGN_IN, { input: { email: person.email, password: GOOD_PASSWORD } }));
      expectUnavailable(await stranger.send(RESET, { input: { email: person.email } }));
      expectUnavailable(await stranger.send(RESET, { input: { email: 'nobody@example.org' } }));
      expect((await app.http.inject('/livez')).statusCode).toBe(200);
      expect((await app.http.inject('/readyz')).statusCode).toBe(503);
      expect((await app.http.inject('/metrics')).body).toContain('rekey_database_up 0');
      expect([...person.browser.cookies.keys()]).toContain('rekey-session');

      await postgres.start();
      const answer = await eventually(
        () => person.browser.send(VIEWER),
        ({ status }) => status === 200,
      );
      expect(answer.body.data).toEqual({ viewer: { account: { id } } });
      expect((await app.http.inject('/readyz')).statusCode).toBe(200);
      expect(app.logLines.join('')).not.toContain(GOOD_PASSWORD);
    }, 60_000);

    test('a restart in the middle of work leaves nothing half done', async () => {
      const person = await app.person();
      const browsers = await Promise.all([1, 2, 3].map(() => person.signsInElsewhere()));
      const input = { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD };
      const change = (browser: Client) =>
        browser.send('mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }', {
          input,
        });
      const under = browsers.map(change);
      await sleep(20);
      await postgres.stop();
      const answers = await Promise.all(under);
      await postgres.start();
      const changed = answers.filter(
        ({ body }) => body.data?.['changePassword']?.__typename === 'ChangePasswordSuccess',
      );
      expect(changed.length).toBeLessThanOrEqual(1);
      const signIn = (password: string) =>
        eventually(
          () => app.client().send(SIGN_IN, { input: { email: person.email, password } }),
          ({ status }) => status === 200,
        );
      const outcomes = [await signIn(GOOD_PASSWORD), await signIn(OTHER_PASSWORD)];
      const names = outcomes.map(({ body }) => body.data?.['signIn'].__typename);
      expect(names.filter((name) => name === 'SignInSuccess')).toHaveLength(1);
      if (changed.length === 1) expect(names[1]).toBe('SignInSuccess');
    }, 60_000);

    test('where what happened cannot be recorded, it does not happen', async () => {
      const person = await app.person();
      await app.ctx.db.execute(sql`alter table security_events rename to security_events_away`);
      const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }';
      const input = { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD };
      const { body } = await person.browser.send(change, { input });
      await app.ctx.db.execute(sql`alter table security_events_away rename to security_events`);
      expect(body.errors?.[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR');
      expect((await person.browser.send(VIEWER)).body.data?.['viewer']).not.toBeNull();
      await expect(person.signsInElsewhere()).resolves.toBeDefined();
    });
  });

  test('a standby that is promoted goes on with all that was acknowledged, under the same sessions', async () => {
    const primary = await startPostgres();
    const standby = await primary.startStandby();
    const hosts = `${new URL(primary.url).host},${new URL(standby.url).host}`;
    const app = await openApp({}, onDatabase(primary.url.replace(new URL(primary.url).host, hosts)));
    try {
      const person = await app.person();
      await primary.stop();
      const [refused] = await Promise.all([person.browser.send(VIEWER), standby.promote()]);
      // It is asked in the middle: either nothing takes writes yet, or the standby does.
      expect([200, 503]).toContain(refused.status);
      const back = await eventually(
        () => person.browser.send(VIEWER),
        ({ status }) => status === 200,
      );
      expect(back.body.data?.['viewer']).not.toBeNull();
      expect(await person.resetsPassword(OTHER_PASSWORD)).toMatchObject({ __typename: 'CompletePasswordResetSuccess' });
    } finally {
      await app.close();
      await Promise.all([primary.remove(), standby.remove()]);
    }
  }, 60_000);

  test('flags that cannot be written stop nobody, and are raised when they can', async () => {
    const app = await openApp({ FLAG_RESETS: '1/3600' });
    const person = await app.person();
    await app.ctx.db.execute(sql`alter table account_flags rename to account_flags_away`);
    await person.asksForReset();
    await expect(app.work()).rejects.toThrow();
    const token = /reset-password#(\S+)/.exec(
      (await openMailbox(app.config.mailboxFile as string).list())[0]?.text ?? '',
    );
    const reset = await app.client().call('completePasswordReset', { token: token?.[1], newPassword: OTHER_PASSWORD });
    expect(reset['__typename']).toBe('CompletePasswordResetSuccess');
    await app.ctx.db.execute(sql`alter table account_flags_away rename to account_flags`);
    await app.work();
    const [flags] = await rows<{ n: number }>(app.ctx.db, sql`select count(*)::int as n from account_flags`);
    expect(flags?.n).toBeGreaterThan(0);
    await app.close();
  }, 60_000);

  describe('while Redis is down', () => {
    let postgres: OwnPostgres;
    let redis: OwnRedis;
    let app: App;
    beforeAll(async () => {
      [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
      app = await openApp({ REDIS_URL: redis.url }, onDatabase(postgres.url));
    }, 60_000);
    afterAll(async () => {
      await app.close();
      await redis.stop();
      await postgres.remove();
    });

    test('doors to secrets and to letters are shut, reading goes on', async () => {
      const person = await app.person();
      await redis.stop();
      const stranger = app.client();
      expectUnavailable(await stranger.send(SIGN_IN, { input: { email: person.email, password: GOOD_PASSWORD } }));
      expectUnavailable(await stranger.send(RESET, { input: { email: person.email } }));
      const read = await person.browser.send(VIEWER);
      expect([read.status, read.body.errors]).toEqual([200, undefined]);
      expect((await app.http.inject('/metrics')).body).toMatch(/rekey_limit_store_failures_total [1-9]/);

      await redis.start();
      const again = await eventually(
        () => stranger.send(SIGN_IN, { input: { email: person.email, password: GOOD_PASSWORD } }),
        ({ status }) => status === 200,
      );
      expect(again.body.data).toEqual({ signIn: { __typename: 'SignInSuccess' } });
    }, 60_000);
  });

  describe('while the mail server', () => {
    type Mood = 'well' | 'silent' | 'busy' | 'refusing' | 'dropping';
    let mood: Mood = 'well';
    const received: string[] = [];
    const refusal = (code: number) => Object.assign(new Error('no'), { responseCode: code });
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onMailFrom: (_address, _session, done) => void (mood === 'silent' || done()),
      onRcptTo: (_address, _session, done) =>
        done(mood === 'refusing' ? refusal(550) : mood === 'busy' ? refusal(451) : null),
      onData(stream, _session, done) {
        let letter = '';
        stream.on('data', (chunk: Buffer) => (letter += chunk.toString()));
        stream.on('end', () => {
          received.push(letter);
          if (mood !== 'dropping') return done();
          for (const connection of server.connections) {
            (connection as unknown as { _socket: { destroy(): void } })._socket.destroy();
          }
        });
      },
    });
    server.on('error', () => undefined);
    let postgres: OwnPostgres;
    let app: App;
    beforeAll(async () => {
      server.listen(0, '127.0.0.1');
      await once(server.server, 'listening');
      postgres = await startPostgres();
      const { port } = server.server.address() as AddressInfo;
      const env = { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'rekey@example.org' };
      app = await openApp(env, onDatabase(postgres.url));
    }, 60_000);
    afterAll(async () => {
      await app.close();
      await postgres.remove();
      server.close();
    });

    const lettersTo = (email: string) => received.filter((letter) => letter.includes(`To: ${email}`));
    const state = async (email: string) => {
      const [row] = await rows<{ done: boolean; dead: boolean; attempts: number; reason: string | null }>(
        app.ctx.db,
        sql`select done_at is not null as done, dead_at is not null as dead, attempts, last_error as reason
            from outbox where message = 'sign_up' order by id desc limit 1`,
      );
      return { ...row, letters: lettersTo(email).length };
    };

    test('is silent: the caller does not wait, and the letter goes out later', async () => {
      mood = 'silent';
      const started = performance.now();
      const outcome = await app.client().call('signUp', { email: 'silent@example.org' });
      expect(outcome['__typename']).toBe('SignUpAccepted');
      const working = app.work();
      const others = await app.client().call('signUp', { email: 'other@example.org' });
      expect(others['__typename']).toBe('SignUpAccepted');
      expect(performance.now() - started).toBeLessThan(5_000);
      mood = 'well';
      await working;
      await app.advance(120);
      await app.work();
      expect(lettersTo('silent@example.org')).toHaveLength(1);
      expect(lettersTo('other@example.org')).toHaveLength(1);
    }, 90_000);

    test('is busy: the letter is tried again, until there is no use in it', async () => {
      mood = 'busy';
      await app.client().call('signUp', { email: 'busy@example.org' });
      await app.work();
      await app.advance(60);
      await app.work();
      expect(await state('busy@example.org')).toMatchObject({ done: false, dead: false, attempts: 2, letters: 0 });
      await app.advance(app.config.SIGN_UP_LINK_TTL);
      await app.work();
      expect(await state('busy@example.org')).toMatchObject({ done: false, dead: true, letters: 0 });
      expect((await state('busy@example.org')).reason).toContain('expired');
    }, 60_000);

    test('refuses: the letter is given up at once, with the reason', async () => {
      mood = 'refusing';
      await app.client().call('signUp', { email: 'refused@example.org' });
      await app.work();
      expect(await state('refused@example.org')).toMatchObject({ done: false, dead: true, attempts: 1, letters: 0 });
      const [event] = await rows<{ details: { reason: string } }>(
        app.ctx.db,
        sql`select details from security_events where kind = 'message_undeliverable' order by occurred_at desc limit 1`,
      );
      expect(event?.details.reason).toBeTruthy();
    }, 60_000);

    test('takes a letter and hangs up: it comes again, as the same letter', async () => {
      mood = 'dropping';
      await app.client().call('signUp', { email: 'dropped@example.org' });
      await app.work();
      mood = 'well';
      await app.advance(120);
      await app.work();
      const letters = lettersTo('dropped@example.org');
      expect(letters).toHaveLength(2);
      const ids = letters.map((letter) => /^Message-ID: (.+)$/im.exec(letter)?.[1]);
      expect(ids[0]).toBe(ids[1]);
      const tokens = letters.map((letter) => /sign-up#([\w.=\r\n-]+)/.exec(letter)?.[1]);
      expect(tokens[0]).toBe(tokens[1]);
    }, 60_000);
  });

  describe('when more passwords come than can be hashed', () => {
    test('some are told to come again, the same for all accounts, and reading goes on', async () => {
      const postgres = await startPostgres();
      const app = await openApp({}, onDatabase(postgres.url));
      try {
        const person = await app.person();
        const asked = Array.from({ length: 160 }, (_, n) =>
          app.client().send(SIGN_IN, {
            input: { email: n % 2 ? person.email : `nobody${n}@example.org`, password: 'a wrong password' },
          }),
        );
        const read = await person.browser.send(VIEWER);
        expect(read.status).toBe(200);
        const answers = await Promise.all(asked);
        const busy = answers.filter(({ status }) => status === 503);
        expect(busy.length).toBeGreaterThan(0);
        for (const { body, headers } of busy) {
          expect(body.errors?.[0]?.extensions.code).toBe('BUSY');
          expect(Number(headers['retry-after'])).toBeGreaterThan(0);
        }
        expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true);
      } finally {
        await app.close();
        await postgres.remove();
      }
    }, 60_000);
  });

  describe('killed at random moments', () => {
    test('it has done all of a thing or none of it, and keeps what it said', async () => {
      const url = process.env['TEST_DATABASE_URL'] as string;
      const { kills, broken } = await killLoop(url, 5, Date.now() % 1_000_000, performance.now() + 60_000);
      expect(broken).toEqual([]);
      expect(kills).toBeGreaterThan(0);
    }, 240_000);
  });
}

describe('without what it must not run without', () => {
  test('the start fails, naming all of it and no value', async () => {
    const env = { APP_ENV: 'production', SECRET_KEYS: 'k1:c2hvcnQ=', ROUTER_SECRETS: 'short' };
    const program = await startProgram({ env, wait: false });
    const [code] = (await once(program.child, 'exit')) as [number];
    expect(code).toBe(1);
    for (const name of ['SECRET_KEYS', 'ROUTER_SECRETS']) expect(program.complaints()).toContain(name);
    expect(program.complaints()).not.toContain('c2hvcnQ');
  }, 60_000);
});
