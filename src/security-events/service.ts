/** The memory of what happened: written in the transaction of what it tells, and logged as one line. */
import { sql, type Placeholder, type SQL } from 'drizzle-orm';
import type { Limit } from '../base/config.js';
import type { Context } from '../base/context.js';
import { loggable } from '../base/log.js';
import { newId } from '../base/secrets.js';
import { statement } from '../base/statements.js';
import { clock } from '../base/time.js';

/** The closed list of what is remembered. Names in capitals are shown to the owner under the same name in GraphQL. */
export const eventKinds = [
  'account_created',
  'signed_in',
  'sign_in_failed',
  'second_factor_failed',
  'session_revoked',
  'password_reset_requested',
  'password_reset',
  'password_changed',
  'second_factor_added',
  'second_factor_removed',
  'recovery_codes_regenerated',
  'recovery_code_used',
  'passkey_added',
  'passkey_removed',
  'email_change_requested',
  'email_changed',
  'phone_number_changed',
  'notification_channel_changed',
  'qr_sign_in_approved',
  'qr_sign_in_denied',
  'account_locked',
  'account_unlocked',
  'account_closed',
  'password_reset_forced',
  'event_disowned',
  'manual_reset_requested',
  'manual_reset_decided',
  'role_changed',
  'message_undeliverable',
] as const;
export type EventKind = (typeof eventKinds)[number];

/**
 * What the worker judges once: what the rules of `flagged-accounts/` count, and what names an address whose account is to be
 * found while it has that address, since the account's erasure takes the event along.
 */
const judgedKinds: readonly EventKind[] = [
  'password_reset_requested',
  'password_reset',
  'password_changed',
  'sign_in_failed',
  'signed_in',
  'second_factor_failed',
  'manual_reset_requested',
];

export interface EventFacts {
  readonly accountId?: string;
  /** The submitted address of what the public did: the account behind it is looked up by the worker, never in the request. */
  readonly emailKey?: string;
  readonly sessionId?: string;
  readonly byStaff?: boolean;
  readonly details?: Record<string, unknown>;
}

export interface RecordedEvent {
  readonly id: string;
  readonly occurredAt: Date;
}

/** Writes one event, and queues it for the rules where they count it: one statement, the same work for every address. */
export async function recordEvent(ctx: Context, kind: EventKind, facts: EventFacts): Promise<RecordedEvent> {
  const event = await recordAlways(ctx, kind, facts);
  if (!event) throw new Error('an event was not written');
  return event;
}

/**
 * Writes an event of what was refused at the door: once for an address, and only while its source has fewer than `max` of
 * the kind within the window. So the rules hear of an attack that the door holds off, and it fills no disk. (Calls that come
 * at the same moment may each be the last one.)
 */
export async function recordRefused(ctx: Context, kind: EventKind, emailKey: string, limit: Limit): Promise<void> {
  await recordNews(ctx, kind, { emailKey, details: { refused: true } }, limit);
}

/**
 * What writes an event where a condition holds when its statement runs, and gives null where it does not.
 * @param isWanted takes what differs from call to call by name: the event's own facts, or a name of `more`.
 */
export function recordEventWhere<More extends string = never>(
  isWanted: (ctx: Pick<Context, 'clock'>, value: (name: More | FactName) => Placeholder) => SQL,
): (
  ctx: Context,
  kind: EventKind,
  facts: EventFacts,
  more?: Readonly<Record<More, number>>,
) => Promise<RecordedEvent | null> {
  const insert = statement<{ occurred_ms: string | number }, More | FactName>(
    (ctx, value) => sql`with event as (
        insert into security_events (id, kind, occurred_at, account_id, email_key, session_id, request_id, ip, network,
          user_agent, by_staff, details)
        select ${value('id')}, ${value('kind')}, ${clock(ctx)}, ${value('accountId')}, ${value('emailKey')},
          ${value('sessionId')}, ${value('requestId')}, ${value('ip')}, ${value('network')}, ${value('userAgent')},
          ${value('byStaff')}::boolean, ${value('details')}::jsonb
        where ${isWanted(ctx, value)}
        returning id, occurred_at
      ), queued as (
        insert into unjudged_events (event_id, occurred_at)
        select id, occurred_at from event where ${value('isJudged')}::boolean
      )
      select (extract(epoch from occurred_at) * 1000)::bigint as occurred_ms from event`,
  );
  return async (ctx, kind, facts, more) => {
    const id = newId('evt');
    const values = { ...more, ...factValues(ctx, id, kind, facts) } as Record<More | FactName, string | number>;
    const [row] = await insert(ctx, values);
    if (!row) return null;
    logEvent(ctx, kind, id, facts);
    return { id, occurredAt: new Date(Number(row.occurred_ms)) };
  };
}

const recordAlways = recordEventWhere(() => sql`true`);

const recordNews = recordEventWhere<'max' | 'seconds'>((ctx, value) => {
  const heard = sql`(select count(*) as n, bool_or(email_key = ${value('emailKey')}) as is_repeated from (
    select email_key from security_events where network = ${value('network')} and kind = ${value('kind')}
      and occurred_at > ${clock(ctx)} - ${value('seconds')}::double precision * interval '1 second'
    order by occurred_at desc limit ${value('max')}::int) recent)`;
  return sql`exists (select 1 from ${heard} heard where n < ${value('max')}::int and is_repeated is not true)`;
});

type FactName = keyof ReturnType<typeof factValues>;

function factValues({ origin }: Context, id: string, kind: EventKind, facts: EventFacts) {
  return {
    id,
    kind,
    accountId: facts.accountId ?? null,
    emailKey: facts.emailKey ?? null,
    sessionId: facts.sessionId ?? null,
    requestId: origin.requestId,
    ip: origin.ip,
    network: origin.network,
    userAgent: loggable(origin.userAgent, 300),
    byStaff: facts.byStaff ?? false,
    details: facts.details ? JSON.stringify(facts.details) : null,
    isJudged: judgedKinds.includes(kind),
  };
}

function logEvent(ctx: Context, kind: EventKind, id: string, facts: EventFacts): void {
  const { actor, origin } = ctx;
  ctx.log.info(
    {
      event: kind,
      eventId: id,
      result: kind.endsWith('_failed') ? 'failure' : 'success',
      requestId: origin.requestId,
      actor: actor.kind === 'person' ? actor.accountId : actor.kind === 'nobody' ? null : `${actor.kind}:${actor.name}`,
      target: facts.accountId ?? null,
      client: origin.ip,
      ...(facts.details && { details: facts.details }),
    },
    kind,
  );
}
