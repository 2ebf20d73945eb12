/** The database that the desk is measured on is one that the program itself could have filled. */
import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { flaggedAccounts } from '../src/flagged-accounts/queue.js';
import { openApp } from './support/app.js';
import { createTestDatabase } from './support/database.js';
import { divided, seedLarge } from './support/seed-large.js';

const onPostgres = !!process.env['TEST_DATABASE_URL'];

(onPostgres ? test : test.skip)('seed:large leaves the counts, indexes and stored times that it promises', async () => {
  const database = await createTestDatabase();
  const { ctx, close } = await openApp({}, database);
  const indexes = () =>
    rows(
      ctx.db,
      sql`select tablename, regexp_replace(indexdef, '^.* USING', '') as form from pg_indexes
          where schemaname = 'public' and (tablename in ('accounts', 'security_events') or tablename = to_char(now(), '"security_events_"YYYY_MM'))
          order by 1, 2`,
    );
  try {
    const before = await indexes();
    const seen: number[] = [];
    await seedLarge(ctx.db, divided(2000), (done, total) => seen.push(done / total));
    expect(await indexes()).toEqual(before);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
    const [counts] = await rows(
      ctx.db,
      sql`select (select count(*)::int from accounts) as accounts, (select count(*)::int from security_events) as events,
            (select count(*)::int from account_flags where status = 'OPEN') as open, (select count(*)::int from flag_events) as evidence,
            (select count(*)::int from security_events_default) as homeless`,
    );
    expect(counts).toEqual({ accounts: 500, events: 5000, open: 25, evidence: 125, homeless: 0 });
    const wrong = await rows(
      ctx.db,
      sql`select id from account_flags f where status = 'OPEN' and account_flagged_since <>
            (select min(flagged_at) from account_flags o where o.account_id = f.account_id and o.status = 'OPEN')
          union all select id from account_flags f where reason_flagged_since <>
            (select min(flagged_at) from account_flags o where o.account_id = f.account_id and o.reason = f.reason)`,
    );
    expect(wrong).toEqual([]);
    const order = { field: 'SEVERITY', direction: 'DESC' } as const;
    const page = await flaggedAccounts(ctx, {
      filter: { statuses: ['OPEN', 'CLAIMED'] },
      order,
      limit: 10,
      after: null,
    });
    expect(page).toHaveLength(10);
    expect(page[0]?.severity).toBe('CRITICAL');
  } finally {
    await close();
    await database.close();
  }
});
