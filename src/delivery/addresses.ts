/** Telephone numbers: what is accepted; and how numbers and addresses are shown masked. */
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { trimSpaces } from '../base/email-address.js';

const HIDDEN = '•••';

/** An address for eyes that may not see it whole: `ada@example.org` becomes `a•••@example.org`, whatever its length. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  return at < 1 ? HIDDEN : `${email.slice(0, 1)}${HIDDEN}${email.slice(at)}`;
}

/** A number for eyes that may not see it whole: `+4712345678` becomes `••• ••78`, whatever its length. */
export function maskPhoneNumber(e164: string): string {
  return /\d{2}$/.test(e164) ? `${HIDDEN} ••${e164.slice(-2)}` : HIDDEN;
}

// Numbers that cost the sender more, or that no person reads texts at.
const REFUSED_TYPES = new Set([
  'PREMIUM_RATE',
  'SHARED_COST',
  'TOLL_FREE',
  'PERSONAL_NUMBER',
  'PAGER',
  'UAN',
  'VOICEMAIL',
]);

/**
 * Reads a telephone number in international form (`+`, then digits, which spaces, dots, hyphens and brackets may part)
 * and gives it as E.164. Null for anything else: national forms, extensions, numbers of an impossible length, numbers
 * without a country, premium and other special rates. Whether anybody has the number only a code sent to it
 * shows; so a range newer than our tables is not refused.
 */
export function parsePhoneNumber(text: string): string | null {
  const written = trimSpaces(text);
  if (!/^\+[0-9][0-9 ().\u00A0-]{4,28}$/.test(written)) return null;
  const phone = parsePhoneNumberFromString(written, { extract: false });
  if (!phone || phone.ext || !phone.isPossible() || phone.isNonGeographic()) return null;
  return REFUSED_TYPES.has(phone.getType() ?? '') ? null : phone.number;
}

/**
 * Whether an E.164 number begins with one of the prefixes the operator allows, such as `+47` or `+1415`; the `+` may
 * be left out. An empty list allows all. `+1` also covers the Caribbean: list area codes where that costs.
 */
export function isAllowedPrefix(e164: string, prefixes: readonly string[]): boolean {
  if (prefixes.length === 0) return true;
  return prefixes.some((prefix) => {
    const digits = prefix.trim().replace(/^\+/, '');
    return /^\d+$/.test(digits) && e164.startsWith(`+${digits}`);
  });
}
