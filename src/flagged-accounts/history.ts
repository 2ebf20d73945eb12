/** Everything done to a flag, in the order it was done. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { newId } from '../base/secrets.js';
import { clock } from '../base/time.js';

export interface NewAction {
  readonly flagId: string;
  readonly kind: 'RAISED' | 'ADDED_TO' | 'CLAIMED' | 'RELEASED' | 'RESOLVED';
  /** The staff member; null for a rule, a service and the owner. */
  readonly by: string | null;
  readonly note: string | null;
}

/** Remembers what was done, in the transaction that did it. */
export async function recordActions(ctx: Context, actions: readonly NewAction[]): Promise<void> {
  if (actions.length === 0) return;
  const values = actions.map(
    ({ flagId, kind, by, note }) => sql`(${newId('fact')}, ${flagId}, ${kind}, ${clock(ctx)}, ${by}, ${note})`,
  );
  await ctx.db.execute(
    sql`insert into flag_actions (id, flag_id, kind, at, by, note) values ${sql.join(values, sql`, `)}`,
  );
}

/**
 * A rule saw more of the same. What it added since anyone else did something is one line, however often it runs: an attack
 * that goes on for days must not push the rest out of the history.
 */
export async function recordGrowth(ctx: Context, flagIds: readonly string[]): Promise<void> {
  if (flagIds.length === 0) return;
  const list = sql.join(
    flagIds.map((id) => sql`${id}`),
    sql`, `,
  );
  const moved = await rows<{ flag_id: string }>(
    ctx.db,
    sql`update flag_actions a set at = ${clock(ctx)}
        from (select distinct on (flag_id) id, kind, by, note from flag_actions where flag_id in (${list})
              order by flag_id, at desc, id desc) latest
        where a.id = latest.id and latest.kind = 'ADDED_TO' and latest.by is null and latest.note is null
        returning a.flag_id`,
  );
  const known = new Set(moved.map(({ flag_id }) => flag_id));
  const fresh = flagIds.filter((flagId) => !known.has(flagId));
  await recordActions(
    ctx,
    fresh.map((flagId) => ({ flagId, kind: 'ADDED_TO', by: null, note: null })),
  );
}

export interface FlagActionFacts {
  readonly kind: NewAction['kind'];
  readonly at: Date;
  readonly by: { readonly id: string } | null;
  readonly note: string | null;
}

/** The contract's bound. */
const MOST = 50;

/** The latest 50 things done to a flag, the latest first. */
export async function flagHistory(ctx: Context, flagId: string): Promise<FlagActionFacts[]> {
  const found = await rows<{ kind: NewAction['kind']; at_ms: string; by: string | null; note: string | null }>(
    ctx.db,
    sql`select kind, (extract(epoch from at) * 1000)::bigint as at_ms, by, note from flag_actions
        where flag_id = ${flagId} order by at desc, id desc limit ${MOST}::int`,
  );
  return found.map(({ kind, at_ms, by, note }) => ({
    kind,
    at: new Date(Number(at_ms)),
    by: by === null ? null : { id: by },
    note,
  }));
}
