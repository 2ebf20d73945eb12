/** What stands around GraphQL: methods, media types, origins, headers, deadlines, and what is written down of it all. */
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Fastify from 'fastify';
import type { InjectOptions, Response } from 'light-my-request';
import postgres from 'postgres';
import type { Refusal } from '../src/base/problems.js';
import { newBytes } from '../src/base/secrets.js';
import { boundRequests } from '../src/server/request-deadline.js';
import { openApp, useApp, type App } from './support/app.js';
import { createTestDatabase } from './support/database.js';
import { GOOD_PASSWORD, OTHER_PASSWORD } from './support/person.js';

const app = useApp({ ALLOWED_ORIGINS: 'https://app.example.org' });

let production: App;
beforeAll(async () => {
  production = await openApp({
    APP_ENV: 'production',
    PUBLIC_URL: 'https://id.example.org',
    DATABASE_URL: 'postgres://not-used-here.example.org/rekey',
    SMTP_URL: 'smtp://127.0.0.1:9',
    MAIL_FROM: 'rekey@example.org',
    SECRET_KEYS: `a:${newBytes(32).toString('base64')}`,
  });
});
afterAll(() => production.close());

type Raw = Partial<InjectOptions> & { readonly to?: App };

function request({ to = app(), headers = {}, ...options }: Raw): Promise<Response> {
  const json = { 'content-type': 'application/json' };
  const payload = JSON.stringify({ query: '{ __typename }' });
  return to.http.inject({ method: 'POST', url: '/graphql', payload, ...options, headers: { ...json, ...headers } });
}

const codeOf = (response: Response): string =>
  response.json<{ errors?: { extensions: { code: string } }[] }>().errors?.[0]?.extensions.code ?? 'none';

describe('a page of another site', () => {
  test.each([
    ['a foreign origin', { origin: 'https://evil.test' }],
    ['no origin at all, as a sandboxed frame', { origin: 'null' }],
    ['an origin that looks like ours', { origin: 'http://localhost:4000.evil.test' }],
    ['an allowed origin as a part', { origin: 'https://app.example.org.evil.test' }],
    ['an allowed origin over http', { origin: 'http://app.example.org' }],
    ['the word of the browser', { 'sec-fetch-site': 'cross-site' }],
  ])('is refused, whatever it sends: %s (R-147, R-148)', async (_what, headers) => {
    const answer = await request({ headers });
    expect(answer.statusCode).toBe(403);
    expect(codeOf(answer)).toBe('FORBIDDEN');
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin', expect.anything());
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-7',
    'application/json; charset=utf-16',
    'text/json',
    '',
  ])('cannot send what needs no preflight, nor odd encodings (R-147, R-149): %s', async (type) => {
    const answer = await request({ headers: { 'content-type': type } });
    expect(answer.statusCode).toBe(415);
    expect(codeOf(answer)).toBe('BAD_REQUEST');
  });

  test('gets no leave from a preflight; one of ours gets it for its origin alone (R-148)', async () => {
    const ask = (origin: string) =>
      request({ method: 'OPTIONS', payload: '', headers: { origin, 'access-control-request-method': 'POST' } });
    expect((await ask('https://evil.test')).headers['access-control-allow-origin']).toBeUndefined();
    const ours = await ask('https://app.example.org');
    expect(ours.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.org',
      'access-control-allow-credentials': 'true',
      vary: expect.stringContaining('Origin'),
    });
  });
});

describe('a body', () => {
  test.each([
    ['of 101 kB', 101 * 1024],
    ['of 20 MB', 20 * 1024 * 1024],
  ])('%s is 413 (R-149)', async (_what, length) => {
    const answer = await request({ payload: JSON.stringify({ query: '{ __typename }', x: 'x'.repeat(length) }) });
    expect(answer.statusCode).toBe(413);
    expect(codeOf(answer)).toBe('BAD_REQUEST');
  });

  test.each(['', '{', 'null', '"text"', '1', '{"query":1}', '{"query":"{ __typename }","variables":[]}', '\u0000'])(
    'that is no request is a mistake, told in JSON (R-149): %s',
    async (payload) => {
      const answer = await request({ payload });
      expect(answer.statusCode).toBe(400);
      expect(answer.headers['content-type']).toContain('json');
      expect(answer.body).not.toMatch(/at .*\.js|node_modules|Unexpected token/);
    },
  );
});

describe('a connection', () => {
  const listening = () => app().http.server.address() as AddressInfo;
  beforeAll(() => app().http.listen({ host: '127.0.0.1', port: 0 }));

  /** Sends these bytes; answers what came until the server closed the connection. */
  const exchange = (head: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(listening().port, '127.0.0.1', () => socket.write(head));
      let answer = '';
      socket.on('data', (part) => (answer += part.toString()));
      socket.on('error', reject);
      socket.on('close', () => resolve(answer));
    });

  test.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde'],
    ['a length beside chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks that are not the last encoding', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ])('with %s is refused: no second request hides in the first (R-154)', async (_what, rest) => {
    expect(await exchange(`POST /graphql HTTP/1.1\r\nHost: localhost\r\n${rest}`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('that sends its request too slowly is cut (R-154)', async () => {
    const { server } = app().http;
    const { requestTimeout, headersTimeout } = server;
    expect(requestTimeout).toBe(10_000);
    Object.assign(server, { requestTimeout: 100, headersTimeout: 100 });
    const head =
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{';
    expect(await exchange(head)).toMatch(/^HTTP\/1\.1 408 /);
    Object.assign(server, { requestTimeout, headersTimeout });
  });
});

describe('an answer', () => {
  test.each([
    ['application/json', 'application/json'],
    ['application/graphql-response+json', 'application/graphql-response+json'],
    ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
    ['*/*', 'application/json'],
  ])('comes as what is accepted: %s (R-150)', async (accept, type) => {
    const answer = await request({ headers: { accept } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain(type);
  });

  test('is 406 for who accepts nothing that we have (R-150)', async () => {
    expect((await request({ headers: { accept: 'image/png' } })).statusCode).toBe(406);
  });

  test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const)(
    'to %s is 405 and says what to send (R-151)',
    async (method) => {
      const answer = await request({ method, payload: '' });
      expect(answer.statusCode).toBe(405);
      expect(answer.headers['allow']).toBe('POST');
    },
  );

  test.each(['TRACE', 'PROPFIND', 'LOCK'])('to %s is a refusal (R-151)', async (method) => {
    const answer = await request({ method: method as 'GET', payload: '' });
    expect(answer.statusCode).toBeGreaterThanOrEqual(404);
    expect(answer.statusCode).toBeLessThan(500);
  });

  test('of any status carries the headers that keep browsers safe, and no version (R-044, R-152)', async () => {
    const of = (raw: Raw) => request({ ...raw, to: production });
    const answers = [
      await of({}),
      await of({ payload: '{' }),
      await of({ payload: JSON.stringify({ query: '{ nothing }' }) }),
      await of({ url: '/nowhere' }),
      await of({ method: 'GET', payload: '' }),
      await of({ headers: { 'content-type': 'text/plain' } }),
      await of({ headers: { origin: 'https://evil.test' } }),
      await of({ method: 'GET', url: '/livez', payload: '' }),
      await of({ method: 'GET', url: '/.well-known/change-password', payload: '' }),
      await of({ method: 'GET', url: '/%zz', payload: '' }),
    ];
    const hurried = await openApp({ LIMIT_REQUESTS_PER_NETWORK: '1/60', PUBLIC_URL: 'https://id.example.org' });
    await request({ to: hurried });
    answers.push(await request({ to: hurried }));
    await hurried.close();
    const statuses = [200, 400, 400, 404, 405, 415, 403, 200, 302, 400, 429];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(statuses);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'x-frame-options': 'DENY',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      const policy = String(headers['content-security-policy']);
      for (const part of ["default-src 'none'", "frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'"]) {
        expect(policy).toContain(part);
      }
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('server');
    }
  });

  test('leads nowhere that a request names (R-155)', async () => {
    for (const query of [
      '',
      '?returnTo=//evil.test',
      '?returnTo=/%5Cevil.test',
      '?next=javascript:alert(1)',
      '?url=https:evil.test',
    ]) {
      const answer = await request({ method: 'GET', url: `/.well-known/change-password${query}`, payload: '' });
      expect([302, 303, 307]).toContain(answer.statusCode);
      expect(answer.headers['location']).toMatch(/^\/[a-z-]+$/);
    }
    const odd = await request({ method: 'GET', url: '//evil.test/%2e%2e', payload: '' });
    expect(odd.headers['location']).toBeUndefined();
  });

  test('for a made-up well-known path is 404, so that browsers trust the others (R-065)', async () => {
    const url = '/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200';
    expect((await request({ method: 'GET', url, payload: '' })).statusCode).toBe(404);
  });

  test('in production knows no mailbox and no test clock (R-172)', async () => {
    for (const url of ['/mailbox', '/mailbox.json', '/test/clock', '/federation']) {
      for (const method of ['GET', 'POST', 'DELETE'] as const) {
        expect((await request({ to: production, method, url, payload: '{}' })).statusCode).toBe(404);
      }
    }
  });
});

describe('a session token', () => {
  const VIEWER = JSON.stringify({ query: '{ viewer { id } }' });

  test('counts in the cookie or the header alone; nowhere else is looked for (R-041)', async () => {
    const ada = await app().person();
    const token = [...ada.browser.cookies.values()][0] as string;
    const answers = [
      await request({ url: `/graphql?token=${token}&access_token=${token}`, payload: VIEWER }),
      await request({ payload: JSON.stringify({ query: '{ viewer { id } }', extensions: { token }, token }) }),
      await request({ headers: { 'x-session': token, 'x-rekey-session': token, 'x-user-id': token }, payload: VIEWER }),
    ];
    for (const answer of answers) expect(answer.json()).toEqual({ data: { viewer: null } });
  });

  test('of a cookie beside a bearer token of another is refused (R-041)', async () => {
    const ada = await app().person();
    const answer = await ada.browser.send('{ viewer { id } }', {}, { authorization: 'Bearer sess_x.y' });
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test.each(['', 'x', '%', "'--", '\u0001', 'ÿ', 'x'.repeat(8_000), 'sess_AAAAAAAAAAAAAAAAAAAAAA.BBBB'])(
    'that is none is nobody, alike for all (R-034): %#',
    async (token) => {
      const answer = await request({ headers: { authorization: `Bearer ${token}` }, payload: VIEWER });
      expect(answer.json()).toEqual({ data: { viewer: null } });
      const guarded = JSON.stringify({ query: 'mutation { revokeOtherSessions { __typename } }' });
      const refused = await request({ headers: { authorization: `Bearer ${token}` }, payload: guarded });
      expect(codeOf(refused)).toBe('UNAUTHENTICATED');
    },
  );
});

test.each(['preHandler', 'handler'] as const)(
  'a POST whose %s never answers is UNAVAILABLE once its time is over, and others are not cut (R-144)',
  async (where) => {
    const slow = Fastify();
    slow.setErrorHandler((error, _request, reply) => reply.code(503).send({ refused: (error as Refusal).code }));
    boundRequests(slow, 100);
    const never = (): Promise<never> => new Promise(() => {});
    slow.post('/slow', { preHandler: where === 'preHandler' ? never : [] }, never);
    slow.post('/quick', async () => ({ answered: true }));
    const address = await slow.listen({ host: '127.0.0.1', port: 0 });
    // Over a socket: what is injected closes at another time than what was sent.
    const post = (path: string) =>
      fetch(`${address}${path}`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
    const asked = [post('/slow'), post('/slow')];
    expect((await post('/quick')).status).toBe(200);
    for (const answer of await Promise.all(asked)) {
      expect(answer.status).toBe(503);
      expect(await answer.json()).toEqual({ refused: 'UNAVAILABLE' });
    }
    expect((await post('/slow')).status).toBe(503);
    await slow.close();
  },
);

if (process.env['TEST_DATABASE_URL']) {
  test('what the database does not answer in time is UNAVAILABLE, within 10 s, and never "wrong password" (R-144, R-185)', async () => {
    const database = await createTestDatabase();
    const slow = await openApp({}, database);
    const locker = postgres(database.databaseUrl as string, { max: 1, onnotice: () => {} });
    let unlock = (): void => {};
    const locked = new Promise<void>((isLocked) => {
      void locker
        .begin(async (sql) => {
          await sql`lock table accounts in access exclusive mode`;
          isLocked();
          await new Promise<void>((resolve) => (unlock = resolve));
        })
        .catch(() => undefined);
    });
    await locked;
    const started = performance.now();
    const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
    const variables = { input: { email: 'ada@example.org', password: GOOD_PASSWORD } };
    const answer = await request({ to: slow, payload: JSON.stringify({ query, variables }) });
    expect(performance.now() - started).toBeLessThan(11_000);
    expect(answer.statusCode).toBe(503);
    expect(codeOf(answer)).toBe('UNAVAILABLE');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    unlock();
    await locker.end();
    await slow.close();
    await database.close();
  });
}

describe('the log', () => {
  const lines = (): Record<string, unknown>[] =>
    app().logLines.map((line) => JSON.parse(line) as Record<string, unknown>);

  test('has one JSON object for each event: when, how grave, what (R-177, R-179)', async () => {
    const userAgent = 'odd\r\n{"event":"forged"}\u001b[31m\u2028\u202e agent';
    const ada = await app().person();
    const client = app().client({
      userAgent: Buffer.from(userAgent, 'utf8')
        .toString('latin1')
        .replace(/[\r\n]/g, ''),
    });
    await client.call('signIn', { email: ada.email, password: OTHER_PASSWORD });
    for (const line of app().logLines) {
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u2028\u2029]/);
      expect(JSON.parse(line)).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: expect.stringMatching(/^(?:debug|info|warn|error|fatal)$/),
        event: expect.stringMatching(/^[a-z_]+$/i),
      });
    }
    expect(lines().some(({ event }) => event === 'forged')).toBe(false);
  });

  test('says who did what to whom, from where and with which result (R-176, R-177)', async () => {
    const ada = await app().person();
    await app().client().call('signIn', { email: ada.email, password: OTHER_PASSWORD });
    const target = await ada.accountId();
    const hers = lines().filter((line) => line['target'] === target || line['event'] === 'sign_in_failed');
    expect(hers.map(({ event }) => event)).toEqual(expect.arrayContaining(['account_created', 'sign_in_failed']));
    for (const line of hers) {
      expect(Object.keys(line)).toEqual(expect.arrayContaining(['requestId', 'actor', 'target', 'client', 'result']));
    }
  });

  test('never holds what is secret, in any spelling, nor whole addresses (R-178)', async () => {
    const password = 'canary horses run at n1ght';
    const newPassword = 'canary rivers flow n0rth too';
    const ada = await app().person({ password, email: 'canary.person@example.org' });
    const session = [...ada.browser.cookies.values()];
    const elsewhere = await ada.signsInElsewhere();
    session.push(...elsewhere.cookies.values());
    await app()
      .client()
      .call('signIn', { email: ada.email, password: `${password}!` });
    await app().client().call('signIn', { email: password, password: ada.email });
    await ada.asksForReset();
    const token = await ada.nextToken('reset-password');
    await app()
      .client()
      .call('completePasswordReset', { token: `${token.slice(0, -3)}AAA`, newPassword });
    await app().client().call('completePasswordReset', { token, newPassword: 'canary' });
    await app().client().call('completePasswordReset', { token, newPassword });
    await app()
      .client()
      .send('{ viewer { id } }', { password }, { authorization: `Bearer ${password}`, cookie: `x=${newPassword}` });
    await app().client().send(`{ viewer { ${token} } }`);
    const written = app().logLines.join('');
    for (const secret of [
      password,
      newPassword,
      token,
      token.split('.')[1] as string,
      ...session,
      'canary.person@example.org',
    ]) {
      for (const spelling of [
        secret,
        encodeURIComponent(secret),
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      ]) {
        expect(written.includes(spelling)).toBe(false);
      }
    }
  });
});
