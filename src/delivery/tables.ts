/** Letters and texts on their way. A row holds an intention, or a composed letter sealed until it is sent. */
import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, jsonb, pgTable, smallint, text } from 'drizzle-orm/pg-core';
import { instantColumn } from '../base/columns.js';

export const outbox = pgTable(
  'outbox',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    message: text('message').notNull(),
    payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
    /** 0 for codes and links, 1 for notices: what a person waits for goes first. */
    priority: smallint('priority').notNull(),
    createdAt: instantColumn('created_at').notNull(),
    availableAt: instantColumn('available_at').notNull(),
    /** After this there is no use in sending it. */
    expiresAt: instantColumn('expires_at'),
    /** Fences a worker whose lease ran out: it settles only what it still holds. */
    attempts: integer('attempts').notNull().default(0),
    lockedUntil: instantColumn('locked_until'),
    /** The composed letters, sealed, so that a retry sends the same text under the same Message-ID. */
    composed: text('composed'),
    sentParts: integer('sent_parts').notNull().default(0),
    lastError: text('last_error'),
    /** Whether the last error was a full mailbox, and nothing on the way there. */
    isPutOff: boolean('is_put_off').notNull().default(false),
    doneAt: instantColumn('done_at'),
    deadAt: instantColumn('dead_at'),
    accountId: text('account_id'),
  },
  (t) => [
    index('outbox_due')
      .on(t.priority, t.availableAt, t.id)
      .where(sql`done_at is null and dead_at is null`),
    index('outbox_account').on(t.accountId),
    index('outbox_done_at').on(t.doneAt),
    index('outbox_dead_at')
      .on(t.deadAt)
      .where(sql`dead_at is not null`),
  ],
);

/** What was sent where, for the limits on letters to one address or number. The key is a keyed digest. */
export const sentMessages = pgTable(
  'sent_messages',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    purpose: text('purpose').notNull(),
    recipientKey: text('recipient_key').notNull(),
    sentAt: instantColumn('sent_at').notNull(),
  },
  (t) => [
    index('sent_messages_recipient').on(t.purpose, t.recipientKey, t.sentAt.desc()),
    index('sent_messages_sent_at').on(t.sentAt),
  ],
);
