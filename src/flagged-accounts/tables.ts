/** Detection and review: reasons to look at an account, what a rule saw, and what staff did. */
import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { accounts } from '../accounts/tables.js';
import { instantColumn } from '../base/columns.js';

export const accountFlags = pgTable(
  'account_flags',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    reason: text('reason').notNull(),
    /** 1 low, 2 medium, 3 high, 4 critical: orders in SQL. */
    severity: smallint('severity').notNull(),
    status: text('status').$type<'OPEN' | 'CLAIMED' | 'RESOLVED'>().notNull(),
    note: text('note'),
    flaggedAt: instantColumn('flagged_at').notNull(),
    /** When the oldest flag of the account that is still open was raised: the queue's second key, ready for an index. */
    accountFlaggedSince: instantColumn('account_flagged_since').notNull(),
    /** When the account was first flagged for this reason, decided or not. */
    reasonFlaggedSince: instantColumn('reason_flagged_since').notNull(),
    flaggedBy: text('flagged_by'),
    flaggedByService: text('flagged_by_service'),
    claimedBy: text('claimed_by'),
    claimedAt: instantColumn('claimed_at'),
    decision: text('decision').$type<'DISMISS' | 'REVOKE_SESSIONS' | 'FORCE_PASSWORD_RESET' | 'LOCK_ACCOUNT'>(),
    resolutionNote: text('resolution_note'),
    resolvedAt: instantColumn('resolved_at'),
    resolvedBy: text('resolved_by'),
    /** The source that a campaign is counted for; null where an account's own events are, or where a person raised it. */
    network: text('network'),
    eventCount: integer('event_count'),
    firstEventAt: instantColumn('first_event_at'),
    lastEventAt: instantColumn('last_event_at'),
    distinctSources: integer('distinct_sources'),
    affectedAccountCount: integer('affected_account_count'),
    thresholdCount: integer('threshold_count'),
    thresholdWindowSeconds: integer('threshold_window_seconds'),
  },
  (t) => [
    uniqueIndex('account_flags_one_open')
      .on(t.accountId, t.reason)
      .where(sql`status <> 'RESOLVED' and network is null`),
    uniqueIndex('account_flags_one_source')
      .on(t.network, t.reason)
      .where(sql`status <> 'RESOLVED' and network is not null`),
    index('account_flags_source')
      .on(t.network, t.reason, t.resolvedAt)
      .where(sql`network is not null`),
    index('account_flags_account').on(t.accountId, t.flaggedAt, t.id),
    index('account_flags_account_reason').on(t.accountId, t.reason, t.resolvedAt),
    index('account_flags_queue_severity')
      .on(sql`(- severity)`, t.accountFlaggedSince, t.accountId)
      .where(sql`status <> 'RESOLVED'`),
    index('account_flags_queue_time')
      .on(t.flaggedAt, t.accountId)
      .where(sql`status <> 'RESOLVED'`),
    index('account_flags_reason_severity')
      .on(t.reason, sql`(- severity)`, t.flaggedAt, t.accountId)
      .where(sql`status <> 'RESOLVED'`),
    index('account_flags_reason_time')
      .on(t.reason, t.flaggedAt, t.accountId)
      .where(sql`status <> 'RESOLVED'`),
    index('account_flags_history_time').on(t.flaggedAt, t.accountId),
    index('account_flags_history_reason_time').on(t.reason, t.flaggedAt, t.accountId),
    index('account_flags_history_reason_severity').on(t.reason, sql`(- severity)`, t.reasonFlaggedSince, t.accountId),
    index('account_flags_claimed')
      .on(t.claimedBy, t.flaggedAt, t.accountId)
      .where(sql`status = 'CLAIMED'`),
    check('account_flags_status', sql`${t.status} in ('OPEN', 'CLAIMED', 'RESOLVED')`),
    check('account_flags_claim', sql`(${t.status} = 'CLAIMED') <= (${t.claimedBy} is not null)`),
    check('account_flags_resolution', sql`(${t.status} = 'RESOLVED') = (${t.decision} is not null)`),
    check('account_flags_severity', sql`${t.severity} between 1 and 4`),
  ],
);

export type AccountFlag = typeof accountFlags.$inferSelect;

/** Which events count towards a flag. Counted once: the key says so. */
export const flagEvents = pgTable(
  'flag_events',
  {
    flagId: text('flag_id')
      .notNull()
      .references(() => accountFlags.id, { onDelete: 'cascade' }),
    eventId: text('event_id').notNull(),
    occurredAt: instantColumn('occurred_at').notNull(),
    network: text('network').notNull(),
    accountId: text('account_id'),
  },
  (t) => [
    primaryKey({ columns: [t.flagId, t.eventId] }),
    index('flag_events_time').on(t.flagId, t.occurredAt, t.eventId),
    index('flag_events_network').on(t.flagId, t.network),
    index('flag_events_account').on(t.flagId, t.accountId),
    index('flag_events_occurred_at').on(t.occurredAt),
  ],
);

export const flagActions = pgTable(
  'flag_actions',
  {
    id: text('id').primaryKey(),
    flagId: text('flag_id')
      .notNull()
      .references(() => accountFlags.id, { onDelete: 'cascade' }),
    kind: text('kind').$type<'RAISED' | 'ADDED_TO' | 'CLAIMED' | 'RELEASED' | 'RESOLVED'>().notNull(),
    at: instantColumn('at').notNull(),
    by: text('by'),
    note: text('note'),
  },
  (t) => [index('flag_actions_flag').on(t.flagId, t.at, t.id)],
);
