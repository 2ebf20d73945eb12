/** What people have: authenticator apps, numbers, recovery codes, passkeys, and the challenges that ask for them. */
import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { accounts } from '../accounts/tables.js';
import { instantColumn } from '../base/columns.js';

export type SecondFactorMethod = 'TOTP' | 'SMS' | 'EMAIL' | 'PASSKEY' | 'RECOVERY_CODE';

export const secondFactors = pgTable(
  'second_factors',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    method: text('method').$type<'TOTP' | 'SMS' | 'EMAIL'>().notNull(),
    label: text('label'),
    /** The TOTP key, sealed; null for the others. */
    secret: text('secret'),
    /** The last TOTP step that was accepted: only larger ones pass. */
    lastStep: bigint('last_step', { mode: 'number' }),
    confirmedAt: instantColumn('confirmed_at'),
    createdAt: instantColumn('created_at').notNull(),
    lastUsedAt: instantColumn('last_used_at'),
    /** An enrolment belongs to one session under one epoch, for ten minutes. */
    epoch: integer('epoch').notNull(),
    sessionId: text('session_id').notNull(),
    expiresAt: instantColumn('expires_at'),
    codeMac: text('code_mac'),
    codeAttempts: integer('code_attempts').notNull().default(0),
    codeExpiresAt: instantColumn('code_expires_at'),
    /** Put aside by "this was not me" or a manual reset; kept so that it can be put back. */
    removedAt: instantColumn('removed_at'),
  },
  (t) => [
    index('second_factors_account').on(t.accountId),
    uniqueIndex('second_factors_one_message_factor')
      .on(t.accountId, t.method)
      .where(sql`method in ('SMS', 'EMAIL') and confirmed_at is not null and removed_at is null`),
  ],
);

export type SecondFactor = typeof secondFactors.$inferSelect;

export const recoveryCodes = pgTable(
  'recovery_codes',
  {
    digest: text('digest').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    createdAt: instantColumn('created_at').notNull(),
    usedAt: instantColumn('used_at'),
    removedAt: instantColumn('removed_at'),
  },
  (t) => [index('recovery_codes_account').on(t.accountId)],
);

export const passkeys = pgTable(
  'passkeys',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    credentialId: text('credential_id').notNull(),
    publicKey: text('public_key').notNull(),
    counter: bigint('counter', { mode: 'number' }).notNull(),
    transports: jsonb('transports').$type<string[]>().notNull(),
    label: text('label').notNull(),
    isBackedUp: boolean('is_backed_up').notNull(),
    createdAt: instantColumn('created_at').notNull(),
    lastUsedAt: instantColumn('last_used_at'),
    removedAt: instantColumn('removed_at'),
  },
  (t) => [uniqueIndex('passkeys_credential').on(t.credentialId), index('passkeys_account').on(t.accountId)],
);

export type Passkey = typeof passkeys.$inferSelect;

/** A WebAuthn ceremony under way: one challenge, one use, five minutes, one browser or session. */
export const passkeyCeremonies = pgTable(
  'passkey_ceremonies',
  {
    id: text('id').primaryKey(),
    digest: text('digest').notNull(),
    kind: text('kind').$type<'registration' | 'sign_in' | 'native_sign_in'>().notNull(),
    challenge: text('challenge').notNull(),
    accountId: text('account_id').references(() => accounts.id, { onDelete: 'cascade' }),
    sessionId: text('session_id'),
    epoch: integer('epoch'),
    bindingDigest: text('binding_digest'),
    createdAt: instantColumn('created_at').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    usedAt: instantColumn('used_at'),
  },
  (t) => [index('passkey_ceremonies_expires_at').on(t.expiresAt)],
);

/** One more proof is asked for. Bound to the browser that got it; good for nothing else. */
export const challenges = pgTable(
  'challenges',
  {
    id: text('id').primaryKey(),
    digest: text('digest').notNull(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    epoch: integer('epoch').notNull(),
    purpose: text('purpose').$type<'sign_in' | 'reauthenticate' | 'password_reset'>().notNull(),
    /** The session that proves itself again, or the reset link that the proof goes with. */
    subjectId: text('subject_id'),
    /** Beside a reset link, the channel it came by: the proof must be of something else. */
    linkChannel: text('link_channel').$type<'EMAIL' | 'SMS'>(),
    bindingDigest: text('binding_digest'),
    persistent: boolean('persistent').notNull().default(false),
    transport: text('transport').$type<'COOKIE' | 'BEARER'>().notNull(),
    passkeyChallenge: text('passkey_challenge'),
    attempts: integer('attempts').notNull().default(0),
    codeMethod: text('code_method').$type<'SMS' | 'EMAIL'>(),
    codeMac: text('code_mac'),
    codeAttempts: integer('code_attempts').notNull().default(0),
    codeExpiresAt: instantColumn('code_expires_at'),
    createdAt: instantColumn('created_at').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    usedAt: instantColumn('used_at'),
  },
  (t) => [index('challenges_account').on(t.accountId), index('challenges_expires_at').on(t.expiresAt)],
);

export type Challenge = typeof challenges.$inferSelect;
