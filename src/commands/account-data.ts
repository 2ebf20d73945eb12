/**
 * Everything that is kept of a person, for the person (article 15 of the GDPR). Left out are secrets and what is made of them,
 * the words of strangers and of staff, and who of staff did what.
 */
import type { Context } from '../base/context.js';
import { currentTime } from '../base/time.js';
import type { Account } from '../accounts/tables.js';
import { passwordSetAt } from '../passwords/service.js';
import { auditOf, eventsOf, reviewsOf, supportRequestsOf } from './account-history.js';
import * as holdings from './account-holdings.js';

/** The data of one account, open, closed or erased, ready to be written as JSON; times in RFC 3339. */
export async function accountData(ctx: Context, account: Account) {
  const { id, email, displayName, role, notificationChannel, createdAt, lastSignInAt, passwordResetRequired } = account;
  return {
    exportedAt: await currentTime(ctx),
    account: {
      id,
      email,
      displayName,
      role,
      notificationChannel,
      createdAt,
      lastSignInAt,
      passwordSetAt: await passwordSetAt(ctx, id),
      passwordResetRequired,
      lock: account.lockedAt && { since: account.lockedAt, reason: account.lockReason, until: account.lockExpiresAt },
      closedAt: account.closedAt,
      erasedAt: account.erasedAt,
    },
    phoneNumber: await holdings.phoneNumberOf(ctx, id),
    phoneNumberToConfirm: await holdings.phoneNumberToConfirmOf(ctx, id),
    emailChanges: await holdings.emailChangesOf(ctx, id),
    formerContacts: await holdings.formerContactsOf(ctx, id),
    secondFactors: await holdings.secondFactorsOf(ctx, id),
    recoveryCodes: await holdings.recoveryCodesOf(ctx, id),
    passkeys: await holdings.passkeysOf(ctx, id),
    sessions: await holdings.sessionsOf(ctx, id),
    rememberedDevices: await holdings.rememberedDevicesOf(ctx, id),
    qrSignIns: await holdings.qrSignInsOf(ctx, id),
    passwordResets: await holdings.passwordResetsOf(ctx, id),
    disownLinks: await holdings.disownLinksOf(ctx, id),
    letters: await holdings.lettersOf(ctx, account),
    securityEvents: await eventsOf(ctx, id),
    reviews: await reviewsOf(ctx, id),
    supportRequests: await supportRequestsOf(ctx, account),
    auditEntries: await auditOf(ctx, id),
  };
}

type Part = keyof Awaited<ReturnType<typeof accountData>>;

/** Which part tells of which table. A test compares both lists with the tables that refer to an account. */
export const EXPORTED_TABLES = {
  accounts: 'account',
  passwords: 'account',
  phone_numbers: 'phoneNumber',
  phone_verifications: 'phoneNumberToConfirm',
  email_changes: 'emailChanges',
  account_snapshots: 'formerContacts',
  second_factors: 'secondFactors',
  recovery_codes: 'recoveryCodes',
  passkeys: 'passkeys',
  sessions: 'sessions',
  remembered_devices: 'rememberedDevices',
  qr_requests: 'qrSignIns',
  password_resets: 'passwordResets',
  disown_tokens: 'disownLinks',
  outbox: 'letters',
  security_events: 'securityEvents',
  account_flags: 'reviews',
  support_requests: 'supportRequests',
  audit_entries: 'auditEntries',
} as const satisfies Record<string, Part>;

/** What refers to an account and is not exported, and why. */
export const TABLES_LEFT_OUT = {
  challenges: 'a secret for ten minutes; what came of it is an event',
  passkey_ceremonies: 'a secret for five minutes; what came of it is an event',
  cancel_tokens: 'a secret; the request to support is exported',
  sign_up_links: 'an address before there is an account, perhaps typed by a stranger; gone within days',
  flag_events: 'which of the events a rule counted: the events are exported, and how rules work is no one’s data',
  flag_actions: 'what staff wrote and who they are; what came of it is among the reviews',
} as const;
