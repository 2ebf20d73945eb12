/** Changes of address that wait to be confirmed, for the features below `email-changes/` that end them. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { clock } from '../base/time.js';

export async function voidEmailChanges(ctx: Context, accountId: string): Promise<void> {
  await ctx.db.execute(
    sql`update email_changes set used_at = ${clock(ctx)} where account_id = ${accountId} and used_at is null`,
  );
}
