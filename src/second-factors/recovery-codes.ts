/** Recovery codes: ten, 130 bits each, shown once, one use each, replaced as a set. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { digest, newReadableSecret } from '../base/secrets.js';
import { clock } from '../base/time.js';

const COUNT = 10;

/** As it was made: spaces, hyphens and case do not matter, and what looks like another character is taken for it. */
const canonical = (text: string): string =>
  text.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replace(/O/g, '0');

/** What is stored of a code. Null for what no code can be. */
export function recoveryCodeDigest(text: string): string | null {
  const code = canonical(text.slice(0, 100));
  return /^[0-9A-HJKMNP-TV-Z]{26}$/.test(code) ? digest('recovery_code', code) : null;
}

/** Makes a new set and puts the earlier one aside, in the caller's transaction. @returns the codes, to be shown once. */
export async function replaceRecoveryCodes(ctx: Context, accountId: string): Promise<string[]> {
  await removeRecoveryCodes(ctx, accountId);
  const codes = Array.from({ length: COUNT }, newReadableSecret);
  for (const code of codes) {
    await ctx.db.execute(
      sql`insert into recovery_codes (digest, account_id, created_at)
          values (${recoveryCodeDigest(code)}, ${accountId}, ${clock(ctx)})`,
    );
  }
  return codes;
}

export async function removeRecoveryCodes(ctx: Context, accountId: string): Promise<void> {
  await ctx.db.execute(
    sql`update recovery_codes set removed_at = ${clock(ctx)} where account_id = ${accountId} and removed_at is null`,
  );
}

/** Whether this is an unused code of the account. */
export async function isRecoveryCode(ctx: Context, accountId: string, codeDigest: string): Promise<boolean> {
  const found = await rows(
    ctx.db,
    sql`select 1 as ok from recovery_codes
        where digest = ${codeDigest} and account_id = ${accountId} and used_at is null and removed_at is null`,
  );
  return found.length > 0;
}

/** Uses the code up: of 50 at once exactly one succeeds. */
export async function useRecoveryCode(ctx: Context, accountId: string, codeDigest: string): Promise<boolean> {
  const used = await rows(
    ctx.db,
    sql`update recovery_codes set used_at = ${clock(ctx)}
        where digest = ${codeDigest} and account_id = ${accountId} and used_at is null and removed_at is null
        returning digest`,
  );
  return used.length > 0;
}

/** How many are left; null when the account has no set. */
export async function recoveryCodesRemaining(ctx: Context, accountId: string): Promise<number | null> {
  const [row] = await rows<{ made: number; remaining: number }>(
    ctx.db,
    sql`select count(*)::int as made, (count(*) filter (where used_at is null))::int as remaining
        from recovery_codes where account_id = ${accountId} and removed_at is null`,
  );
  return row && row.made > 0 ? row.remaining : null;
}
