/** The rules that a new password must satisfy. Pure: what must be looked up elsewhere comes in as facts. */
import { isCommonPassword, isMadeOfTerms } from './common-passwords.js';
import { countCodePoints, isTooLong, MAX_CODE_POINTS, normalizePassword } from './password-text.js';

export { isWellFormedPassword } from './password-text.js';

/** Without a second factor NIST SP 800-63B-4 asks for 15; an installation that always asks for one may take 8. */
export const DEFAULT_MIN_LENGTH = 15;

/** What each rule asks of a person, safe to show: no message repeats any part of a password. */
const MESSAGES = {
  MIN_LENGTH: (minLength: number) =>
    `Use at least ${minLength} characters. Several unrelated words are easy to remember.`,
  MAX_LENGTH: () => `Use at most ${MAX_CODE_POINTS} characters.`,
  NOT_COMMON: () =>
    'This password is used by many people or is easy to guess. Choose one that only you would think of.',
  NOT_BREACHED: () => 'This password is known from a breach elsewhere. Choose one that you have used nowhere else.',
  NOT_PERSONAL: () => 'Do not make the password of your name, your address or the name of this service.',
  NOT_REUSED: () => 'You have used this password before. Choose a new one.',
} as const;

/** The rules by the names that the contract gives them. */
export type PasswordRule = keyof typeof MESSAGES;

/** What the rules need to know besides the password. What is left out is not checked. */
export interface PasswordFacts {
  /** In code points after NFC. */
  minLength?: number;
  email?: string | undefined;
  displayName?: string | null | undefined;
  productName?: string | undefined;
  /** What `breachStatus` found; only `breached` violates the rule. */
  breachStatus?: 'breached' | 'clear' | 'unknown';
  /** Whether it verifies against one of the earlier passwords that the installation remembers. */
  isReused?: boolean;
}

/**
 * Every rule that the password violates; none means that it may be set. There are no rules about kinds of characters
 * . A password that is not well formed is no character at all, and violates MIN_LENGTH; the contract has no rule
 * for it, so ask `isWellFormedPassword` first and answer `InvalidInput`.
 */
export function checkPassword(password: string, facts: PasswordFacts = {}): PasswordRule[] {
  // SECURITY: nothing below may see a text of unbounded length.
  if (isTooLong(password)) return ['MAX_LENGTH'];
  const normalized = normalizePassword(password);
  if (normalized === null) return ['MIN_LENGTH'];
  const violations: PasswordRule[] = [];
  if (countCodePoints(normalized) < (facts.minLength ?? DEFAULT_MIN_LENGTH)) violations.push('MIN_LENGTH');
  if (isCommonPassword(normalized)) violations.push('NOT_COMMON');
  if (facts.breachStatus === 'breached') violations.push('NOT_BREACHED');
  if (isMadeOfTerms(normalized, personalTerms(facts))) violations.push('NOT_PERSONAL');
  if (facts.isReused) violations.push('NOT_REUSED');
  return violations;
}

/** The rule in plain English, as `PasswordViolation.message` carries it. */
export function passwordRuleMessage(rule: PasswordRule, minLength: number = DEFAULT_MIN_LENGTH): string {
  return MESSAGES[rule](minLength);
}

/**
 * The address, its two sides, the domain without its ending, the names, and every word within them. Words of fewer than
 * three characters are left out: they occur in everything.
 */
function personalTerms({ email = '', displayName, productName = '' }: PasswordFacts): string[] {
  const [localPart = '', domain = ''] = email.split(/@(?=[^@]*$)/);
  const whole = [email, localPart, localPart.replace(/\+.*/, ''), domain, domain.replace(/\.[^.]*$/, '')];
  const texts = [...whole, displayName ?? '', productName].map((text) => text.normalize('NFC').toLowerCase().trim());
  const parts = texts.flatMap((text) => [
    text,
    ...text.split(/[^\p{L}\p{M}\p{N}]+/u),
    ...text.split(/[^\p{L}\p{M}]+/u),
  ]);
  return [...new Set(parts)].filter((part) => part.length >= 3);
}
