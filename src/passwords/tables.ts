/** What people know. One row an account, away from `accounts`. */
import { index, pgTable, text } from 'drizzle-orm/pg-core';
import { accounts } from '../accounts/tables.js';
import { instantColumn } from '../base/columns.js';

export const passwords = pgTable(
  'passwords',
  {
    accountId: text('account_id')
      .primaryKey()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    /** In PHC form, or as imported. */
    hash: text('hash').notNull(),
    /** Scheme and cost in short: the mix that decoys for unknown addresses follow. */
    costClass: text('cost_class').notNull(),
    setAt: instantColumn('set_at').notNull(),
  },
  (t) => [index('passwords_cost_class').on(t.costClass)],
);
