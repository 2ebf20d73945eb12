/** Who exists, and the credential epoch that makes whatever was issued before a change void. */
import { and, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { Context, StaffRole } from '../base/context.js';
import { rows } from '../base/database.js';
import { newId } from '../base/secrets.js';
import { clock, instant } from '../base/time.js';
import { accounts, type Account } from './tables.js';

export async function findAccount(ctx: Context, id: string): Promise<Account | null> {
  const [account] = await ctx.db.select().from(accounts).where(eq(accounts.id, id));
  return account ?? null;
}

/** The open account with this address. */
export async function findAccountByEmailKey(ctx: Context, emailKey: string): Promise<Account | null> {
  const [account] = await ctx.db
    .select()
    .from(accounts)
    .where(and(eq(accounts.emailKey, emailKey), isNull(accounts.closedAt)));
  return account ?? null;
}

/** Which of these accounts are staff's. */
export async function staffAmong(ctx: Context, ids: readonly string[]): Promise<Set<string>> {
  const found = await rows<{ id: string }>(
    ctx.db,
    sql`select a.id from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) wanted(id)
        join accounts a on a.id = wanted.id and a.role is not null`,
  );
  return new Set(found.map(({ id }) => id));
}

/** The lock holds now: it was set, and its end, if it has one, has not come. */
export const isLockedSql = (ctx: Pick<Context, 'clock'>): SQL<boolean> =>
  sql<boolean>`(accounts.locked_at is not null and (accounts.lock_expires_at is null or accounts.lock_expires_at > ${clock(ctx)}))`;

/** An account that may act: neither closed nor locked. */
export const mayActSql = (ctx: Context): SQL<boolean> =>
  sql<boolean>`(accounts.closed_at is null and not ${isLockedSql(ctx)})`;

/**
 * Creates an account for an address that its owner has just proven. Null when the address was taken meanwhile: the
 * unique index decides.
 */
export async function createAccount(
  ctx: Context,
  person: { email: string; emailKey: string; displayName?: string | null; role?: StaffRole | null },
): Promise<Account | null> {
  const [account] = await ctx.db
    .insert(accounts)
    .values({
      id: newId('acct'),
      email: person.email,
      emailKey: person.emailKey,
      displayName: person.displayName ?? null,
      role: person.role ?? null,
      sessionsValidAfter: clock(ctx),
      createdAt: clock(ctx),
    })
    .onConflictDoNothing()
    .returning();
  return account ?? null;
}

export interface RaisedEpoch {
  readonly epoch: number;
  readonly at: Date;
}

/**
 * Makes void, in one statement, whatever was issued for the account until now: sessions, links, challenges, approvals,
 * enrolments, remembered devices. Null when the epoch is no longer the one the work began under (someone was faster),
 * or the account is closed.
 *
 * SECURITY: of 50 that come with one epoch exactly one wins. Never read the epoch again to "retry".
 */
export async function raiseEpoch(
  ctx: Context,
  accountId: string,
  expected: number | 'any',
  change: SQL = sql`password_reset_required = accounts.password_reset_required`,
): Promise<RaisedEpoch | null> {
  const [row] = await rows<{ epoch: number; ms: string | number }>(
    ctx.db,
    sql`update accounts set credential_epoch = credential_epoch + 1, sessions_valid_after = ${instant(ctx)}, ${change}
        where id = ${accountId} and closed_at is null and ${expected === 'any' ? sql`true` : sql`credential_epoch = ${expected}`}
        returning credential_epoch as epoch, (extract(epoch from sessions_valid_after) * 1000)::bigint as ms`,
  );
  return row ? { epoch: row.epoch, at: new Date(Number(row.ms)) } : null;
}

/**
 * Holds the epoch until the transaction ends: for rows that outlive an epoch (factors, passkeys, numbers, channel), which
 * are not judged again when read. False when it has moved on: then nothing may be written.
 */
export async function holdEpoch(ctx: Context, accountId: string, epoch: number): Promise<boolean> {
  const held = await rows(
    ctx.db,
    sql`select id from accounts where id = ${accountId} and credential_epoch = ${epoch} and closed_at is null for no key update`,
  );
  return held.length > 0;
}

/** Whether the account's lock holds by the database's clock. */
export async function isLocked(ctx: Context, account: Account): Promise<boolean> {
  if (account.lockedAt === null) return false;
  const [row] = await rows<{ locked: boolean }>(
    ctx.db,
    sql`select ${isLockedSql(ctx)} as locked from accounts where id = ${account.id}`,
  );
  return row?.locked ?? true;
}
