/** Putting an account in the review queue. One open flag for an account and reason: a partial unique index decides. */
import { and, inArray, ne, or, sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { newId } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { recordActions } from './history.js';
import { severityRank, type FlagReason, type Severity } from './rules.js';
import { accountFlags } from './tables.js';

export interface OpenFlag {
  readonly id: string;
  readonly accountId: string;
  readonly reason: string;
  readonly network: string | null;
  /** Whether a rule has counted for it; false for one that only a person or a service raised. */
  readonly hasEvidence: boolean;
}

/**
 * The open flags of these accounts and sources, held until the transaction ends. Always in the order of their ids, so that
 * two who hold several cannot wait for each other. Staff and the worker meet here; the public hardly ever does.
 */
export async function lockOpenFlags(
  ctx: Context,
  accountIds: readonly string[],
  networks: readonly string[] = [],
): Promise<OpenFlag[]> {
  const { id, accountId, reason, network, eventCount } = accountFlags;
  const found = await ctx.db
    .select({ id, accountId, reason, network, eventCount })
    .from(accountFlags)
    .where(
      and(
        ne(accountFlags.status, 'RESOLVED'),
        or(inArray(accountId, [...accountIds]), inArray(network, [...networks])),
      ),
    )
    .orderBy(id)
    .for('no key update');
  return found.map((flag) => ({ ...flag, hasEvidence: flag.eventCount !== null }));
}

export interface FlagWanted {
  readonly accountId: string;
  readonly reason: FlagReason;
  readonly severity: Severity;
  readonly note: string | null;
  /** Set by a rule that counts for a source: one open flag for a source and reason, then. */
  readonly network?: string;
  /** Who raises it: a staff member, another service, or neither for a rule and for the owner. */
  readonly by: { readonly accountId?: string; readonly service?: string };
}

/**
 * Raises a flag in the caller's transaction, or adds to the open one of the same account and reason: its severity rises, and
 * the history tells who said what.
 */
export async function raiseFlag(ctx: Context, wanted: FlagWanted): Promise<{ readonly id: string }> {
  await lockOpenFlags(ctx, [wanted.accountId]);
  const { id, isNew } = await insertFlag(ctx, wanted);
  const { note, by } = wanted;
  await recordActions(ctx, [{ flagId: id, kind: isNew ? 'RAISED' : 'ADDED_TO', by: by.accountId ?? null, note }]);
  return { id };
}

/**
 * The flag's row: a new one, or the one that was open. What a service may read as its own note is never another's. Call
 * `lockOpenFlags` first, and record what was done.
 */
export async function insertFlag(ctx: Context, wanted: FlagWanted): Promise<{ id: string; isNew: boolean }> {
  const { accountId, reason, severity, note, network = null, by } = wanted;
  const newcomer = newId('flag');
  const one =
    network === null
      ? sql`(account_id, reason) where status <> 'RESOLVED' and network is null`
      : sql`(network, reason) where status <> 'RESOLVED' and network is not null`;
  const [row] = await rows<{ id: string }>(
    ctx.db,
    sql`insert into account_flags as f (id, account_id, reason, severity, status, note, network, flagged_by, flagged_by_service,
          flagged_at, account_flagged_since, reason_flagged_since)
        select ${newcomer}, ${accountId}, ${reason}, ${severityRank(severity)}::smallint, 'OPEN', ${note}, ${network},
          ${by.accountId ?? null}, ${by.service ?? null}, ${clock(ctx)},
          coalesce(min(o.flagged_at) filter (where o.status <> 'RESOLVED'), ${clock(ctx)}),
          coalesce(min(o.flagged_at) filter (where o.reason = ${reason}), ${clock(ctx)})
        from account_flags o where o.account_id = ${accountId}
        on conflict ${one} do update set severity = greatest(f.severity, excluded.severity),
          note = case when f.flagged_by_service is null then coalesce(f.note, excluded.note) else f.note end
        returning id`,
  );
  if (!row) throw new Error('a flag was neither raised nor found');
  return { id: row.id, isNew: row.id === newcomer };
}

/** After a flag was decided: the account's others are ordered by the oldest that is still open. */
export async function refreshAccountSince(ctx: Context, accountId: string): Promise<void> {
  await ctx.db.execute(
    sql`update account_flags f set account_flagged_since = oldest.at
        from (select min(flagged_at) as at from account_flags where account_id = ${accountId} and status <> 'RESOLVED') oldest
        where f.account_id = ${accountId} and f.status <> 'RESOLVED' and f.account_flagged_since <> oldest.at`,
  );
}
