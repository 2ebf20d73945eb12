/** The subgraph in real supergraphs: composed by two composers, joined by two gateways, with the caller known on both sides. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { useApp } from '../support/app.js';
import type { Client } from '../support/client.js';
import { compose, startGateway, type Gateway, type Subgraph } from '../support/federation/gateways.js';
import {
  ORDERS,
  REVIEWS,
  startOrders,
  startReviews,
  type Order,
  type RunningService,
} from '../support/federation/orders.js';
import { askSubgraph, route, ROUTER_ENV, ROUTER_SECRETS } from '../support/federation/router.js';
import { statementsDuring } from '../support/statements.js';

const app = useApp({ ...ROUTER_ENV, IDENTITY_AUDIENCES: 'orders' });

const subgraph = (name: string, sdl: string): Subgraph => ({ name, sdl, url: `http://${name}.example.org` });
const ourSdl = async (): Promise<string> =>
  (await askSubgraph(app(), '{ _service { sdl } }')).data?.['_service'].sdl as string;

describe.each(['apollo', 'hive'] as const)("%s's composer", (composer) => {
  test('takes the subgraph alone, and with two others that extend its types', async () => {
    const ours = subgraph('accounts', await ourSdl());
    expect(await compose(composer, [ours])).toContain('type Account');
    const all = await compose(composer, [ours, subgraph('orders', ORDERS), subgraph('reviews', REVIEWS)]);
    expect(all).toMatch(/type Account[^}]*displayName[^}]*orders/s);
    expect(all).toContain('requires: "isActive"');
  });

  test("takes it with the router's security directives too", async () => {
    const { buildGuardedSchema } = await import('../../src/server/schema.js');
    const { printSubgraph } = await import('../../src/server/federation.js');
    const schema = await buildGuardedSchema({ waitFor: () => Promise.resolve(null) });
    const ours = subgraph('accounts', printSubgraph(schema, { securityDirectives: true }));
    for (const others of [[], [subgraph('orders', ORDERS), subgraph('reviews', REVIEWS)]]) {
      const supergraph = await compose(composer, [ours, ...others]);
      expect(supergraph).toMatch(/revokeOtherSessions[^\n]*@authenticated/);
      expect(supergraph).toMatch(/email: EmailAddress[^\n]*@requiresScopes\(scopes: \[\["accounts:read"\]\]\)/);
    }
  });

  test('keeps from its API what is for services, and the names of the staff tag', async () => {
    const supergraph = await compose(composer, [subgraph('accounts', await ourSdl())]);
    expect(supergraph).toMatch(/isActive: Boolean[^\n]*@inaccessible/);
    expect(supergraph).toMatch(/enum FlagStatus[^{]*@tag\(name: "staff"\)/);
  });
});

describe.each(['apollo', 'hive'] as const)("%s's gateway", (kind) => {
  const orders: Order[] = [];
  let services: RunningService[];
  let gateway: Gateway;
  let rekeyUrl: string;
  let lateBy = 0;

  beforeAll(async () => {
    if (!app().http.server.listening) await app().http.listen({ port: 0, host: '127.0.0.1' });
    rekeyUrl = `http://127.0.0.1:${(app().http.server.address() as AddressInfo).port}`;
    services = await Promise.all([
      startOrders({
        jwksUrl: `${rekeyUrl}/.well-known/jwks.json`,
        issuer: app().config.publicUrl,
        orders,
        now: () => new Date(Date.now() + lateBy),
      }),
      startReviews({ reviews: [] }),
    ]);
    const supergraph = await compose(kind, [
      { name: 'accounts', url: `${rekeyUrl}/federation`, sdl: await ourSdl() },
      ...services,
    ]);
    gateway = await startGateway(kind, { supergraph, rekeyUrl, routerSecret: ROUTER_SECRETS[0] });
  }, 60_000);
  afterAll(async () => {
    await gateway.stop();
    await Promise.all(services.map((service) => service.stop()));
  });

  interface Joined {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the shape of each answer is what is tested
    readonly data?: any;
    readonly errors?: { readonly extensions?: { readonly code?: string } }[];
    readonly cookies: readonly string[];
  }

  async function ask(
    query: string,
    client: Client | null,
    variables: object = {},
    headers: Record<string, string> = {},
  ): Promise<Joined> {
    const cookie = [...(client?.cookies ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(cookie && { cookie }), ...headers },
      body: JSON.stringify({ query, variables }),
    });
    return { ...((await response.json()) as Omit<Joined, 'cookies'>), cookies: response.headers.getSetCookie() };
  }

  test('joins both services for the person whose cookie it passes on', async () => {
    const ada = await app().person({ displayName: 'Ada' });
    const placed = await ask('mutation { placeOrder(item: "Tea") { item customer { displayName } } }', ada.browser);
    expect(placed).toMatchObject({ data: { placeOrder: { item: 'Tea', customer: { displayName: 'Ada' } } } });
    const { data } = await ask(
      '{ viewer { email account { displayName orders { item } mayReview } } myOrders { item customer { id displayName } } }',
      ada.browser,
    );
    expect(data).toEqual({
      viewer: { email: ada.email, account: { displayName: 'Ada', orders: [{ item: 'Tea' }], mayReview: true } },
      myOrders: [{ item: 'Tea', customer: { id: await ada.accountId(), displayName: 'Ada' } }],
    });
  });

  test('brings nobody where nobody is signed in, whatever a client says of itself (R-160)', async () => {
    const ada = await app().person();
    const { assertion } = (await route(app(), undefined, { path: '/identity', client: ada.browser })).json<{
      assertion: string;
    }>();
    for (const headers of [{}, { 'x-user-id': await ada.accountId() }, { 'x-rekey-identity': assertion }]) {
      const { data, errors } = await ask('{ viewer { id } myOrders { item } }', null, {}, headers);
      expect(data).toEqual({ viewer: null, myOrders: null });
      expect(errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED');
    }
  });

  test('hides what is for services alone', async () => {
    const { data, errors } = await ask('{ viewer { account { isActive } } }', null);
    expect([data ?? null, errors?.length]).toEqual([null, 1]);
  });

  test('takes the session of a new sign-in back to the browser', async () => {
    const ada = await app().person();
    const input = { email: ada.email, password: ada.password };
    const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
    const { data, cookies } = await ask(signIn, null, { input });
    expect(data.signIn.__typename).toBe('SignInSuccess');
    expect(cookies.find((cookie) => cookie.startsWith('rekey-session='))).toMatch(/HttpOnly/);
  });

  test('joins a hundred references with one statement', async () => {
    const people = [];
    for (let n = 0; n < 4; n += 1) people.push(await (await app().person({ displayName: `P${n}` })).accountId());
    const known = orders.splice(0);
    for (let n = 0; n < 100; n += 1)
      orders.push({ id: `${n}`, item: `${n}`, accountId: people[n] ?? `acct_${String(n).padStart(22, 'x')}` });
    const ask100 = () => ask('{ orders { item customer { displayName } } }', null);
    await ask100();
    let joined: Joined | undefined;
    const statements = await statementsDuring(app(), async () => (joined = await ask100()));
    expect(
      joined?.data.orders.map(
        ({ customer }: { customer: { displayName: string } | null }) => customer?.displayName ?? null,
      ),
    ).toEqual(Array.from({ length: 100 }, (_, n) => (n < 4 ? `P${n}` : null)));
    expect(statements).toHaveLength(1);
    orders.splice(0, orders.length, ...known);
  });

  test('a session that ended is refused by the other service: at once through the gateway, within a minute by what it was told before', async () => {
    const ada = await app().person();
    const { assertion, claims } = (await route(app(), undefined, { path: '/identity', client: ada.browser })).json<{
      assertion: string;
      claims: { iat: number; exp: number };
    }>();
    const ordersAlone = async () => {
      const response = await fetch(services[0]?.url as string, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-rekey-identity': assertion },
        body: JSON.stringify({ query: '{ myOrders { item } }' }),
      });
      return ((await response.json()) as Joined).errors?.[0]?.extensions?.code ?? 'served';
    };
    const introspected = async () =>
      (await route(app(), `token=${assertion}`, { path: '/introspect' })).json<{ active: boolean }>().active;
    expect([await ordersAlone(), await introspected()]).toEqual(['served', true]);
    await ada.browser.call('signOut', null);
    expect([await ordersAlone(), await introspected()]).toEqual(['served', false]);
    lateBy = (claims.exp - claims.iat) * 1000;
    expect(lateBy).toBeLessThanOrEqual(60_000);
    expect(await ordersAlone()).toBe('UNAUTHENTICATED');
    lateBy = 0;
    expect((await ask('{ myOrders { item } }', ada.browser)).errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED');
  });
});

test("Apollo's gateway refuses the router's security directives: that is why they are off by default", async () => {
  const { buildGuardedSchema } = await import('../../src/server/schema.js');
  const { printSubgraph } = await import('../../src/server/federation.js');
  const schema = await buildGuardedSchema({ waitFor: () => Promise.resolve(null) });
  const supergraph = await compose('apollo', [
    subgraph('accounts', printSubgraph(schema, { securityDirectives: true })),
  ]);
  await expect(startGateway('apollo', { supergraph })).rejects.toThrow('SECURITY');
});
