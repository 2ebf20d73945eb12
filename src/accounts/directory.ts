/** Accounts for staff, and in batches for whoever refers to them. */
import { and, desc, eq, gte, inArray, isNotNull, isNull, lt, sql, type SQL } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import type { Context } from '../base/context.js';
import { parseEmail } from '../base/email-address.js';
import { isLockedSql } from './service.js';
import { accounts, type Account } from './tables.js';

export type AccountStatus = 'ACTIVE' | 'LOCKED' | 'PASSWORD_RESET_REQUIRED' | 'CLOSED';

/** What anyone may see of an account. */
export interface AccountFace {
  readonly id: string;
  readonly displayName: string | null;
  readonly isActive: boolean;
  readonly sessionsValidAfter: Date;
}

/** The faces of these accounts, by id; those that do not exist are left out. A closed account shows no name. */
export async function accountFaces(ctx: Context, ids: readonly string[]): Promise<Map<string, AccountFace>> {
  const found = await ctx.db
    .select({
      id: accounts.id,
      displayName: accounts.displayName,
      sessionsValidAfter: accounts.sessionsValidAfter,
      closedAt: accounts.closedAt,
      isLocked: isLockedSql(ctx),
    })
    .from(accounts)
    .where(inArray(accounts.id, [...ids]));
  return new Map(
    found.map(({ id, displayName, sessionsValidAfter, closedAt, isLocked }) => [
      id,
      {
        id,
        displayName: closedAt === null ? displayName : null,
        sessionsValidAfter,
        isActive: closedAt === null && !isLocked,
      },
    ]),
  );
}

/** An account as staff see it. */
export interface AccountFile {
  readonly account: Account;
  readonly status: AccountStatus;
  /** The lock in force. Null when there is none, or its end has come. */
  readonly lock: {
    readonly reason: NonNullable<Account['lockReason']>;
    readonly note: string | null;
    readonly lockedAt: Date;
    readonly lockedBy: { readonly id: string } | null;
    readonly expiresAt: Date | null;
  } | null;
}

/** The files of these accounts, by id. */
export async function accountFiles(ctx: Context, ids: readonly string[]): Promise<Map<string, AccountFile>> {
  const found = await ctx.db
    .select({ account: accounts, isLocked: isLockedSql(ctx) })
    .from(accounts)
    .where(inArray(accounts.id, [...ids]));
  return new Map(
    found.map(({ account, isLocked }) => [
      account.id,
      { account, status: statusOf(account, isLocked), lock: isLocked ? lockOf(account) : null },
    ]),
  );
}

function lockOf(account: Account): AccountFile['lock'] {
  const { lockReason: reason, lockNote: note, lockedAt, lockedBy, lockExpiresAt: expiresAt } = account;
  if (!reason || !lockedAt) return null;
  return { reason, note, lockedAt, lockedBy: lockedBy === null ? null : { id: lockedBy }, expiresAt };
}

function statusOf(account: Account, isLocked: boolean): AccountStatus {
  if (account.closedAt !== null) return 'CLOSED';
  if (isLocked) return 'LOCKED';
  return account.passwordResetRequired ? 'PASSWORD_RESET_REQUIRED' : 'ACTIVE';
}

export interface AccountsFilter {
  /** The whole address, whatever its case. */
  readonly email?: string | null | undefined;
  readonly statuses?: readonly AccountStatus[] | null | undefined;
  readonly createdFrom?: Date | null | undefined;
  readonly createdBefore?: Date | null | undefined;
}

export interface AccountsQuery {
  readonly filter: AccountsFilter;
  readonly limit: number;
  /** What follows this account. */
  readonly after: { readonly createdMs: number; readonly id: string } | null;
}

export interface ListedAccount {
  readonly id: string;
  readonly createdAt: Date;
}

/**
 * The accounts that satisfy every condition, the newest first. Each state has an index of its own, so that the few locked
 * ones among a million are found without reading the others.
 */
export async function listAccounts(ctx: Context, { filter, limit, after }: AccountsQuery): Promise<ListedAccount[]> {
  const key = filter.email == null ? null : (parseEmail(filter.email)?.key ?? null);
  if (filter.email != null && key === null) return [];
  const conditions = and(
    key === null ? undefined : eq(accounts.emailKey, key),
    filter.createdFrom == null ? undefined : gte(accounts.createdAt, filter.createdFrom),
    filter.createdBefore == null ? undefined : lt(accounts.createdAt, filter.createdBefore),
    after === null
      ? undefined
      : sql`(${accounts.createdAt}, ${accounts.id}) < (${new Date(after.createdMs).toISOString()}::timestamptz, ${after.id})`,
  );
  const states = statesOf(ctx, filter.statuses ?? null, key !== null);
  const pages = states.map((state) => page(ctx, and(conditions, state), limit));
  const [first, second, ...more] = pages;
  if (!first) return [];
  if (!second) return first;
  return unionAll(first, second, ...more)
    .orderBy(sql`created_at desc, id desc`)
    .limit(limit);
}

const page = (ctx: Context, where: SQL | undefined, limit: number) =>
  ctx.db
    .select({ id: accounts.id, createdAt: accounts.createdAt })
    .from(accounts)
    .where(where)
    .orderBy(desc(accounts.createdAt), desc(accounts.id))
    .limit(limit);

/** One condition for each state asked for, worded as its index is; they exclude each other. */
function statesOf(ctx: Context, statuses: readonly AccountStatus[] | null, byAddress: boolean): (SQL | undefined)[] {
  const isOpen = isNull(accounts.closedAt);
  // An address is indexed among open accounts, and apart from them among closed ones.
  if (statuses === null) return byAddress ? [isOpen, isNotNull(accounts.closedAt)] : [undefined];
  const isLocked = isLockedSql(ctx);
  const words: Record<AccountStatus, SQL | undefined> = {
    ACTIVE: and(isOpen, sql`not ${isLocked}`, sql`not ${accounts.passwordResetRequired}`),
    LOCKED: and(isOpen, isNotNull(accounts.lockedAt), isLocked),
    PASSWORD_RESET_REQUIRED: and(isOpen, accounts.passwordResetRequired.getSQL(), sql`not ${isLocked}`),
    CLOSED: isNotNull(accounts.closedAt),
  };
  return [...new Set(statuses)].map((status) => words[status]);
}
