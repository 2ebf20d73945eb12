/** The way back in, in the order it happens: request, compose, inspect, complete. */
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { invalidInput, problem, type InvalidInput, type Problem, type RateLimited } from '../base/problems.js';
import { recoveryRecipients, type Channel, type Recipient } from '../accounts/channels.js';
import { findAccount, findAccountByEmailKey } from '../accounts/service.js';
import type { Account } from '../accounts/tables.js';
import { parseEmail } from '../base/email-address.js';
import { defineMessage, enqueue, type Envelope } from '../delivery/outbox.js';
import { mayWriteTo } from '../delivery/send-limits.js';
import { mayText } from '../delivery/text-limits.js';
import { recordEvent } from '../security-events/service.js';
import { RESEND_AFTER_SECONDS } from '../sign-in/sign-up.js';
import { resetLetter, resetText } from './messages.js';
import { createReset, mintToken, type ResetRequest } from './tokens.js';

export interface RequestPasswordResetAccepted {
  readonly linkLifetimeMinutes: number;
  readonly resendAfterSeconds: number;
}

/**
 * Asks for a reset letter. One event row and one outbox row from the submitted address, and no look-up: the answer, the
 * work and the time are the same for every address by construction.
 */
export async function requestPasswordReset(
  ctx: Context,
  input: { readonly email: string },
): Promise<RequestPasswordResetAccepted | InvalidInput> {
  const address = parseEmail(input.email);
  if (!address) return invalidInput(['email', 'an e-mail address']);
  await inTransaction(ctx, (ctx) =>
    // Sent together: two statements, one wait.
    Promise.all([
      recordEvent(ctx, 'password_reset_requested', { emailKey: address.key }),
      enqueue(ctx, passwordResetMessage, { emailKey: address.key }),
    ]),
  );
  return {
    linkLifetimeMinutes: Math.ceil(ctx.config.RESET_LINK_TTL / 60),
    resendAfterSeconds: RESEND_AFTER_SECONDS,
  };
}

/** Composed in the worker: here, and only here, is the account looked up. Nobody there, or too often: no letter. */
export const passwordResetMessage = defineMessage<{ readonly emailKey: string }>({
  name: 'password_reset',
  priority: 0,
  usefulSeconds: (ctx) => ctx.config.RESET_LINK_TTL,
  async compose(ctx, { emailKey }) {
    const account = await findAccountByEmailKey(ctx, emailKey);
    const recipients = account ? await recoveryRecipients(ctx, account) : [];
    const recipient = recipients.find(({ channel }) => channel === account?.notificationChannel) ?? recipients[0];
    if (!account || !recipient) return [];
    if (!(await mayWriteTo(ctx, 'password_reset', account.id, resetLifetime(ctx, recipient.channel)))) return [];
    const reset = await createReset(ctx, resetFor(ctx, account, recipient.channel, 'request'));
    return reset ? composeLink(ctx, reset.id, recipient, resetLifetime(ctx, recipient.channel), false) : [];
  },
});

export interface MessageDelivery {
  readonly channel: Channel;
  readonly maskedDestination: string;
  readonly expiresAt: Date;
  readonly resendAfterSeconds: number;
}

/** Sends the person signed in a reset link over a channel of their own choice; where it goes is told masked. */
export async function sendPasswordResetLink(
  ctx: PersonContext,
  input: { readonly channel?: Channel | null },
): Promise<
  { delivery: MessageDelivery } | Problem<'CHANNEL_UNAVAILABLE', { availableChannels: Channel[] }> | RateLimited
> {
  const account = await findAccount(ctx, ctx.actor.accountId);
  if (!account) return problem('CHANNEL_UNAVAILABLE', { availableChannels: [] });
  const wanted = input.channel ?? account.notificationChannel;
  const recipients = await recoveryRecipients(ctx, account);
  const recipient = recipients.find(({ channel }) => channel === wanted);
  if (!recipient) {
    return problem('CHANNEL_UNAVAILABLE', { availableChannels: recipients.map(({ channel }) => channel) });
  }
  const delivery = await inTransaction(ctx, async (ctx) => {
    const reset = await createReset(ctx, {
      ...resetFor(ctx, account, recipient.channel, 'owner'),
      epoch: ctx.actor.epoch,
    });
    if (!reset) return null;
    await recordEvent(ctx, 'password_reset_requested', { accountId: account.id, sessionId: ctx.actor.sessionId });
    await enqueue(
      ctx,
      resetLinkMessage,
      { resetId: reset.id, accountId: account.id, channel: recipient.channel },
      { accountId: account.id },
    );
    return deliveryOf(recipient, reset.expiresAt);
  });
  return delivery ? { delivery } : problem('CHANNEL_UNAVAILABLE', { availableChannels: [] });
}

const deliveryOf = (recipient: Recipient, expiresAt: Date): MessageDelivery => ({
  channel: recipient.channel,
  maskedDestination: recipient.masked,
  expiresAt,
  resendAfterSeconds: RESEND_AFTER_SECONDS,
});

export interface StaffReset {
  readonly accountId: string;
  /** Null: the channel that the owner chose. */
  readonly channel: Channel | null;
  readonly source: 'staff' | 'support';
  readonly removesSecondFactors?: boolean;
  /** Where it goes instead: a contact never verified, released by two staff members. */
  readonly contact?: Recipient | null;
}

/**
 * Queues a link that staff decided on, in their transaction; they never see it. Null when the account can't be
 * reached that way.
 */
export async function enqueueResetLink(ctx: Context, wanted: StaffReset): Promise<MessageDelivery | null> {
  const account = await findAccount(ctx, wanted.accountId);
  if (!account) return null;
  const recipients = await recoveryRecipients(ctx, account);
  const channel = wanted.channel ?? account.notificationChannel;
  const recipient =
    wanted.contact ??
    recipients.find((known) => known.channel === channel) ??
    (wanted.channel === null ? recipients[0] : undefined);
  if (!recipient) return null;
  const reset = await createReset(ctx, {
    ...resetFor(ctx, account, recipient.channel, wanted.source),
    removesSecondFactors: wanted.removesSecondFactors ?? false,
  });
  if (!reset) return null;
  const payload = {
    resetId: reset.id,
    accountId: account.id,
    channel: recipient.channel,
    to: wanted.contact?.to ?? null,
  };
  await enqueue(ctx, resetLinkMessage, payload, { accountId: account.id });
  return deliveryOf(recipient, reset.expiresAt);
}

interface ResetLinkPayload extends Record<string, unknown> {
  readonly resetId: string;
  readonly accountId: string;
  readonly channel: Channel;
  /** A contact that staff released; absent for what the account verified. */
  readonly to?: string | null;
}

/** A link whose lifetime was fixed when it was asked for. */
export const resetLinkMessage = defineMessage<ResetLinkPayload>({
  name: 'password_reset_link',
  priority: 0,
  usefulSeconds: (ctx) => ctx.config.RESET_LINK_TTL,
  async compose(ctx, { resetId, accountId, channel, to }) {
    const account = await findAccount(ctx, accountId);
    if (!account) return [];
    const verified = (await recoveryRecipients(ctx, account)).find((known) => known.channel === channel);
    const recipient = to == null ? verified : { channel, to, masked: '' };
    return recipient ? composeLink(ctx, resetId, recipient, resetLifetime(ctx, channel), to != null) : [];
  },
});

async function composeLink(
  ctx: Context,
  resetId: string,
  recipient: Recipient,
  lifetimeSeconds: number,
  byStaff: boolean,
): Promise<Envelope[]> {
  const { channel, to } = recipient;
  if (channel === 'SMS' && !(await mayText(ctx, to, 'link'))) return [];
  const token = await mintToken(ctx, resetId);
  if (token === null) return [];
  const facts = {
    productName: ctx.config.PRODUCT_NAME,
    link: `${ctx.config.publicUrl}/reset-password#${token}`,
    lifetimeMinutes: Math.floor(lifetimeSeconds / 60),
    byStaff,
  };
  return [channel === 'EMAIL' ? { channel, to, letter: resetLetter(facts) } : { channel, to, text: resetText(facts) }];
}

/** 30 minutes by e-mail; 10 by SMS, which NIST SP 800-63B-4 §4.2.1.2 does not let live longer. Seconds. */
const resetLifetime = (ctx: Context, channel: Channel): number =>
  channel === 'SMS' ? Math.min(ctx.config.RESET_LINK_SMS_TTL, ctx.config.RESET_LINK_TTL) : ctx.config.RESET_LINK_TTL;

const resetFor = (ctx: Context, account: Account, channel: Channel, source: ResetRequest['source']): ResetRequest => ({
  accountId: account.id,
  epoch: account.credentialEpoch,
  channel,
  source,
  lifetimeSeconds: resetLifetime(ctx, channel),
});
