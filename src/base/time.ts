/** One clock decides: the database's. Tests move it by a row (`test_clock`); nothing else computes dates. */
import { sql, type SQL } from 'drizzle-orm';
import type { Context } from './context.js';
import { rows } from './database.js';

/** Where SQL takes the time from: `service` is the database's own; `test` adds the offset of the one row. */
export type Clock = 'service' | 'test';

const TEST_OFFSET = sql.raw("(select offset_seconds * interval '1 second' from test_clock)");

/** The time of the statement's transaction. */
export const clock = (ctx: Pick<Context, 'clock'>): SQL<Date> =>
  ctx.clock === 'test' ? sql<Date>`(now() + ${TEST_OFFSET})` : sql<Date>`now()`;

/** The time at this very moment: for marks that must lie after everything a waiting transaction let pass. */
export const instant = (ctx: Pick<Context, 'clock'>): SQL<Date> =>
  ctx.clock === 'test' ? sql<Date>`(clock_timestamp() + ${TEST_OFFSET})` : sql<Date>`clock_timestamp()`;

/** The clock plus so many seconds; minus where negative. */
export const fromNow = (ctx: Pick<Context, 'clock'>, seconds: number): SQL<Date> =>
  sql<Date>`(${clock(ctx)} + ${seconds}::double precision * interval '1 second')`;

/** The clock's reading, for what is computed outside SQL, such as a TOTP step. */
export async function currentTime(ctx: Pick<Context, 'clock' | 'db'>): Promise<Date> {
  const [row] = await rows<{ ms: string | number }>(
    ctx.db,
    sql`select floor(extract(epoch from ${instant(ctx)}) * 1000)::bigint as ms`,
  );
  return new Date(Number(row?.ms));
}

/** Beyond so much one of the two clocks is set wrong, and no network explains it (security.md section 5). Seconds. */
export const MOST_DRIFT_SECONDS = 30;

/**
 * How far a clock was from the node's own, which was read before it and after it: the least that explains what was read, so
 * that a slow answer is no drift. Milliseconds in, seconds out.
 */
export const secondsApart = (read: number, before: number, after: number): number =>
  Math.max(0, before - read, read - after) / 1000;

/** How far the node's clock and the database's are apart; of the latter the real one, however far tests have moved theirs. */
export async function clockDrift({ db }: Pick<Context, 'db'>): Promise<number> {
  const before = Date.now();
  const [row] = await rows<{ ms: number }>(
    db,
    sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`,
  );
  return secondsApart(Number(row?.ms), before, Date.now());
}

/** Moves the test clock; 0 only reads it. Seconds may be fractional. */
export async function advanceTestClock(ctx: Pick<Context, 'clock' | 'db'>, seconds: number): Promise<Date> {
  await ctx.db.execute(sql`update test_clock set offset_seconds = offset_seconds + ${seconds}::double precision`);
  return currentTime(ctx);
}

/** Whole seconds from now until then, at least 1: what a client is told to wait. */
export const secondsUntil = (then: Date, now: Date): number =>
  Math.max(1, Math.ceil((then.getTime() - now.getTime()) / 1000));
