/** People asking people for help, decided within a day. */
import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { instantColumn } from '../base/columns.js';

export const supportRequests = pgTable(
  'support_requests',
  {
    id: text('id').primaryKey(),
    reference: text('reference').notNull(),
    status: text('status')
      .$type<'OPEN' | 'CLAIMED' | 'AWAITING_CONFIRMATION' | 'ON_HOLD' | 'APPROVED' | 'REJECTED' | 'CANCELLED'>()
      .notNull(),
    claimedEmail: text('claimed_email').notNull(),
    emailKey: text('email_key').notNull(),
    contact: text('contact'),
    message: text('message'),
    network: text('network').notNull(),
    createdAt: instantColumn('created_at').notNull(),
    dueAt: instantColumn('due_at').notNull(),
    claimedBy: text('claimed_by'),
    claimedAt: instantColumn('claimed_at'),
    decision: text('decision').$type<'APPROVE' | 'REJECT'>(),
    decisionNote: text('decision_note'),
    decidedAt: instantColumn('decided_at'),
    decidedBy: text('decided_by'),
    /** The account as it was when the request was approved: a later owner of the address gets nothing from it. */
    accountId: text('account_id'),
    /** Its credential epoch when a second person confirmed: any change of credentials since voids the hold. */
    accountEpoch: integer('account_epoch'),
    deliverTo: text('deliver_to').$type<'NOTIFICATION_CHANNEL' | 'EMAIL' | 'SMS' | 'REQUEST_CONTACT'>(),
    removesSecondFactors: boolean('removes_second_factors').notNull().default(false),
    confirmedBy: text('confirmed_by'),
    confirmedAt: instantColumn('confirmed_at'),
    confirmationNote: text('confirmation_note'),
    releasedAt: instantColumn('released_at'),
    /** The notice of the hold, by its number in the queue of letters. */
    holdNoticeId: bigint('hold_notice_id', { mode: 'number' }),
    /** How often the hold began anew because its notice could not go out. */
    holdRenewals: integer('hold_renewals').notNull().default(0),
    cancelledAt: instantColumn('cancelled_at'),
    remindedDueAt: instantColumn('reminded_due_at'),
    remindedOverdueAt: instantColumn('reminded_overdue_at'),
  },
  (t) => [
    uniqueIndex('support_requests_reference').on(t.reference),
    index('support_requests_due').on(t.status, t.dueAt, t.id),
    index('support_requests_created').on(t.status, t.createdAt, t.id),
    index('support_requests_release')
      .on(t.releasedAt)
      .where(sql`status = 'ON_HOLD'`),
    index('support_requests_email').on(t.emailKey),
    check('support_requests_two_people', sql`${t.confirmedBy} is null or ${t.confirmedBy} <> ${t.decidedBy}`),
  ],
);

export type SupportRequest = typeof supportRequests.$inferSelect;

/** Calls a manual reset off, from the notice that went to every known channel. Ignores the epoch. */
export const cancelTokens = pgTable(
  'cancel_tokens',
  {
    id: text('id').primaryKey(),
    digest: text('digest').notNull(),
    supportRequestId: text('support_request_id')
      .notNull()
      .references(() => supportRequests.id, { onDelete: 'cascade' }),
    createdAt: instantColumn('created_at').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
  },
  (t) => [index('cancel_tokens_request').on(t.supportRequestId), index('cancel_tokens_expires_at').on(t.expiresAt)],
);
