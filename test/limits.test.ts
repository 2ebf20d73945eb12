/** The limits at the door: whatever counts them, a burst of any size gets exactly what is allowed. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import type { GraphQLResolveInfo } from 'graphql';
import { getGraphQLRateLimiter } from 'graphql-rate-limit';
import { Redis } from 'ioredis';
import type { Config } from '../src/base/config.js';
import type { Context } from '../src/base/context.js';
import { DatabaseHitLog, MemoryHitLog, RedisHitLog, type HitLog, type Rule } from '../src/base/limits.js';
import { createLimiter } from '../src/graphql/limiter.js';
import { clientAddress } from '../src/server/client-address.js';
import { useApp } from './support/app.js';

const app = useApp({
  LIMIT_MAIL_PER_NETWORK: '3/60',
  LIMIT_SIGN_IN_PER_NETWORK: '4/900',
  LIMIT_REQUESTS_PER_NETWORK: '50/60',
});

// First, while the log still has room for such lines: a flood of them is summed up.
test('a limit that is hit leaves one line, which names the limit and the client (R-176)', async () => {
  const client = app().client();
  for (const name of ['j', 'k', 'l', 'm']) await client.call('signUp', { email: `${name}@example.org` });
  const lines = app().logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const hit = lines.filter(({ event, client: ip }) => event === 'limit_hit' && ip === client.ip);
  expect(hit).toHaveLength(1);
  expect(hit[0]).toMatchObject({ limit: 'LIMIT_MAIL_PER_NETWORK', result: 'failure', level: 'warn' });
});

const RULE: Rule = { name: 'test', max: 5, seconds: 60 };
let keys = 0;
const newKey = (): string => `test:${process.pid}:${Date.now()}:${(keys += 1)}`;

const onPostgres = process.env['TEST_DATABASE_URL'] !== undefined;
const redisUrl = process.env['TEST_REDIS_URL'] ?? (onPostgres ? 'redis://127.0.0.1:6379' : null);
const redis = redisUrl === null ? null : new Redis(redisUrl, { lazyConnect: true, retryStrategy: null });
redis?.on('error', () => undefined);
let isRedisThere = false;
beforeAll(async () => {
  isRedisThere =
    redis !== null &&
    (await redis.connect().then(
      () => true,
      () => false,
    ));
  if (process.env['TEST_REDIS_URL'] !== undefined) expect(isRedisThere).toBe(true);
});
afterAll(() => redis?.disconnect());

/** Tells how many of so many calls at once are let through. */
async function letThrough(log: HitLog, key: string, calls: number, rule = RULE): Promise<number> {
  const hits = await Promise.all(Array.from({ length: calls }, () => log.hit(app().ctx, key, rule)));
  return hits.filter(({ before }) => before < rule.max).length;
}

const logs: [name: string, make: () => HitLog | null][] = [
  ['in the process', () => new MemoryHitLog()],
  ['in the database', () => new DatabaseHitLog()],
  ...(redis
    ? [['in Redis', () => (isRedisThere ? new RedisHitLog(redis) : null)] as [string, () => HitLog | null]]
    : []),
];

describe.each(logs)('a limit counted %s', (_name, make) => {
  test('lets exactly 5 of 200 calls at once through, and none of the next 50 (R-019)', async () => {
    const log = make();
    if (!log) return;
    const key = newKey();
    expect(await letThrough(log, key, 200)).toBe(5);
    expect(await letThrough(log, key, 50)).toBe(0);
  });

  test('keeps budgets apart by key, and tells how long to wait', async () => {
    const log = make();
    if (!log) return;
    const [mine, other] = [newKey(), newKey()];
    expect(await letThrough(log, mine, 6)).toBe(5);
    expect(await letThrough(log, other, 6)).toBe(5);
    const refused = await log.hit(app().ctx, mine, RULE);
    expect(refused.retryAfterSeconds).toBeGreaterThan(50);
    expect(refused.retryAfterSeconds).toBeLessThanOrEqual(60);
  });

  test('a refused call does not lengthen the wait: nobody can keep a neighbour out by asking on', async () => {
    const log = make();
    if (!log || log instanceof MemoryHitLog) return;
    const key = newKey();
    await letThrough(log, key, 5);
    await app().advance(40);
    await letThrough(log, key, 20);
    await app().advance(21);
    expect(await letThrough(log, key, 1)).toBe(1);
  });
});

const shared = logs.filter(([name]) => name !== 'in the process');

test.each(shared)(
  'two nodes share one budget counted %s, also where their process ids are alike',
  async (_name, make) => {
    const nodes = [make(), make()];
    const key = newKey();
    const rule = { ...RULE, max: 50 };
    // Without the test clock, whose look-up would keep the two from arriving in one millisecond.
    const ctx: Context = { ...app().ctx, clock: 'service' };
    const calls = Array.from({ length: 100 }, () => nodes.map((log) => log?.hit(ctx, key, rule))).flat();
    const hits = await Promise.all(calls);
    expect(hits.filter((hit) => hit === undefined || hit.before < rule.max)).toHaveLength(nodes[0] ? 50 : 200);
  },
);

describe('the log in the process', () => {
  test('forgets hits that left the window', () => {
    let now = 1_000_000;
    const log = new MemoryHitLog(10, () => now);
    for (let call = 0; call < 5; call += 1) log.hit(null, 'key', RULE);
    expect(log.hit(null, 'key', RULE)).toEqual({ before: 5, retryAfterSeconds: 60 });
    now += 60_001;
    expect(log.hit(null, 'key', RULE).before).toBe(0);
  });

  test('holds no more keys than its bound, and stays quick when a stranger makes up 100 000 (R-184)', () => {
    const log = new MemoryHitLog(1000);
    const started = performance.now();
    for (let key = 0; key < 100_000; key += 1) log.hit(null, `made up ${key}`, RULE);
    expect(log.size).toBe(1000);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('graphql-rate-limit over such a log', () => {
  const NO_INFO = { fieldName: 'field' } as GraphQLResolveInfo;

  test('allows exactly the limit of 200 calls at once, on every store', async () => {
    for (const [, make] of logs) {
      const log = make();
      if (!log) continue;
      const limiter = createLimiter({ shared: log, process: log });
      const by = newKey();
      const waits = await Promise.all(
        Array.from({ length: 200 }, () =>
          limiter.waitFor([{ limit: 'LIMIT_MAIL_PER_NETWORK', by: () => by }], app().ctx, {}),
        ),
      );
      expect(waits.filter((wait) => wait === null)).toHaveLength(3);
    }
  });

  test('where the library alone, with its own store over an awaited one, lets a burst through', async () => {
    const hits = new Map<string, readonly number[]>();
    const slow = <T>(answer: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(answer), 2));
    const store = {
      getForIdentity: ({ contextIdentity }: { contextIdentity: string }) => slow(hits.get(contextIdentity) ?? []),
      setForIdentity: ({ contextIdentity }: { contextIdentity: string }, times: readonly number[]) =>
        slow(hits.set(contextIdentity, times)).then(() => undefined),
    };
    const limit = getGraphQLRateLimiter({ identifyContext: () => 'one', store: store as never });
    const call = () => limit({ parent: {}, args: {}, context: {}, info: NO_INFO }, { max: 5, window: '60s' });
    const answers = await Promise.all(Array.from({ length: 50 }, call));
    expect(answers.filter((answer) => !answer)).toHaveLength(50);
  });
});

describe('a network that asks too often', () => {
  test('gets RateLimitProblem where the result has it, the same for known and unknown addresses (R-026)', async () => {
    const client = app().client();
    const asked = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      asked.push(await client.call('requestPasswordReset', { email: `${name}@example.org` }));
    }
    expect(asked.map(({ __typename }) => __typename as string)).toEqual([
      ...Array<string>(3).fill('RequestPasswordResetAccepted'),
      ...Array<string>(2).fill('RateLimitProblem'),
    ]);
    const { text } = await client.send(
      'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { ... on RateLimitProblem { code retryAfterSeconds } } }',
      { input: { email: 'f@example.org' } },
    );
    const wait = (JSON.parse(text) as { data: { requestPasswordReset: { retryAfterSeconds: number } } }).data;
    expect(wait.requestPasswordReset.retryAfterSeconds).toBeGreaterThan(0);
    expect(wait.requestPasswordReset.retryAfterSeconds).toBeLessThanOrEqual(60);
  });

  test('shares one budget over everything that sends mail, and leaves other networks alone', async () => {
    const client = app().client();
    for (const name of ['g', 'h', 'i']) await client.call('signUp', { email: `${name}@example.org` });
    expect((await client.call('requestPasswordReset', { email: 'g@example.org' }))['code']).toBe('RATE_LIMITED');
    const other = await app().client().call('requestPasswordReset', { email: 'g@example.org' });
    expect(other['__typename']).toBe('RequestPasswordResetAccepted');
  });

  test('is one network for all addresses of a /64, whatever it says of itself (R-023)', async () => {
    const forged = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip'];
    const answers = [];
    for (let host = 1; host <= 6; host += 1) {
      const client = app().client({ ip: `2001:db8:7:7::${host}` });
      const headers = { [forged[host % forged.length] as string]: `203.0.113.${host}` };
      const query = 'mutation ($input: SignUpInput!) { signUp(input: $input) { __typename } }';
      answers.push((await client.send(query, { input: { email: `v6.${host}@example.org` } }, headers)).text);
    }
    expect(answers.filter((text) => text.includes('SignUpAccepted'))).toHaveLength(3);
  });

  // the connection counts; what a trusted proxy adds at the end; and nothing that came before it.
  test.each([
    ['a stranger, who is not believed', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['a stranger over a mapped address', '::ffff:203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['a proxy in a range', '10.2.3.4', '198.51.100.1', '198.51.100.1'],
    ['a proxy over a mapped address', '::ffff:10.2.3.4', '198.51.100.1', '198.51.100.1'],
    ['a proxy by its own address', '192.0.2.7', '198.51.100.1', '198.51.100.1'],
    ['its neighbour', '192.0.2.8', '198.51.100.1', '192.0.2.8'],
    ['a proxy over IPv6', '2001:db8:ffff::5', '2001:DB8:1::0:1', '2001:db8:1::1'],
    ['two proxies', '10.2.3.4', '203.0.113.66, 198.51.100.1, 192.0.2.7', '198.51.100.1'],
    ['a proxy whose client forged an entry', '10.2.3.4', '127.0.0.1, 198.51.100.1', '198.51.100.1'],
    ['proxies alone', '10.2.3.4', '10.0.0.1,10.0.0.2', '10.0.0.1'],
    ['a proxy that says nothing', '10.2.3.4', undefined, '10.2.3.4'],
    ['a proxy that hands on nonsense', '10.2.3.4', '198.51.100.1, unknown', '10.2.3.4'],
    ['no connection', undefined, '198.51.100.1', null],
  ])('is told by its address, asked again and again, for %s', (_who, remoteAddress, forwarded, expected) => {
    const proxies = { TRUSTED_PROXIES: ['10.0.0.0/8', '192.0.2.7', '2001:db8:ffff::/48'] } as unknown as Config;
    const headers = { 'x-forwarded-for': forwarded, forwarded: 'for=203.0.113.1' };
    const request = { socket: { remoteAddress }, headers } as unknown as FastifyRequest;
    const none = { TRUSTED_PROXIES: [] } as unknown as Config;
    const direct = remoteAddress?.replace('::ffff:', '') ?? null;
    for (let time = 0; time < 2; time += 1) {
      expect(clientAddress(proxies, request)).toBe(expected);
      expect(clientAddress(none, request)).toBe(direct);
    }
  });

  test('is 429 with Retry-After before anything is parsed, once it sends too many requests (R-183)', async () => {
    const client = app().client();
    const answers = [];
    for (let request = 0; request < 60; request += 1) answers.push(await client.send('{ this is no document'));
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10);
    const refused = answers.at(-1);
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused?.body.errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
    expect(refused?.text.length).toBeLessThan(300);
  });
});
