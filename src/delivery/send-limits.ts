/** How often one address or number is written to. Silent: judged by the worker, known to nobody else. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { keyedDigest } from '../base/secrets.js';
import { tally } from '../base/tally.js';
import { clock, fromNow } from '../base/time.js';

/** Letters to one address are at least so far apart. Seconds. */
const GAP_SECONDS = 60;

/** After so many in a day, one for each life of a link. */
const DAILY_BOUND = 10;

/**
 * Whether one more message for this purpose may go to the recipient now, and notes that it does. Call it in the worker's
 * transaction. The advisory lock lets two workers judge one recipient in turn; the public never waits for it.
 *
 * @param linkSeconds how long what it carries works, where that is shorter than the window: once the last one is dead the
 * next may go, whoever used the limit up, so that nobody is shut out.
 */
export async function mayWriteTo(
  ctx: Context,
  purpose: string,
  recipient: string,
  linkSeconds = Infinity,
): Promise<boolean> {
  const { max, seconds } = ctx.config.LIMIT_RESET_PER_ADDRESS;
  const alive = Math.min(linkSeconds, seconds);
  const key = keyedDigest(ctx.config.secretKeys, 'attempt', `sent\0${purpose}\0${recipient}`);
  await ctx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 1))`);
  const sent = await rows(
    ctx.db,
    sql`insert into sent_messages (purpose, recipient_key, sent_at)
        select ${purpose}, ${key}, ${clock(ctx)} from (
          select count(*) filter (where sent_at > ${fromNow(ctx, -seconds)}) as in_window,
            count(*) filter (where sent_at > ${fromNow(ctx, -Math.min(GAP_SECONDS, seconds))}) as in_gap,
            count(*) filter (where sent_at > ${fromNow(ctx, -alive)}) as alive,
            count(*) as in_day
          from sent_messages
          where purpose = ${purpose} and recipient_key = ${key} and sent_at > ${fromNow(ctx, -Math.max(86_400, seconds))}
        ) so_far
        where ${max}::int = 0 or alive = 0 or (in_gap = 0 and in_window < ${max}::int and in_day < ${DAILY_BOUND}::int)
        returning id`,
  );
  if (sent.length === 0) tally('limit', 'LIMIT_RESET_PER_ADDRESS');
  return sent.length > 0;
}
