/** The words of one-time codes: facts in, letter or text out. */
import type { Letter, TextMessage } from '../delivery/letters.js';
import { textMessage } from '../delivery/letters.js';

export interface CodeFacts {
  readonly productName: string;
  readonly code: string;
  readonly lifetimeMinutes: number;
}

/** The last line is for the browser: the code is filled in on this site and on no other (WebOTP). */
export const codeText = (facts: CodeFacts & { readonly host: string }): TextMessage =>
  textMessage(
    `${facts.code} is your ${facts.productName} code. It works for ${minutes(facts.lifetimeMinutes)}. Never tell it to anyone.\n\n@${facts.host} #${facts.code}`,
  );

export const codeLetter = (facts: CodeFacts): Letter => ({
  subject: `Your ${facts.productName} code`,
  paragraphs: [
    `Enter this code where ${facts.productName} asks for it. It works for ${minutes(facts.lifetimeMinutes)}.`,
  ],
  code: facts.code,
  footer: [
    'If you did not ask for it, someone may know your password: change it. Never tell the code to anyone; our staff do not ask for it.',
  ],
});

const minutes = (count: number): string => (count <= 1 ? '1 minute' : `${count} minutes`);
