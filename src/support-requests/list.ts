/** Requests for a manual reset as the desk shows them. */
import { and, inArray, sql, type SQL } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { isId } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { supportRequests, type SupportRequest } from './tables.js';

interface AccountRef {
  readonly id: string;
}

export interface RequestFile {
  readonly id: string;
  readonly reference: string;
  readonly status: SupportRequest['status'];
  readonly claimedEmail: string;
  /** The account with that address; once decided, the one that was decided on. */
  readonly account: AccountRef | null;
  readonly contact: string | null;
  readonly message: string | null;
  readonly createdAt: Date;
  readonly dueAt: Date;
  readonly isOverdue: boolean;
  readonly claimedBy: AccountRef | null;
  readonly resolution: {
    readonly decision: 'APPROVE' | 'REJECT';
    readonly note: string | null;
    readonly decidedAt: Date;
    readonly decidedBy: AccountRef;
  } | null;
  readonly releasedAt: Date | null;
  readonly deliverTo: SupportRequest['deliverTo'];
  readonly removesSecondFactors: boolean;
}

/** Somebody still has to say yes or no. */
export const isUndecided = sql`status in ('OPEN', 'CLAIMED', 'AWAITING_CONFIRMATION')`;

const isOverdue = (ctx: Context): SQL<boolean> => sql<boolean>`(${isUndecided} and due_at <= ${clock(ctx)})`;

/** These requests as the desk shows them, by id. */
export async function readRequests(ctx: Context, ids: readonly string[]): Promise<Map<string, RequestFile>> {
  const found = await ctx.db
    .select({
      row: supportRequests,
      isOverdue: isOverdue(ctx),
      // Qualified by hand: the builder leaves the table out, and the inner table has columns of the same names.
      accountId: sql<string | null>`coalesce(support_requests.account_id, (
        select a.id from accounts a where a.email_key = support_requests.email_key and a.closed_at is null))`,
    })
    .from(supportRequests)
    .where(inArray(supportRequests.id, [...ids]));
  return new Map(found.map(({ row, isOverdue, accountId }) => [row.id, toFile(row, isOverdue, accountId)]));
}

function toFile(row: SupportRequest, isOverdue: boolean, accountId: string | null): RequestFile {
  const { id, reference, status, claimedEmail, contact, message, createdAt, dueAt, deliverTo, removesSecondFactors } =
    row;
  return {
    id,
    reference,
    status,
    claimedEmail,
    account: accountId === null ? null : { id: accountId },
    contact,
    message,
    createdAt,
    dueAt,
    isOverdue,
    claimedBy: row.claimedBy === null ? null : { id: row.claimedBy },
    resolution: resolutionOf(row),
    releasedAt: status === 'ON_HOLD' ? row.releasedAt : null,
    deliverTo,
    removesSecondFactors,
  };
}

/** What the last of the two said: a second person's no stands above the first one's yes. */
function resolutionOf(row: SupportRequest): RequestFile['resolution'] {
  const { status, decision, decidedAt, decidedBy, decisionNote, confirmedAt, confirmedBy, confirmationNote } = row;
  if (status === 'REJECTED' && confirmedAt && confirmedBy) {
    return { decision: 'REJECT', note: confirmationNote, decidedAt: confirmedAt, decidedBy: { id: confirmedBy } };
  }
  return decision && decidedAt && decidedBy
    ? { decision, note: decisionNote, decidedAt, decidedBy: { id: decidedBy } }
    : null;
}

export async function findRequest(ctx: Context, id: string): Promise<RequestFile | null> {
  return isId(id, 'supp') ? ((await readRequests(ctx, [id])).get(id) ?? null) : null;
}

export interface RequestsFilter {
  readonly statuses?: readonly SupportRequest['status'][] | null | undefined;
  readonly claimedBy?: string | null | undefined;
  readonly isOverdue?: boolean | null | undefined;
  readonly reference?: string | null | undefined;
}

export interface RequestsQuery {
  readonly filter: RequestsFilter;
  readonly order: { readonly field: 'DUE_AT' | 'CREATED_AT'; readonly direction: 'ASC' | 'DESC' };
  readonly limit: number;
  /** What follows this request. */
  readonly after: { readonly atMs: number; readonly id: string } | null;
}

const allStatuses = [
  'OPEN',
  'CLAIMED',
  'AWAITING_CONFIRMATION',
  'ON_HOLD',
  'APPROVED',
  'REJECTED',
  'CANCELLED',
] as const;

/** The requests that satisfy every condition, in order. Each state is read along its own index, and the heads are merged. */
export async function listRequests(
  ctx: Context,
  { filter, order, limit, after }: RequestsQuery,
): Promise<RequestFile[]> {
  const key = order.field === 'DUE_AT' ? sql`due_at` : sql`created_at`;
  const [way, follows] = order.direction === 'ASC' ? [sql`asc`, sql`>`] : [sql`desc`, sql`<`];
  const statuses = [...new Set(filter.statuses ?? allStatuses)];
  if (statuses.length === 0) return [];
  const position =
    after && sql`(${key}, id) ${follows} (${new Date(after.atMs).toISOString()}::timestamptz, ${after.id})`;
  const branches = statuses.map(
    (status) => sql`(select id, ${key} as at from support_requests
      where status = ${status} and ${matches(ctx, filter)} ${position ? sql`and ${position}` : sql``}
      order by ${key} ${way}, id ${way} limit ${limit}::int)`,
  );
  const found = await rows<{ id: string }>(
    ctx.db,
    sql`select id from (${sql.join(branches, sql` union all `)}) heads order by at ${way}, id ${way} limit ${limit}::int`,
  );
  const files = await readRequests(
    ctx,
    found.map(({ id }) => id),
  );
  return found.flatMap(({ id }) => files.get(id) ?? []);
}

/** Counting stops here, as in the review queue. */
const COUNT_BOUND = 10_000;

/** How many requests the filter leaves; never more than 10 000, which then means "that many or more". */
export async function countRequests(ctx: Context, filter: RequestsFilter): Promise<number> {
  const statuses = filter.statuses == null ? undefined : inArray(supportRequests.status, [...filter.statuses]);
  const [row] = await rows<{ n: number }>(
    ctx.db,
    sql`select count(*)::int as n from (select 1 from support_requests
          where ${and(statuses, matches(ctx, filter))} limit ${COUNT_BOUND}::int) counted`,
  );
  return row?.n ?? 0;
}

function hasReference(typed: string): SQL {
  const reference = typed.trim().toUpperCase();
  return /^[A-Z0-9]{4}-[A-Z0-9]{4}$/.test(reference) ? sql`reference = ${reference}` : sql`false`;
}

function matches(ctx: Context, { claimedBy, isOverdue: wanted, reference }: RequestsFilter): SQL {
  const conditions = [
    claimedBy == null ? null : sql`status = 'CLAIMED' and claimed_by = ${claimedBy}`,
    wanted == null ? null : wanted ? isOverdue(ctx) : sql`not ${isOverdue(ctx)}`,
    reference == null ? null : hasReference(reference),
  ].filter((condition) => condition !== null);
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}
