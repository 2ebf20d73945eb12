/**
 * Deciding a request: take it, approve or reject it, confirm as a second person. Each step is one conditional statement;
 * of two who come at once one wins, and the other is shown how it stands.
 */
import { sql } from 'drizzle-orm';
import type { PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { plainText } from '../base/plain-text.js';
import { invalidInput, problem, type InvalidInput, type Problem } from '../base/problems.js';
import { clock, fromNow } from '../base/time.js';
import { recoveryRecipients, type Channel } from '../accounts/channels.js';
import { notify } from '../accounts/notices.js';
import { findAccount } from '../accounts/service.js';
import { defineMessage, enqueue } from '../delivery/outbox.js';
import { MAX_NOTE, withoutDevice, type Target } from '../flagged-accounts/account-actions.js';
import { enqueueResetLink } from '../password-resets/service.js';
import { recordEvent } from '../security-events/service.js';
import { recipientOf, type DeliveryTarget } from './delivery-target.js';
import { tellOfHold } from './hold.js';
import { rejectedLetter } from './messages.js';
import { conflict, finish, onRequest, seen, type RequestOutcome } from './steps.js';
import type { SupportRequest } from './tables.js';

export type DecisionOutcome =
  RequestOutcome | InvalidInput | Problem<'CHANNEL_UNAVAILABLE', { availableChannels: Channel[] }>;

/**
 * Takes a request to work on it. Taking one's own again succeeds; one whose holder is no longer staff can be taken over, or
 * it would not be decided in time.
 */
export function claimSupportRequest(
  ctx: PersonContext,
  input: { readonly supportRequestId: string },
): Promise<RequestOutcome> {
  return onRequest(ctx, input.supportRequestId, async (ctx, request, target) => {
    const me = ctx.actor.accountId;
    if (request.status === 'CLAIMED' && request.claimedBy === me) return seen(ctx, request);
    const done = await rows(
      ctx.db,
      sql`update support_requests r set status = 'CLAIMED', claimed_by = ${me}, claimed_at = ${clock(ctx)}
          where id = ${request.id} and (status = 'OPEN' or (status = 'CLAIMED' and not exists (
            select 1 from accounts a where a.id = r.claimed_by and a.role is not null and a.closed_at is null)))
          returning id`,
    );
    return finish(ctx, request, target, done.length > 0, { action: 'claimSupportRequest', note: null });
  });
}

export interface DecideSupportRequestInput {
  readonly supportRequestId: string;
  readonly decision: 'APPROVE' | 'REJECT';
  readonly deliverTo: DeliveryTarget;
  readonly removeSecondFactors: boolean;
  readonly note?: string | null | undefined;
}

/**
 * Decides a request that the caller has claimed. A link to a channel that the owner verified goes out at once. One to a
 * contact never verified, or one that takes the second factors off, waits for a second staff member and for the hold.
 */
export async function decideSupportRequest(
  ctx: PersonContext,
  input: DecideSupportRequestInput,
): Promise<DecisionOutcome> {
  const note = plainText(input.note, MAX_NOTE);
  if (note === undefined) return invalidInput(['note', `at most ${MAX_NOTE} characters`]);
  if (input.decision === 'APPROVE' && note === null) {
    return invalidInput(['note', 'how the person was identified: needed to approve']);
  }
  return onRequest(ctx, input.supportRequestId, (ctx, request, target) =>
    input.decision === 'REJECT' ? reject(ctx, request, target, note) : approve(ctx, request, target, input, note),
  );
}

async function reject(ctx: PersonContext, request: SupportRequest, target: Target | null, note: string | null) {
  const done = await rows(
    ctx.db,
    sql`update support_requests set status = 'REJECTED', decision = 'REJECT', decision_note = ${note}, decided_at = ${clock(ctx)},
          decided_by = ${ctx.actor.accountId}, account_id = ${target?.id ?? null}
        where id = ${request.id} and status = 'CLAIMED' and claimed_by = ${ctx.actor.accountId} returning id`,
  );
  if (done.length > 0) await tellRejected(ctx, request, target);
  return finish(ctx, request, target, done.length > 0, {
    action: 'decideSupportRequest',
    note,
    details: { decision: 'REJECT' },
  });
}

async function approve(
  ctx: PersonContext,
  request: SupportRequest,
  target: Target | null,
  input: DecideSupportRequestInput,
  note: string | null,
): Promise<DecisionOutcome> {
  const me = ctx.actor.accountId;
  if (request.status !== 'CLAIMED' || request.claimedBy !== me) return conflict(ctx, request);
  const account = target && (await findAccount(ctx, target.id));
  if (!account) return problem('CHANNEL_UNAVAILABLE', { availableChannels: [] });
  if (target.isClosed || target.isLocked) return conflict(ctx, request);
  const recipients = await recoveryRecipients(ctx, account);
  const recipient = recipientOf(ctx, input.deliverTo, account, recipients, request);
  if (!recipient) {
    return problem('CHANNEL_UNAVAILABLE', { availableChannels: recipients.map(({ channel }) => channel) });
  }
  const needsSecond = input.deliverTo === 'REQUEST_CONTACT' || input.removeSecondFactors;
  const done = await rows(
    ctx.db,
    sql`update support_requests set status = ${needsSecond ? 'AWAITING_CONFIRMATION' : 'APPROVED'}, decision = 'APPROVE',
          decision_note = ${note}, decided_at = ${clock(ctx)}, decided_by = ${me}, account_id = ${account.id},
          deliver_to = ${input.deliverTo}, removes_second_factors = ${input.removeSecondFactors}
        where id = ${request.id} and status = 'CLAIMED' and claimed_by = ${me} returning id`,
  );
  if (done.length > 0 && !needsSecond) {
    await enqueueResetLink(ctx, { accountId: account.id, channel: recipient.channel, source: 'support' });
    await tellDecided(ctx, account.id);
  }
  const { deliverTo, removeSecondFactors } = input;
  return finish(ctx, request, target, done.length > 0, {
    action: 'decideSupportRequest',
    note,
    details: { decision: 'APPROVE', deliverTo, removeSecondFactors },
  });
}

export interface ConfirmSupportDecisionInput {
  readonly supportRequestId: string;
  readonly confirm: boolean;
  readonly note?: string | null | undefined;
}

/**
 * Confirms or refuses, as a second person, what one staff member approved. Once confirmed, every known channel is told with a
 * link that stops it, and the link goes out when the hold is over. Whoever approved it can't confirm it, also not at once from two
 * windows: the statement and a constraint say so.
 */
export async function confirmSupportDecision(
  ctx: PersonContext,
  input: ConfirmSupportDecisionInput,
): Promise<RequestOutcome | InvalidInput> {
  const note = plainText(input.note, MAX_NOTE);
  if (note === undefined) return invalidInput(['note', `at most ${MAX_NOTE} characters`]);
  return onRequest(ctx, input.supportRequestId, async (ctx, request, target) => {
    const me = ctx.actor.accountId;
    if (input.confirm && (!target || target.isClosed || target.isLocked)) return conflict(ctx, request);
    const becomes = input.confirm
      ? sql`status = 'ON_HOLD', released_at = ${fromNow(ctx, ctx.config.MANUAL_RESET_HOLD)},
          account_epoch = (select credential_epoch from accounts where id = support_requests.account_id)`
      : sql`status = 'REJECTED'`;
    const done = await rows(
      ctx.db,
      sql`update support_requests set ${becomes}, confirmed_by = ${me}, confirmed_at = ${clock(ctx)}, confirmation_note = ${note}
          where id = ${request.id} and status = 'AWAITING_CONFIRMATION' and decided_by <> ${me} returning id`,
    );
    if (done.length > 0 && !input.confirm) await tellRejected(ctx, request, target);
    if (done.length > 0 && input.confirm && target) {
      await tellOfHold(ctx, request.id, target.id);
      await recordEvent(ctx, 'manual_reset_decided', { accountId: target.id, byStaff: true });
    }
    const details = { confirm: input.confirm };
    return finish(ctx, request, target, done.length > 0, { action: 'confirmSupportDecision', note, details });
  });
}

/** Immediate approvals: in the owner's record, and to every channel. */
async function tellDecided(ctx: PersonContext, accountId: string): Promise<void> {
  const event = await recordEvent(ctx, 'manual_reset_decided', { accountId, byStaff: true });
  await notify(withoutDevice(ctx), accountId, 'manual_reset_decided', event);
}

async function tellRejected(ctx: PersonContext, request: SupportRequest, target: Target | null): Promise<void> {
  if (!target) return;
  await recordEvent(ctx, 'manual_reset_decided', { accountId: target.id, byStaff: true });
  const payload = { accountId: target.id, reference: request.reference };
  await enqueue(ctx, rejectedMessage, payload, { accountId: target.id });
}

/** Three days: after that the person has asked again, or come back. */
const REJECTION_SECONDS = 3 * 86_400;

export const rejectedMessage = defineMessage<{ readonly accountId: string; readonly reference: string }>({
  name: 'manual_reset_rejected',
  priority: 1,
  usefulSeconds: () => REJECTION_SECONDS,
  async compose(ctx, { accountId, reference }) {
    const account = await findAccount(ctx, accountId);
    if (!account?.email) return [];
    const letter = rejectedLetter({ productName: ctx.config.PRODUCT_NAME, reference });
    return [{ channel: 'EMAIL', to: account.email, letter }];
  },
});
