/**
 * The review queue: accounts with open work, the most urgent or the oldest first. Pages are read along an index and cost
 * the same on the first page and on the hundredth, with fifty open flags and with fifty thousand.
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { toFlag, type FlagFacts } from './flags.js';
import { isCountedBySource, severityOfRank, severityRank, type FlagReason, type Severity } from './rules.js';
import { accountFlags } from './tables.js';

export interface QueueFilter {
  readonly statuses?: readonly FlagFacts['status'][] | null | undefined;
  readonly reasons?: readonly FlagReason[] | null | undefined;
  readonly minSeverity?: Severity | null | undefined;
  /** Only flags claimed by this staff member. */
  readonly claimedBy?: string | null | undefined;
  readonly flaggedFrom?: Date | null | undefined;
  readonly flaggedBefore?: Date | null | undefined;
}

export interface QueueOrder {
  readonly field: 'SEVERITY' | 'FLAGGED_AT';
  readonly direction: 'ASC' | 'DESC';
}

/** An account's place in the queue: severity as a number, time in milliseconds, account. */
export type QueuePosition = readonly [rank: number, sinceMs: number, accountId: string];

export interface QueueQuery {
  readonly filter: QueueFilter;
  readonly order: QueueOrder;
  readonly limit: number;
  readonly after: QueuePosition | null;
}

export interface QueuedAccount {
  readonly accountId: string;
  /** The greatest severity among the matching flags. */
  readonly severity: Severity;
  /** When the oldest matching flag was raised. */
  readonly flaggedAt: Date;
  readonly position: QueuePosition;
}

/**
 * A page of accounts that have a flag satisfying the filter. Ordered by severity, ties go to whoever has waited longest;
 * then by account.
 */
export async function flaggedAccounts(ctx: Context, query: QueueQuery): Promise<QueuedAccount[]> {
  const { filter, order } = query;
  const since = order.direction === 'DESC' ? storedSince(filter) : null;
  const statement =
    order.field === 'FLAGGED_AT' ? byTime(query) : since === null ? grouped(query) : bySeverity(query, since);
  const found = await rows<{ account_id: string; rank: number; ms: string }>(ctx.db, statement);
  return found.map(({ account_id: accountId, rank, ms }) => ({
    accountId,
    severity: severityOfRank(rank),
    flaggedAt: new Date(Number(ms)),
    position: [rank, Number(ms), accountId],
  }));
}

/**
 * The column that holds the time of the account's oldest matching flag, where one does: for everything that is not decided
 * (the default), for one reason among that (no account has two such, but for those counted by source), and for one reason at
 * all. Null for other filters.
 */
function storedSince(filter: QueueFilter): SQL | null {
  const { statuses, reasons, minSeverity, claimedBy, flaggedFrom, flaggedBefore } = filter;
  const isOpen = statuses != null && !statuses.includes('RESOLVED');
  if (reasons?.length === 1 && isOpen && !reasons.some(isCountedBySource)) return sql`flagged_at`;
  if ([minSeverity, claimedBy, flaggedFrom, flaggedBefore].some((condition) => condition != null)) return null;
  if (reasons == null) return isOpen && new Set(statuses).size === 2 ? sql`account_flagged_since` : null;
  return reasons.length === 1 && statuses == null ? sql`reason_flagged_since` : null;
}

const ms = (column: SQL): SQL => sql`(extract(epoch from ${column}) * 1000)::bigint`;
const instantOf = (milliseconds: number): SQL => sql`${new Date(milliseconds).toISOString()}::timestamptz`;
const list = (texts: readonly string[]): SQL =>
  sql.join(
    texts.map((text) => sql`${text}`),
    sql`, `,
  );

/** The filter over the flags named `alias`. Spelled so that the partial indexes are seen to apply. */
function matches(alias: SQL, filter: QueueFilter): SQL {
  const { statuses, reasons, minSeverity, claimedBy, flaggedFrom, flaggedBefore } = filter;
  const conditions = [
    statuses == null ? null : statuses.length === 0 ? sql`false` : sql`${alias}.status in (${list(statuses)})`,
    statuses?.includes('RESOLVED') === false ? sql`${alias}.status <> 'RESOLVED'` : null,
    reasons == null ? null : reasons.length === 0 ? sql`false` : sql`${alias}.reason in (${list(reasons)})`,
    minSeverity == null ? null : sql`${alias}.severity >= ${severityRank(minSeverity)}::int`,
    claimedBy == null ? null : sql`${alias}.status = 'CLAIMED' and ${alias}.claimed_by = ${claimedBy}`,
    flaggedFrom == null ? null : sql`${alias}.flagged_at >= ${instantOf(flaggedFrom.getTime())}`,
    flaggedBefore == null ? null : sql`${alias}.flagged_at < ${instantOf(flaggedBefore.getTime())}`,
  ].filter((condition) => condition !== null);
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

/** Along the index of severities; each account once, at its most severe flag. `since` is the true second key of the filter. */
function bySeverity({ filter, limit, after }: QueueQuery, since: SQL): SQL {
  const follows = after
    ? sql`and ((- f.severity), f.${since}, f.account_id) > (${-after[0]}::int, ${instantOf(after[1])}, ${after[2]})`
    : sql``;
  return sql`select f.account_id, f.severity::int as rank, ${ms(sql`f.${since}`)} as ms from account_flags f
    where ${matches(sql`f`, filter)} ${follows} and not exists (
      select 1 from account_flags o where o.account_id = f.account_id and ${matches(sql`o`, filter)}
        and (o.severity > f.severity or (o.severity = f.severity and o.id < f.id)))
    order by (- f.severity), f.${since}, f.account_id limit ${limit}::int`;
}

/** Along the index of times; each account once, at its oldest matching flag. */
function byTime({ filter, order, limit, after }: QueueQuery): SQL {
  const isForward = order.direction === 'ASC';
  const follows = after
    ? sql`and (f.flagged_at, f.account_id) ${isForward ? sql`>` : sql`<`} (${instantOf(after[1])}, ${after[2]})`
    : sql``;
  const way = isForward ? sql`asc` : sql`desc`;
  return sql`select p.account_id, p.ms, (
      select max(o.severity)::int from account_flags o where o.account_id = p.account_id and ${matches(sql`o`, filter)}) as rank
    from (
      select f.account_id, f.flagged_at, ${ms(sql`f.flagged_at`)} as ms from account_flags f
      where ${matches(sql`f`, filter)} ${follows} and not exists (
        select 1 from account_flags o where o.account_id = f.account_id and ${matches(sql`o`, filter)}
          and (o.flagged_at < f.flagged_at or (o.flagged_at = f.flagged_at and o.id < f.id)))
      order by f.flagged_at ${way}, f.account_id ${way} limit ${limit}::int) p
    order by p.flagged_at ${way}, p.account_id ${way}`;
}

/** Any other mixture: grouped. It reads every matching flag once, and the filter bounds how many there are. */
function grouped({ filter, order, limit, after }: QueueQuery): SQL {
  const sign = order.direction === 'DESC' ? sql`-` : sql`+`;
  const follows = after
    ? sql`where (${sign} rank, since, account_id) > (${order.direction === 'DESC' ? -after[0] : after[0]}::int,
        ${instantOf(after[1])}, ${after[2]})`
    : sql``;
  return sql`select account_id, rank, ${ms(sql`since`)} as ms from (
      select f.account_id, max(f.severity)::int as rank, min(f.flagged_at) as since from account_flags f
      where ${matches(sql`f`, filter)} group by f.account_id) g
    ${follows} order by ${sign} rank, since, account_id limit ${limit}::int`;
}

/** Counting stops here: nobody works through more, and a queue under attack must not make every page slow. */
export const COUNT_BOUND = 10_000;

/** How many accounts the filter leaves; never more than `COUNT_BOUND`, which then means "that many or more". */
export async function countFlaggedAccounts(ctx: Context, filter: QueueFilter): Promise<number> {
  const [row] = await rows<{ n: number }>(
    ctx.db,
    sql`select count(*)::int as n from (
          select distinct f.account_id from account_flags f where ${matches(sql`f`, filter)} limit ${COUNT_BOUND}::int) counted`,
  );
  return row?.n ?? 0;
}

/** The contract's bound of what stands with an account in the queue. */
const MOST_MATCHING = 20;

/** The matching flags of each of these accounts, the most severe first, then the oldest; at most 20 of each. */
export async function matchingFlags(
  ctx: Context,
  accountIds: readonly string[],
  filter: QueueFilter,
): Promise<Map<string, FlagFacts[]>> {
  const found = new Map<string, FlagFacts[]>(accountIds.map((id) => [id, []]));
  if (accountIds.length === 0) return found;
  const ranked = sql`(select id, row_number() over (partition by f.account_id order by f.severity desc, f.flagged_at, f.id) as place
    from account_flags f where f.account_id in (${list(accountIds)}) and ${matches(sql`f`, filter)})`;
  const flags = await ctx.db
    .select()
    .from(accountFlags)
    .where(sql`${accountFlags.id} in (select r.id from ${ranked} r where r.place <= ${MOST_MATCHING}::int)`)
    .orderBy(sql`${accountFlags.severity} desc, ${accountFlags.flaggedAt}, ${accountFlags.id}`);
  for (const row of flags) found.get(row.accountId)?.push(toFlag(row));
  return found;
}
