/** Tables of the ground floor: the test clock and the counters of the limits. */
import { bigint, doublePrecision, index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { instantColumn } from './columns.js';

/** One row: how far `APP_ENV=test` has moved the clock. In service nothing reads it. */
export const testClock = pgTable('test_clock', {
  offsetSeconds: doublePrecision('offset_seconds').notNull().default(0),
});

/** Sliding windows of the limits at the door; `hits` are milliseconds. */
export const rateHits = pgTable(
  'rate_hits',
  {
    key: text('key').primaryKey(),
    hits: bigint('hits', { mode: 'number' }).array().notNull(),
    countBefore: integer('count_before').notNull().default(0),
    expiresAt: instantColumn('expires_at').notNull(),
  },
  (t) => [index('rate_hits_expires_at').on(t.expiresAt)],
);

/** Failed guesses of one secret. The key is a keyed digest, so that a dump names no address. */
export const attemptCounters = pgTable(
  'attempt_counters',
  {
    key: text('key').primaryKey(),
    windowStartedAt: instantColumn('window_started_at').notNull(),
    attempts: integer('attempts').notNull(),
    consecutive: integer('consecutive').notNull(),
    expiresAt: instantColumn('expires_at').notNull(),
  },
  (t) => [index('attempt_counters_expires_at').on(t.expiresAt)],
);
