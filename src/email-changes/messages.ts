/** The words around a change of address: facts in, letter out. */
import { inWords } from '../accounts/messages.js';
import type { Letter } from '../delivery/letters.js';

export const confirmEmailLetter = (facts: {
  readonly productName: string;
  readonly link: string;
  readonly lifetimeMinutes: number;
}): Letter => ({
  subject: `Confirm your new address – ${facts.productName}`,
  paragraphs: [`Someone, hopefully you, asked to sign in to ${facts.productName} with this address from now on.`],
  action: { label: 'Confirm This Address', url: facts.link },
  afterAction: [`The link works for ${inWords(facts.lifetimeMinutes)} and once. Until then nothing changes.`],
  footer: ['If you did not ask for this, ignore the letter: nothing is changed without the link.'],
});

export const addressTakenLetter = (facts: { readonly productName: string; readonly signInLink: string }): Letter => ({
  subject: `This address already has a ${facts.productName} account`,
  paragraphs: [
    `Someone, hopefully you, asked to use this address for another ${facts.productName} account. It already has one, so nothing was changed.`,
  ],
  action: { label: 'Go to Sign-in', url: facts.signInLink },
  footer: ['If you did not ask for this, ignore the letter.'],
});
