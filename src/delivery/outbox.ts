/** The queue of letters. It holds intentions: the letter, and any secret in it, is made when it is composed. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { clock, fromNow } from '../base/time.js';
import type { Letter, TextMessage } from './letters.js';

/** One letter or text, and where it goes: always an address or number from a row, never from a request. */
export type Envelope =
  | { readonly channel: 'EMAIL'; readonly to: string; readonly letter: Letter }
  | { readonly channel: 'SMS'; readonly to: string; readonly text: TextMessage };

/** A kind of message: its name, its payload, and how it is composed are declared once, and used by sender and worker. */
export interface Message<P extends Record<string, unknown>> {
  readonly name: string;
  /** 0 for what a person waits for (codes, links), 1 for notices. */
  readonly priority: 0 | 1;
  /** Seconds after which there is no use in sending it. */
  readonly usefulSeconds: (ctx: Context) => number;
  /** Runs in the worker, in a transaction that also stores the sealed result. Empty: there is nobody to write to. */
  readonly compose: (ctx: Context, payload: P) => Promise<readonly Envelope[]>;
}

export const defineMessage = <P extends Record<string, unknown>>(message: Message<P>): Message<P> => message;

/**
 * Queues a message in the caller's transaction: it is due at once, and sent if and only if that commits.
 * @returns its number in the queue.
 */
export async function enqueue<P extends Record<string, unknown>>(
  ctx: Context,
  message: Message<P>,
  payload: P,
  options: { readonly accountId?: string } = {},
): Promise<number> {
  const [queued] = await rows<{ id: number }>(
    ctx.db,
    sql`insert into outbox (message, payload, priority, created_at, available_at, expires_at, account_id)
        values (${message.name}, ${JSON.stringify(payload)}::jsonb, ${message.priority}, ${clock(ctx)}, ${clock(ctx)},
          ${fromNow(ctx, message.usefulSeconds(ctx))}, ${options.accountId ?? null})
        returning id::int as id`,
  );
  if (!queued) throw new Error('a message was not queued');
  return queued.id;
}

/** A claimed row. `attempts` is the fencing token: who lost the lease can no longer settle it. */
export interface Claimed {
  readonly id: number;
  readonly message: string;
  readonly payload: Record<string, unknown>;
  readonly attempts: number;
  readonly composed: string | null;
  readonly sentParts: number;
  readonly accountId: string | null;
  readonly isExpired: boolean;
  /** Why the last attempt failed, fit for staff. */
  readonly lastError: string | null;
}

/** Longer than all time-outs of one letter or text together, so that a lease ends only where a worker died. */
const LEASE_SECONDS = 60;
const LEASE_END = sql`now() + ${LEASE_SECONDS} * interval '1 second'`;

/**
 * Takes a lease on what is due, most urgent first. Leases measure real time; the moved clock of a test must not end one.
 * A CTE, because `in (select … limit n for update)` may be run twice.
 */
export async function claimDue(ctx: Context, count: number): Promise<Claimed[]> {
  const claimed = await rows<Record<string, unknown>>(
    ctx.db,
    sql`with due as (
          select id from outbox
          where done_at is null and dead_at is null and available_at <= ${clock(ctx)}
            and (locked_until is null or locked_until < now())
          order by priority, available_at, id limit ${count}::int for update skip locked
        )
        update outbox o set locked_until = ${LEASE_END}, attempts = o.attempts + 1
        from due where o.id = due.id
        returning o.id::int as id, o.message, o.payload, o.attempts, o.composed, o.sent_parts, o.account_id, o.priority, o.last_error,
          coalesce(o.expires_at <= ${clock(ctx)}, false) as is_expired`,
  );
  return claimed
    .sort((a, b) => Number(a['priority']) - Number(b['priority']) || Number(a['id']) - Number(b['id']))
    .map((row) => ({
      id: row['id'] as number,
      message: row['message'] as string,
      payload: row['payload'] as Record<string, unknown>,
      attempts: row['attempts'] as number,
      composed: row['composed'] as string | null,
      sentParts: row['sent_parts'] as number,
      accountId: row['account_id'] as string | null,
      isExpired: row['is_expired'] as boolean,
      lastError: row['last_error'] as string | null,
    }));
}

/** Keeps the composed letters, sealed. False when the lease was lost: then nothing may be sent. */
export async function storeComposed(ctx: Context, claim: Claimed, sealed: string): Promise<boolean> {
  return settles(ctx, claim, sql`composed = ${sealed}`);
}

/** Remembers that so many of its letters are out, so that a retry does not repeat them, and holds the lease for the next. */
export async function markPartSent(ctx: Context, claim: Claimed, sentParts: number): Promise<boolean> {
  return settles(ctx, claim, sql`sent_parts = ${sentParts}::int, locked_until = ${LEASE_END}`);
}

/** All is sent, or there was nothing to send. What the row knew is forgotten. */
export async function markDone(ctx: Context, claim: Claimed): Promise<boolean> {
  return settles(ctx, claim, sql`done_at = ${clock(ctx)}, locked_until = null, payload = '{}'::jsonb, composed = null`);
}

/** Not now: try again later, with growing pauses. @param isPutOff by a full mailbox. */
export async function markFailed(ctx: Context, claim: Claimed, reason: string, isPutOff: boolean): Promise<boolean> {
  const pause = Math.min(900, 2 ** Math.min(claim.attempts, 10));
  return settles(
    ctx,
    claim,
    sql`locked_until = null, last_error = ${reason}, is_put_off = ${isPutOff},
      available_at = ${clock(ctx)} + ${pause}::double precision * (0.75 + random() / 2) * interval '1 second'`,
  );
}

/** Never: the row stays, with the reason, for staff to see. */
export async function markDead(ctx: Context, claim: Claimed, reason: string): Promise<boolean> {
  return settles(
    ctx,
    claim,
    sql`dead_at = ${clock(ctx)}, locked_until = null, last_error = ${reason}, payload = '{}'::jsonb, composed = null`,
  );
}

/** How a message has fared. */
export interface Fate {
  /**
   * Seconds since everyone whom it is for was told: since it was sent, or refused for good, as another try would fare no better.
   * Null while any part of it waits, and where it lapsed so.
   */
  readonly toldSeconds: number | null;
  /** Whether it was a full mailbox that put it off at the last try, and nothing on the way there. */
  readonly isPutOff: boolean;
}

/** Null where it is not in the queue any more. */
export async function fateOf(ctx: Context, id: number): Promise<Fate | null> {
  const [message] = await rows<{ told: number | null; is_put_off: boolean }>(
    ctx.db,
    sql`select extract(epoch from ${clock(ctx)} - coalesce(done_at, case when dead_at < expires_at then dead_at end))::float8 as told,
          is_put_off
        from outbox where id = ${id}`,
  );
  return message ? { toldSeconds: message.told, isPutOff: message.is_put_off } : null;
}

async function settles(ctx: Context, claim: Claimed, change: ReturnType<typeof sql>): Promise<boolean> {
  const settled = await rows(
    ctx.db,
    sql`update outbox set ${change}
        where id = ${claim.id} and attempts = ${claim.attempts} and done_at is null and dead_at is null returning id`,
  );
  return settled.length > 0;
}
