/** Events lie in one partition a month: made ahead, and dropped when all of it is past its retention; until then by rows. */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context } from '../base/context.js';
import { databaseErrorCode, rows } from '../base/database.js';
import { clock, fromNow } from '../base/time.js';

/** This month and the two after it. What falls outside lands in the default partition and is lost to nobody. */
const MONTHS_AHEAD = 2;

/** Any number that nothing else locks. */
const PARTITIONS_LOCK = 7_234_004;

export interface EventsMaintained {
  readonly made: number;
  readonly dropped: number;
}

/**
 * Makes the partitions of the months to come and drops those past `EVENT_RETENTION`. Both take a lock that the public would
 * wait behind, so they give up after two seconds, and the next run tries again. One worker at a time.
 */
export async function maintainEvents(ctx: Context): Promise<EventsMaintained> {
  try {
    return await inTransaction(ctx, async (ctx) => {
      const [lock] = await rows<{ alone: boolean }>(
        ctx.db,
        sql`select pg_try_advisory_xact_lock(${PARTITIONS_LOCK}::bigint) as alone`,
      );
      if (!lock?.alone) return { made: 0, dropped: 0 };
      const [made] = await rows<{ n: number }>(
        ctx.db,
        sql`select count(*) filter (where ensure_security_events_partition((${clock(ctx)} + months * interval '1 month')::date))::int as n
            from generate_series(0, ${MONTHS_AHEAD}::int) months`,
      );
      const [dropped] = await rows<{ n: number }>(
        ctx.db,
        sql`select drop_security_events_before(${fromNow(ctx, -ctx.config.EVENT_RETENTION)}) as n`,
      );
      return { made: made?.n ?? 0, dropped: dropped?.n ?? 0 };
    });
  } catch (error) {
    // lock_not_available: someone reads or writes for longer than we may wait.
    if (databaseErrorCode(error).code !== '55P03') throw error;
    ctx.log.warn({ event: 'events_maintenance_postponed' });
    return { made: 0, dropped: 0 };
  }
}

/** Rows of one statement, so that a long absence of the worker ends in no long one. */
const PURGED_AT_ONCE = 10_000;

/**
 * Forgets the oldest events past `EVENT_RETENTION`, in a bounded batch: those of the month that it ends in, which cannot be
 * dropped yet. @returns whether there may be more.
 */
export async function purgeEvents(ctx: Context): Promise<boolean> {
  const past = fromNow(ctx, -ctx.config.EVENT_RETENTION);
  // Up to the last of the batch in time, along the key of each partition: a place in a table is none in all of them.
  const [gone] = await rows<{ n: number }>(
    ctx.db,
    sql`with gone as (
          delete from security_events where occurred_at < ${past} and occurred_at <= coalesce((
            select occurred_at from security_events where occurred_at < ${past}
            order by occurred_at offset ${PURGED_AT_ONCE - 1}::int limit 1), ${past})
          returning 1
        ) select count(*)::int as n from gone`,
  );
  return (gone?.n ?? 0) >= PURGED_AT_ONCE;
}
