/** The audit, for those who oversee staff. */
import { and, eq, gte, lt, sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
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

/** The entries that satisfy every condition, the latest first. */
export function listAudit(ctx: Context, { filter, limit, after }: AuditQuery): Promise<ListedEntry[]> {
  const { id, action, at, byAccountId, byService, subjectAccountId, note } = auditEntries;
  return ctx.db
    .select({ id, action, at, byAccountId, byService, subjectAccountId, note })
    .from(auditEntries)
    .where(
      and(
        filter.byAccountId == null ? undefined : eq(byAccountId, filter.byAccountId),
        filter.subjectAccountId == null ? undefined : eq(subjectAccountId, filter.subjectAccountId),
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
