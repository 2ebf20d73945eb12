/**
 * The hold: what two staff members decided waits, every known channel is told, and one click of the owner ends it. The
 * attacker's move is to be convincing at the desk; the owner's is to read one of the notices in time.
 */
import { eq, sql, type SQL } from 'drizzle-orm';
import { inTransaction, type Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { problem, type Problem } from '../base/problems.js';
import { digest, formatToken, matchesDigest, newToken, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { noticeRecipients, recoveryRecipients, type Recipient } from '../accounts/channels.js';
import { findAccount, holdEpoch } from '../accounts/service.js';
import { recordAudits, type AuditFacts } from '../audit/service.js';
import { defineMessage, enqueue, fateOf, type Envelope } from '../delivery/outbox.js';
import { enqueueResetLink } from '../password-resets/service.js';
import { recordEvent } from '../security-events/service.js';
import { recipientOf } from './delivery-target.js';
import { holdLetter, holdText, type HoldFacts } from './messages.js';
import { supportRequests, type SupportRequest } from './tables.js';

/** To every known channel, each with a token of its own; the first one used ends the matter. */
export const holdNoticeMessage = defineMessage<{ readonly requestId: string }>({
  name: 'manual_reset_hold',
  priority: 0,
  usefulSeconds: (ctx) => ctx.config.MANUAL_RESET_HOLD,
  async compose(ctx, { requestId }) {
    const [request] = await ctx.db.select().from(supportRequests).where(eq(supportRequests.id, requestId));
    const account = request?.accountId ? await findAccount(ctx, request.accountId) : null;
    if (request?.status !== 'ON_HOLD' || !request.releasedAt || !account) return [];
    const recipients = await noticeRecipients(ctx, account);
    const goesTo = recipientOf(
      ctx,
      deliveryTargetOf(request),
      account,
      await recoveryRecipients(ctx, account),
      request,
    );
    const facts = {
      productName: ctx.config.PRODUCT_NAME,
      reference: request.reference,
      releasedAt: request.releasedAt,
      destination: goesTo?.masked ?? 'the contact given',
      removesSecondFactors: request.removesSecondFactors,
    };
    return Promise.all(recipients.map((recipient) => noticeTo(ctx, requestId, recipient, facts)));
  },
});

async function noticeTo(
  ctx: Context,
  requestId: string,
  { channel, to }: Recipient,
  common: Omit<HoldFacts, 'cancelLink'>,
): Promise<Envelope> {
  const facts = {
    ...common,
    cancelLink: `${ctx.config.publicUrl}/cancel-reset#${await makeCancelToken(ctx, requestId)}`,
  };
  return channel === 'EMAIL' ? { channel, to, letter: holdLetter(facts) } : { channel, to, text: holdText(facts) };
}

/** Works while the hold lasts, whatever happens to the account's credentials. */
async function makeCancelToken(ctx: Context, requestId: string): Promise<string> {
  const token = newToken('cancel');
  await ctx.db.execute(
    sql`insert into cancel_tokens (id, digest, support_request_id, created_at, expires_at)
        select ${token.id}, ${digest('cancel_reset', token.secret)}, id, ${clock(ctx)}, released_at
        from support_requests where id = ${requestId}`,
  );
  return formatToken(token);
}

/** Calls a manual reset off while it is on hold. Used, unknown, late and malformed tokens are alike. */
export async function cancelManualReset(
  ctx: Context,
  input: { readonly token: string },
): Promise<{ readonly cancelledAt: Date } | Problem<'TOKEN_INVALID'>> {
  const token = parseToken(input.token, 'cancel');
  const [row] = await rows<{ digest: string; support_request_id: string }>(
    ctx.db,
    sql`select digest, support_request_id from cancel_tokens where id = ${token?.id ?? 'none'}`,
  );
  if (!matchesDigest('cancel_reset', token?.secret ?? '', row?.digest ?? null) || !row) return problem('TOKEN_INVALID');
  return inTransaction(ctx, async (ctx) => {
    const [cancelled] = await rows<{ account_id: string; ms: string }>(
      ctx.db,
      sql`update support_requests set status = 'CANCELLED', cancelled_at = ${clock(ctx)}
          where id = ${row.support_request_id} and status = 'ON_HOLD' and released_at > ${clock(ctx)}
          returning account_id, (extract(epoch from cancelled_at) * 1000)::bigint as ms`,
    );
    if (!cancelled) return problem('TOKEN_INVALID');
    await recordEvent(ctx, 'manual_reset_decided', { accountId: cancelled.account_id, details: { cancelled: true } });
    return { cancelledAt: new Date(Number(cancelled.ms)) };
  });
}

/** Begins the hold of a request that was just put on it, or lets it begin anew: every known channel is told. */
export async function tellOfHold(ctx: Context, requestId: string, accountId: string): Promise<void> {
  const notice = await enqueue(ctx, holdNoticeMessage, { requestId }, { accountId });
  await ctx.db.execute(sql`update support_requests set hold_notice_id = ${notice} where id = ${requestId}`);
}

/** At once; the job is run again while there are more. */
const BATCH = 20;

/** A notice that went out late leaves its readers at least this share of the hold. */
const LEAST_SHARE = 0.5;

/** So often a hold begins anew for a mailbox that is full: whoever has one that is so for all that time has lost it. */
const MOST_RENEWALS = 3;

/**
 * Lets the links out whose hold is over. Any change of the account's credentials since it was confirmed voids it, as it
 * voids everything that was issued before. @returns how many requests were looked at.
 */
export function releaseDueHolds(ctx: Context): Promise<number> {
  return inTransaction(ctx, async (ctx) => {
    const due = await ctx.db
      .select()
      .from(supportRequests)
      .where(sql`${supportRequests.status} = 'ON_HOLD' and ${supportRequests.releasedAt} <= ${clock(ctx)}`)
      .orderBy(supportRequests.releasedAt)
      .limit(BATCH)
      .for('update', { skipLocked: true });
    const audited: AuditFacts[] = [];
    for (const request of due) {
      const { becomes, action } = await release(ctx, request);
      await ctx.db.execute(sql`update support_requests set ${becomes} where id = ${request.id}`);
      if (action) {
        audited.push({ action, subjectAccountId: request.accountId, details: { supportRequestId: request.id } });
      }
    }
    if (audited.length > 0) await recordAudits(ctx, audited);
    return due.length;
  });
}

/** What becomes of a request whose hold is over, and what the audit says of it. */
interface Outcome {
  readonly becomes: SQL;
  readonly action?: 'releaseManualReset' | 'renewManualResetHold' | 'extendManualResetHold';
}

/**
 * Queues the link. Void where the account changed, or can't be reached that way any more. Held on where the notice went out too
 * late to be read in time; held anew where it has not gone to every known channel, as with a mail server that was away all the
 * while: its owner could not have stopped it.
 */
async function release(ctx: Context, request: SupportRequest): Promise<Outcome> {
  const { accountId, accountEpoch, removesSecondFactors } = request;
  const isVoid = { becomes: sql`status = 'CANCELLED', cancelled_at = ${clock(ctx)}` };
  if (accountId === null || accountEpoch === null || !(await holdEpoch(ctx, accountId, accountEpoch))) return isVoid;
  const account = await findAccount(ctx, accountId);
  if (!account) return isVoid;
  const verified = await recoveryRecipients(ctx, account);
  const recipient = recipientOf(ctx, deliveryTargetOf(request), account, verified, request);
  if (!recipient) return isVoid;
  const longer = await holdLonger(ctx, request, accountId);
  if (longer) return longer;
  const isContact = request.deliverTo === 'REQUEST_CONTACT';
  const sent = await enqueueResetLink(ctx, {
    accountId,
    channel: recipient.channel,
    source: 'support',
    removesSecondFactors,
    contact: isContact ? recipient : null,
  });
  return sent === null ? isVoid : { becomes: sql`status = 'APPROVED'`, action: 'releaseManualReset' };
}

/** Where the notice of the hold leaves its readers no time, or reached not all of them: how the hold goes on. */
async function holdLonger(ctx: Context, request: SupportRequest, accountId: string): Promise<Outcome | null> {
  const hold = ctx.config.MANUAL_RESET_HOLD;
  const fate = request.holdNoticeId === null ? null : await fateOf(ctx, request.holdNoticeId);
  const told = fate?.toldSeconds ?? null;
  if (told !== null) {
    const lacking = LEAST_SHARE * hold - told;
    if (lacking <= 0) return null;
    return { becomes: await heldFor(ctx, request.id, lacking), action: 'extendManualResetHold' };
  }
  if (fate?.isPutOff && request.holdRenewals >= MOST_RENEWALS) return null;
  await tellOfHold(ctx, request.id, accountId);
  const isHeld = await heldFor(ctx, request.id, hold);
  return { becomes: sql`${isHeld}, hold_renewals = hold_renewals + 1`, action: 'renewManualResetHold' };
}

/** From now on; the links that are out already stop it for as long. */
async function heldFor(ctx: Context, requestId: string, seconds: number): Promise<SQL> {
  const end = fromNow(ctx, seconds);
  await ctx.db.execute(sql`update cancel_tokens set expires_at = ${end} where support_request_id = ${requestId}`);
  return sql`released_at = ${end}`;
}

const deliveryTargetOf = ({ deliverTo }: SupportRequest) => deliverTo ?? 'NOTIFICATION_CHANNEL';
