/** The telephone number of an account at rest: sealed, so that a dump names nobody. */
import { eq, sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { keyedDigest, open, seal } from '../base/secrets.js';
import { phoneNumbers } from './tables.js';

/** A verified number, open. Times in milliseconds since 1970. */
export interface StoredPhone {
  /** E.164. */
  readonly number: string;
  readonly verifiedAt: number;
  readonly recoveryFrom: number;
}

const placeOf = (accountId: string): string => `phone_numbers:${accountId}`;

export const sealPhone = (ctx: Context, accountId: string, number: string): string =>
  seal(ctx.config.secretKeys, placeOf(accountId), number);

export const openPhone = (ctx: Context, accountId: string, sealed: string): string =>
  open(ctx.config.secretKeys, placeOf(accountId), sealed);

/** What limits and comparisons know a number by. */
export const phoneKey = (ctx: Context, number: string): string => keyedDigest(ctx.config.secretKeys, 'phone', number);

export async function readPhone(ctx: Context, accountId: string): Promise<StoredPhone | null> {
  const [row] = await ctx.db.select().from(phoneNumbers).where(eq(phoneNumbers.accountId, accountId));
  if (!row?.verifiedAt || !row.recoveryFrom) return null;
  return {
    number: openPhone(ctx, accountId, row.number),
    verifiedAt: row.verifiedAt.getTime(),
    recoveryFrom: row.recoveryFrom.getTime(),
  };
}

/** Stores the number, or forgets it. */
export async function writePhone(ctx: Context, accountId: string, phone: StoredPhone | null): Promise<void> {
  if (phone === null) {
    await ctx.db.delete(phoneNumbers).where(eq(phoneNumbers.accountId, accountId));
    return;
  }
  const at = (ms: number) => sql`to_timestamp(${ms}::double precision / 1000)`;
  await ctx.db.execute(
    sql`insert into phone_numbers (account_id, number, number_key, verified_at, recovery_from, created_at)
        values (${accountId}, ${sealPhone(ctx, accountId, phone.number)}, ${phoneKey(ctx, phone.number)},
          ${at(phone.verifiedAt)}, ${at(phone.recoveryFrom)}, ${at(phone.verifiedAt)})
        on conflict (account_id) do update set number = excluded.number, number_key = excluded.number_key,
          verified_at = excluded.verified_at, recovery_from = excluded.recovery_from`,
  );
}
