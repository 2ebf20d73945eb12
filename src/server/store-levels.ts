/** How full the stores are, by one statement over indexes, and whether their clock is ours: for metrics. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { DatabaseUnavailableError, rows } from '../base/database.js';
import { clock, clockDrift } from '../base/time.js';

export interface StoreLevels {
  readonly outboxWaiting: number;
  /** Since the oldest letter that is not settled was asked for, however often it was tried. */
  readonly outboxAgeSeconds: number;
  /** Since the oldest letter that is due now could have been taken: a failure moves that on, so it is the worker that is late. */
  readonly outboxOverdueSeconds: number;
  readonly outboxUndeliverable: number;
  readonly openFlags: number;
  readonly unjudgedEvents: number;
  readonly supportWaiting: number;
  readonly supportOverdue: number;
  readonly clockDriftSeconds: number;
}

/** A scrape waits no longer. Milliseconds. */
const PATIENCE_MS = 3_000;

/** @throws when the database does not answer within three seconds. */
export async function readStoreLevels(ctx: Context): Promise<StoreLevels> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DatabaseUnavailableError('no answer in time')), PATIENCE_MS);
  });
  return Promise.race([read(ctx), late]).finally(() => clearTimeout(timer));
}

async function read(ctx: Context): Promise<StoreLevels> {
  const now = clock(ctx);
  const isWaiting = sql.raw('done_at is null and dead_at is null');
  const isUndecided = sql.raw(`status in ('OPEN', 'CLAIMED', 'AWAITING_CONFIRMATION')`);
  const sinceFirst = (column: string) =>
    sql`greatest(0, coalesce(extract(epoch from ${now} - min(${sql.identifier(column)})), 0))::float8`;
  const clockDriftSeconds = await clockDrift(ctx);
  const [levels] = await rows<Record<Exclude<keyof StoreLevels, 'clockDriftSeconds'>, number>>(
    ctx.db,
    sql`select
          (select count(*)::int from outbox where ${isWaiting}) as "outboxWaiting",
          (select ${sinceFirst('created_at')} from outbox where ${isWaiting}) as "outboxAgeSeconds",
          (select ${sinceFirst('available_at')} from outbox where ${isWaiting}) as "outboxOverdueSeconds",
          (select count(*)::int from outbox
            where dead_at is not null and dead_at > ${now} - interval '1 day') as "outboxUndeliverable",
          (select count(*)::int from account_flags where status <> 'RESOLVED') as "openFlags",
          (select count(*)::int from unjudged_events) as "unjudgedEvents",
          (select count(*)::int from support_requests where ${isUndecided}) as "supportWaiting",
          (select count(*)::int from support_requests where ${isUndecided} and due_at < ${now}) as "supportOverdue"`,
  );
  return { ...levels, clockDriftSeconds } as StoreLevels;
}
