/** How the owner of an account can be reached: always by what was verified, never by what a request says. */
import { eq, sql } from 'drizzle-orm';
import type { Config } from '../base/config.js';
import type { Context } from '../base/context.js';
import { open } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { maskEmail, maskPhoneNumber } from '../delivery/addresses.js';
import { phoneNumbers, type Account } from './tables.js';

export type Channel = 'EMAIL' | 'SMS';

/** Whether this installation can send text messages: by a provider, or to the mailbox of development and test. */
export const canSendSms = (config: Config): boolean => config.SMS_URL !== null || config.mailboxFile !== null;

export interface VerifiedPhone {
  /** E.164. */
  readonly number: string;
  /** Whether it has been on the account long enough to receive reset links. */
  readonly mayRecover: boolean;
}

export async function verifiedPhone(ctx: Context, accountId: string): Promise<VerifiedPhone | null> {
  const [row] = await ctx.db
    .select({
      number: phoneNumbers.number,
      verifiedAt: phoneNumbers.verifiedAt,
      mayRecover: sql<boolean>`coalesce(${phoneNumbers.recoveryFrom} <= ${clock(ctx)}, false)`,
    })
    .from(phoneNumbers)
    .where(eq(phoneNumbers.accountId, accountId));
  if (!row?.verifiedAt) return null;
  return {
    number: open(ctx.config.secretKeys, `phone_numbers:${accountId}`, row.number),
    mayRecover: row.mayRecover,
  };
}

export interface Recipient {
  readonly channel: Channel;
  readonly to: string;
  /** What the person may be shown of it. */
  readonly masked: string;
}

export const emailRecipient = (email: string): Recipient => ({ channel: 'EMAIL', to: email, masked: maskEmail(email) });

export const smsRecipient = (number: string): Recipient => ({
  channel: 'SMS',
  to: number,
  masked: maskPhoneNumber(number),
});

/** Where reset links may go now: the address always, the number when it is verified, old enough and can be sent to. */
export async function recoveryRecipients(ctx: Context, account: Account): Promise<Recipient[]> {
  const recipients = account.email === null ? [] : [emailRecipient(account.email)];
  const phone = canSendSms(ctx.config) ? await verifiedPhone(ctx, account.id) : null;
  if (phone?.mayRecover) recipients.push(smsRecipient(phone.number));
  return recipients;
}

/** Where a security notice goes: everywhere the owner can be reached, however new the number. */
export async function noticeRecipients(ctx: Context, account: Account): Promise<Recipient[]> {
  const recipients = account.email === null ? [] : [emailRecipient(account.email)];
  const phone = canSendSms(ctx.config) ? await verifiedPhone(ctx, account.id) : null;
  if (phone) recipients.push(smsRecipient(phone.number));
  return recipients;
}
