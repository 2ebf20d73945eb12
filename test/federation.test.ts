/** What other services may ask of us through a router, and what nobody else may. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { verifyAudit } from '../src/audit/service.js';
import { rows } from '../src/base/database.js';
import { newBytes } from '../src/base/secrets.js';
import { openApp, useApp, type App } from './support/app.js';
import type { Data } from './support/client.js';
import {
  account,
  askEntities,
  askSubgraph,
  ENTITIES,
  route,
  ROUTER_ENV,
  ROUTER_SECRETS,
} from './support/federation/router.js';
import { staffMember } from './support/staff.js';
import { statementsDuring } from './support/statements.js';

const app = useApp(ROUTER_ENV);

const TYPENAME = JSON.stringify({ query: '{ __typename }' });

describe('the subgraph answers a router alone (R-157)', () => {
  test.each([
    ['nothing', null],
    ['another word', 'not-a-secret-that-was-ever-configured'],
    ['the beginning of the secret', ROUTER_SECRETS[0].slice(0, -1)],
    ['the secret and more', `${ROUTER_SECRETS[0]}x`],
    ['both secrets as configured', ROUTER_SECRETS.join(',')],
  ])('and refuses %s before it parses', async (_name, secret) => {
    for (const payload of [TYPENAME, '{ this is no JSON', '[]', 'x'.repeat(200_000)]) {
      const answer = await route(app(), payload, { secret });
      expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
      expect(answer.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    }
  });

  test('with either of two secrets, so that one can replace the other; the old one ends with the next start', async () => {
    for (const secret of ROUTER_SECRETS) {
      expect((await route(app(), TYPENAME, { secret })).json()).toEqual({ data: { __typename: 'Query' } });
    }
    const restarted = await openApp({ ROUTER_SECRETS: ROUTER_SECRETS[1] });
    expect((await route(restarted, TYPENAME, { secret: ROUTER_SECRETS[0] })).statusCode).toBe(401);
    expect((await route(restarted, TYPENAME, { secret: ROUTER_SECRETS[1] })).statusCode).toBe(200);
    await restarted.close();
  });

  test('and does not exist where no router is configured', async () => {
    const alone = await openApp();
    for (const path of ['/federation', '/identity']) {
      expect((await route(alone, TYPENAME, { path, secret: '' })).statusCode).toBe(404);
    }
    await alone.close();
  });

  test('by POST', async () => {
    const answer = await route(app(), undefined, { method: 'GET', path: '/federation?query={__typename}' });
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'POST']);
  });
});

describe('what is for routers does not exist for anyone else (R-158)', () => {
  test.each([
    ['_service', '{ _service { sdl } }'],
    ['_entities', '{ _entities(representations: []) { __typename } }'],
  ])('%s is an unknown field like any other on /graphql', async (name, query) => {
    const errorOf = async (document: string) => (await app().client().send(document)).body.errors?.[0];
    const unknown = await errorOf(query.replace(name, 'nothing'));
    expect(await errorOf(query)).toEqual({ ...unknown, message: unknown?.message.replace('nothing', name) });
  });

  test('fields for other services alone are unknown too, even to their owner', async () => {
    const ada = await app().person();
    for (const field of ['isActive', 'sessionsValidAfter']) {
      const { body } = await ada.browser.send(`{ viewer { account { id ${field} } } }`);
      expect(body.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
      const routed = await askSubgraph(app(), `{ viewer { account { ${field} } } }`, {}, { client: ada.browser });
      expect(routed.data?.['viewer'].account[field]).toBeTruthy();
    }
  });

  test("a router's credential opens nothing on /graphql", async () => {
    const answer = await route(app(), JSON.stringify({ query: '{ viewer { id } }' }), {
      path: '/graphql',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.json()).toEqual({ data: { viewer: null } });
  });
});

describe('in production', () => {
  let production: App;
  beforeAll(async () => {
    production = await openApp({
      ...ROUTER_ENV,
      APP_ENV: 'production',
      PUBLIC_URL: 'https://id.example.org',
      DATABASE_URL: 'postgres://not-used-here.example.org/rekey',
      SMTP_URL: 'smtp://127.0.0.1:9',
      MAIL_FROM: 'rekey@example.org',
      SECRET_KEYS: `a:${newBytes(32).toString('base64')}`,
    });
  });
  afterAll(() => production.close());

  test('nobody may look through the schema on any path, the router included (R-128)', async () => {
    const query = '{ __schema { types { name } } }';
    const { body } = await production.client().send(query);
    for (const answer of [body, await askSubgraph(production, query)]) {
      expect(answer.errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
      expect(answer).not.toHaveProperty('data');
    }
  });

  test('the SDL is told to a router, though introspection is off, and to nobody else (R-129)', async () => {
    const query = '{ _service { sdl } }';
    expect((await askSubgraph(production, query)).data?.['_service'].sdl).toContain('type Account @key(fields: "id")');
    expect((await route(production, JSON.stringify({ query }), { secret: null })).body).not.toContain('type');
    expect((await production.client().send(query)).text).not.toContain('Account');
  });
});

describe('accounts that other services refer to', () => {
  test('come in the order asked for, each as often as it is asked for; what does not exist is null', async () => {
    const [ada, ben] = [await app().person({ displayName: 'Ada' }), await app().person({ displayName: 'Ben' })];
    const [a, b] = [await ada.accountId(), await ben.accountId()];
    const odd = [
      'acct_AAAAAAAAAAAAAAAAAAAAAA',
      'acct_short',
      '',
      "' or 1=1 --",
      7,
      null,
      undefined,
      { deep: 1 },
      [a],
      '\u0000',
    ];
    const { data, errors } = await askEntities(app(), [b, a, ...odd, b], 'id displayName');
    expect(errors).toBeUndefined();
    const face = (id: string, displayName: string) => ({ __typename: 'Account', id, displayName });
    expect(data?.['_entities']).toEqual([face(b, 'Ben'), face(a, 'Ada'), ...odd.map(() => null), face(b, 'Ben')]);
  });

  test('cost one statement, whether one is asked for or a hundred', async () => {
    const people: string[] = [];
    for (let n = 0; n < 5; n += 1) people.push(await (await app().person()).accountId());
    const hundred = Array.from({ length: 100 }, (_, n) => people[n] ?? `acct_${String(n).padStart(22, 'x')}`);
    for (const ids of [people.slice(0, 1), hundred]) {
      const statements = await statementsDuring(app(), () =>
        askEntities(app(), ids, 'id displayName isActive sessionsValidAfter'),
      );
      expect(statements).toHaveLength(1);
    }
  });

  test('say whether they may act, and from when on credentials count; a closed one has no name', async () => {
    const eve = await app().person({ displayName: 'Eve' });
    const id = await eve.accountId();
    const face = async () =>
      (await askEntities(app(), [id], 'displayName isActive sessionsValidAfter')).data?.['_entities'][0];
    const before = await face();
    expect(before).toMatchObject({ displayName: 'Eve', isActive: true });
    await app().advance(60);
    await eve.browser.call('closeAccount', null);
    const after = await face();
    expect(after).toMatchObject({ displayName: null, isActive: false });
    expect(Date.parse(after.sessionsValidAfter)).toBeGreaterThan(Date.parse(before.sessionsValidAfter));
  });

  test('tell no more for being asked for by another door: staff fields need staff, whoever the router is (R-159, R-139)', async () => {
    const [ada, mallory] = [await app().person(), await app().person()];
    const id = await ada.accountId();
    for (const [client, code] of [
      [undefined, 'UNAUTHENTICATED'],
      [mallory.browser, 'FORBIDDEN'],
      [ada.browser, 'FORBIDDEN'],
    ] as const) {
      const { data, errors } = await askEntities(app(), [id], 'id email status', client ? { client } : {});
      expect(data?.['_entities'][0]).toMatchObject({ id, email: null, status: null });
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual([code, code]);
    }
    const { client } = await staffMember(app(), 'support');
    const { data } = await askEntities(app(), [id], 'email', { client });
    expect(data?.['_entities'][0].email).toBe(ada.email);
  });

  test('are looked up on record by staff, as with their own query: once for each request, before anything is told (R-111, R-118)', async () => {
    const [ada, ben] = [await app().person(), await app().person()];
    const ids = [await ada.accountId(), await ben.accountId()];
    const sam = await staffMember(app(), 'support');
    const entries = () =>
      rows(
        app().ctx.db,
        sql`select action, by_account_id, by_service, subject_account_id, note, details from audit_entries
            where subject_account_id in ${ids} order by sequence`,
      );
    const asked = [...ids, ids[0], 'acct_AAAAAAAAAAAAAAAAAAAAAA'];
    await askEntities(app(), asked, 'id displayName isActive sessionsValidAfter', { client: sam.client });
    await askEntities(app(), asked, 'email status');
    await askEntities(app(), asked, 'email status', { client: ada.browser });
    await askEntities(app(), asked, 'flags { totalCount }', { client: sam.client });
    expect(await entries()).toEqual([]);
    const { data } = await askEntities(app(), asked, '... on Account { mail: email } status', { client: sam.client });
    expect(data?.['_entities'].map((one: Data | null) => one?.['mail'])).toEqual([
      ada.email,
      ben.email,
      ada.email,
      undefined,
    ]);
    for (const id of ids) await askSubgraph(app(), `{ account(id: "${id}") { email } }`, {}, { client: sam.client });
    const [one, two, ...own] = await entries();
    expect([one, two]).toEqual(own);
    expect(own).toHaveLength(2);
    expect(one).toMatchObject({ action: 'account', by_account_id: sam.id, subject_account_id: ids[0] });
    expect((await verifyAudit(app().ctx)).fault).toBeNull();
  });

  test('are not shown to staff where that cannot be put on record', async () => {
    const ada = await app().person();
    const id = await ada.accountId();
    const { client } = await staffMember(app(), 'support');
    const { db } = app().ctx;
    await db.execute(
      sql`create function no_audit() returns trigger language plpgsql as 'begin raise exception ''the disk is full''; end'`,
    );
    await db.execute(sql`create trigger no_audit before insert on audit_entries execute function no_audit()`);
    try {
      const { data, errors } = await askEntities(app(), [id], 'id email', { client });
      expect(data?.['_entities']).toEqual([{ __typename: 'Account', id, email: null }]);
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL_SERVER_ERROR']);
    } finally {
      await db.execute(sql`drop trigger no_audit on audit_entries`);
      await db.execute(sql`drop function no_audit`);
    }
  });

  test.each([
    [
      'a type that is no entity',
      { __typename: 'Viewer', id: 'view_AAAAAAAAAAAAAAAAAAAAAA', person: { accountId: 'x' } },
    ],
    ['a type that does not exist', { __typename: 'User', id: '1' }],
    ['no type', { id: '1' }],
    ['more than the key', { ...account('acct_AAAAAAAAAAAAAAAAAAAAAA'), email: 'ada@example.org' }],
    ['another key', { __typename: 'Account', email: 'ada@example.org' }],
  ])('are not made up by representations with %s (R-159)', async (_name, representation) => {
    const { data, errors } = await askSubgraph(app(), ENTITIES('id displayName'), {
      representations: [representation],
    });
    expect(data ?? null).toBeNull();
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test('come a hundred at a time at most, in variables and in the document (R-136, R-159)', async () => {
    const ids = Array.from({ length: 101 }, () => 'acct_AAAAAAAAAAAAAAAAAAAAAA');
    const literal = `{ _entities(representations: [${ids.map((id) => `{ __typename: "Account", id: "${id}" }`).join()}]) { __typename } }`;
    for (const answer of [await askEntities(app(), ids, 'id'), await askSubgraph(app(), literal)]) {
      expect(answer).not.toHaveProperty('data');
      expect(answer.errors).toHaveLength(1);
    }
  });
});

describe("the end user's session through a router", () => {
  const viewer = '{ viewer { id } }';

  test('counts by cookie and by X-Rekey-Session, after the credential', async () => {
    const ada = await app().person();
    const { viewer: own } = await ada.browser.graphql(viewer);
    const native = await app()
      .client()
      .call(
        'signIn',
        { email: ada.email, password: ada.password, transport: 'BEARER' },
        '... on SignInSuccess { sessionToken }',
      );
    const headers = { 'x-rekey-session': native['sessionToken'] as string };
    for (const options of [{ client: ada.browser }, { headers }]) {
      expect((await askSubgraph(app(), viewer, {}, options)).data).toEqual({ viewer: own });
      expect((await route(app(), JSON.stringify({ query: viewer }), { ...options, secret: null })).statusCode).toBe(
        401,
      );
    }
    const direct = await route(app(), JSON.stringify({ query: viewer }), {
      path: '/graphql',
      headers: { ...headers, 'content-type': 'application/json' },
    });
    expect(direct.json()).toEqual({ data: { viewer: null } });
  });

  test('and never by a word about who it is (R-160)', async () => {
    const ada = await app().person();
    const id = await ada.accountId();
    const headers = Object.fromEntries(
      [
        'x-user-id',
        'x-account-id',
        'x-role',
        'x-rekey-identity',
        'x-rekey-account',
        'x-forwarded-user',
        'remote-user',
      ].map((name) => [name, id]),
    );
    expect((await askSubgraph(app(), viewer, {}, { headers })).data).toEqual({ viewer: null });
    const { body } = await app().client().send(viewer, {}, headers);
    expect(body.data).toEqual({ viewer: null });
  });

  test('by an assertion neither: what is made for other services is no credential here (R-161)', async () => {
    const ada = await app().person();
    const { assertion } = (await route(app(), undefined, { path: '/identity', client: ada.browser })).json<{
      assertion: string;
    }>();
    expect((await askSubgraph(app(), viewer, {}, { headers: { 'x-rekey-session': assertion } })).data).toEqual({
      viewer: null,
    });
    expect(await app().client({ bearer: assertion }).graphql(viewer)).toEqual({ viewer: null });
  });

  test('two different ones in one request are refused (R-041)', async () => {
    const [ada, ben] = [await app().person(), await app().person()];
    const token = [...ben.browser.cookies].find(([name]) => name.endsWith('session'))?.[1] as string;
    const answer = await route(app(), TYPENAME, { client: ada.browser, headers: { 'x-rekey-session': token } });
    expect(answer.statusCode).toBe(400);
  });

  test('is of no use to another site whose Origin the router passes on (R-147)', async () => {
    const ada = await app().person();
    const headers = { origin: 'https://evil.example.org' };
    expect((await route(app(), TYPENAME, { client: ada.browser, headers })).statusCode).toBe(403);
    expect(
      (await route(app(), TYPENAME, { client: ada.browser, headers: { origin: app().config.publicUrl } })).statusCode,
    ).toBe(200);
  });

  test('begins and ends there as well: the cookies go back through the router', async () => {
    const ada = await app().person();
    const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
    const answer = await route(
      app(),
      JSON.stringify({ query: signIn, variables: { input: { email: ada.email, password: ada.password } } }),
    );
    expect(answer.cookies.map(({ name, httpOnly }) => [name, httpOnly])).toContainEqual(['rekey-session', true]);
  });
});

test('how long a field took is told to nobody: the router gets no trace (R-146)', async () => {
  const answer = await route(app(), TYPENAME, { headers: { 'apollo-federation-include-trace': 'ftv1' } });
  expect(answer.json()).toEqual({ data: { __typename: 'Query' } });
});
