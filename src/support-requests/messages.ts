/** The words of manual resets: facts in, letter or text out. */
import type { Letter, TextMessage } from '../delivery/letters.js';
import { textMessage } from '../delivery/letters.js';

export interface RequestFacts {
  readonly productName: string;
  readonly reference: string;
}

const utc = (time: Date): string => `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** To the owner's address, when someone asks. */
export const receivedLetter = (facts: RequestFacts & { readonly dueAt: Date }): Letter => ({
  subject: `We received your request – ${facts.productName}`,
  paragraphs: [
    `Someone, hopefully you, asked our staff to reset the password of your ${facts.productName} account. A person will look at it.`,
  ],
  facts: [
    { label: 'Reference', value: facts.reference },
    { label: 'Decided by', value: utc(facts.dueAt) },
  ],
  footer: [
    'If it was not you, there is nothing to do: a request alone changes nothing. Our staff never ask for a password or a code.',
  ],
});

/** To the owner's address, when the answer is no. */
export const rejectedLetter = (facts: RequestFacts): Letter => ({
  subject: `Your request was declined – ${facts.productName}`,
  paragraphs: [
    `Our staff could not make sure that the request to reset the password of your ${facts.productName} account came from you. Nothing was changed.`,
  ],
  facts: [{ label: 'Reference', value: facts.reference }],
  footer: ['You can ask again, and tell more about how you can be recognised.'],
});

export interface HoldFacts extends RequestFacts {
  readonly releasedAt: Date;
  readonly cancelLink: string;
  /** Where the link will go, masked. */
  readonly destination: string;
  readonly removesSecondFactors: boolean;
}

/** To every known channel, while there is time to stop it. */
export const holdLetter = (facts: HoldFacts): Letter => ({
  subject: `A reset of your password is about to happen – ${facts.productName}`,
  paragraphs: [
    `Our staff approved a request to reset the password of your ${facts.productName} account. Unless you stop it, a reset link goes out at the time below.`,
    ...(facts.removesSecondFactors ? ['With the reset your second factors are taken off the account.'] : []),
  ],
  facts: [
    { label: 'Reference', value: facts.reference },
    { label: 'Goes out', value: utc(facts.releasedAt) },
    { label: 'Goes to', value: facts.destination },
  ],
  action: { label: 'Stop the Reset', url: facts.cancelLink },
  afterAction: [
    'If you asked for it, there is nothing to do. If you did not, stop it now: nothing was changed so far.',
  ],
  footer: ['You get this message on every channel we know of. It cannot be switched off.'],
});

export const holdText = (facts: HoldFacts): TextMessage =>
  textMessage(
    `${facts.productName}: a password reset that staff approved happens ${utc(facts.releasedAt)}. Not you? Stop it: ${facts.cancelLink}`,
  );

export interface ReminderFacts {
  readonly productName: string;
  readonly deskLink: string;
  readonly due: readonly string[];
  readonly overdue: readonly string[];
}

/** To the staff's mailbox: references and no word of what people wrote. */
export const reminderLetter = ({ productName, deskLink, due, overdue }: ReminderFacts): Letter => ({
  subject: `${overdue.length > 0 ? 'Overdue' : 'Due soon'}: requests for a manual reset – ${productName}`,
  paragraphs: ['People wait for a decision on their requests.'],
  facts: [
    ...(overdue.length > 0 ? [{ label: 'Past due', value: shortList(overdue) }] : []),
    ...(due.length > 0 ? [{ label: 'Due soon', value: shortList(due) }] : []),
  ],
  action: { label: 'Open the Staff Desk', url: deskLink },
  footer: ['Each request is reminded of once before it is due, and once when it is past due.'],
});

const shortList = (references: readonly string[]): string =>
  references.length <= 8
    ? references.join(', ')
    : `${references.slice(0, 8).join(', ')} and ${references.length - 8} more`;
