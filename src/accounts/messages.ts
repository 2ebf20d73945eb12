/** The words of sign-up letters and security notices: facts in, letter out. */
import type { Letter, TextMessage } from '../delivery/letters.js';
import { textMessage, userText } from '../delivery/letters.js';
import type { EventKind } from '../security-events/service.js';

export interface NoticeFacts {
  readonly productName: string;
  readonly kind: EventKind;
  readonly at: Date;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly disownLink: string;
  readonly disownDays: number;
}

/** What happened, as a title and a sentence. Kinds that nobody is written about fall back to a general line. */
const noticeWords: Partial<Record<EventKind, readonly [title: string, sentence: string]>> = {
  account_created: ['Your account is ready', 'Your account was created and a password was chosen for it.'],
  signed_in: [
    'New sign-in to your account',
    'Someone signed in to your account from a device that we have not seen before.',
  ],
  second_factor_failed: [
    'Someone knows your password',
    'Someone entered the right password of your account, but failed the second step.',
  ],
  password_reset: ['Your password was reset', 'A new password was set with a reset link. Every device was signed out.'],
  password_changed: ['Your password was changed', 'Your password was changed. Every other device was signed out.'],
  password_reset_forced: [
    'Your password must be reset',
    'Our staff made your password void because someone else may know it. Every device was signed out.',
  ],
  second_factor_added: ['A second factor was added', 'A second factor was added to your account.'],
  second_factor_removed: ['A second factor was removed', 'A second factor was removed from your account.'],
  recovery_codes_regenerated: ['New recovery codes', 'The recovery codes of your account were replaced.'],
  recovery_code_used: ['A recovery code was used', 'One of your recovery codes was used to sign in.'],
  passkey_added: ['A passkey was added', 'A passkey was added to your account.'],
  passkey_removed: ['A passkey was removed', 'A passkey was removed from your account.'],
  email_change_requested: [
    'A change of address was asked for',
    'Someone asked to change the address of your account. This one stays in force until the new one is confirmed.',
  ],
  email_changed: ['Your address was changed', 'The address used to sign in to your account was changed.'],
  phone_number_changed: ['Your telephone number was changed', 'The telephone number of your account was changed.'],
  notification_channel_changed: [
    'Where we write to you was changed',
    'The channel for security messages about your account was changed.',
  ],
  qr_sign_in_approved: [
    'A new device was signed in',
    'A new device was signed in with a QR code that one of yours approved.',
  ],
  manual_reset_decided: [
    'A reset of your password was approved',
    'Our staff approved a request to reset your password and sent a link to a channel that you verified.',
  ],
  account_locked: ['Your account was locked', 'Our staff locked your account. Every device was signed out.'],
  account_unlocked: ['Your account was unlocked', 'Our staff unlocked your account.'],
  account_closed: ['Your account was closed', 'Your account was closed. Nobody can sign in to it any more.'],
  role_changed: [
    'Your rights were changed',
    'What you may do as staff was changed by an operator. Every device was signed out.',
  ],
  session_revoked: ['You were signed out everywhere', 'Every session of your account was ended.'],
  event_disowned: [
    'Your account was secured',
    'Someone told us that a change was not theirs. Every device was signed out and the password is void: reset it to come back.',
  ],
};

function wordsFor(kind: EventKind): readonly [string, string] {
  return noticeWords[kind] ?? ['News about your account', 'Something about the security of your account was changed.'];
}

export function noticeLetter(facts: NoticeFacts): Letter {
  const [title, sentence] = wordsFor(facts.kind);
  return {
    subject: `${title} – ${facts.productName}`,
    paragraphs: [sentence],
    facts: [
      { label: 'When', value: `${facts.at.toISOString().slice(0, 16).replace('T', ' ')} UTC` },
      ...(facts.userAgent ? [{ label: 'Device', value: userText(facts.userAgent, 120) }] : []),
      ...(facts.ip ? [{ label: 'Address', value: facts.ip }] : []),
    ],
    action: { label: 'This was not me', url: facts.disownLink },
    afterAction: [
      `If it was you, there is nothing to do. If it was not, use the button within ${facts.disownDays} days: everyone is signed out, the password stops working, and what was changed is put back.`,
    ],
    footer: ['You get this message because it concerns the security of your account. It cannot be switched off.'],
  };
}

export const noticeText = (facts: NoticeFacts): TextMessage =>
  textMessage(`${facts.productName}: ${wordsFor(facts.kind)[0]}. Not you? ${facts.disownLink}`);

export interface LinkFacts {
  readonly productName: string;
  readonly link: string;
  readonly lifetimeMinutes: number;
}

export const signUpLetter = (facts: LinkFacts): Letter => ({
  subject: `Create your ${facts.productName} account`,
  paragraphs: [`Someone, hopefully you, asked for a ${facts.productName} account with this address.`],
  action: { label: 'Create My Account', url: facts.link },
  afterAction: [`The link works for ${inWords(facts.lifetimeMinutes)} and once.`],
  footer: ['If you did not ask for this, ignore the letter: no account is made without the link.'],
});

export const alreadyRegisteredLetter = (facts: { productName: string; signInLink: string }): Letter => ({
  subject: `You already have a ${facts.productName} account`,
  paragraphs: [
    `Someone, hopefully you, asked for a new ${facts.productName} account with this address. It already has one.`,
    'Sign in as usual. If you forgot the password, choose "Forgot password?" there.',
  ],
  action: { label: 'Go to Sign-in', url: facts.signInLink },
  footer: ['If you did not ask for this, ignore the letter: nothing was changed.'],
});

/** `1440` → `24 hours`. */
export function inWords(minutes: number): string {
  if (minutes < 1) return 'less than a minute';
  if (minutes % 60 === 0 && minutes >= 120) return `${minutes / 60} hours`;
  return minutes === 1 ? '1 minute' : minutes === 60 ? '1 hour' : `${minutes} minutes`;
}
