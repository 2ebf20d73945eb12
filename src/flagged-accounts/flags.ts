/** A flag as staff see it: one, several, or all of an account; the events that count towards it. */
import { and, desc, eq, inArray, sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { isId } from '../base/secrets.js';
import type { ListedEvent } from '../security-events/list.js';
import { eventColumns, toListedEvent, type EventRow } from '../security-events/list.js';
import { severityOfRank, type FlagReason, type Severity } from './rules.js';
import { accountFlags, type AccountFlag } from './tables.js';

interface AccountRef {
  readonly id: string;
}

export interface EvidenceFacts {
  readonly flagId: string;
  readonly eventCount: number;
  readonly firstEventAt: Date;
  readonly lastEventAt: Date;
  readonly distinctSources: number;
  readonly affectedAccountCount: number;
  readonly thresholdCount: number;
  readonly thresholdWindowSeconds: number;
}

export interface FlagFacts {
  readonly id: string;
  readonly account: AccountRef;
  readonly reason: FlagReason;
  readonly severity: Severity;
  readonly status: 'OPEN' | 'CLAIMED' | 'RESOLVED';
  readonly note: string | null;
  readonly flaggedAt: Date;
  readonly flaggedBy: AccountRef | null;
  /** The service that raised it, by name. */
  readonly flaggedByService: string | null;
  readonly claimedBy: AccountRef | null;
  readonly claimedAt: Date | null;
  readonly resolution: {
    readonly decision: NonNullable<AccountFlag['decision']>;
    readonly note: string | null;
    readonly resolvedAt: Date;
    readonly resolvedBy: AccountRef;
  } | null;
  /** Null for a flag that a person or a service raised. */
  readonly evidence: EvidenceFacts | null;
}

const accountRef = (id: string | null): AccountRef | null => (id === null ? null : { id });

export function toFlag(row: AccountFlag): FlagFacts {
  const { decision, resolvedAt, resolvedBy, resolutionNote } = row;
  return {
    id: row.id,
    account: { id: row.accountId },
    reason: row.reason as FlagReason,
    severity: severityOfRank(row.severity),
    status: row.status,
    note: row.note,
    flaggedAt: row.flaggedAt,
    flaggedBy: accountRef(row.flaggedBy),
    flaggedByService: row.flaggedByService,
    claimedBy: accountRef(row.claimedBy),
    claimedAt: row.claimedAt,
    resolution:
      decision && resolvedAt && resolvedBy
        ? { decision, note: resolutionNote, resolvedAt, resolvedBy: { id: resolvedBy } }
        : null,
    evidence: toEvidence(row),
  };
}

function toEvidence(row: AccountFlag): EvidenceFacts | null {
  const { eventCount, firstEventAt, lastEventAt, thresholdCount, thresholdWindowSeconds } = row;
  if (eventCount === null || !firstEventAt || !lastEventAt) return null;
  return {
    flagId: row.id,
    eventCount,
    firstEventAt,
    lastEventAt,
    distinctSources: row.distinctSources ?? 0,
    affectedAccountCount: row.affectedAccountCount ?? 0,
    thresholdCount: thresholdCount ?? 0,
    thresholdWindowSeconds: thresholdWindowSeconds ?? 0,
  };
}

/** One flag, or null; a malformed id is as unknown as any. */
export async function findFlag(ctx: Context, id: string): Promise<FlagFacts | null> {
  if (!isId(id, 'flag')) return null;
  const [row] = await ctx.db.select().from(accountFlags).where(eq(accountFlags.id, id));
  return row ? toFlag(row) : null;
}

export interface AccountFlagsQuery {
  readonly accountId: string;
  readonly statuses: readonly FlagFacts['status'][] | null;
  readonly limit: number;
  readonly after: { readonly flaggedMs: number; readonly id: string } | null;
}

/** The flags of an account, the latest first. */
export async function flagsOfAccount(ctx: Context, query: AccountFlagsQuery): Promise<FlagFacts[]> {
  const { flaggedAt, id } = accountFlags;
  const follows =
    query.after &&
    sql`(${flaggedAt}, ${id}) < (${new Date(query.after.flaggedMs).toISOString()}::timestamptz, ${query.after.id})`;
  const found = await ctx.db
    .select()
    .from(accountFlags)
    .where(and(ofAccount(query), follows ?? undefined))
    .orderBy(desc(flaggedAt), desc(id))
    .limit(query.limit);
  return found.map(toFlag);
}

export async function countFlagsOfAccount(
  ctx: Context,
  query: Pick<AccountFlagsQuery, 'accountId' | 'statuses'>,
): Promise<number> {
  return ctx.db.$count(accountFlags, ofAccount(query));
}

const ofAccount = ({ accountId, statuses }: Pick<AccountFlagsQuery, 'accountId' | 'statuses'>) =>
  and(
    eq(accountFlags.accountId, accountId),
    statuses === null ? undefined : inArray(accountFlags.status, [...statuses]),
  );

/** The contract's bound. */
const MOST_ACCOUNTS = 100;

/** The accounts that a flag concerns: its own, or those a source hit. At most 100, in the order of their ids. */
export async function affectedAccounts(ctx: Context, flagId: string): Promise<AccountRef[]> {
  return rows<{ id: string }>(
    ctx.db,
    sql`select distinct account_id as id from flag_events where flag_id = ${flagId} and account_id is not null
        order by account_id limit ${MOST_ACCOUNTS}::int`,
  );
}

/** The events that count towards a flag, the latest first. Those past their retention are counted but not shown. */
export async function eventsOfFlag(
  ctx: Context,
  query: {
    readonly flagId: string;
    readonly limit: number;
    readonly after: { readonly atMs: number; readonly id: string } | null;
  },
): Promise<ListedEvent[]> {
  const { flagId, limit, after } = query;
  const follows = after
    ? sql`and (f.occurred_at, f.event_id) < (${new Date(after.atMs).toISOString()}::timestamptz, ${after.id})`
    : sql``;
  const found = await rows<EventRow>(
    ctx.db,
    sql`select ${eventColumns} from flag_events f
        join security_events e on e.occurred_at = f.occurred_at and e.id = f.event_id
        where f.flag_id = ${flagId} ${follows}
        order by f.occurred_at desc, f.event_id desc limit ${limit}::int`,
  );
  return found.map(toListedEvent);
}
