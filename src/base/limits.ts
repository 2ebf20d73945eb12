/** Where the limits at the door count. Each log decides in one indivisible step, so that a burst cannot slip through. */
import { sql } from 'drizzle-orm';
import type { Limit } from './config.js';
import type { Context } from './context.js';
import { rows } from './database.js';
import { Refusal } from './problems.js';
import { newId } from './secrets.js';
import { statement } from './statements.js';
import { clock, instant } from './time.js';

export interface Rule extends Limit {
  readonly name: string;
}

export interface Hit {
  /** How many live hits there were before this one; the call is refused where it reaches `max`. */
  readonly before: number;
  readonly retryAfterSeconds: number;
}

/**
 * Forgets dead hits, counts the live ones, and records this one unless it is refused (a refused call must
 * not lengthen the wait, or a stranger behind the same address could keep everyone out): one step.
 */
export interface HitLog {
  hit(ctx: Context, key: string, rule: Rule): Promise<Hit> | Hit;
}

/** In the process, for what needs no sharing: no await between read and write. Bounded: the oldest key goes first. */
export class MemoryHitLog implements HitLog {
  readonly #hits = new Map<string, number[]>();

  constructor(
    private readonly maxKeys = 50_000,
    private readonly now: () => number = Date.now,
  ) {}

  hit(_ctx: unknown, key: string, rule: Rule): Hit {
    const now = this.now();
    const windowMs = rule.seconds * 1000;
    const live = (this.#hits.get(key) ?? []).filter((at) => at > now - windowMs).slice(-rule.max - 1);
    this.#hits.delete(key);
    this.#hits.set(key, live.length < rule.max ? [...live, now] : live);
    if (this.#hits.size > this.maxKeys) this.#hits.delete(this.#hits.keys().next().value as string);
    return { before: live.length, retryAfterSeconds: waitFor(live, rule, now) };
  }

  get size(): number {
    return this.#hits.size;
  }
}

/** In the database: shared by nodes without Redis. Uses its own statement, never the request's transaction. */
export class DatabaseHitLog implements HitLog {
  async hit(ctx: Context, key: string, { max, seconds }: Rule): Promise<Hit> {
    const [row] = await countHit(ctx, { key, max, seconds });
    return { before: row?.before ?? 0, retryAfterSeconds: row?.wait ?? seconds };
  }
}

const countHit = statement<{ before: number; wait: number }, 'key' | 'max' | 'seconds'>((ctx, value) => {
  const now = sql`(extract(epoch from ${instant(ctx)}) * 1000)::bigint`;
  const [max, windowMs] = [sql`${value('max')}::int`, sql`${value('seconds')}::bigint * 1000`];
  const live = sql`(select coalesce(array_agg(h order by h), '{}') from (
    select h from unnest(r.hits) h where h > ${now} - ${windowMs} order by h desc limit ${max} + 1) x)`;
  return sql`insert into rate_hits as r (key, hits, count_before, expires_at)
    values (${value('key')}, array[${now}], 0, ${clock(ctx)} + ${value('seconds')}::int * interval '1 second')
    on conflict (key) do update set
      count_before = cardinality(${live}),
      hits = ${live} || case when cardinality(${live}) < ${max} then array[${now}] else '{}'::bigint[] end,
      expires_at = excluded.expires_at
    returning count_before as before,
      greatest(1, ceil((hits[greatest(1, cardinality(hits) - ${max} + 1)] + ${windowMs} - ${now}) / 1000.0))::int as wait`;
});

const REDIS_SCRIPT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(ARGV[4])
local window, max = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local n = redis.call('ZCARD', KEYS[1])
if n < max then
  redis.call('ZADD', KEYS[1], now, now .. ':' .. ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(max + 2))
  redis.call('PEXPIRE', KEYS[1], window)
end
local first = redis.call('ZRANGE', KEYS[1], math.max(0, redis.call('ZCARD', KEYS[1]) - max), -1, 'WITHSCORES')
local wait = window
if first[2] then wait = tonumber(first[2]) + window - now end
return { n, math.max(1, math.ceil(wait / 1000)) }`;

/** The one command of a Redis client that the log needs. */
export interface RedisEval {
  eval(script: string, keys: number, ...args: (string | number)[]): Promise<unknown>;
}

/** In Redis: shared by nodes, off the database. One Lua script is one step there. */
export class RedisHitLog implements HitLog {
  #serial = 0;
  /** Process ids are alike in containers: two hits with one name in one millisecond would count as one. */
  readonly #node = newId('node');

  constructor(
    private readonly redis: RedisEval,
    private readonly prefix = 'rekey:limit:',
  ) {}

  async hit(ctx: Context, key: string, rule: Rule): Promise<Hit> {
    this.#serial = (this.#serial + 1) % Number.MAX_SAFE_INTEGER;
    const member = `${this.#node}:${this.#serial}`;
    const offset = await testOffsetMs(ctx);
    const args = [rule.seconds * 1000, rule.max, member, offset];
    // Without its counter a door stays shut, and says so: never "wrong password", never open (security.md section 5).
    const answer = await this.redis.eval(REDIS_SCRIPT, 1, this.prefix + key, ...args).catch(() => {
      throw new Refusal('UNAVAILABLE', 'A store is not reachable. Try again in a moment.', 5);
    });
    const [before, retryAfterSeconds] = answer as [number, number];
    return { before, retryAfterSeconds };
  }
}

/** Limits in Redis obey the test clock too; in service this asks nobody. */
async function testOffsetMs(ctx: Context): Promise<number> {
  if (ctx.clock === 'service') return 0;
  const [row] = await rows<{ ms: number }>(ctx.db, sql`select (offset_seconds * 1000)::float8 as ms from test_clock`);
  return Math.round(Number(row?.ms ?? 0));
}

function waitFor(live: readonly number[], rule: Rule, now: number): number {
  const frees = live[Math.max(0, live.length - rule.max)] ?? now;
  return Math.max(1, Math.ceil((frees + rule.seconds * 1000 - now) / 1000));
}
