/**
 * "This was not me." It puts factors back, sends a reset link and raises a flag, and so stands above all of them.
 *
 * The owner's need: one message from before is enough to undo all that a thief did since, though the thief has changed
 * address, password and factors. The thief's move: to disown the owner's own repairs, with a notice that came to the
 * thief's address in the meantime; so a link is void for every event that was undone together with an earlier one.
 */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { isProblem, problem, type Problem } from '../base/problems.js';
import { isId, matchesDigest, parseToken } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { noticeRecipients } from '../accounts/channels.js';
import { findAccount, raiseEpoch } from '../accounts/service.js';
import { restoreContact } from '../accounts/snapshots.js';
import { defineMessage, enqueue } from '../delivery/outbox.js';
import { raiseFlag } from '../flagged-accounts/raise.js';
import { sendPasswordResetLink, type MessageDelivery } from '../password-resets/service.js';
import { restoreFactors } from '../second-factors/removal.js';
import { hasEvent } from '../security-events/list.js';
import { recordEvent } from '../security-events/service.js';
import { reissueSession, type NewSecret } from '../sessions/service.js';
import { securedLetter, securedText } from './messages.js';

/** Makes the password void, in the statement that raises the epoch. */
const VOID_PASSWORD = sql`password_reset_required = true`;

/**
 * Undoes, with the token of a notice, the event and all that came after it: every session and link is over, the password
 * is void, address, channel, number and factors are as before, and staff look at it. Works once, whatever happened to the
 * credentials since; of many at once exactly one succeeds.
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
  sql`(t.used_at is null and t.expires_at > ${clock(ctx)} and not exists (
    select 1 from security_events e where e.account_id = t.account_id and e.kind = 'event_disowned'
      and t.event_at >= to_timestamp((e.details ->> 'sinceMs')::double precision / 1000) and t.event_at <= e.occurred_at))`;

async function undo(ctx: Context, accountId: string, tokenId: string): Promise<{ readonly securedAt: Date } | null> {
  await ctx.db.execute(sql`select id from accounts where id = ${accountId} for no key update`);
  const [used] = await rows<{ event_id: string; since_ms: string | number }>(
    ctx.db,
    sql`update disown_tokens t set used_at = ${clock(ctx)} where id = ${tokenId} and ${isUsableSql(ctx)}
        returning event_id, (extract(epoch from event_at) * 1000)::bigint as since_ms`,
  );
  if (!used) return null;
  const raised = await raiseEpoch(ctx, accountId, 'any', VOID_PASSWORD);
  if (!raised) return null;
  const sinceMs = Number(used.since_ms);
  await restoreContact(ctx, accountId, new Date(sinceMs));
  await restoreFactors(ctx, accountId, new Date(sinceMs));
  await flagAndTell(ctx, accountId, { eventId: used.event_id, sinceMs });
  return { securedAt: raised.at };
}

/** The session at hand goes on under a new secret. */
export interface Reported extends NewSecret {
  readonly delivery: MessageDelivery;
}

/**
 * The same from inside, for a person whose session is fresh: every other session is over, the password is void, a reset
 * link is on its way, and staff look at it. What else was changed the person can see and mend. Null when another change
 * of credentials was faster, which has ended this session too.
 */
export async function reportSecurityEvent(
  ctx: PersonContext,
  { eventId }: { readonly eventId: string },
): Promise<Reported | Problem<'NOT_FOUND'> | null> {
  const { accountId, epoch } = ctx.actor;
  if (!isId(eventId, 'evt') || !(await hasEvent(ctx, accountId, eventId))) return problem('NOT_FOUND');
  return inTransaction(ctx, async (ctx) => {
    const raised = await raiseEpoch(ctx, accountId, epoch, VOID_PASSWORD);
    if (!raised) return null;
    const secret = await reissueSession(ctx, raised.epoch);
    await flagAndTell(ctx, accountId, { eventId });
    const delivery = await sendLink({ ...ctx, actor: { ...ctx.actor, epoch: raised.epoch } });
    return delivery && { ...secret, delivery };
  });
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
