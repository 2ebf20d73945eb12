/** The service as an operator meets it: processes, numbers, traces, log lines, keys (issue 8; ). */
import { execFile } from 'node:child_process';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { loadConfig } from '../src/base/config.js';
import { rows } from '../src/base/database.js';
import { codeMac, matchesCodeMac, open, seal } from '../src/base/secrets.js';
import { resealAll } from '../src/commands/reseal.js';
import { publishedKeys, signingKey } from '../src/services/signing-keys.js';
import { boundedLog } from '../src/server/log-budget.js';
import { Metrics } from '../src/server/metrics.js';
import { addUp } from '../src/server/processes.js';
import { readStoreLevels } from '../src/server/store-levels.js';
import { openApp, useApp, type App } from './support/app.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { freePort, startRedis } from './support/dependencies.js';
import { addPhone, addTotp, newNumber, nextTotpCode, passwordStep, secondStep } from './support/factors.js';
import { GOOD_PASSWORD } from './support/person.js';
import { startProgram, type Program } from './support/program.js';
import { tracesDuring } from './support/traces.js';

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';

describe('the numbers at /metrics', () => {
  const app = useApp({ LIMIT_SIGN_IN_PER_NETWORK: '2/900' });
  const read = async () => (await app().http.inject('/metrics')).body;

  test('tell requests by route, fields by outcome, limits, stores and the process', async () => {
    const client = app().client();
    const email = 'metrics.person@example.org';
    for (let n = 0; n < 3; n += 1) await client.call('signIn', { email, password: 'not the password' });
    await client.send('{ viewer { account { id } } }');
    await client.send('{ noSuchField }');
    const text = await read();
    const has = (line: RegExp) => expect(text).toMatch(line);
    has(/rekey_http_request_duration_seconds_count\{route="\/graphql",status="200"\} \d+/);
    has(/rekey_graphql_field_duration_seconds_count\{type="mutation",field="signIn",outcome="INVALID_CREDENTIALS"\} 2/);
    has(/rekey_graphql_field_duration_seconds_count\{type="mutation",field="signIn",outcome="RATE_LIMITED"\} 1/);
    has(/rekey_graphql_field_duration_seconds_count\{type="query",field="viewer",outcome="ok"\} 1/);
    has(/rekey_graphql_refused_total\{code="GRAPHQL_VALIDATION_FAILED"\} 1/);
    has(/rekey_limit_hits_total\{limit="LIMIT_SIGN_IN_PER_NETWORK"\} 1/);
    for (const name of [
      'rekey_hashing_queued',
      'rekey_outbox_waiting',
      'rekey_outbox_age_seconds',
      'rekey_open_flags',
    ]) {
      has(new RegExp(`^${name} \\d`, 'm'));
    }
    has(/^rekey_database_up 1$/m);
    has(/rekey_sql_duration_seconds_count\{verb="insert",outcome="ok"\} \d+/);
    has(/nodejs_eventloop_lag_p99_seconds/);
    has(/process_resident_memory_bytes/);
    expect(text).not.toContain(email);
    expect(text).not.toContain(client.ip);
  });

  test('do not grow with what clients write', async () => {
    const before = (await read()).split('\n').length;
    const client = app().client();
    for (let n = 0; n < 30; n += 1) {
      await client.send(`query Made${n} { viewer { account { id } } made${n}: viewer { account { id } } }`);
      await client.send(`{ nothing${n} }`);
      await app().http.inject(`/nothing/${n}`);
    }
    // A route that nobody had met, and its buckets.
    expect((await read()).split('\n').length).toBeLessThan(before + 30);
  });

  test('of several processes show the one that stalls, and what only one could read', async () => {
    const { registry } = new Metrics(null);
    const told = async (lag: number, waiting: number | null) =>
      (await registry.getMetricsAsJSON()).map((metric) => {
        const value = { nodejs_eventloop_lag_p99_seconds: lag, rekey_outbox_waiting: waiting }[metric.name];
        return value === undefined ? metric : { ...metric, values: [{ value: value as number, labels: {} }] };
      });
    const page = await addUp([await told(0.01, null), await told(0.8, 7), await told(0.02, null)]);
    expect(page).toMatch(/^nodejs_eventloop_lag_p99_seconds 0.8$/m);
    expect(page).toMatch(/^rekey_outbox_waiting 7$/m);
  });

  test('leave the public port where they have one of their own', async () => {
    const apart = await openApp({ METRICS_PORT: '0' });
    expect((await apart.http.inject('/metrics')).statusCode).toBe(404);
    await apart.close();
  });
});

describe('the numbers of full limits', () => {
  const app = useApp({
    LIMIT_GUESS: '2/900',
    LIMIT_SMS_PER_NUMBER: '2/600',
    LIMIT_SMS_TOTAL: '1/3600',
    LIMIT_REQUESTS_PER_NETWORK: '40/60',
  });

  test('have every limit, also those that are silent, and never whose it was', async () => {
    const [ada, bob] = [await app().person(), await app().person()];
    const numbers = [newNumber(), newNumber()];
    for (let n = 0; n < 3; n += 1)
      await app()
        .client()
        .call('signIn', { email: ada.email, password: `not the password ${n}` });
    // Too soon after the first: the second letter is not sent, and she is told what everyone is told.
    const asked = [await ada.asksForReset(), await ada.asksForReset()];
    expect(asked[0]).toEqual(asked[1]);
    await app().work();
    await addPhone(app(), ada, numbers[0] as string);
    const answers: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      const added = await bob.browser.call('addPhoneNumber', { phoneNumber: numbers[1] });
      answers.push(added['__typename']);
      await app().work();
    }
    expect(answers).toEqual(['AddPhoneNumberSuccess', 'AddPhoneNumberSuccess', 'RateLimitProblem']);
    const flood = app().client();
    for (let n = 0; n < 41; n += 1) await flood.send('{ __typename }');

    const text = (await app().http.inject('/metrics')).body;
    const full = [...text.matchAll(/^rekey_limit_hits_total\{limit="(\w+)"\} ([1-9]\d*)$/gm)];
    expect(Object.fromEntries(full.map(([, limit, n]) => [limit, Number(n)]))).toEqual({
      LIMIT_GUESS: 1,
      LIMIT_RESET_PER_ADDRESS: 1,
      LIMIT_SMS_PER_NUMBER: 1,
      // Two codes for Bob, and the notice to Ada's new number.
      LIMIT_SMS_TOTAL: 3,
      LIMIT_REQUESTS_PER_NETWORK: 1,
    });
    for (const personal of [ada.email, bob.email, ...numbers, flood.ip, await ada.accountId()])
      expect(text).not.toContain(personal);
  }, 60_000);
});

describe('what nobody foresaw', () => {
  const ROUTER_SECRET = 'a router secret of at least 32 characters';
  const app = useApp({ ROUTER_SECRETS: ROUTER_SECRET });
  const counted = async (name: string) => {
    const { body } = await app().http.inject('/metrics');
    return [...body.matchAll(new RegExp(`^${name}\\{(.*)\\} ([1-9]\\d*)$`, 'gm'))].map(
      ([, label, n]) => `${label} ${n}`,
    );
  };
  async function without(table: string, work: () => Promise<unknown>): Promise<void> {
    const { db } = app().ctx;
    await db.execute(sql`alter table ${sql.identifier(table)} rename to elsewhere`);
    await work().finally(() => db.execute(sql`alter table elsewhere rename to ${sql.identifier(table)}`));
  }

  test('is counted wherever it comes to light: below a root field, beside GraphQL, in a job', async () => {
    const person = await app().person();
    await without('security_events', async () => {
      const { body } = await person.browser.send('{ viewer { securityEvents { nodes { id } } } }');
      expect(body.errors?.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL_SERVER_ERROR']);
    });
    expect(await counted('rekey_unexpected_errors_total')).toEqual(['door="graphql" 1']);
    await without('sessions', async () => {
      const headers = { 'x-rekey-router': ROUTER_SECRET, 'content-type': 'application/json' };
      const payload = { token: person.browser.cookies.get('rekey-session') };
      const { statusCode } = await app().http.inject({ method: 'POST', url: '/introspect', headers, payload });
      expect(statusCode).toBe(500);
    });
    expect(await counted('rekey_unexpected_errors_total')).toEqual(['door="graphql" 1', 'door="http" 1']);
    await without('support_requests', () => expect(app().work()).rejects.toThrow());
    expect(await counted('rekey_job_failures_total')).toEqual(['name="release" 1']);
    await app().client().send('{ noSuchField }');
    expect(await counted('rekey_unexpected_errors_total')).toEqual(['door="graphql" 1', 'door="http" 1']);
  });
});

describe('while the mail server refuses connections', () => {
  test('the numbers say since when nothing goes out, and how often it was tried', async () => {
    const SMTP_URL = `smtp://127.0.0.1:${await freePort()}`;
    const app = await openApp({ SMTP_URL, MAIL_FROM: 'rekey@example.org' });
    await app.client().call('signUp', { email: 'waits.for.mail@example.org' });
    for (const seconds of [0, 400, 400]) {
      await app.advance(seconds);
      await app.work();
    }
    const text = (await app.http.inject('/metrics')).body;
    const level = (name: string) => Number(new RegExp(`^${name} ([\\d.]+)$`, 'm').exec(text)?.[1]);
    expect(level('rekey_outbox_age_seconds')).toBeGreaterThanOrEqual(800);
    expect(level('rekey_outbox_overdue_seconds')).toBe(0);
    expect(text).toMatch(/^rekey_delivery_failures_total\{channel="EMAIL"\} 3$/m);
    expect(text).toMatch(/^rekey_deliveries_total\{channel="EMAIL"\} 0$/m);
    await app.advance(400);
    expect((await readStoreLevels(app.ctx)).outboxAgeSeconds).toBeGreaterThanOrEqual(1200);
    await app.close();
  }, 60_000);

  test('and where no worker runs, that none has taken what is due', async () => {
    const app = await openApp();
    await app.client().call('signUp', { email: 'waits.for.a.worker@example.org' });
    await app.advance(400);
    const levels = await readStoreLevels(app.ctx);
    expect(levels.outboxAgeSeconds).toBeGreaterThanOrEqual(400);
    expect(levels.outboxOverdueSeconds).toBeGreaterThanOrEqual(400);
    await app.close();
  });
});

describe('traces', () => {
  const app = useApp();

  test('show a request from HTTP down to SQL and hashing, with nothing personal in them', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const email = 'traced.person@example.org';
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const { spans, text } = await tracesDuring(() =>
      app()
        .client()
        .send(SIGN_IN, { input: { email, password: GOOD_PASSWORD } }, headers),
    );
    const http = spans.find(({ name }) => name === 'POST /graphql');
    const field = spans.find(({ name }) => name === 'graphql mutation signIn');
    const hash = spans.find(({ name }) => name === 'hash');
    const statement = spans.find(({ name }) => name.startsWith('postgresql '));
    expect(http).toMatchObject({ traceId, parentSpanId: '00f067aa0ba902b7' });
    expect(field).toMatchObject({ traceId, parentSpanId: http?.spanId });
    expect(hash).toMatchObject({ traceId, parentSpanId: field?.spanId });
    expect(statement?.traceId).toBe(traceId);
    expect(text).not.toContain('traced.person');
    expect(text).not.toContain(GOOD_PASSWORD);
  });
});

describe('the log', () => {
  const app = useApp({ LIMIT_SIGN_IN_PER_NETWORK: '3/900' });

  test('has a line for each thing that R-176 names, with the fields of R-177', async () => {
    const from = app().logLines.length;
    const person = await app().person();
    const client = app().client();
    for (let n = 0; n < 4; n += 1) await client.call('signIn', { email: person.email, password: 'not the password' });
    await client.send('mutation { closeAccount { __typename } }');
    await client.send('{ broken');
    await client.call('signUp', { email: 'not an address' });
    await person.asksForReset();
    await person.browser.call('signOut', null);
    const lines = app()
      .logLines.slice(from)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const kinds = new Set(lines.map(({ event, reason }) => (reason ? `${event}:${reason}` : event)));
    for (const wanted of [
      'account_created',
      'sign_in_failed',
      'limit_hit',
      'refused:INVALID_CREDENTIALS',
      'refused:RATE_LIMITED',
      'refused:UNAUTHENTICATED',
      'refused:INVALID_INPUT',
      'request_refused:GRAPHQL_PARSE_FAILED',
      'password_reset_requested',
      'session_revoked',
    ]) {
      expect([...kinds]).toContain(wanted);
    }
    for (const line of lines.filter(({ result }) => result !== undefined)) {
      expect(line).toMatchObject({
        level: expect.stringMatching(/^(info|warn|error)$/),
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        event: expect.any(String),
        requestId: expect.any(String),
        result: expect.stringMatching(/^(success|failure)$/),
      });
      expect(Object.keys(line)).toEqual(expect.arrayContaining(['client']));
    }
    const text = app().logLines.join('');
    for (const secret of [GOOD_PASSWORD, person.email, 'not the password', 'not an address']) {
      expect(text).not.toContain(secret);
    }
  });

  test('is bounded under thousands of bad requests, and says what it withholds (R-180)', () => {
    const lines: string[] = [];
    const keep = (line: object) => void lines.push(JSON.stringify(line));
    let now = 0;
    const log = boundedLog({ debug: keep, info: keep, warn: keep, error: keep, fatal: keep } as never, 300, () => now);
    for (let n = 0; n < 10_000; n += 1) log.warn({ event: 'request_refused', reason: 'GRAPHQL_PARSE_FAILED' });
    log.warn({ event: 'another' });
    expect(lines.length).toBe(302);
    now = 61_000;
    log.warn({ event: 'request_refused' });
    expect(lines.slice(-2).join('')).toContain('"lines":9700');
  });
});

describe('a rotation of keys', () => {
  const key = (id: string, byte: number) => ({ id, key: Buffer.from(Array.from({ length: 32 }, (_, n) => byte + n)) });
  const [older, newer] = [key('old', 1), key('new', 100)];

  test('opens what was sealed before, and seals with the first', () => {
    const sealed = seal([older], 'table:row', 'a secret');
    expect(open([newer, older], 'table:row', sealed)).toBe('a secret');
    expect(seal([newer, older], 'table:row', 'a secret')).toMatch(/^v1\.new\./);
    expect(() => open([newer], 'table:row', sealed)).toThrow('not configured');
  });

  test('ends when everything lies sealed under the first, and nothing under the one to be taken out (R-170)', async () => {
    const base64 = ({ id, key: bytes }: typeof older) => `${id}:${bytes.toString('base64')}`;
    const database = await createTestDatabase();
    const before = await openApp({ SECRET_KEYS: base64(older) }, database);
    const person = await before.person();
    await addPhone(before, person, newNumber());
    const { key: totpKey } = await addTotp(before, person);
    await publishedKeys(before.ctx);
    const underOld = async () => {
      const tables = await rows<{ name: string }>(
        before.ctx.db,
        sql`select tablename as name from pg_tables where schemaname = 'public'`,
      );
      const found = tables.map(
        ({ name }) => sql`select ${name}::text as name from ${sql.identifier(name)} t where t::text like '%v1.old.%'`,
      );
      return new Set(
        (await rows<{ name: string }>(before.ctx.db, sql.join(found, sql` union all `))).map(({ name }) => name),
      );
    };
    expect([...(await underOld())].sort()).toEqual([
      'account_snapshots',
      'phone_numbers',
      'second_factors',
      'signing_keys',
    ]);
    const both = await openApp({ SECRET_KEYS: `${base64(newer)},${base64(older)}` }, database);
    expect(await resealAll(both.ctx)).toBeGreaterThan(3);
    expect(await underOld()).toEqual(new Set());
    const after = await openApp({ SECRET_KEYS: base64(newer) }, database);
    const [client, challenge] = await passwordStep(after, person, after.client());
    const outcome = await secondStep(client, challenge, { totpCode: await nextTotpCode(after, totpKey) });
    expect(outcome['__typename']).toBe('SignInSuccess');
    await signingKey(after.ctx);
    await Promise.all([before.close(), both.close(), after.close()]);
    await database.close();
  }, 60_000);

  test('accepts codes that were issued before', () => {
    const mac = codeMac([older], 'code', '12345678');
    expect(matchesCodeMac([newer, older], 'code', '12345678', mac)).toBe(true);
    expect(matchesCodeMac([newer], 'code', '12345678', mac)).toBe(false);
  });
});

if (process.env['TEST_DATABASE_URL']) {
  describe('two nodes on one database', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await createTestDatabase();
    });
    afterAll(() => database.close());

    const limits = { LIMIT_SIGN_IN_PER_NETWORK: '7/900', LIMIT_GUESS: '5/900' };
    async function countAllowed(nodes: readonly App[], email: (n: number) => string) {
      const ip = `192.0.2.${Math.floor(performance.now()) % 250}`;
      const clients = nodes.map((node) => node.client({ ip }));
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          clients[n % clients.length]?.send(SIGN_IN, { input: { email: email(n), password: 'not the password' } }),
        ),
      );
      const outcomes = answers.map((answer) => answer?.body);
      const compared = outcomes.filter(
        (body) => body?.data?.['signIn']?.__typename === 'InvalidCredentialsProblem',
      ).length;
      // Let in, and then turned away because the machine is at its limit.
      const busy = outcomes.filter((body) => body?.errors?.[0]?.extensions.code === 'BUSY').length;
      return { compared, letIn: compared + busy };
    }

    test('let exactly as many through as the limit says, counted in the database', async () => {
      const nodes = await Promise.all([openApp(limits, database), openApp(limits, database)]);
      expect(await countAllowed(nodes, (n) => `door${n}@example.org`)).toMatchObject({ letIn: 7 });
      await Promise.all(nodes.map((node) => node.close()));
    }, 60_000);

    test('and in Redis', async () => {
      const redis = await startRedis();
      const env = { ...limits, REDIS_URL: redis.url };
      const nodes = await Promise.all([openApp(env, database), openApp(env, database)]);
      expect(await countAllowed(nodes, (n) => `redis${n}@example.org`)).toMatchObject({ letIn: 7 });
      await Promise.all(nodes.map((node) => node.close()));
      await redis.stop();
    }, 60_000);

    test('compare a password exactly as often as its own limit says', async () => {
      // A counter's key is keyed: nodes share their keys, as they share the database.
      const SECRET_KEYS = `shared:${Buffer.from(Array.from({ length: 32 }, (_, n) => n * 7)).toString('base64')}`;
      const env = { ...limits, LIMIT_SIGN_IN_PER_NETWORK: '10000/900', SECRET_KEYS };
      const nodes = await Promise.all([openApp(env, database), openApp(env, database)]);
      const { compared, letIn } = await countAllowed(nodes, () => 'one.secret@example.org');
      expect(compared).toBeLessThanOrEqual(5);
      // A machine too busy to compare gives the attempt back.
      expect(letIn).toBeGreaterThanOrEqual(5);
      await Promise.all(nodes.map((node) => node.close()));
    }, 60_000);

    test('serve nothing under an old session once any node has answered the change', async () => {
      const [here, there] = (await Promise.all([openApp({}, database), openApp({}, database)])) as [App, App];
      const person = await here.person();
      const old = there.client();
      const other = await person.signsInElsewhere();
      for (const [name, value] of other.cookies) old.cookies.set(name, value);
      let isAnswered = false;
      let servedAfter = 0;
      let served = 0;
      const hammer = async () => {
        for (let n = 0; n < 300 && servedAfter === 0; n += 1) {
          const beganAfter = isAnswered;
          const { body } = await old.send('{ viewer { account { id } } }');
          if (body.data?.['viewer']) served += 1;
          if (beganAfter && body.data?.['viewer']) servedAfter += 1;
          if (beganAfter) return;
        }
      };
      const hammering = Promise.all([hammer(), hammer()]);
      await person.browser.call('changePassword', {
        currentPassword: GOOD_PASSWORD,
        newPassword: 'twelve grey owls hoot low',
      });
      isAnswered = true;
      await hammering;
      expect({ served: served > 0, servedAfter }).toEqual({ served: true, servedAfter: 0 });
      await Promise.all([here.close(), there.close()]);
    }, 60_000);

    describe('the program', () => {
      const env = () => ({ DATABASE_URL: database.databaseUrl as string });
      const started = (program: Program) => program.lines.filter(({ event }) => event === 'started').length;
      async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
        for (let tries = 0; tries < 600 && !(await isSo()); tries += 1) await sleep(50);
      }

      test('with WORKERS=2 serves from two processes, replaces a dead one, adds their numbers, and drains', async () => {
        const metricsPort = String(await freePort());
        const program = await startProgram({ env: { ...env(), WORKERS: '2', METRICS_PORT: metricsPort } });
        await until(() => started(program) === 2);
        for (let n = 0; n < 10; n += 1)
          expect((await program.graphql('{ viewer { account { id } } }')).status).toBe(200);
        const numbers = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
        expect(numbers).toMatch(/field="viewer",outcome="ok"\} 10/);
        expect(numbers).toMatch(/^rekey_database_up 1$/m);

        const { stdout } = await promisify(execFile)('pgrep', ['-P', String(program.child.pid)]);
        const [one, other] = stdout.split('\n').map(Number) as [number, number];
        const answering = async () => {
          const page = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
          return [page.status, /^rekey_processes (\d)$/m.exec(await page.text())?.[1]];
        };
        expect(numbers).toMatch(/^rekey_processes_wanted 2$/m);
        expect(await answering()).toEqual([200, '2']);
        process.kill(other, 'SIGSTOP');
        // Half of the numbers, and told that they are half.
        expect(await answering()).toEqual([200, '1']);
        expect((await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).status).toBe(200);
        process.kill(other, 'SIGCONT');
        expect(await answering()).toEqual([200, '2']);

        process.kill(one, 'SIGKILL');
        await until(() => started(program) === 3);
        expect(started(program)).toBe(3);
        expect(program.lines.some(({ event }) => event === 'process_died')).toBe(true);
        // The dead tell no more: the primary does.
        expect(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).toMatch(
          /^rekey_unexpected_errors_total\{door="process"\} 1$/m,
        );
        expect((await program.graphql('{ __typename }')).status).toBe(200);
        expect(await program.stop('SIGTERM')).toBe(0);
        expect(program.lines.filter(({ event }) => event === 'stopped').length).toBe(3);
      }, 120_000);

      test.each([1, 2])(
        'with WORKERS=%d goes on when nobody reads its log any more, and says so (R-181)',
        async (n) => {
          const METRICS_PORT = String(await freePort());
          const program = await startProgram({ env: { ...env(), WORKERS: String(n), METRICS_PORT } });
          await until(() => started(program) === n);
          program.child.stdout?.destroy();
          for (let sent = 0; sent < 20; sent += 1) await program.graphql('{ noSuchField }');
          const { status, body } = await program.graphql(SIGN_IN, {
            input: { email: 'nobody@example.org', password: 'not the password' },
          });
          expect([status, body.data?.signIn.__typename]).toEqual([200, 'InvalidCredentialsProblem']);
          expect(program.complaints()).toContain('log_sink_broken');
          const numbers = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text();
          expect(numbers).toMatch(/^rekey_log_lines_lost_total [1-9]/m);
          expect(await program.stop('SIGTERM')).toBe(0);
        },
        120_000,
      );
    });

    test('answers what runs when it is told to stop, and goes on where its log finds no room (R-181)', async () => {
      const full = openSync('/dev/full', 'w');
      const program = await startProgram({ env: { DATABASE_URL: database.databaseUrl as string }, output: full });
      const input = { email: 'nobody@example.org', password: 'not the password' };
      await program.graphql(SIGN_IN, { input });
      expect(program.complaints()).toContain('"event":"log_sink_broken","reason":"ENOSPC"');
      let answered = 0;
      const asked = Array.from({ length: 40 }, (_, n) =>
        program
          .graphql(SIGN_IN, { input: { ...input, email: `draining${n}@example.org` } })
          .finally(() => (answered += 1)),
      );
      // Until each has arrived: is being hashed, waits for it, or is answered.
      for (let arrived = 0; arrived < asked.length;) {
        const numbers = await (await fetch(`${program.url}/metrics`)).text();
        const level = (name: string) => Number(new RegExp(`^rekey_hashing_${name} (\\d+)`, 'm').exec(numbers)?.[1]);
        arrived = level('running') + level('queued') + answered;
      }
      const status = program.stop('SIGTERM');
      const answers = await Promise.all(asked);
      const outcomes = answers.map(({ body }) => body.data?.signIn?.__typename ?? body.errors?.[0]?.extensions.code);
      // Each is answered; on a slow machine some by being sent away.
      expect(outcomes.filter((outcome) => !['InvalidCredentialsProblem', 'BUSY'].includes(outcome))).toEqual([]);
      expect(await status).toBe(0);
      await expect(fetch(`${program.url}/livez`)).rejects.toThrow();
    }, 60_000);

    test('the embedded database refuses more than one process', () => {
      expect(() => loadConfig({ APP_ENV: 'test', WORKERS: '2' })).toThrow('WORKERS');
    });

    test('numbers of the outbox follow the database', async () => {
      const node = await openApp({}, database);
      await node.client().call('signUp', { email: 'waiting@example.org' });
      const [outbox] = await rows<{ n: number }>(
        node.ctx.db,
        sql`select count(*)::int as n from outbox where done_at is null and dead_at is null`,
      );
      expect((await node.http.inject('/metrics')).body).toMatch(new RegExp(`^rekey_outbox_waiting ${outbox?.n}$`, 'm'));
      await node.close();
    });
  });
}
