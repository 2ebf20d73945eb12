/** What the owner is told after "this was not me": facts in, letter or text out. */
import type { Letter, TextMessage } from '../delivery/letters.js';
import { textMessage } from '../delivery/letters.js';

export interface SecuredFacts {
  readonly productName: string;
  readonly resetLink: string;
}

export const securedLetter = ({ productName, resetLink }: SecuredFacts): Letter => ({
  subject: `Your account was secured – ${productName}`,
  paragraphs: [
    'Someone told us, with a link from one of our messages to you, that something on your account was not their doing.',
    'Everyone else was signed out and the password no longer works. Reset it to come back. Our staff will look at the account.',
  ],
  action: { label: 'Reset My Password', url: resetLink },
  footer: ['You get this message because it concerns the security of your account. It cannot be switched off.'],
});

export const securedText = ({ productName, resetLink }: SecuredFacts): TextMessage =>
  textMessage(`${productName}: your account was secured and the password no longer works. Reset it: ${resetLink}`);
