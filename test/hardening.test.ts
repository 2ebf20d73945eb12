/** What the service does with requests that no honest client sends: refuses them early, alike, and without telling anything. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InjectOptions, Response } from 'light-my-request';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { newBytes } from '../src/base/secrets.js';
import { cpuMillisecondsOf } from './support/cpu-time.js';
import { openApp, useApp, type App } from './support/app.js';
import { GOOD_PASSWORD } from './support/person.js';

const app = useApp();

/** Production as it is shipped, on a database of its own. Nothing is sent from it. */
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

/** One request as it stands, without what a client would add. */
function request({ to = app(), headers = {}, ...options }: Raw): Promise<Response> {
  const json = { 'content-type': 'application/json', origin: to.config.publicUrl };
  return to.http.inject({ method: 'POST', url: '/graphql', ...options, headers: { ...json, ...headers } });
}
const ask = (query: string, variables: unknown = {}, to?: App): Promise<Response> =>
  request({ payload: JSON.stringify({ query, variables }), ...(to && { to }) });

const codeOf = (response: Response): string =>
  response.json<{ errors?: { extensions: { code: string } }[] }>().errors?.[0]?.extensions.code ?? 'none';
const isRefused = ({ statusCode, body }: Response): boolean =>
  !/"data":\{/.test(body) && body.includes('"errors"') && statusCode < 500;

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';

describe('the shape of the schema', () => {
  const INTROSPECTION = [
    '{ __schema { types { name } } }',
    '{ __type(name: "Account") { name } }',
    'query A { ...F } fragment F on Query { __schema { queryType { name } } }',
    'query A { ... on Query { __type(name: "Query") { name } } }',
  ];

  test.each(INTROSPECTION)('is not told in production: %s (R-128)', async (query) => {
    const answer = await request({ to: production, payload: JSON.stringify({ query, operationName: null }) });
    expect(isRefused(answer)).toBe(true);
    expect(answer.body).not.toContain('"name"');
  });

  test('is told in development and test, and `__typename` is told everywhere', async () => {
    expect((await ask(INTROSPECTION[0] as string)).json()).toHaveProperty('data.__schema');
    expect((await ask('{ __typename }', {}, production)).json()).toEqual({ data: { __typename: 'Query' } });
  });

  test.each([
    ['a field', '{ viewr { id } }', {}],
    ['an argument', '{ viewer { sessions(frst: 1) { totalCount } } }', {}],
    ['a type', 'query ($a: SignInInpt) { viewer { id } }', {}],
    ['a fragment type', '{ viewer { ... on Viewr { id } } }', {}],
    ['an enum in the document', 'mutation { sendPasswordResetLink(input: { channel: EMAL }) { __typename } }', {}],
    [
      'an enum in a variable',
      'mutation ($c: NotificationChannel) { sendPasswordResetLink(input: { channel: $c }) { __typename } }',
      { c: 'EMAL' },
    ],
    ['an input field in a variable', SIGN_IN, { input: { emal: 'a@b.org', email: 'a@b.org', password: 'x' } }],
    ['a directive', '{ viewer @skp(if: true) { id } }', {}],
  ])('is not hinted at for a typing error in %s (R-130)', async (_what, query, variables) => {
    for (const to of [app(), production]) {
      const answer = await ask(query, variables, to);
      expect(isRefused(answer)).toBe(true);
      expect(answer.body).not.toMatch(/did you mean|frist|first|EMAIL|Viewer\b.*or/i);
    }
  });

  test.each(['text/html', 'text/html,application/xhtml+xml'])(
    'has no landing page (R-146): Accept %s',
    async (accept) => {
      for (const to of [app(), production]) {
        const answer = await request({ to, method: 'GET', headers: { accept } });
        expect(answer.statusCode).toBe(405);
        expect(answer.headers['content-type']).toContain('application/json');
      }
    },
  );

  test('does not come with timings for who asks for a trace (R-146)', async () => {
    const headers = { 'apollo-federation-include-trace': 'ftv1' };
    const answer = await request({ headers, payload: JSON.stringify({ query: '{ viewer { id } }' }) });
    expect(answer.json()).toEqual({ data: { viewer: null } });
  });
});

describe('an error', () => {
  const CANARY = 'canary-p4ssword-that-nobody-may-see';

  test.each([
    ['a missing sibling', SIGN_IN, { input: { password: CANARY } }],
    ['a wrong type beside it', SIGN_IN, { input: { email: { a: 1 }, password: CANARY } }],
    ['the input as text', SIGN_IN, { input: CANARY }],
    ['the input as a list', SIGN_IN, { input: [{ email: 'a@b.org', password: CANARY }] }],
    ['an unknown field of that value', SIGN_IN, { input: { email: 'a@b.org', password: CANARY, x: CANARY } }],
    ['a literal', `mutation { signIn(input: { email: "a@b.org", password: "${CANARY}" }) { __typename } }`, {}],
    [
      'a literal of the wrong form',
      `mutation { signIn(input: { email: 1, password: "${CANARY}" }) { __typename } }`,
      {},
    ],
    [
      'a default',
      `mutation ($p: Secret! = "${CANARY}") { signIn(input: { email: "a@b.org", password: $p }) { __typename } }`,
      {},
    ],
    [
      'an enum',
      'mutation ($i: SignInInput!) { signIn(input: $i) { __typename } }',
      { i: { email: 'a@b.org', password: 'x', transport: CANARY } },
    ],
    ['a document that cannot be read', `mutation { signIn(input: "${CANARY}" `, {}],
    ['a number', '{ viewer { sessions(first: "canary-p4ssword-that-nobody-may-see") { totalCount } } }', {}],
  ])('never repeats what was sent: %s (R-131)', async (_what, query, variables) => {
    for (const to of [app(), production]) {
      const answer = await ask(query, variables, to);
      expect(isRefused(answer)).toBe(true);
      expect(answer.body).not.toContain('canary');
      expect(to.logLines.join('')).not.toContain('canary');
    }
  });

  test('names a few mistakes and no more (R-137)', async () => {
    const unknown = Array.from({ length: 400 }, (_, index) => `x${index}`).join(' ');
    const answer = await ask(`{ viewer { ${unknown} } }`);
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body.length).toBeLessThan(2000);
    const fields = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`x${index}`, 1]));
    expect((await ask(SIGN_IN, { input: fields })).body.length).toBeLessThan(2000);
  });

  test('that nobody foresaw leaves as a reference; the log has the rest, but no statement (R-132)', async () => {
    const broken = await openApp();
    await broken.ctx.db.execute('alter table accounts rename to gone');
    const email = 'canary@example.org';
    const answer = await ask(SIGN_IN, { input: { email, password: GOOD_PASSWORD } }, broken);
    const [error] = answer.json<{ errors: { message: string; extensions: Record<string, string> }[] }>().errors;
    expect(error?.extensions['code']).toBe('INTERNAL_SERVER_ERROR');
    expect(answer.body).not.toMatch(/select|accounts|insert|relation|node_modules|\.ts|\.js|canary|at /i);
    const line = broken.logLines.find((text) => text.includes(error?.extensions['reference'] as string));
    expect(line).toContain('"unexpected_error"');
    expect(broken.logLines.join('')).not.toMatch(/canary|select /i);
    await broken.close();
  });
});

describe('a document', () => {
  test.each([[1], [2], [200]])('does not come in an array of %d (R-133)', async (length) => {
    const operation = { query: 'mutation { signOut { __typename } }' };
    const answer = await request({ payload: JSON.stringify(Array.from({ length }, () => operation)) });
    expect(answer.statusCode).toBe(400);
    expect(isRefused(answer)).toBe(true);
  });

  const guess = 'signIn(input: $input) { __typename }';
  test.each([
    ['two aliases', `mutation ($input: SignInInput!) { a: ${guess} b: ${guess} }`],
    ['two different fields', `mutation ($input: SignInInput!) { ${guess} signOut { __typename } }`],
    ['a fragment', `mutation ($input: SignInInput!) { ...F ${guess} } fragment F on Mutation { b: ${guess} }`],
    ['an inline fragment', `mutation ($input: SignInInput!) { ${guess} ... on Mutation { b: ${guess} } }`],
    [
      'fragments in fragments',
      `mutation ($input: SignInInput!) { ...F } fragment F on Mutation { ...G ...H } fragment G on Mutation { a: ${guess} } fragment H on Mutation { b: ${guess} }`,
    ],
    [
      'a skipped field',
      `mutation ($input: SignInInput!) { ${guess} b: ${guess.replace(' {', ' @skip(if: false) {')} }`,
    ],
    ['two operations', `mutation A { signOut { __typename } } mutation B { signOut { __typename } }`],
  ])('holds one mutation, so that a secret gets one guess: %s (R-134)', async (_what, query) => {
    const email = `one.guess.${newBytes(4).toString('hex')}@example.org`;
    const answer = await ask(query, { input: { email, password: GOOD_PASSWORD } });
    expect(isRefused(answer)).toBe(true);
    const counted = await rows<{ n: number }>(app().ctx.db, sql`select count(*)::int as n from attempt_counters`);
    expect(counted).toEqual([{ n: 0 }]);
  });

  test('may ask a mutation for `__typename` beside its field', async () => {
    const answer = await ask('mutation { __typename signOut { __typename } }');
    expect(answer.json()).toMatchObject({
      data: { __typename: 'Mutation', signOut: { __typename: 'SignOutSuccess' } },
    });
  });

  const doubling = Array.from({ length: 25 }, (_, n) => `fragment F${n} on Viewer { ...F${n + 1} ...F${n + 1} }`).join(
    ' ',
  );
  const deep = (depth: number): string =>
    `{ viewer { ${'account { viewer { '.repeat(depth)} id ${'} } '.repeat(depth)} } }`;
  test.each([
    ['nests', `{ viewer { ${'... on Viewer { '.repeat(300)} id ${'}'.repeat(300)} } }`],
    ['is deep', `{ __schema { ${'types { fields { type { ofType { '.repeat(8)} name ${'} } } }'.repeat(8)} } }`],
    ['is deep in unknown fields', deep(60)],
    ['doubles', `{ viewer { ...F0 } } ${doubling} fragment F25 on Viewer { id }`],
    ['goes in circles', 'query { viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }'],
    ['is wide', `{ viewer { ${'id '.repeat(1200)} } }`],
    ['has many aliases', `{ viewer { ${Array.from({ length: 40 }, (_, n) => `a${n}: id`).join(' ')} } }`],
    ['has many roots', `{ ${Array.from({ length: 11 }, () => 'viewer { id }').join(' ')} }`],
    ['has many directives', `{ viewer { id ${'@include(if: true) '.repeat(11)} } }`],
    [
      'asks for pages of pages of pages',
      '{ accounts(first: 100) { nodes { flags(first: 100) { nodes { ...F } } } } } fragment F on AccountFlag { evidence { affectedAccounts { securityEvents { nodes { id } } } } }',
    ],
    [
      'asks for them by variables',
      'query ($n: Int = 1) { accounts(first: $n) { nodes { flags(first: $n) { edges { node { evidence { affectedAccounts { securityEvents(first: $n) { edges { node { id } } } } } } } } } } }',
    ],
    ['has many directives in all', `{ viewer { ${'id @include(if: true) '.repeat(60)} } }`],
  ])('that %s is refused at once (R-135)', async (_what, query) => {
    await ask('{ __typename }');
    const spent = await cpuMillisecondsOf(async () => {
      const answer = await ask(query, {}, app());
      expect(isRefused(answer)).toBe(true);
      expect(answer.body).not.toContain('call stack');
      expect(answer.body.length).toBeLessThan(2000);
    });
    expect(spent).toBeLessThan(500);
  });

  test('is not kept on the server by its hash (R-138)', async () => {
    const extensions = {
      persistedQuery: { version: 1, sha256Hash: 'ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38' },
    };
    for (const payload of [{ extensions }, { query: '{__typename}', extensions }]) {
      const answer = await request({ payload: JSON.stringify(payload) });
      expect(isRefused(answer)).toBe(true);
      expect(codeOf(answer)).toBe('PERSISTED_QUERY_NOT_SUPPORTED');
    }
  });

  test('of a mutation does not come by GET (R-145)', async () => {
    const query = encodeURIComponent('mutation { signOut { __typename } }');
    const headers = { 'apollo-require-preflight': 'true' };
    const answer = await request({ method: 'GET', url: `/graphql?query=${query}`, headers });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers['allow']).toBe('POST');
  });
});

describe('a value', () => {
  const SESSIONS =
    'query ($first: Int, $after: String) { viewer { sessions(first: $first, after: $after) { nodes { id } pageInfo { endCursor } } } }';

  test('that is a list holds at most 100 items, in variables and in the document (R-136)', async () => {
    const items = Array.from({ length: 101 }, (_, index) => `c${index}`);
    const inVariables = await ask(SIGN_IN, { input: { email: 'a@b.org', password: items } });
    expect(codeOf(inVariables)).toBe('BAD_USER_INPUT');
    const inDocument = await ask(
      `{ viewer { sessions(after: [${items.map((item) => `"${item}"`).join()}]) { totalCount } } }`,
    );
    expect(isRefused(inDocument)).toBe(true);
  });

  test('that says how many is from 1 to 100 (R-136)', async () => {
    const ada = await app().person();
    for (const first of [0, -1, 101, 2147483647]) {
      const { body } = await ada.browser.send(SESSIONS, { first });
      expect(body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
    for (const first of [1, 100]) await expect(ada.browser.graphql(SESSIONS, { first })).resolves.toBeDefined();
  });

  test('that is a cursor works for its list and viewer, unchanged, and for nobody else (R-141)', async () => {
    const [ada, bob] = [await app().person(), await app().person()];
    const cursor = (await ada.browser.graphql(SESSIONS, { first: 1 }))['viewer'].sessions.pageInfo.endCursor as string;
    await expect(ada.browser.graphql(SESSIONS, { first: 1, after: cursor })).resolves.toBeDefined();
    const middle = cursor.length >> 1;
    const flipped = `${cursor.slice(0, middle)}${cursor[middle] === 'A' ? 'B' : 'A'}${cursor.slice(middle + 1)}`;
    for (const [client, after] of [
      [ada.browser, flipped],
      [ada.browser, ''],
      [ada.browser, 'v1.dev.AAAA.AAAA'],
      [ada.browser, "'; drop table accounts; --"],
      [bob.browser, cursor],
    ] as const) {
      const answer = await client.send(SESSIONS, { first: 1, after });
      expect(answer.body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
      expect(answer.status).toBeLessThan(500);
    }
  });

  test.each([
    "' or 1=1 --",
    '%',
    '_',
    '__proto__',
    'constructor',
    'toString',
    'sess_',
    '\u0000',
    '\ud800',
    'x'.repeat(50_000),
  ])('that is no id is answered like an id that nothing has (R-039, R-142, R-143): %#', async (sessionId) => {
    const ada = await app().person();
    const nothing = await ada.browser.send(
      'mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { __typename ... on Problem { code message } } }',
      { input: { sessionId: 'sess_AAAAAAAAAAAAAAAAAAAAAA' } },
    );
    const odd = await ada.browser.send(
      'mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { __typename ... on Problem { code message } } }',
      { input: { sessionId } },
    );
    expect(odd.text).toBe(nothing.text);
  });

  test('cannot reach a prototype (R-143)', async () => {
    for (const variables of [
      '{"__proto__":{"input":1}}',
      '{"input":{"__proto__":{"email":"a@b.org"},"password":"x"}}',
      '{"constructor":{"prototype":{"x":1}}}',
    ]) {
      const answer = await request({ payload: `{"query":${JSON.stringify(SIGN_IN)},"variables":${variables}}` });
      expect(isRefused(answer)).toBe(true);
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('of an address may be of any length that fits the body: it is a mistake to mend, and never a failure (R-140)', async () => {
    for (const email of [
      'x',
      `${'a'.repeat(90_000)}@example.org`,
      'a@b.org\r\nBcc: c@d.org',
      'a@b.org,c@d.org',
      '"a b"@c.org',
      '\u0000@c.org',
      '\ud800@c.org',
    ]) {
      const outcome = await app().client().call('requestPasswordReset', { email });
      expect(outcome['code']).toBe('INVALID_INPUT');
      const signedUp = await app().client().call('signUp', { email });
      expect(signedUp['code']).toBe('INVALID_INPUT');
      const signedIn = await app().client().call('signIn', { email, password: GOOD_PASSWORD });
      expect(['INVALID_INPUT', 'INVALID_CREDENTIALS']).toContain(signedIn['code']);
    }
  });

  test('nested without end is refused (R-149)', async () => {
    const nested = `${'['.repeat(40_000)}${']'.repeat(40_000)}`;
    const answer = await request({ payload: `{"query":${JSON.stringify(SIGN_IN)},"variables":{"input":${nested}}}` });
    expect(isRefused(answer)).toBe(true);
  });
});
