/** Taking factors off without their owner's session, and putting them back. Nothing is destroyed by it. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { clock, fromNow } from '../base/time.js';
import { undoSeconds } from '../accounts/snapshots.js';

const TABLES = ['second_factors', 'passkeys', 'recovery_codes'] as const;

/**
 * Puts factors, passkeys and recovery codes aside, in the transaction that raised the epoch: for a person who lost them,
 * as two staff members decided.
 */
export async function removeAllFactors(ctx: Context, accountId: string): Promise<void> {
  for (const table of TABLES) {
    await ctx.db.execute(
      sql`update ${sql.identifier(table)} set removed_at = ${clock(ctx)} where account_id = ${accountId} and removed_at is null`,
    );
  }
}

/**
 * Makes factors, passkeys and recovery codes what they were before `since`: what came later is put aside, what was taken
 * off later counts again, used codes stay used. For "this was not me", in the transaction that raised the epoch.
 */
export async function restoreFactors(ctx: Context, accountId: string, since: Date): Promise<void> {
  const then = sql`${since.toISOString()}::timestamptz`;
  for (const table of TABLES) {
    const addedAt = sql.identifier(table === 'second_factors' ? 'confirmed_at' : 'created_at');
    await ctx.db.execute(
      sql`update ${sql.identifier(table)} set removed_at = ${clock(ctx)}
          where account_id = ${accountId} and removed_at is null and ${addedAt} >= ${then}`,
    );
    await ctx.db.execute(
      sql`update ${sql.identifier(table)} set removed_at = null
          where account_id = ${accountId} and removed_at >= ${then} and ${addedAt} < ${then}`,
    );
  }
}

/** Forgets what was put aside and cannot come back any more, and enrolments that lapsed. */
export async function purgeRemovedFactors(ctx: Context): Promise<void> {
  const past = fromNow(ctx, -undoSeconds(ctx));
  for (const table of TABLES) {
    const name = sql.identifier(table);
    await ctx.db.execute(
      sql`delete from ${name} where ctid = any (array(select ctid from ${name} where removed_at < ${past} limit 10000))`,
    );
  }
  await ctx.db.execute(
    sql`delete from second_factors where ctid = any (array(
          select ctid from second_factors where confirmed_at is null and expires_at < ${clock(ctx)} limit 10000))`,
  );
}
