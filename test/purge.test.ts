/** What lapsed does not stay, however much of it a stranger made. */
import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { rows } from '../src/base/database.js';
import { clock } from '../src/base/time.js';
import { recordEvent } from '../src/security-events/service.js';
import { useApp } from './support/app.js';

const DAY = 86_400;
const RETENTION = 60 * DAY;
const app = useApp({ EVENT_RETENTION: String(RETENTION) });

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
  await app().advance(2 * DAY);
  await app().work();
  expect(await countKeys()).toEqual([0, 0]);
}, 60_000);

test('a session that was ended is gone a day later, with whence it was used; one that is alive stays', async () => {
  const ada = await app().person();
  const [ended, alive] = [await ada.signsInElsewhere(), await ada.signsInElsewhere()];
  await ended.call('signOut', null);
  const addresses = async () =>
    (
      await rows<{ ip: string }>(
        app().ctx.db,
        sql`select ip from sessions where account_id = ${await ada.accountId()} order by created_at`,
      )
    ).map(({ ip }) => ip);
  await app().advance(DAY - 60);
  await app().work();
  expect(await addresses()).toEqual([ada.browser.ip, ended.ip, alive.ip]);
  await app().advance(120);
  await app().work();
  expect(await addresses()).toEqual([ada.browser.ip, alive.ip]);
  const { viewer } = await alive.graphql('{ viewer { email } }');
  expect(viewer.email).toBe(ada.email);
});

test('events are kept to the second, not to the end of their month, however many lapse together', async () => {
  const { ctx } = app();
  const kept = async () =>
    rows(
      ctx.db,
      sql`select account_id as account, count(*)::int as events from security_events
          where account_id like 'acct_kept_%' group by 1 order by 1`,
    );
  // Both in one month, which is not over: no partition can be dropped.
  const [ahead] = await rows<{ seconds: number }>(
    ctx.db,
    sql`select extract(epoch from date_trunc('month', ${clock(ctx)}) + interval '1 month 5 days' - ${clock(ctx)})::float8 as seconds`,
  );
  await app().advance(ahead?.seconds ?? 0);
  await app().work();
  await ctx.db.execute(
    sql`insert into security_events (id, kind, occurred_at, account_id, request_id, network)
        select 'evt_kept_' || n, 'signed_in', ${clock(ctx)} + n * interval '1 millisecond', 'acct_kept_early', 'test', 'test'
        from generate_series(1, ${MANY}::int) n`,
  );
  await app().advance(DAY);
  await recordEvent(ctx, 'signed_in', { accountId: 'acct_kept_late' });
  await app().advance(RETENTION - DAY - 60);
  await app().work();
  const both = [
    { account: 'acct_kept_early', events: MANY },
    { account: 'acct_kept_late', events: 1 },
  ];
  expect(await kept()).toEqual(both);
  await app().advance(120);
  await app().work();
  expect(await kept()).toEqual(both.slice(1));
}, 60_000);
