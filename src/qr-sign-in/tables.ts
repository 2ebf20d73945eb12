/** A signed-in device vouches for another: two secrets, a number, two minutes. */
import { boolean, index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { accounts } from '../accounts/tables.js';
import { instantColumn } from '../base/columns.js';

export const qrRequests = pgTable(
  'qr_requests',
  {
    id: text('id').primaryKey(),
    payloadDigest: text('payload_digest').notNull(),
    claimDigest: text('claim_digest').notNull(),
    /** The cookie of the browser that started, so that the claim secret alone is not enough. */
    bindingDigest: text('binding_digest').notNull(),
    /** Whether what started was no browser: then a bearer session may be claimed without the cookie. */
    isNative: boolean('is_native').notNull().default(false),
    numberMac: text('number_mac').notNull(),
    numberAttempts: integer('number_attempts').notNull().default(0),
    ip: text('ip'),
    network: text('network').notNull(),
    userAgent: text('user_agent'),
    createdAt: instantColumn('created_at').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    nextPollAt: instantColumn('next_poll_at').notNull(),
    scannedAt: instantColumn('scanned_at'),
    accountId: text('account_id').references(() => accounts.id, { onDelete: 'cascade' }),
    /** The session that scanned it first, and the epoch it held then: nobody else decides. */
    sessionId: text('session_id'),
    epoch: integer('epoch'),
    /** How strong that session was when it approved. */
    twoFactor: boolean('two_factor'),
    approvedAt: instantColumn('approved_at'),
    deniedAt: instantColumn('denied_at'),
    claimedAt: instantColumn('claimed_at'),
  },
  (t) => [index('qr_requests_expires_at').on(t.expiresAt), index('qr_requests_network').on(t.network, t.createdAt)],
);

export type QrRequest = typeof qrRequests.$inferSelect;
