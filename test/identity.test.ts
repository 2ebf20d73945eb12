/** What other services learn about who is calling: a word that ages in a minute, and an answer that is true at this moment. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { currentTime } from '../src/base/time.js';
import { createService, revokeService } from '../src/services/clients.js';
import { rotateKeys, signingKey } from '../src/services/signing-keys.js';
import { useApp } from './support/app.js';
import type { Client, GraphqlBody } from './support/client.js';
import { startOrders, type RunningService } from './support/federation/orders.js';
import { route, ROUTER_ENV, ROUTER_SECRETS, type Routed } from './support/federation/router.js';
import type { Person } from './support/person.js';
import { onFlag, staffMember } from './support/staff.js';

const app = useApp({ ...ROUTER_ENV, IDENTITY_AUDIENCES: 'orders,reviews' });

interface Identity {
  readonly assertion: string;
  readonly expiresAt: number;
  readonly claims: JWTPayload;
}
const askIdentity = (options: Routed & { audience?: string; body?: string } = {}) =>
  route(app(), options.body, {
    ...options,
    path: `/identity${options.audience === undefined ? '' : `?audience=${options.audience}`}`,
  });
const identityOf = async (client: Client, audience?: string): Promise<Identity> =>
  (await askIdentity({ client, ...(audience !== undefined && { audience }) })).json<Identity>();
const introspect = async (token: string, authorization = `Bearer ${ROUTER_SECRETS[0]}`) =>
  app().http.inject({
    method: 'POST',
    url: '/introspect',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization },
    payload: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
  });
const isActive = async (token: string): Promise<boolean> =>
  (await introspect(token)).json<{ active: boolean }>().active;
const publishedKeys = async (): Promise<JSONWebKeySet> =>
  (await app().http.inject('/.well-known/jwks.json')).json<JSONWebKeySet>();
const sessionToken = (client: Client): string => client.cookies.get('rekey-session') as string;

/** What the README tells another service to do with an assertion. */
async function verify(assertion: string, rules: { audience?: string; currentDate?: Date } = {}): Promise<JWTPayload> {
  const { payload } = await jwtVerify(assertion, createLocalJWKSet(await publishedKeys()), {
    algorithms: ['EdDSA'],
    typ: 'rekey-identity+jwt',
    issuer: app().config.publicUrl,
    audience: rules.audience ?? 'orders',
    currentDate: rules.currentDate ?? (await currentTime(app().ctx)),
  });
  return payload;
}

describe('an assertion about who is calling', () => {
  test('names the account, the session and how it began, for a minute at most (R-161)', async () => {
    const ada = await app().person();
    const answer = await askIdentity({ client: ada.browser });
    const { assertion, expiresAt, claims } = answer.json<Identity>();
    expect(answer.headers).toMatchObject({ 'x-rekey-identity': assertion, 'cache-control': 'no-store' });
    const now = Math.floor((await currentTime(app().ctx)).getTime() / 1000);
    const { viewer } = await ada.browser.graphql('{ viewer { account { id } currentSession { id createdAt } } }');
    const payload = await verify(assertion);
    expect(payload).toEqual(claims);
    expect(payload).toEqual({
      iss: 'http://localhost:4000',
      aud: 'orders',
      sub: viewer.account.id,
      sid: viewer.currentSession.id,
      epoch: 1,
      amr: ['pwd'],
      auth_time: Math.floor(Date.parse(viewer.currentSession.createdAt) / 1000),
      iat: expect.any(Number),
      exp: expiresAt,
      jti: expect.stringMatching(/^ida_/),
    });
    expect(Math.abs((payload.iat as number) - now)).toBeLessThan(5);
    expect((payload.exp as number) - (payload.iat as number)).toBe(60);
    expect(decodeProtectedHeader(assertion)).toEqual({
      alg: 'EdDSA',
      typ: 'rekey-identity+jwt',
      kid: expect.stringMatching(/^key_/),
    });
  });

  test('is worth nothing to a service that looks for another audience, issuer or kind, or looks too late (R-161)', async () => {
    const ada = await app().person();
    const { assertion, expiresAt } = await identityOf(ada.browser);
    await expect(verify(assertion, { audience: 'reviews' })).rejects.toThrow('"aud"');
    await expect(verify(assertion, { currentDate: new Date((expiresAt + 1) * 1000) })).rejects.toThrow('"exp"');
    await expect(verify(`${assertion.slice(0, -4)}AAAA`)).rejects.toThrow('signature');
  });

  test('lives no longer than the session it tells of', async () => {
    const ada = await app().person();
    const { SESSION_IDLE_TTL, SESSION_ABSOLUTE_TTL } = app().config;
    // Used often enough, the session goes on to the day that its absolute lifetime ends.
    for (let passed = 0; passed < SESSION_ABSOLUTE_TTL - 20;) {
      const step = Math.min(SESSION_IDLE_TTL - 20, SESSION_ABSOLUTE_TTL - 20 - passed);
      await app().advance(step);
      passed += step;
      expect(await ada.browser.graphql('{ viewer { id } }')).not.toEqual({ viewer: null });
    }
    const { claims } = await identityOf(ada.browser);
    expect((claims.exp as number) - (claims.iat as number)).toBeLessThanOrEqual(20);
  });

  test('is made for the audiences asked for, of those configured; for the first where none is', async () => {
    const ada = await app().person();
    expect((await identityOf(ada.browser)).claims.aud).toBe('orders');
    expect((await identityOf(ada.browser, 'reviews')).claims.aud).toBe('reviews');
    expect((await identityOf(ada.browser, 'reviews&audience=orders')).claims.aud).toEqual(['reviews', 'orders']);
    for (const body of ['{"audience":["reviews"]}', 'audience=reviews']) {
      expect((await askIdentity({ client: ada.browser, body })).json<Identity>().claims.aud).toBe('reviews');
    }
    for (const audience of ['', 'payments', 'orders,reviews', 'ORDERS']) {
      const answer = await askIdentity({ client: ada.browser, audience });
      expect([answer.statusCode, answer.json()]).toMatchObject([
        400,
        { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
      ]);
    }
  });

  test('is made for a router or proxy alone, and for a person who is signed in: 401 otherwise', async () => {
    const ada = await app().person();
    for (const options of [
      { client: ada.browser, secret: null },
      { client: ada.browser, secret: 'x'.repeat(40) },
      {},
      { client: app().client() },
    ]) {
      const answer = await askIdentity(options);
      expect([answer.statusCode, answer.headers['x-rekey-identity']]).toEqual([401, undefined]);
    }
    await ada.browser.call('signOut', null);
    expect((await askIdentity({ client: ada.browser })).statusCode).toBe(401);
  });

  test('is made for a forward-authenticating proxy: by GET, with what the browser sent, its own word in X-Rekey-Router', async () => {
    const ada = await app().person();
    const headers = {
      'x-rekey-router': ROUTER_SECRETS[1],
      'content-type': 'application/json',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
    };
    const byCookie = await askIdentity({ method: 'GET', secret: null, client: ada.browser, headers });
    const byBearer = await askIdentity({ secret: await bearerOf(ada), headers });
    expect([byCookie.statusCode, byBearer.statusCode]).toEqual([200, 200]);
    const foreign = await askIdentity({
      secret: null,
      client: ada.browser,
      headers: { ...headers, origin: 'https://evil.example.org' },
    });
    expect(foreign.statusCode).toBe(403);
  });

  test.each(['PUT', 'PATCH', 'DELETE'] as const)(
    'is made for a proxy that keeps the method and body of its client: %s, and that body chooses nothing',
    async (method) => {
      const ada = await app().person();
      const answer = await askIdentity({ method, client: ada.browser, audience: 'orders', body: 'audience=reviews' });
      expect([answer.statusCode, answer.json<Identity>().claims?.aud]).toEqual([200, 'orders']);
      expect((await askIdentity({ method, secret: null, client: ada.browser })).statusCode).toBe(401);
    },
  );

  test('names the rights of staff, and how strong the sign-in was', async () => {
    const { client } = await staffMember(app(), 'reviewer');
    const { claims } = await identityOf(client);
    expect(claims).toMatchObject({ amr: ['pwd', 'mfa'], scope: 'accounts:read support:review accounts:review' });
  });
});

describe('the keys', () => {
  test('are public where they should be, and nowhere else', async () => {
    const { keys } = await publishedKeys();
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    const stored = await rows<{ private_jwk: string }>(app().ctx.db, sql`select private_jwk from signing_keys`);
    for (const { private_jwk } of stored) expect(private_jwk).toMatch(/^v1\.[^"{]+$/);
  });

  test('change without a gap: the next is published before it signs, the last after it has', async () => {
    const ada = await app().person();
    const kidNow = async () => decodeProtectedHeader((await identityOf(ada.browser)).assertion).kid;
    const published = async () => (await publishedKeys()).keys.map(({ kid }) => kid);
    const first = await kidNow();
    const { id: second } = await rotateKeys(app().ctx, { atOnce: false });
    expect(await published()).toEqual([second, first]);
    expect(await kidNow()).toBe(first);
    await app().advance(601);
    const late = await identityOf(ada.browser);
    expect(decodeProtectedHeader(late.assertion).kid).toBe(second);
    expect(await published()).toContain(first);
    await app().advance(200);
    expect(await published()).toEqual([second]);
    const { id: third } = await rotateKeys(app().ctx, { atOnce: true });
    expect([await published(), await kidNow()]).toEqual([[third], third]);
    await expect(verify(late.assertion, { currentDate: new Date((late.expiresAt - 1) * 1000) })).rejects.toThrow(
      'no applicable key',
    );
  });

  if (process.env['TEST_DATABASE_URL']) {
    test('are made once, however many need the first at once', async () => {
      await app().ctx.db.execute(sql`delete from signing_keys`);
      const sets = await Promise.all(Array.from({ length: 50 }, publishedKeys));
      expect(new Set(sets.flatMap(({ keys }) => keys.map(({ kid }) => kid))).size).toBe(1);
    });
  }
});

describe('introspection (RFC 7662)', () => {
  let orders: RunningService;
  let ordersNow = new Date();
  beforeAll(async () => {
    await app().http.listen({ port: 0, host: '127.0.0.1' });
    const jwksUrl = `http://127.0.0.1:${(app().http.server.address() as AddressInfo).port}/.well-known/jwks.json`;
    orders = await startOrders({ jwksUrl, issuer: app().config.publicUrl, now: () => ordersNow });
  });
  afterAll(() => orders.stop());

  /** Whether the service of the README's example takes the assertion for a person. */
  async function isServedByOrders(assertion: string): Promise<boolean> {
    ordersNow = await currentTime(app().ctx);
    const answer = await fetch(orders.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-rekey-identity': assertion },
      body: JSON.stringify({ query: '{ myOrders { item } }' }),
    });
    return ((await answer.json()) as GraphqlBody).errors === undefined;
  }

  test('knows sessions and assertions, and tells what the assertion tells', async () => {
    const ada = await app().person();
    const { assertion, claims } = await identityOf(ada.browser);
    const { sub, sid, epoch, amr, auth_time } = claims;
    expect((await introspect(assertion)).json()).toEqual({ active: true, token_type: 'rekey-identity+jwt', ...claims });
    for (const token of [sessionToken(ada.browser), await bearerOf(ada)]) {
      const answer = (await introspect(token)).json<JWTPayload>();
      expect(answer).toMatchObject({
        active: true,
        token_type: 'session',
        iss: 'http://localhost:4000',
        sub,
        epoch,
        amr,
      });
      expect(answer.exp).toBeGreaterThan(answer.iat as number);
    }
    expect((await introspect(sessionToken(ada.browser))).json()).toMatchObject({ sid, auth_time });
  });

  test.each<[string, (ada: Person) => Promise<unknown>]>([
    ['signing out', (ada) => ada.browser.call('signOut', null)],
    ['a password reset', (ada) => ada.resetsPassword('nine quiet rivers flow north')],
    ['closing the account', (ada) => ada.browser.call('closeAccount', null)],
    ['a day and more without use', () => app().advance(8 * 86_400)],
  ])('says inactive at once after %s, of the session and of what was said about it (R-081)', async (_name, end) => {
    const ada = await app().person();
    const token = sessionToken(ada.browser);
    const { assertion } = await identityOf(ada.browser);
    expect([await isActive(token), await isActive(assertion)]).toEqual([true, true]);
    await end(ada);
    expect([await isActive(token), await isActive(assertion)]).toEqual([false, false]);
    expect((await introspect(token)).json()).toEqual({ active: false });
  });

  test('tells nothing about what it does not know', async () => {
    for (const token of ['', 'x', 'a.b.c', 'x'.repeat(43), 'svc_AAAAAAAAAAAAAAAAAAAAAA.x', '\u0000']) {
      const answer = await introspect(token);
      expect([answer.statusCode, answer.json()]).toEqual([200, { active: false }]);
    }
  });

  test.each<[string, (claims: JWTPayload, kid: string) => Promise<string>]>([
    ['unsigned', async (claims, kid) => unsigned({ alg: 'none', typ: 'rekey-identity+jwt', kid }, claims)],
    [
      'signed with the public key as a shared secret',
      async (claims, kid) => {
        const key = (await publishedKeys()).keys.find((one) => one.kid === kid);
        return new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', typ: 'rekey-identity+jwt', kid })
          .sign(Buffer.from(key?.['x'] as string, 'base64url'));
      },
    ],
    [
      'signed with a key that it brings along',
      async (claims, kid) => {
        const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
        const header = {
          alg: 'EdDSA',
          typ: 'rekey-identity+jwt',
          kid,
          jwk: await exportJWK(publicKey),
          jku: 'https://evil.example.org/jwks.json',
          x5u: 'https://evil.example.org/x5u',
        };
        return new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
      },
    ],
    ['of another kind', (claims, kid) => withOurKey(claims, { alg: 'EdDSA', typ: 'JWT', kid })],
    ['of no kind', (claims, kid) => withOurKey(claims, { alg: 'EdDSA', kid })],
    ['from another issuer', (claims) => withOurKey({ ...claims, iss: 'https://evil.example.org' })],
    ['for an audience that is not ours', (claims) => withOurKey({ ...claims, aud: 'elsewhere' })],
    ['without an end', ({ exp: _, ...claims }) => withOurKey(claims)],
    ['about nobody', ({ sub: _, ...claims }) => withOurKey(claims)],
    ['past its end', (claims) => withOurKey({ ...claims, exp: (claims.iat as number) - 1 })],
  ])('does not believe an assertion that is %s (R-161)', async (_name, forge) => {
    const ada = await app().person();
    const { assertion, claims } = await identityOf(ada.browser);
    const forged = await forge(claims, decodeProtectedHeader(assertion).kid as string);
    expect(decodeJwt(forged)['sid']).toBe(claims['sid']);
    expect([await isActive(assertion), await isServedByOrders(assertion)]).toEqual([true, true]);
    expect([await isActive(forged), await isServedByOrders(forged)]).toEqual([false, false]);
  });

  test('answers routers and services that show who they are, and takes the token from the body alone', async () => {
    const ada = await app().person();
    const token = sessionToken(ada.browser);
    const made = await createService(app().ctx, { name: 'warehouse', scopes: [] });
    const credential = made?.token as string;
    const basic = `Basic ${Buffer.from(credential.replace('.', ':')).toString('base64')}`;
    for (const authorization of [`Bearer ${credential}`, basic]) {
      expect((await introspect(token, authorization)).json()).toMatchObject({ active: true });
    }
    await revokeService(app().ctx, 'warehouse');
    for (const authorization of [`Bearer ${credential}`, basic, `Bearer ${token}`, 'Basic Og==', 'Bearer x', '']) {
      const answer = await introspect(token, authorization);
      expect([answer.statusCode, answer.json()]).toEqual([401, { error: 'invalid_client' }]);
    }
    const unread = await route(app(), 'x'.repeat(200_000), { path: '/introspect', secret: null });
    expect([unread.statusCode, unread.json()]).toEqual([401, { error: 'invalid_client' }]);
    const inUrl = await route(app(), '', { path: `/introspect?token=${token}` });
    expect([inUrl.statusCode, inUrl.json()]).toEqual([400, { error: 'invalid_request' }]);
  });

  test('does not count as using the session', async () => {
    const ada = await app().person();
    await app().advance(120);
    const lastUse = async () =>
      (await rows(app().ctx.db, sql`select last_used_at, ip from sessions where account_id = ${accountId}`))[0];
    const accountId = await ada.accountId();
    await app().advance(120);
    const before = await lastUse();
    expect(await isActive(sessionToken(ada.browser))).toBe(true);
    expect(await lastUse()).toEqual(before);
  });
});

describe('services', () => {
  const FLAG =
    'mutation ($input: FlagAccountInput!) { flagAccount(input: $input) { __typename ... on FlagAccountSuccess { flag { reason flaggedBy { id } } } } }';
  const flag = async (credential: string, accountId: string, headers = {}) =>
    (
      await app()
        .client({ bearer: credential })
        .send(FLAG, { input: { accountId, reason: 'MANUAL', severity: 'LOW' } }, headers)
    ).body;

  test('with the scope accounts:flag put an account in the queue, until they are revoked, and that is all they may', async () => {
    const id = await (await app().person()).accountId();
    const credential = (await createService(app().ctx, { name: 'payments', scopes: ['accounts:flag'] }))
      ?.token as string;
    expect((await flag(credential, id)).data?.['flagAccount']).toEqual({
      __typename: 'FlagAccountSuccess',
      flag: { reason: 'MANUAL', flaggedBy: null },
    });
    const bearer = app().client({ bearer: credential });
    for (const query of [
      '{ accounts { nodes { id } } }',
      `{ account(id: "${id}") { email } }`,
      'mutation { revokeOtherSessions { __typename } }',
    ]) {
      expect((await bearer.send(query)).body.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    }
    expect(await bearer.graphql('{ viewer { id } }')).toEqual({ viewer: null });
    expect((await askIdentity({ headers: { 'x-rekey-session': credential } })).statusCode).toBe(401);
    await revokeService(app().ctx, 'payments');
    expect((await flag(credential, id)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('with the scope accounts:flag learn nothing of what staff and rules say about the account (R-111)', async () => {
    const [id, staff] = [await (await app().person()).accountId(), await staffMember(app(), 'reviewer')];
    const make = async (name: string) =>
      app().client({ bearer: (await createService(app().ctx, { name, scopes: ['accounts:flag'] }))?.token as string });
    const [shop, orders] = [await make('shop'), await make('orders-2')];
    const raise = (client: Client, fields: string, note: string | null = null) =>
      client.send(
        `mutation ($input: FlagAccountInput!) { flagAccount(input: $input) { ... on FlagAccountSuccess { flag { status ${fields} } } } }`,
        { input: { accountId: id, reason: 'MANUAL', severity: 'LOW', note } },
      );
    const own = async (note: string | null) =>
      (await raise(shop, 'note flaggedBy { id }', note)).body.data?.['flagAccount'];
    expect(await own(null)).toEqual({ flag: { status: 'OPEN', note: null, flaggedBy: null } });
    await onFlag(staff.client, 'flagAccount', {
      accountId: id,
      reason: 'MANUAL',
      severity: 'LOW',
      note: 'a staff secret',
    });
    expect(await own('odd orders')).toEqual({ flag: { status: 'OPEN', note: null, flaggedBy: null } });
    const others = 'evidence { eventCount } history { note } claimedBy { id } claimedAt resolution { note }';
    for (const [client, fields] of [
      [orders, `note flaggedBy { id } ${others}`],
      [shop, others],
    ] as const) {
      for (const field of fields.match(/\w+(?: \{[^}]*\})?/g) ?? []) {
        const { body, text } = await raise(client, field);
        expect([field, body.errors?.map(({ extensions }) => extensions.code)]).toEqual([field, ['FORBIDDEN']]);
        expect(text).not.toMatch(/odd orders|staff secret|"id":/);
      }
    }
  });

  test('without the scope, or with a part of a credential, are refused', async () => {
    const id = await (await app().person()).accountId();
    const credential = (await createService(app().ctx, { name: 'quiet', scopes: [] }))?.token as string;
    expect((await flag(credential, id)).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const forged = `${credential.split('.')[0]}.${'A'.repeat(43)}`;
    expect((await flag(forged, id)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('keep their name to themselves while they are in use; their credential rests as a digest, and the audit names them', async () => {
    const made = await createService(app().ctx, { name: 'stock', scopes: ['accounts:flag'] });
    expect(await createService(app().ctx, { name: 'stock', scopes: [] })).toBeNull();
    expect([await revokeService(app().ctx, 'stock'), await revokeService(app().ctx, 'stock')]).toEqual([true, false]);
    const again = await createService(app().ctx, { name: 'stock', scopes: ['accounts:flag'] });
    const secret = made?.token.split('.')[1] as string;
    const stored = await rows(app().ctx.db, sql`select * from service_clients`);
    expect(JSON.stringify(stored)).not.toContain(secret);
    expect(await flag(made?.token as string, 'acct_AAAAAAAAAAAAAAAAAAAAAA')).toHaveProperty('errors');
    expect((await flag(again?.token as string, 'acct_AAAAAAAAAAAAAAAAAAAAAA')).data?.['flagAccount'].__typename).toBe(
      'NotFoundProblem',
    );
    const audit = await rows(
      app().ctx.db,
      sql`select action from audit_entries where details ->> 'service' = 'stock' order by sequence`,
    );
    expect(audit.map(({ action }) => action)).toEqual(['createService', 'revokeService', 'createService']);
  });
});

describe('what people get', () => {
  test('are opaque tokens, never a word that others could read or check (R-162)', async () => {
    const ada = await app().person();
    for (const token of [sessionToken(ada.browser), await bearerOf(ada)]) expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    for (const value of ada.browser.cookies.values()) expect(value).not.toMatch(/^eyJ/);
  });

  test('can be taken back as often as one likes: ending what has ended succeeds and tells nothing (R-163)', async () => {
    const ada = await app().person();
    const other = await ada.signsInElsewhere();
    const { viewer } = await other.graphql('{ viewer { currentSession { id } } }');
    const revoke = () =>
      ada.browser.call(
        'revokeSession',
        { sessionId: viewer.currentSession.id },
        '... on RevokeSessionSuccess { revokedSessionId }',
      );
    expect(await revoke()).toEqual(await revoke());
    const ended = await other.call('signOut', null);
    expect(ended).toEqual(
      await app()
        .client({ bearer: 'x'.repeat(43) })
        .call('signOut', null),
    );
    expect(ended).toEqual(await app().client().call('signOut', null));
  });

  test('are not refreshed by a second token: there is none to steal (R-164)', async () => {
    const { __schema: schema } = await app()
      .client()
      .graphql('{ __schema { types { fields { name } inputFields { name } } } }');
    expect(JSON.stringify(schema)).not.toMatch(/refresh/i);
  });
});

/** With the key that signs assertions: what it is not meant to say is not believed either. */
async function withOurKey(claims: JWTPayload, header?: JWTHeaderParameters): Promise<string> {
  const { id, privateKey } = await signingKey(app().ctx);
  const own = { alg: 'EdDSA', typ: 'rekey-identity+jwt', kid: id };
  return new SignJWT(claims).setProtectedHeader(header ?? own).sign(privateKey);
}

const unsigned = (header: object, claims: object): string =>
  `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;

async function bearerOf(person: Person): Promise<string> {
  const input = { email: person.email, password: person.password, transport: 'BEARER' };
  const outcome = await app()
    .client({ userAgent: 'Rekey-iOS/1' })
    .call('signIn', input, '... on SignInSuccess { sessionToken }');
  return outcome['sessionToken'] as string;
}
