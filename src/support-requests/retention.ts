/** How long what people wrote to support is kept. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { fromNow } from '../base/time.js';

/**
 * Forgets requests that were settled longer than `SUPPORT_RETENTION` ago, with all that was written in them; what was done
 * about them stays in the audit. One that nobody has decided stays until someone has. A bounded batch.
 */
export async function purgeRequests(ctx: Context): Promise<void> {
  const past = fromNow(ctx, -ctx.config.SUPPORT_RETENTION);
  // The first condition follows from the second, and an index knows it.
  await ctx.db.execute(
    sql`delete from support_requests where ctid = any (array(
          select ctid from support_requests
          where status in ('APPROVED', 'REJECTED', 'CANCELLED') and created_at < ${past}
            and coalesce(cancelled_at, greatest(decided_at, confirmed_at, released_at)) < ${past} limit 10000))`,
  );
}
