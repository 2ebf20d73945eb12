/**
 * Judges events that no rule has seen. The queue is rows, taken and removed in the transaction that counts them: a cursor
 * over ids or times would be slipped past by whoever commits late, and the request itself would have to look the account up.
 */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { staffAmong } from '../accounts/service.js';
import type { EventKind } from '../security-events/service.js';
import { addEvidence, eventsAround, findWorse, raiseSeverities, type FlagEvent, type Span } from './evidence.js';
import { recordActions, recordGrowth } from './history.js';
import { insertFlag, lockOpenFlags, type OpenFlag } from './raise.js';
import { firstReached, rules, severityFor, severityRank, type Counted, type Rule } from './rules.js';

interface JudgedEvent extends Counted {
  readonly kind: EventKind;
}

/** Any number that nothing else locks. */
const JUDGE_LOCK = 7_234_003;

/**
 * Judges up to `limit` events and answers how many it took; 0 when none is left, or another worker is at it. One at a time:
 * two that each saw half of an account's events would both find too few.
 *
 * All or nothing: a worker that dies gives its events back, and one that repeats them counts none twice (the key of
 * `flag_events`). It holds flags, which staff may wait for a moment, and nothing that the public waits for.
 */
export function judgeEvents(ctx: Context, limit: number): Promise<number> {
  return inTransaction(ctx, async (ctx) => {
    const [judge] = await rows<{ alone: boolean }>(
      ctx.db,
      sql`select pg_try_advisory_xact_lock(${JUDGE_LOCK}::bigint) as alone`,
    );
    if (!judge?.alone) return 0;
    const { taken, events } = await takeUnjudged(ctx, limit);
    if (events.length > 0) {
      const open = await lockOpenFlags(ctx, unique(events, 'accountId'), unique(events, 'network'));
      for (const rule of rules) await applyRule(ctx, rule, events, open);
    }
    return taken;
  });
}

const unique = (events: readonly Counted[], field: 'accountId' | 'network'): string[] => [
  ...new Set(events.map((event) => event[field])),
];

type TakenRow = { id: string; kind: EventKind; ms: string; account_id: string | null; network: string };

/**
 * Takes events off the queue, the oldest first, and finds the accounts behind the addresses that the public named: so the
 * owner's own record shows them too. An account younger than the event is not the one that was meant.
 */
async function takeUnjudged(ctx: Context, limit: number): Promise<{ taken: number; events: JudgedEvent[] }> {
  const found = await rows<TakenRow>(
    ctx.db,
    sql`with due as (
          select event_id, occurred_at from unjudged_events order by occurred_at, event_id limit ${limit}::int
          for update skip locked
        ), taken as (
          delete from unjudged_events u using due where u.event_id = due.event_id returning u.event_id, u.occurred_at
        ), known as (
          select e.id, e.kind, e.occurred_at, e.network, coalesce(e.account_id, a.id) as account_id,
            e.account_id is null and a.id is not null as is_found
          from taken t
          join security_events e on e.occurred_at = t.occurred_at and e.id = t.event_id
          left join accounts a on e.account_id is null and a.email_key = e.email_key and a.closed_at is null
            and a.created_at <= e.occurred_at
        ), named as (
          update security_events e set account_id = k.account_id from known k
          where k.is_found and e.occurred_at = k.occurred_at and e.id = k.id
        )
        select id, kind, (extract(epoch from occurred_at) * 1000)::bigint as ms, account_id, network from known
        order by occurred_at, id`,
  );
  const events = found.flatMap(({ id, kind, ms, account_id: accountId, network }) =>
    accountId === null ? [] : [{ id, kind, at: Number(ms), accountId, network }],
  );
  return { taken: found.length, events };
}

/** @param open the open flags of the events' accounts and sources; what this rule raises is added to it. */
async function applyRule(ctx: Context, rule: Rule, events: readonly JudgedEvent[], open: OpenFlag[]): Promise<void> {
  const window = ctx.config[rule.limit];
  if (window.max === 0) return;
  const flagged = new Map(
    open.filter(({ reason }) => reason === rule.reason).map((flag) => [subjectOf(rule, flag), flag]),
  );
  const explained = rule.leavesOutCampaigns ? campaignNetworks(open) : new Set<string | null>();
  const counted = events.filter(({ kind, network }) => rule.counts.includes(kind) && !explained.has(network));
  const evidence: FlagEvent[] = [];
  const waiting: JudgedEvent[] = [];
  for (const event of counted) {
    const flag = flagged.get(event[subjectField(rule)]);
    if (flag?.hasEvidence) evidence.push({ flagId: flag.id, event });
    else waiting.push(event);
  }
  const raised: string[] = [];
  const around = await eventsAround(ctx, rule, window, spansOf(rule, waiting));
  for (const [subject, heard] of around) {
    const reachedAt = firstReached(heard, rule.measure, window);
    if (reachedAt === null) continue;
    const seen = heard.filter(({ at }) => at >= reachedAt - window.seconds * 1000);
    const flag = flagged.get(subject) ?? (await openFlag(ctx, rule, await firstHit(ctx, rule, seen)));
    if (!flagged.has(subject)) raised.push(flag.id);
    open.push({ ...flag, hasEvidence: true });
    evidence.push(...seen.map((event) => ({ flagId: flag.id, event })));
  }
  const grown = await addEvidence(ctx, window, evidence);
  await raiseSeverities(
    ctx,
    grown.map((flag) => severityOf(rule, window.max, flag)),
  );
  await recordGrowth(
    ctx,
    grown.flatMap(({ flagId }) => (raised.includes(flagId) ? [] : [flagId])),
  );
  if (rule.worsenedBy) await worsen(ctx, rule, events);
}

const subjectField = (rule: Rule) => (rule.subject === 'account' ? 'accountId' : 'network');
const subjectOf = (rule: Rule, flag: OpenFlag): string =>
  rule.subject === 'account' ? flag.accountId : (flag.network ?? '');

/** A source that is flagged takes its events off the rules for single accounts. */
const campaignNetworks = (open: readonly OpenFlag[]): Set<string | null> =>
  new Set(open.filter(({ reason }) => reason === 'RESET_CAMPAIGN').map(({ network }) => network));

function spansOf(rule: Rule, events: readonly JudgedEvent[]): Span[] {
  const spans = new Map<string, Span>();
  for (const event of events) {
    const subject = event[subjectField(rule)];
    const span = spans.get(subject);
    spans.set(subject, {
      subject,
      first: Math.min(span?.first ?? event.at, event.at),
      last: Math.max(span?.last ?? event.at, event.at),
    });
  }
  return [...spans.values()];
}

/**
 * Whom a flag is filed under. For a source that is the first account it hit, but for staff where it hit others too: nobody
 * works on a case of an equal or higher role, and who begins with an admin's address must not escape review by it.
 */
async function firstHit(ctx: Context, rule: Rule, seen: readonly Counted[]): Promise<Counted> {
  const [first] = seen as [Counted];
  if (rule.subject === 'account') return first;
  const staff = await staffAmong(ctx, unique(seen, 'accountId'));
  return seen.find(({ accountId }) => !staff.has(accountId)) ?? first;
}

async function openFlag(ctx: Context, rule: Rule, first: Counted): Promise<OpenFlag> {
  const { accountId, network } = first;
  const { id, isNew } = await insertFlag(ctx, {
    accountId,
    reason: rule.reason,
    severity: severityFor(rule, 1, 1),
    note: null,
    ...(rule.subject === 'network' && { network }),
    by: {},
  });
  if (isNew) await recordActions(ctx, [{ flagId: id, kind: 'RAISED', by: null, note: null }]);
  return {
    id,
    accountId,
    reason: rule.reason,
    network: rule.subject === 'network' ? network : null,
    hasEvidence: true,
  };
}

function severityOf(
  rule: Rule,
  threshold: number,
  flag: { flagId: string; eventCount: number; affectedAccountCount: number },
) {
  const count = rule.measure === 'accounts' ? flag.affectedAccountCount : flag.eventCount;
  return { id: flag.flagId, rank: severityRank(severityFor(rule, count, threshold)) };
}

/** Both halves bring it here: the event that makes it worse, and late ones that complete the threshold before it. */
async function worsen(ctx: Context, rule: Rule, events: readonly JudgedEvent[]): Promise<void> {
  const touched = events.filter(({ kind }) => kind === rule.worsenedBy?.kind || rule.counts.includes(kind));
  await raiseSeverities(ctx, await findWorse(ctx, rule, unique(touched, subjectField(rule))));
}
