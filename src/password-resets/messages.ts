/** The words of the reset letter: facts in, letter out. */
import type { Letter, TextMessage } from '../delivery/letters.js';
import { textMessage } from '../delivery/letters.js';
import { inWords } from '../accounts/messages.js';

export interface ResetFacts {
  readonly productName: string;
  readonly link: string;
  readonly lifetimeMinutes: number;
  /** Whether the person at the support desk, and not the owner's own click, caused it. */
  readonly byStaff: boolean;
}

export const resetLetter = (facts: ResetFacts): Letter => ({
  subject: `Reset your ${facts.productName} password`,
  paragraphs: [
    facts.byStaff
      ? `Our staff sent you this link to choose a new password for your ${facts.productName} account.`
      : `Someone, hopefully you, asked to reset the password of your ${facts.productName} account.`,
  ],
  action: { label: 'Reset My Password', url: facts.link },
  afterAction: [
    `The link works for ${inWords(facts.lifetimeMinutes)} and once. When the password is set, every device is signed out.`,
  ],
  footer: [
    'If you did not ask for this, ignore the letter: your password stays as it is. Nobody from our staff will ever ask you for the link.',
  ],
});

export const resetText = (facts: ResetFacts): TextMessage =>
  textMessage(`${facts.productName}: reset your password within ${inWords(facts.lifetimeMinutes)}: ${facts.link}`);
