/** How much happens, over time: what tells staff a calm week from a storm. Counts alone, and of no one in particular. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { clock } from '../base/time.js';
import { severityOfRank, type Severity } from './rules.js';

/** Buckets that a person can take in at a glance, ending with the one of this moment. */
const PERIODS = {
  DAY: { count: 24, hours: 1 },
  WEEK: { count: 28, hours: 6 },
  MONTH: { count: 30, hours: 24 },
} as const;
export type ActivityPeriod = keyof typeof PERIODS;

export interface ActivityCounts {
  readonly startsAt: Date;
  readonly failures: number;
  readonly resetRequests: number;
  readonly resets: number;
  readonly flags: readonly { readonly severity: Severity; readonly count: number }[];
}

type Row = { ms: string; failures: number; requests: number; resets: number; flags: Record<string, number> | null };

/** The counts of a period, the earliest first; buckets in which nothing happened are there too. */
export async function activity(ctx: Context, period: ActivityPeriod): Promise<ActivityCounts[]> {
  const { count, hours } = PERIODS[period];
  const step = sql`${hours}::int * interval '1 hour'`;
  // From a midnight in UTC, so that buckets stand still while time goes on.
  const bucketOf = (instant: ReturnType<typeof sql>) => sql`date_bin(${step}, ${instant}, '2001-01-01T00:00Z')`;
  const last = bucketOf(clock(ctx));
  const first = sql`${last} - ${count - 1}::int * (${step})`;
  const found = await rows<Row>(
    ctx.db,
    sql`with happened as (
          select ${bucketOf(sql`occurred_at`)} as starts_at,
            count(*) filter (where kind in ('sign_in_failed', 'second_factor_failed'))::int as failures,
            count(*) filter (where kind = 'password_reset_requested')::int as requests,
            count(*) filter (where kind in ('password_reset', 'password_changed'))::int as resets
          from security_events
          where occurred_at >= ${first}
            and kind in ('sign_in_failed', 'second_factor_failed', 'password_reset_requested', 'password_reset', 'password_changed')
          group by 1
        ), flagged as (
          select starts_at, jsonb_object_agg(severity, n) as flags
          from (select ${bucketOf(sql`flagged_at`)} as starts_at, severity, count(*)::int as n
                from account_flags where flagged_at >= ${first} group by 1, 2) counted
          group by 1
        )
        select (extract(epoch from starts_at) * 1000)::bigint as ms, coalesce(failures, 0) as failures,
          coalesce(requests, 0) as requests, coalesce(resets, 0) as resets, flags
        from generate_series(${first}, ${last}, ${step}) as bucket(starts_at)
        left join happened using (starts_at) left join flagged using (starts_at)
        order by starts_at`,
  );
  return found.map(({ ms, failures, requests, resets, flags }) => ({
    startsAt: new Date(Number(ms)),
    failures,
    resetRequests: requests,
    resets,
    flags: Object.entries(flags ?? {}).map(([rank, n]) => ({ severity: severityOfRank(Number(rank)), count: n })),
  }));
}
