/** What staff, services and operators did, chained by hash. The service's own role may insert and select, no more. */
import { bigint, index, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instantColumn } from '../base/columns.js';

export const auditEntries = pgTable(
  'audit_entries',
  {
    /** Without a gap: a missing row shows. */
    sequence: bigint('sequence', { mode: 'number' }).primaryKey(),
    id: text('id').notNull(),
    action: text('action').notNull(),
    at: instantColumn('at').notNull(),
    byAccountId: text('by_account_id'),
    byService: text('by_service'),
    subjectAccountId: text('subject_account_id'),
    note: text('note'),
    requestId: text('request_id').notNull(),
    details: jsonb('details').$type<Record<string, unknown>>(),
    previousHash: text('previous_hash').notNull(),
    hash: text('hash').notNull(),
  },
  (t) => [
    index('audit_entries_at').on(t.at, t.id),
    index('audit_entries_by').on(t.byAccountId, t.at, t.id),
    index('audit_entries_subject').on(t.subjectAccountId, t.at, t.id),
  ],
);
