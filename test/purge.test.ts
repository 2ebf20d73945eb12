/** What lapsed does not stay, however much of it a stranger made. */
import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { clock } from '../src/base/time.js';
import { useApp } from './support/app.js';

const app = useApp();

const COUNTERS = ['rate_hits', 'attempt_counters'] as const;
const MANY = 25_000;

async function countKeys(): Promise<number[]> {
  const { ctx } = app();
  const count = (table: string) =>
    rows<{ n: number }>(ctx.db, sql`select count(*)::int as n from ${sql.identifier(table)} where key like 'flood %'`);
  return Promise.all(COUNTERS.map(async (table) => (await count(table))[0]?.n ?? 0));
}

test('the counters of a flood of made-up keys are all gone after one turn of the worker, and not before their time', async () => {
  const { ctx } = app();
  const key = sql`'flood ' || n`;
  const lapses = sql`${clock(ctx)} + interval '1 hour'`;
  const flood = sql`generate_series(1, ${MANY}::int) n`;
  await ctx.db.execute(
    sql`insert into rate_hits (key, hits, expires_at) select ${key}, array[0]::bigint[], ${lapses} from ${flood}`,
  );
  await ctx.db.execute(
    sql`insert into attempt_counters (key, window_started_at, attempts, consecutive, expires_at)
        select ${key}, ${clock(ctx)}, 1, 1, ${lapses} from ${flood}`,
  );
  await app().work();
  expect(await countKeys()).toEqual([MANY, MANY]);
  await app().advance(2 * 86_400);
  await app().work();
  expect(await countKeys()).toEqual([0, 0]);
}, 60_000);
