/** The way back in: links that work until one is used, the epoch moves on, or their time is over. */
import { boolean, index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { accounts } from '../accounts/tables.js';
import { instantColumn } from '../base/columns.js';

export const passwordResets = pgTable(
  'password_resets',
  {
    id: text('id').primaryKey(),
    /** Null until the letter is composed: the secret is made then, and not before. */
    digest: text('digest'),
    accountId: text('account_id')
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    epoch: integer('epoch').notNull(),
    channel: text('channel').$type<'EMAIL' | 'SMS'>().notNull(),
    source: text('source').$type<'request' | 'owner' | 'staff' | 'support'>().notNull(),
    /** A manual reset for a person who lost them takes the second factors off. */
    removesSecondFactors: boolean('removes_second_factors').notNull().default(false),
    createdAt: instantColumn('created_at').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
    usedAt: instantColumn('used_at'),
  },
  (t) => [
    index('password_resets_account').on(t.accountId, t.createdAt.desc()),
    index('password_resets_expires_at').on(t.expiresAt),
  ],
);
