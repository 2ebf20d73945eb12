/** Who is signed in. A row holds a digest; it counts only while its epoch is the account's. */
import { sql } from 'drizzle-orm';
import { boolean, index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { accounts } from '../accounts/tables.js';
import { instantColumn } from '../base/columns.js';

export type SignInMethod = 'PASSWORD' | 'PASSWORD_AND_SECOND_FACTOR' | 'PASSKEY' | 'QR_CODE' | 'SIGN_UP';

export const sessions = pgTable(
  'sessions',
  {
    id: text('id').primaryKey(),
    digest: text('digest').notNull(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    epoch: integer('epoch').notNull(),
    method: text('method').$type<SignInMethod>().notNull(),
    transport: text('transport').$type<'COOKIE' | 'BEARER'>().notNull(),
    persistent: boolean('persistent').notNull(),
    /** Whether a second factor was proven: sets the lifetime, and what the session may do. */
    twoFactor: boolean('two_factor').notNull(),
    usedPasskey: boolean('used_passkey').notNull().default(false),
    ip: text('ip'),
    network: text('network').notNull(),
    userAgent: text('user_agent'),
    createdAt: instantColumn('created_at').notNull(),
    lastUsedAt: instantColumn('last_used_at').notNull(),
    idleSeconds: integer('idle_seconds').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    /** When the person last proved who they are with the strongest factor. Null for a session born from a QR code. */
    provenAt: instantColumn('proven_at'),
    revokedAt: instantColumn('revoked_at'),
  },
  (t) => [
    uniqueIndex('sessions_digest').on(t.digest),
    // Ended ones stay for a while, and may be many: what asks for an account's sessions means the others.
    index('sessions_alive')
      .on(t.accountId, t.lastUsedAt)
      .where(sql`revoked_at is null`),
    // What goes with the account is found by it.
    index('sessions_account').on(t.accountId),
    index('sessions_expires_at').on(t.expiresAt),
    index('sessions_revoked_at')
      .on(t.revokedAt)
      .where(sql`revoked_at is not null`),
  ],
);

export type Session = typeof sessions.$inferSelect;

/** A browser that signed in before: judged by its own failure counter, so that nobody shuts its owner out. */
export const rememberedDevices = pgTable(
  'remembered_devices',
  {
    id: text('id').primaryKey(),
    digest: text('digest').notNull(),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    epoch: integer('epoch').notNull(),
    createdAt: instantColumn('created_at').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
  },
  (t) => [index('remembered_devices_account').on(t.accountId), index('remembered_devices_expires_at').on(t.expiresAt)],
);
