/**
 * "This was not me." It puts factors back, sends a reset link and raises a flag, and so stands above all of them.
 *
 * The owner's need: one message from before is enough to undo all that a thief did since, though the thief has changed
 * address, password and factors. The thief's move: to disown the owner's own repairs, with a notice that came to the
 * thief's address in the meantime; so a link is void for every event that was undone together with an earlier one.
 */
import { sql, type SQL } from 'drizzle-orm';
import { allOrNothing, inTransaction, type Context, type PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { isProblem, problem, type Problem } from '../base/problems.js';
import { isId, matchesDigest, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { noticeRecipients } from '../accounts/channels.js';
import { findAccount, raiseEpoch } from '../accounts/service.js';
import { reopenAccount, restoreContact } from '../accounts/snapshots.js';
import { defineMessage, enqueue } from '../delivery/outbox.js';
import { raiseFlag } from '../flagged-accounts/raise.js';
import { sendPasswordResetLink, type MessageDelivery } from '../password-resets/service.js';
import { hasSecondFactor } from '../second-factors/challenges.js';
import { restoreFactors } from '../second-factors/removal.js';
import { findEvent } from '../security-events/list.js';
import { recordEvent, type EventKind } from '../security-events/service.js';
import { takeFreshness } from '../sessions/proofs.js';
import { reissueSession, type NewSecret } from '../sessions/service.js';
import { securedLetter, securedText } from './messages.js';

/** Makes the password void, in the statement that raises the epoch. */
const VOID_PASSWORD = sql`password_reset_required = true`;

/**
 * Undoes, with the token of a notice, the event and all that came after it: every session and link is over, the password
 * is void, address, channel, number and factors are as before, a closed account is open again, and staff look at it. Works
 * once, whatever happened to the credentials since (R-087, R-104); of many at once exactly one succeeds.
 */
export async function disownSecurityEvent(
  ctx: Context,
  input: { readonly token: string },
): Promise<{ readonly securedAt: Date } | Problem<'TOKEN_INVALID'>> {
  const token = parseToken(input.token, 'disown');
  const [row] = await rows<{ digest: string; account_id: string }>(
    ctx.db,
    sql`select digest, account_id from disown_tokens t where id = ${token?.id ?? 'none'} and ${isUsableSql(ctx)}`,
  );
  if (!matchesDigest('disown', token?.secret ?? '', row?.digest ?? null) || !row || !token) {
    return problem('TOKEN_INVALID');
  }
  const secured = await inTransaction(ctx, (ctx) => undo(ctx, row.account_id, token.id));
  return secured ?? problem('TOKEN_INVALID');
}

/** Unused, in time, and not about what was undone already. */
const isUsableSql = (ctx: Context) =>
  sql`(t.used_at is null and t.expires_at > ${clock(ctx)} and not ${wasUndone(sql`t.account_id`, sql`t.event_at`)})`;

/** Whether what happened then was undone together with an earlier event: undoing it again would put the thief's work back. */
const wasUndone = (accountId: SQL, at: SQL): SQL =>
  sql`exists (select 1 from security_events e where e.account_id = ${accountId} and e.kind = 'event_disowned'
      and ${at} >= to_timestamp((e.details ->> 'sinceMs')::double precision / 1000) and ${at} <= e.occurred_at)`;

async function undo(ctx: Context, accountId: string, tokenId: string): Promise<{ readonly securedAt: Date } | null> {
  await ctx.db.execute(sql`select id from accounts where id = ${accountId} for no key update`);
  const [used] = await rows<{ event_id: string; since_ms: string | number }>(
    ctx.db,
    sql`update disown_tokens t set used_at = ${clock(ctx)} where id = ${tokenId} and ${isUsableSql(ctx)}
        returning event_id, (extract(epoch from event_at) * 1000)::bigint as since_ms`,
  );
  if (!used) return null;
  const sinceMs = Number(used.since_ms);
  await reopenAccount(ctx, accountId, new Date(sinceMs));
  const raised = await raiseEpoch(ctx, accountId, 'any', VOID_PASSWORD);
  if (!raised) return null;
  await restore(ctx, accountId, new Date(sinceMs));
  await flagAndTell(ctx, accountId, { eventId: used.event_id, sinceMs });
  return { securedAt: raised.at };
}

async function restore(ctx: Context, accountId: string, since: Date): Promise<void> {
  await restoreContact(ctx, accountId, since);
  await restoreFactors(ctx, accountId, since);
}

/** The session at hand goes on under a new secret. */
export interface Reported extends NewSecret {
  readonly delivery: MessageDelivery;
}

/**
 * The same from inside, for a person whose session is fresh: every other session is over, the password is void, address,
 * channel, number and factors are as before the event, a reset link is on its way to where the owner was reached then, and
 * staff look at it. Null when another change of credentials was faster, which has ended this session too; and where the owner
 * can be reached no more: then all of it is done, but for the link.
 */
export async function reportSecurityEvent(
  ctx: PersonContext,
  { eventId }: { readonly eventId: string },
): Promise<Reported | Problem<'NOT_FOUND'> | null> {
  const { accountId, epoch } = ctx.actor;
  const event = isId(eventId, 'evt') ? await findEvent(ctx, accountId, eventId) : null;
  if (!event) return problem('NOT_FOUND');
  const done = await allOrNothing(ctx, async (ctx) => {
    const raised = await raiseEpoch(ctx, accountId, epoch, VOID_PASSWORD);
    const secret = raised && (await reissueSession(ctx, raised.epoch));
    if (!secret) return null;
    const isUndone = !FROM_OUTSIDE.includes(event.kind) && (await undoFromInside(ctx, event.occurredAt));
    await flagAndTell(ctx, accountId, { eventId, ...(isUndone && { sinceMs: event.occurredAt.getTime() }) });
    const delivery = await sendLink({ ...ctx, actor: { ...ctx.actor, epoch: raised.epoch } });
    return { ...secret, delivery };
  });
  // Unreached, and without a password: support is the way in.
  return done?.delivery ? { ...done, delivery: done.delivery } : null;
}

/** What strangers do without getting in: it changed nothing, and what the owner did since must not be taken off for it. */
const FROM_OUTSIDE: readonly EventKind[] = ['sign_in_failed', 'second_factor_failed', 'password_reset_requested'];

/**
 * Puts back what was before the event, while that is still known whole and was not done already. A factor that comes back
 * takes the freshness of a session that has not shown it (R-087).
 */
async function undoFromInside(ctx: PersonContext, since: Date): Promise<boolean> {
  const { accountId } = ctx.actor;
  const at = sql`${since.toISOString()}::timestamptz`;
  const [undoable] = await rows(
    ctx.db,
    sql`select 1 as ok where ${at} > ${fromNow(ctx, -ctx.config.DISOWN_TTL)} and not ${wasUndone(sql`${accountId}`, at)}`,
  );
  if (!undoable) return false;
  await restore(ctx, accountId, since);
  if (await hasSecondFactor(ctx, accountId)) await takeFreshness(ctx, accountId);
  return true;
}

/** Over the chosen channel; by e-mail where that one cannot be used now. */
async function sendLink(ctx: PersonContext): Promise<MessageDelivery | null> {
  const chosen = await sendPasswordResetLink(ctx, {});
  if (!isProblem(chosen)) return chosen.delivery;
  const mailed = await sendPasswordResetLink(ctx, { channel: 'EMAIL' });
  return isProblem(mailed) ? null : mailed.delivery;
}

async function flagAndTell(ctx: Context, accountId: string, details: { eventId: string; sinceMs?: number }) {
  await recordEvent(ctx, 'event_disowned', { accountId, details });
  await raiseFlag(ctx, {
    accountId,
    reason: 'OWNER_REPORT',
    severity: 'HIGH',
    note: `The owner says that event ${details.eventId} was not them.`,
    by: {},
  });
  await enqueue(ctx, securedMessage, { accountId }, { accountId });
}

/** A day: later the owner has found out otherwise. */
const USEFUL_SECONDS = 86_400;

/** Goes to where the owner is reached after the restoring, and nowhere else: a thief's address must not learn of it. */
export const securedMessage = defineMessage<{ readonly accountId: string }>({
  name: 'account_secured',
  priority: 1,
  usefulSeconds: () => USEFUL_SECONDS,
  async compose(ctx, { accountId }) {
    const account = await findAccount(ctx, accountId);
    if (!account) return [];
    const facts = { productName: ctx.config.PRODUCT_NAME, resetLink: `${ctx.config.publicUrl}/forgot-password` };
    return (await noticeRecipients(ctx, account)).map(({ channel, to }) =>
      channel === 'EMAIL' ? { channel, to, letter: securedLetter(facts) } : { channel, to, text: securedText(facts) },
    );
  },
});
