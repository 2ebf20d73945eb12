/** How often one address or number is written to. Silent: judged by the worker, known to nobody else. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { keyedDigest } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';

/** Letters to one address are at least so far apart. Seconds. */
const GAP_SECONDS = 60;

/** After so many in a day, one in each window: the gap stays below the life of a link, so nobody is shut out. */
const DAILY_BOUND = 10;

/**
 * Whether one more message for this purpose may go to the recipient now, and notes that it does. Call it in the worker's
 * transaction. The advisory lock lets two workers judge one recipient in turn; the public never waits for it.
 */
export async function mayWriteTo(ctx: Context, purpose: string, recipient: string): Promise<boolean> {
  const { max, seconds } = ctx.config.LIMIT_RESET_PER_ADDRESS;
  const key = keyedDigest(ctx.config.secretKeys, 'attempt', `sent\0${purpose}\0${recipient}`);
  await ctx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 1))`);
  const sent = await rows(
    ctx.db,
    sql`insert into sent_messages (purpose, recipient_key, sent_at)
        select ${purpose}, ${key}, ${clock(ctx)} from (
          select count(*) filter (where sent_at > ${fromNow(ctx, -seconds)}) as in_window,
            count(*) filter (where sent_at > ${fromNow(ctx, -Math.min(GAP_SECONDS, seconds))}) as in_gap,
            count(*) as in_day
          from sent_messages
          where purpose = ${purpose} and recipient_key = ${key} and sent_at > ${fromNow(ctx, -Math.max(86_400, seconds))}
        ) so_far
        where ${max}::int = 0 or (in_gap = 0 and in_window < ${max}::int and (in_day < ${DAILY_BOUND}::int or in_window = 0))
        returning id`,
  );
  return sent.length > 0;
}
