/** Where an approved link goes: to what the owner verified, or to a contact that two staff members release. */
import type { Context } from '../base/context.js';
import { canSendSms, emailRecipient, smsRecipient, type Recipient } from '../accounts/channels.js';
import type { Account } from '../accounts/tables.js';
import { parseEmail } from '../base/email-address.js';
import { isAllowedPrefix, parsePhoneNumber } from '../delivery/addresses.js';
import type { SupportRequest } from './tables.js';

export type DeliveryTarget = NonNullable<SupportRequest['deliverTo']>;

/** Where an approved link goes, or null where nothing can be sent there. */
export function recipientOf(
  ctx: Pick<Context, 'config'>,
  deliverTo: DeliveryTarget,
  account: Account,
  verified: readonly Recipient[],
  request: SupportRequest,
): Recipient | null {
  if (deliverTo === 'REQUEST_CONTACT') return contactRecipient(ctx, request.contact ?? '');
  const wanted = deliverTo === 'NOTIFICATION_CHANNEL' ? account.notificationChannel : deliverTo;
  return verified.find(({ channel }) => channel === wanted) ?? null;
}

/** A contact as the person typed it: an address or a number, read as strictly as any. */
function contactRecipient({ config }: Pick<Context, 'config'>, contact: string): Recipient | null {
  const address = parseEmail(contact);
  if (address) return emailRecipient(address.email);
  const number = parsePhoneNumber(contact);
  const canSend = number !== null && canSendSms(config) && isAllowedPrefix(number, config.SMS_COUNTRY_PREFIXES);
  return canSend ? smsRecipient(number) : null;
}
