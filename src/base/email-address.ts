/**
 * E-mail addresses: what is accepted, and how two of them are compared. The one place that computes the comparison key of
 * an address.
 */
import { domainToASCII, domainToUnicode } from 'node:url';

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
export const trimSpaces = (text: string): string => text.replace(/^ +/, '').replace(/ +$/, '');

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

const SENDER = /^(?:"?([^"<>\p{C}]*)"?\s*<([^<>\s]+)>|([^<>\s]+))$/u;
const SENDER_ADDRESS = /^[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/;

/**
 * Reads a sender: `address` or `Name <address>`; the name is empty where there is none.
 * @throws RangeError that does not repeat it
 */
export function parseSender(text: string): { readonly name: string; readonly address: string } {
  const [, name = '', inBrackets, bare] = SENDER.exec(text.trim()) ?? [];
  const address = inBrackets ?? bare ?? '';
  if (!SENDER_ADDRESS.test(address)) throw new RangeError('must be an address, or Name <address>');
  return { name: name.trim(), address };
}
