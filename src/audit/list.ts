/** The audit, for those who oversee staff. */
import { and, eq, gte, lt, sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { isId } from '../base/secrets.js';
import { auditEntries } from './tables.js';

export interface AuditFilter {
  readonly byAccountId?: string | null | undefined;
  readonly subjectAccountId?: string | null | undefined;
  readonly from?: Date | null | undefined;
  readonly before?: Date | null | undefined;
}

export interface AuditQuery {
  readonly filter: AuditFilter;
  readonly limit: number;
  /** What follows this entry. */
  readonly after: { readonly atMs: number; readonly id: string } | null;
}

export type ListedEntry = Pick<
  typeof auditEntries.$inferSelect,
  'id' | 'action' | 'at' | 'byAccountId' | 'byService' | 'subjectAccountId' | 'note'
>;

/** A malformed id is as unknown as any. */
const sameAccount = (
  column: typeof auditEntries.byAccountId | typeof auditEntries.subjectAccountId,
  id?: string | null,
) => (id == null ? undefined : isId(id, 'acct') ? eq(column, id) : sql`false`);

/** The entries that satisfy every condition, the latest first. */
export function listAudit(ctx: Context, { filter, limit, after }: AuditQuery): Promise<ListedEntry[]> {
  const { id, action, at, byAccountId, byService, subjectAccountId, note } = auditEntries;
  return ctx.db
    .select({ id, action, at, byAccountId, byService, subjectAccountId, note })
    .from(auditEntries)
    .where(
      and(
        sameAccount(byAccountId, filter.byAccountId),
        sameAccount(subjectAccountId, filter.subjectAccountId),
        filter.from == null ? undefined : gte(at, filter.from),
        filter.before == null ? undefined : lt(at, filter.before),
        after === null
          ? undefined
          : sql`(${at}, ${id}) < (${new Date(after.atMs).toISOString()}::timestamptz, ${after.id})`,
      ),
    )
    .orderBy(sql`${at} desc, ${id} desc`)
    .limit(limit);
}
