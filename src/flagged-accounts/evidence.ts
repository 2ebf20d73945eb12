/** What a rule saw: read from the events by index, kept with the flag, counted exactly by the key of `flag_events`. */
import { sql, type SQL } from 'drizzle-orm';
import type { Limit } from '../base/config.js';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { fromNow } from '../base/time.js';
import { severityRank, type Counted, type Rule } from './rules.js';

/** The new events of one subject: who, and from when to when. */
export interface Span {
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

/** Enough for every threshold that can be set by far; it bounds what one busy subject can cost. */
const MOST_HEARD = 20_000;

const time = (ms: SQL): SQL => sql`to_timestamp(${ms}::double precision / 1000)::timestamptz(3)`;
const seconds = (count: number): SQL => sql`${count}::int * interval '1 second'`;
const listOf = (texts: readonly string[]): SQL =>
  sql.join(
    texts.map((text) => sql`${text}`),
    sql`, `,
  );

/**
 * Everything that could count together with the new events of these subjects, in the order of time: one window before them
 * and one behind, since an event can be committed late. What was decided upon does not count again: neither what lies
 * before the last decision on this reason, nor what a flagged source explains.
 */
export async function eventsAround(
  ctx: Context,
  rule: Rule,
  window: Limit,
  spans: readonly Span[],
): Promise<Map<string, Counted[]>> {
  const heard = new Map<string, Counted[]>();
  if (spans.length === 0) return heard;
  const column = rule.subject === 'account' ? sql`account_id` : sql`network`;
  const found = await rows<{ id: string; ms: string; account_id: string; network: string; subject: string }>(
    ctx.db,
    sql`select e.id, (extract(epoch from e.occurred_at) * 1000)::bigint as ms, e.account_id, e.network, s.subject
        from jsonb_to_recordset(${JSON.stringify(spans)}::jsonb) as s (subject text, first bigint, last bigint)
        cross join lateral (
          select greatest(${time(sql`s.first`)} - ${seconds(window.seconds)}, max(f.resolved_at) + interval '1 millisecond') as since
          from account_flags f where f.${column} = s.subject and f.reason = ${rule.reason} and f.status = 'RESOLVED') quiet
        cross join lateral (
          select id, occurred_at, account_id, network from security_events x
          where x.${column} = s.subject and x.kind in (${listOf(rule.counts)}) and x.account_id is not null
            and x.occurred_at >= quiet.since and x.occurred_at <= ${time(sql`s.last`)} + ${seconds(window.seconds)}
            ${rule.leavesOutCampaigns ? sql`and not ${isOfCampaign}` : sql``}
          order by x.occurred_at desc limit ${Math.max(MOST_HEARD, 2 * window.max)}::int) e
        order by e.occurred_at, e.id`,
  );
  for (const { id, ms, account_id: accountId, network, subject } of found) {
    const own = heard.get(subject) ?? [];
    own.push({ id, at: Number(ms), accountId, network });
    heard.set(subject, own);
  }
  return heard;
}

/** Of a source that is flagged, or was when the event happened. */
const isOfCampaign = sql`exists (select 1 from account_flags c where c.network = x.network and c.reason = 'RESET_CAMPAIGN'
  and (c.status <> 'RESOLVED' or c.resolved_at >= x.occurred_at))`;

export interface FlagEvent {
  readonly flagId: string;
  readonly event: Counted;
}

export interface Growth {
  readonly flagId: string;
  readonly eventCount: number;
  readonly affectedAccountCount: number;
}

/**
 * Adds events to flags: each once, whoever brings it again. Counts grow by what is new, so that adding costs the same however
 * much there is. The flags must be held (`lockOpenFlags`). @returns the flags that grew.
 */
export async function addEvidence(ctx: Context, window: Limit, added: readonly FlagEvent[]): Promise<Growth[]> {
  if (added.length === 0) return [];
  const facts = added.map(({ flagId, event }) => ({
    f: flagId,
    e: event.id,
    t: event.at,
    n: event.network,
    a: event.accountId,
  }));
  const grown = await rows<{ id: string; event_count: number; affected_account_count: number }>(
    ctx.db,
    sql`with entered as (
          insert into flag_events (flag_id, event_id, occurred_at, network, account_id)
          select f, e, ${time(sql`t`)}, n, a
          from jsonb_to_recordset(${JSON.stringify(facts)}::jsonb) as x (f text, e text, t bigint, n text, a text)
          on conflict do nothing
          returning flag_id, occurred_at, network, account_id
        ), judged as (
          select *,
            not exists (select 1 from flag_events o where o.flag_id = entered.flag_id and o.network = entered.network) as new_network,
            not exists (select 1 from flag_events o where o.flag_id = entered.flag_id and o.account_id = entered.account_id) as new_account
          from entered
        ), sums as (
          select flag_id, count(*)::int as events, min(occurred_at) as first, max(occurred_at) as last,
            count(distinct network) filter (where new_network)::int as networks,
            count(distinct account_id) filter (where new_account)::int as accounts
          from judged group by flag_id
        )
        update account_flags f set event_count = coalesce(f.event_count, 0) + s.events,
          first_event_at = least(f.first_event_at, s.first), last_event_at = greatest(f.last_event_at, s.last),
          distinct_sources = coalesce(f.distinct_sources, 0) + s.networks,
          affected_account_count = coalesce(f.affected_account_count, 0) + s.accounts,
          threshold_count = coalesce(f.threshold_count, ${window.max}::int),
          threshold_window_seconds = coalesce(f.threshold_window_seconds, ${window.seconds}::int)
        from sums s where f.id = s.flag_id
        returning f.id, f.event_count, f.affected_account_count`,
  );
  return grown.map((row) => ({
    flagId: row.id,
    eventCount: row.event_count,
    affectedAccountCount: row.affected_account_count,
  }));
}

/** Whence an event came is forgotten with the event itself; the flag keeps the counts. A bounded batch. */
export async function purgeEvidence(ctx: Context): Promise<void> {
  await ctx.db.execute(
    sql`delete from flag_events where ctid = any (array(
          select ctid from flag_events where occurred_at < ${fromNow(ctx, -ctx.config.EVENT_RETENTION)} limit 10000))`,
  );
}

/** Raises severities to at least these; none ever falls. */
export async function raiseSeverities(ctx: Context, wanted: readonly { id: string; rank: number }[]): Promise<void> {
  if (wanted.length === 0) return;
  await ctx.db.execute(
    sql`update account_flags f set severity = w.rank
        from jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) as w (id text, rank smallint)
        where f.id = w.id and f.severity < w.rank`,
  );
}

/**
 * What makes it worse: among open flags of these accounts or sources, those where it came after the threshold was reached,
 * and within a window of the last event counted.
 */
export async function findWorse(
  ctx: Context,
  rule: Rule,
  subjects: readonly string[],
): Promise<{ id: string; rank: number }[]> {
  if (!rule.worsenedBy || subjects.length === 0) return [];
  const { kind, sameNetwork, elsewhere } = rule.worsenedBy;
  const column = rule.subject === 'account' ? sql`account_id` : sql`network`;
  const found = await rows<{ id: string; same_network: boolean }>(
    ctx.db,
    sql`select f.id, bool_or(exists (
            select 1 from flag_events o where o.flag_id = f.id and o.network = s.network)) as same_network
        from account_flags f
        cross join lateral (
          select occurred_at as at from flag_events o where o.flag_id = f.id
          order by occurred_at, event_id offset greatest(f.threshold_count - 1, 0) limit 1) reached
        join security_events s on s.${column} = f.${column} and s.kind = ${kind} and s.occurred_at >= reached.at
          and s.occurred_at <= f.last_event_at + f.threshold_window_seconds * interval '1 second'
        where f.${column} in (${listOf(subjects)}) and f.reason = ${rule.reason} and f.status <> 'RESOLVED'
          and f.severity < ${severityRank(sameNetwork)}::int
        group by f.id`,
  );
  return found.map(({ id, same_network }) => ({ id, rank: severityRank(same_network ? sameNetwork : elsewhere) }));
}
