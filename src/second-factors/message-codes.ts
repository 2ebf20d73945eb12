/** Codes by SMS and e-mail: eight digits, made when the message is composed, void when the request said (R-068 to R-071). */
import { sql, type SQL } from 'drizzle-orm';
import { inTransaction, type Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { problem, type Problem, type RateLimited } from '../base/problems.js';
import { codeMac, newCode } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import {
  canSendSms,
  emailRecipient,
  smsRecipient,
  verifiedPhone,
  type Channel,
  type Recipient,
} from '../accounts/channels.js';
import { findAccount } from '../accounts/service.js';
import { defineMessage, enqueue, type Envelope } from '../delivery/outbox.js';
import { mayText, reserveCode } from '../delivery/text-limits.js';
import { confirmedMethods, liveChallenge, type TokenInvalid } from './challenges.js';
import { codeLetter, codeText } from './messages.js';
import type { SecondFactorMethod } from './tables.js';

export const CODE_DIGITS = 8;
/** How long a person is asked to wait before asking for another code. Seconds. */
export const RESEND_CODE_AFTER = 60;

export interface MessageDelivery {
  readonly channel: Channel;
  readonly maskedDestination: string;
  readonly expiresAt: Date;
  readonly resendAfterSeconds: number;
}

export type ChannelUnavailable = Problem<'CHANNEL_UNAVAILABLE', { availableChannels: Channel[] }>;

/** Where a code for the account goes over this channel; null when it cannot go there now. */
export async function codeRecipient(ctx: Context, accountId: string, channel: Channel): Promise<Recipient | null> {
  if (channel === 'EMAIL') {
    const account = ctx.config.EMAIL_CODES ? await findAccount(ctx, accountId) : null;
    return account?.email == null ? null : emailRecipient(account.email);
  }
  const phone = canSendSms(ctx.config) ? await verifiedPhone(ctx, accountId) : null;
  return phone && smsRecipient(phone.number);
}

export const deliveryTo = ({ channel, masked }: Recipient, expiresAt: Date): MessageDelivery => ({
  channel,
  maskedDestination: masked,
  expiresAt,
  resendAfterSeconds: RESEND_CODE_AFTER,
});

/** Makes a code; what is stored of it is a keyed digest. */
export function newMessageCode(ctx: Context): { code: string; mac: string } {
  const code = newCode(CODE_DIGITS);
  return { code, mac: codeMac(ctx.config.secretKeys, 'code', code) };
}

/** The message that carries a code. A text that would break the limits is not sent: nobody is told (R-071). */
export async function codeEnvelopes(
  ctx: Context,
  { channel, to }: Recipient,
  code: string,
  lifetimeSeconds: number,
  purpose: 'verification' | 'code' = 'code',
): Promise<Envelope[]> {
  const lifetimeMinutes = Math.max(1, Math.floor(lifetimeSeconds / 60));
  const facts = { productName: ctx.config.PRODUCT_NAME, code, lifetimeMinutes };
  if (channel === 'EMAIL') return [{ channel, to, letter: codeLetter(facts) }];
  if (!(await mayText(ctx, to, purpose))) return [];
  return [{ channel, to, text: codeText({ ...facts, host: new URL(ctx.config.publicUrl).host }) }];
}

/** How long until then, in whole seconds. */
export const secondsLeft = (ctx: Context, then: SQL): SQL =>
  sql`round(extract(epoch from ${then} - ${clock(ctx)}))::int`;

export interface SendChallengeCodeInput {
  readonly challenge: string;
  readonly method: SecondFactorMethod;
  /** The `pending` cookie. */
  readonly binding: string | null;
}

/**
 * Sends the code of a challenge. A new code replaces the earlier one; the failures of the challenge stay (R-021), and how
 * long the code works is fixed now.
 */
export async function sendChallengeCode(
  ctx: Context,
  input: SendChallengeCodeInput,
): Promise<{ delivery: MessageDelivery } | TokenInvalid | ChannelUnavailable | RateLimited> {
  const challenge = await liveChallenge(ctx, input);
  if (!challenge) return problem('TOKEN_INVALID');
  const { id, accountId, linkChannel } = challenge;
  const accepted = await confirmedMethods(ctx, accountId, linkChannel);
  const { method } = input;
  const isSendable = (method === 'SMS' || method === 'EMAIL') && accepted.includes(method);
  const recipient = isSendable ? await codeRecipient(ctx, accountId, method) : null;
  if (!recipient)
    return problem('CHANNEL_UNAVAILABLE', { availableChannels: await sendable(ctx, accountId, accepted) });
  const refused = await reserveCode(ctx, accountId);
  if (refused) return refused;
  return inTransaction(ctx, async (ctx) => {
    const expiresAt = await prepareCode(ctx, id, recipient.channel);
    if (!expiresAt) return problem('TOKEN_INVALID');
    await enqueue(ctx, challengeCodeMessage, { challengeId: id }, { accountId });
    return { delivery: deliveryTo(recipient, expiresAt) };
  });
}

async function sendable(ctx: Context, accountId: string, accepted: SecondFactorMethod[]): Promise<Channel[]> {
  const channels: Channel[] = [];
  for (const channel of ['EMAIL', 'SMS'] as const) {
    if (accepted.includes(channel) && (await codeRecipient(ctx, accountId, channel))) channels.push(channel);
  }
  return channels;
}

async function prepareCode(ctx: Context, challengeId: string, channel: Channel): Promise<Date | null> {
  const [row] = await rows<{ ms: string | number }>(
    ctx.db,
    sql`update challenges c set code_method = ${channel}, code_mac = null,
          code_expires_at = least(c.expires_at, ${fromNow(ctx, ctx.config.CODE_TTL)})
        from accounts where c.id = ${challengeId} and c.used_at is null and c.expires_at > ${clock(ctx)}
          and accounts.id = c.account_id and accounts.credential_epoch = c.epoch and accounts.closed_at is null
        returning (extract(epoch from code_expires_at) * 1000)::bigint as ms`,
  );
  return row ? new Date(Number(row.ms)) : null;
}

/** Composed in the worker: here the code is made. */
export const challengeCodeMessage = defineMessage<{ readonly challengeId: string }>({
  name: 'challenge_code',
  priority: 0,
  usefulSeconds: (ctx) => ctx.config.CODE_TTL,
  async compose(ctx, { challengeId }) {
    const { code, mac } = newMessageCode(ctx);
    const [row] = await rows<{ account_id: string; code_method: Channel; seconds: number }>(
      ctx.db,
      sql`update challenges c set code_mac = ${mac} from accounts
          where c.id = ${challengeId} and accounts.id = c.account_id and accounts.credential_epoch = c.epoch
            and c.used_at is null and c.code_expires_at > ${clock(ctx)} 
          returning c.account_id, c.code_method, ${secondsLeft(ctx, sql`c.code_expires_at`)} as seconds`,
    );
    const recipient = row ? await codeRecipient(ctx, row.account_id, row.code_method) : null;
    return row && recipient ? codeEnvelopes(ctx, recipient, code, row.seconds) : [];
  },
});
