/** What happened to an account, as its owner and staff see it. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import type { EventKind } from './service.js';

/** The kinds that are shown, under the contract's names. What is only for the log or for staff's own desk is not. */
const shownAs = {
  account_created: 'ACCOUNT_CREATED',
  signed_in: 'SIGNED_IN',
  sign_in_failed: 'SIGN_IN_FAILED',
  // To its owner it is a sign-in that failed, whichever step it failed at.
  second_factor_failed: 'SIGN_IN_FAILED',
  session_revoked: 'SESSION_REVOKED',
  password_reset_requested: 'PASSWORD_RESET_REQUESTED',
  password_reset: 'PASSWORD_RESET',
  password_changed: 'PASSWORD_CHANGED',
  second_factor_added: 'SECOND_FACTOR_ADDED',
  second_factor_removed: 'SECOND_FACTOR_REMOVED',
  recovery_codes_regenerated: 'RECOVERY_CODES_REGENERATED',
  recovery_code_used: 'RECOVERY_CODE_USED',
  passkey_added: 'PASSKEY_ADDED',
  passkey_removed: 'PASSKEY_REMOVED',
  email_changed: 'EMAIL_CHANGED',
  phone_number_changed: 'PHONE_NUMBER_CHANGED',
  notification_channel_changed: 'NOTIFICATION_CHANNEL_CHANGED',
  qr_sign_in_approved: 'QR_SIGN_IN_APPROVED',
  qr_sign_in_denied: 'QR_SIGN_IN_DENIED',
  account_locked: 'ACCOUNT_LOCKED',
  account_unlocked: 'ACCOUNT_UNLOCKED',
  manual_reset_decided: 'MANUAL_RESET_DECIDED',
} as const satisfies Partial<Record<EventKind, string>>;

type ShownKind = keyof typeof shownAs;

export interface ListedEvent {
  readonly id: string;
  readonly kind: (typeof shownAs)[ShownKind];
  readonly occurredAt: Date;
  /** Whether a request of the account's owner, or of a stranger, caused it: only then is there a device to show. */
  readonly hasDevice: boolean;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly byStaff: boolean;
}

export interface EventsQuery {
  readonly accountId: string;
  readonly limit: number;
  /** What follows this event. */
  readonly after: { readonly atMs: number; readonly id: string } | null;
}

export type EventRow = {
  id: string;
  kind: ShownKind;
  ms: string;
  ip: string | null;
  user_agent: string | null;
  by_staff: boolean;
};

/** Of `security_events e`. */
export const eventColumns = sql`e.id, e.kind, (extract(epoch from e.occurred_at) * 1000)::bigint as ms, e.ip, e.user_agent, e.by_staff`;

/** The events of an account that are shown, the latest first. */
export async function listEvents(ctx: Context, { accountId, limit, after }: EventsQuery): Promise<ListedEvent[]> {
  const follows = after
    ? sql`and (e.occurred_at, e.id) < (${new Date(after.atMs).toISOString()}::timestamptz, ${after.id})`
    : sql``;
  const kinds = sql.join(
    Object.keys(shownAs).map((kind) => sql`${kind}`),
    sql`, `,
  );
  const found = await rows<EventRow>(
    ctx.db,
    sql`select ${eventColumns} from security_events e
        where e.account_id = ${accountId} and e.kind in (${kinds}) ${follows}
        order by e.occurred_at desc, e.id desc limit ${limit}::int`,
  );
  return found.map(toListedEvent);
}

/** A staff member's own address and browser are not the owner's business, nor a device of the account. */
export function toListedEvent({ id, kind, ms, ip, user_agent: userAgent, by_staff: byStaff }: EventRow): ListedEvent {
  const hasDevice = !byStaff && (ip !== null || userAgent !== null);
  return {
    id,
    kind: shownAs[kind],
    occurredAt: new Date(Number(ms)),
    hasDevice,
    userAgent: hasDevice ? userAgent : null,
    ip: hasDevice ? ip : null,
    byStaff,
  };
}

/** This event of the account; null where there is none that is shown to its owner. */
export async function findEvent(
  ctx: Context,
  accountId: string,
  eventId: string,
): Promise<{ readonly kind: EventKind; readonly occurredAt: Date } | null> {
  const [event] = await rows<{ kind: EventKind; ms: string }>(
    ctx.db,
    sql`select kind, (extract(epoch from occurred_at) * 1000)::bigint as ms from security_events
        where id = ${eventId} and account_id = ${accountId}`,
  );
  return event && event.kind in shownAs ? { kind: event.kind, occurredAt: new Date(Number(event.ms)) } : null;
}
