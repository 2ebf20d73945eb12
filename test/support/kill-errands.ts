/** All that people do while the program is killed under them: each mutation of the schema, and what it leaves. */
import { contactErrands } from './kill-contact.js';
import { deskErrands } from './kill-desk.js';
import type { Errand } from './kill-errand.js';
import { factorErrands } from './kill-factors.js';
import { wayErrands } from './kill-ways-in.js';

export const errands: readonly Errand[] = [...contactErrands, ...factorErrands, ...wayErrands, ...deskErrands];

/** What `kill-life.ts` does with passwords, since each of it changes what opens the account; and its evidence. */
const passwordDeeds: Record<string, readonly string[]> = {
  // Of the two that are asked for by an address alone, the letters are counted.
  signUp: [],
  requestPasswordReset: [],
  completeSignUp: ['account_created', 'signed_in'],
  signIn: ['signed_in'],
  changePassword: ['password_changed'],
  completePasswordReset: ['password_reset'],
};

/** What the database must hold for each mutation, by its name. */
export const evidenceOf: ReadonlyMap<string, readonly string[]> = new Map([
  ...Object.entries(passwordDeeds),
  ...errands.map(({ mutation, evidence }) => [mutation, evidence] as const),
]);
