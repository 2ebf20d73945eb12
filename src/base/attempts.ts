/**
 * The counter that stops guessing. An attempt is reserved by one statement before the secret is compared, and stays
 * counted whatever happens afterwards. `graphql-rate-limit` guards the doors; this guards the secrets.
 */
import { sql } from 'drizzle-orm';
import type { Context } from './context.js';
import { rows } from './database.js';
import { rateLimited, type RateLimited } from './problems.js';
import { keyedDigest } from './secrets.js';
import { statement } from './statements.js';
import { tally } from './tally.js';
import { clock, fromNow } from './time.js';

/** What is guessed, and whose: all doors to one secret name the same key and so share one budget. */
export interface Guess {
  readonly secret: 'password' | 'second_factor' | 'recovery_code' | 'qr_number' | 'phone_code';
  /** The address's key or an id; a remembered device has a budget of its own. */
  readonly subject: string;
}

/** After so many failures in a row the secret is off until it is rebound (R-018, NIST SP 800-63B-4 §3.2.2). */
const CONSECUTIVE_BOUND = 100;

/** One expiry for every counter, so that it tells nothing about the address. */
const COUNTER_SECONDS = 30 * 86_400;

/**
 * Reserves one attempt; null when it may go on. At most `LIMIT_GUESS` in its window, also when 200 come at once on
 * several machines. Call it outside any transaction: a rollback must not give the attempt back.
 */
export async function reserveAttempt(ctx: Context, guess: Guess): Promise<RateLimited | null> {
  const { max, seconds } = ctx.config.LIMIT_GUESS;
  const key = keyOf(ctx, guess);
  const bounds = { max, seconds, most: CONSECUTIVE_BOUND, keptFor: COUNTER_SECONDS };
  const reserved = await countAttempt(ctx, { key, ...bounds });
  if (reserved.length > 0) return null;
  tally('limit', 'LIMIT_GUESS');
  const [row] = await rows<{ wait: number }>(
    ctx.db,
    sql`select case when consecutive >= ${CONSECUTIVE_BOUND}::int then ${seconds}::int
          else greatest(1, ceil(extract(epoch from window_started_at - ${fromNow(ctx, -seconds)})))::int end as wait
        from attempt_counters where key = ${key}`,
  );
  return rateLimited(row?.wait ?? seconds);
}

/** One row where the attempt may go on, and is counted; none where it may not. */
const countAttempt = statement<{ attempts: number }, 'key' | 'max' | 'seconds' | 'most' | 'keptFor'>((ctx, value) => {
  const windowOver = sql`c.window_started_at <= ${clock(ctx)} - ${value('seconds')}::double precision * interval '1 second'`;
  return sql`insert into attempt_counters as c (key, window_started_at, attempts, consecutive, expires_at)
    values (${value('key')}, ${clock(ctx)}, 1, 1, ${clock(ctx)} + ${value('keptFor')}::double precision * interval '1 second')
    on conflict (key) do update set
      attempts = case when ${windowOver} then 1 else c.attempts + 1 end,
      window_started_at = case when ${windowOver} then ${clock(ctx)} else c.window_started_at end,
      consecutive = c.consecutive + 1,
      expires_at = excluded.expires_at
    where c.consecutive < ${value('most')}::int
      and (${value('max')}::int = 0 or ${windowOver} or c.attempts < ${value('max')}::int)
    returning attempts`;
});

/** Gives a reserved attempt back: nothing was compared, because the machine was too busy to. */
export async function returnAttempt(ctx: Context, guess: Guess): Promise<void> {
  await ctx.db.execute(
    sql`update attempt_counters set attempts = greatest(attempts - 1, 0), consecutive = greatest(consecutive - 1, 0)
        where key = ${keyOf(ctx, guess)}`,
  );
}

/** The guess was right, or the secret was rebound: its failures are forgotten. */
export async function clearAttempts(ctx: Context, guess: Guess): Promise<void> {
  await ctx.db.execute(sql`delete from attempt_counters where key = ${keyOf(ctx, guess)}`);
}

const keyOf = (ctx: Context, { secret, subject }: Guess): string =>
  keyedDigest(ctx.config.secretKeys, 'attempt', `${secret}\0${subject}`);
