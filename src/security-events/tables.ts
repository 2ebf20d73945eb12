/** The memory of what happened. No foreign key: events outlive accounts. */
import { sql } from 'drizzle-orm';
import { boolean, index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instantColumn } from '../base/columns.js';

/** Partitioned by month of `occurred_at`; the migration says so, since the table builder cannot. */
export const securityEvents = pgTable(
  'security_events',
  {
    id: text('id').notNull(),
    kind: text('kind').notNull(),
    occurredAt: instantColumn('occurred_at').notNull(),
    /** Null for what the public did to an address, until the worker has judged it. */
    accountId: text('account_id'),
    emailKey: text('email_key'),
    sessionId: text('session_id'),
    requestId: text('request_id').notNull(),
    ip: text('ip'),
    network: text('network').notNull(),
    userAgent: text('user_agent'),
    byStaff: boolean('by_staff').notNull().default(false),
    details: jsonb('details').$type<Record<string, unknown>>(),
  },
  (t) => [
    primaryKey({ columns: [t.occurredAt, t.id] }),
    index('security_events_id').on(t.id),
    index('security_events_account').on(t.accountId, t.occurredAt, t.id),
    index('security_events_account_kind').on(t.accountId, t.kind, t.occurredAt),
    // What an account that was never found is erased by.
    index('security_events_email')
      .on(t.emailKey)
      .where(sql`account_id is null and email_key is not null`),
    index('security_events_network').on(t.network, t.kind, t.occurredAt),
  ],
);

/** Events that no rule has judged yet: a queue emptied under skip locked, so that no cursor slips past a late commit. */
export const unjudgedEvents = pgTable(
  'unjudged_events',
  {
    eventId: text('event_id').primaryKey(),
    occurredAt: instantColumn('occurred_at').notNull(),
  },
  (t) => [index('unjudged_events_time').on(t.occurredAt, t.eventId)],
);
