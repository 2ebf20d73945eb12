/** Who exists. No secret columns: `select *` on accounts cannot leak one. */
import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { instantColumn } from '../base/columns.js';
import type { StaffRole } from '../base/context.js';

export const accounts = pgTable(
  'accounts',
  {
    id: text('id').primaryKey(),
    /** As its owner verified it: letters go here. Null once erased. */
    email: text('email'),
    /** The comparison key, made in one place: `parseEmail`. */
    emailKey: text('email_key'),
    displayName: text('display_name'),
    role: text('role').$type<StaffRole>(),
    /** Raised by each change of credentials: whatever was issued under an earlier one is void. */
    credentialEpoch: integer('credential_epoch').notNull().default(1),
    sessionsValidAfter: instantColumn('sessions_valid_after').notNull(),
    passwordResetRequired: boolean('password_reset_required').notNull().default(false),
    notificationChannel: text('notification_channel').$type<'EMAIL' | 'SMS'>().notNull().default('EMAIL'),
    lockedAt: instantColumn('locked_at'),
    lockReason: text('lock_reason').$type<'SUSPECTED_TAKEOVER' | 'ABUSE' | 'OWNER_REQUEST'>(),
    lockNote: text('lock_note'),
    lockedBy: text('locked_by'),
    lockExpiresAt: instantColumn('lock_expires_at'),
    closedAt: instantColumn('closed_at'),
    erasedAt: instantColumn('erased_at'),
    createdAt: instantColumn('created_at').notNull(),
    lastSignInAt: instantColumn('last_sign_in_at'),
  },
  (t) => [
    uniqueIndex('accounts_email_key')
      .on(t.emailKey)
      .where(sql`closed_at is null`),
    index('accounts_created').on(t.createdAt, t.id),
    index('accounts_locked')
      .on(t.createdAt, t.id)
      .where(sql`locked_at is not null`),
    index('accounts_reset_required')
      .on(t.createdAt, t.id)
      .where(sql`password_reset_required`),
    index('accounts_closed_created')
      .on(t.createdAt, t.id)
      .where(sql`closed_at is not null`),
    index('accounts_closed_email')
      .on(t.emailKey)
      .where(sql`closed_at is not null`),
    index('accounts_closed')
      .on(t.closedAt)
      .where(sql`closed_at is not null and erased_at is null`),
    check('accounts_role', sql`${t.role} in ('support', 'reviewer', 'admin')`),
    check('accounts_channel', sql`${t.notificationChannel} in ('EMAIL', 'SMS')`),
    check('accounts_lock', sql`(${t.lockedAt} is null) = (${t.lockReason} is null)`),
    check('accounts_open_has_email', sql`${t.closedAt} is not null or ${t.emailKey} is not null`),
  ],
);

export type Account = typeof accounts.$inferSelect;

/** Links that create an account: made when the letter is composed, used once. */
export const signUpLinks = pgTable(
  'sign_up_links',
  {
    id: text('id').primaryKey(),
    digest: text('digest').notNull(),
    email: text('email').notNull(),
    emailKey: text('email_key').notNull(),
    role: text('role').$type<StaffRole>(),
    createdAt: instantColumn('created_at').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    usedAt: instantColumn('used_at'),
  },
  (t) => [index('sign_up_links_expires_at').on(t.expiresAt), index('sign_up_links_email_key').on(t.emailKey)],
);

/** A change of address that waits for the new one to be confirmed. */
export const emailChanges = pgTable(
  'email_changes',
  {
    id: text('id').primaryKey(),
    digest: text('digest'),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    epoch: integer('epoch').notNull(),
    newEmail: text('new_email').notNull(),
    newEmailKey: text('new_email_key').notNull(),
    createdAt: instantColumn('created_at').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    usedAt: instantColumn('used_at'),
  },
  (t) => [index('email_changes_account').on(t.accountId), index('email_changes_expires_at').on(t.expiresAt)],
);

/** The telephone number of an account, sealed; `numberKey` is a keyed digest for limits. */
export const phoneNumbers = pgTable('phone_numbers', {
  accountId: text('account_id')
    .primaryKey()
    .references(() => accounts.id, { onDelete: 'cascade' }),
  number: text('number').notNull(),
  numberKey: text('number_key').notNull(),
  verifiedAt: instantColumn('verified_at'),
  /** From when on reset links may go to it. */
  recoveryFrom: instantColumn('recovery_from'),
  createdAt: instantColumn('created_at').notNull(),
});

/** A number that waits for its code; it replaces the verified one only when the code comes back. */
export const phoneVerifications = pgTable('phone_verifications', {
  accountId: text('account_id')
    .primaryKey()
    .references(() => accounts.id, { onDelete: 'cascade' }),
  epoch: integer('epoch').notNull(),
  number: text('number').notNull(),
  numberKey: text('number_key').notNull(),
  codeMac: text('code_mac'),
  attempts: integer('attempts').notNull().default(0),
  createdAt: instantColumn('created_at').notNull(),
  expiresAt: instantColumn('expires_at').notNull(),
});

/**
 * "This was not me": works once, whatever happened to the credentials since. `before` is how the account stood before
 * the event (address, channel, phone, factors), sealed.
 */
export const disownTokens = pgTable(
  'disown_tokens',
  {
    id: text('id').primaryKey(),
    digest: text('digest').notNull(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    eventId: text('event_id').notNull(),
    eventAt: instantColumn('event_at').notNull(),
    createdAt: instantColumn('created_at').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    usedAt: instantColumn('used_at'),
  },
  (t) => [index('disown_tokens_account').on(t.accountId), index('disown_tokens_expires_at').on(t.expiresAt)],
);

/** How an account could be reached and proven before each change of it, sealed: what "this was not me" puts back. */
export const accountSnapshots = pgTable(
  'account_snapshots',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    takenAt: instantColumn('taken_at').notNull(),
    sealed: text('sealed').notNull(),
  },
  (t) => [index('account_snapshots_account').on(t.accountId, t.takenAt)],
);
