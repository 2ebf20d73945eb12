/**
 * E-mail addresses and telephone numbers: what is accepted, how two of them are compared, how they are shown masked.
 * The one place that computes the comparison key of an address.
 */
import { domainToASCII, domainToUnicode } from 'node:url';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** An accepted address: `email` to send to (local part as written), `key` to compare, look up and limit by. */
export interface EmailAddress {
  readonly email: string;
  readonly key: string;
}

// RFC 5321 dot-string in ASCII, without `%`, which mail servers once routed by and proxies decode.
const LOCAL = /^[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+)*$/;
// RFC 2047: some mail software decodes such a word inside an address, and then sends elsewhere.
const ENCODED_WORD = '=?';
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const ASCII = /^[\x00-\x7F]*$/;
const MOST_BYTES = 254;

/**
 * Reads one e-mail address strictly: an ASCII dot-atom of at most 64 characters, `@`, a domain name of at
 * least two labels; 254 bytes at most. Spaces around it are forgiven, since people paste. Quotes, comments, groups, lists,
 * control characters, percent signs, address literals and anything else are refused with null.
 *
 * The domain is lower-cased and written as A-labels (IDNA). The local part keeps its case in `email` and is folded in
 * `key` by an ASCII-only rule: no letter outside ASCII ever becomes one inside it, in either part.
 */
export function parseEmail(text: string): EmailAddress | null {
  const written = trimSpaces(text);
  if (Buffer.byteLength(written) > MOST_BYTES) return null;
  const at = written.indexOf('@');
  if (at < 1) return null;
  const local = written.slice(0, at);
  if (local.length > 64 || !LOCAL.test(local) || local.includes(ENCODED_WORD)) return null;
  const domain = parseDomain(written.slice(at + 1));
  if (domain === null || local.length + 1 + domain.length > MOST_BYTES) return null;
  // `local` is ASCII by now: toLowerCase can fold nothing else.
  return { email: `${local}@${domain}`, key: `${local.toLowerCase()}@${domain}` };
}

/** Only spaces: a line feed at the end of an address is not an accident to forgive. */
const trimSpaces = (text: string): string => text.replace(/^ +/, '').replace(/ +$/, '');

function parseDomain(written: string): string | null {
  const source = written.split('.');
  // Checked before the conversion, which would decode percent signs and take other dots for dots.
  if (source.length < 2 || !source.every((label) => /^[A-Za-z0-9\u0080-\u{10FFFF}-]+$/u.test(label))) return null;
  if (/\p{C}/u.test(written)) return null;
  const domain = domainToASCII(written);
  const labels = domain.split('.');
  if (domain.length > 253 || labels.length !== source.length || !labels.every((label) => LABEL.test(label)))
    return null;
  // A top-level domain begins with a letter; this also refuses addresses such as 127.0.0.1.
  if (!/^[a-z]/.test(labels.at(-1) ?? '')) return null;
  return labels.every((label, index) => isFaithful(source[index] ?? '', label)) ? domain : null;
}

/** Full-width letters or the Kelvin sign would turn into plain ASCII, and fake A-labels into something else. */
function isFaithful(source: string, label: string): boolean {
  if (ASCII.test(source) && source.toLowerCase() !== label) return false;
  if (!label.startsWith('xn--')) return ASCII.test(source);
  const unicode = domainToUnicode(label);
  return !ASCII.test(unicode) && domainToASCII(unicode) === label;
}

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
