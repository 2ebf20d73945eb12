/** What counts as the text of a password, before any rule about its strength. Pure. */

/** At least 64 must be accepted; 256 leaves room for any passphrase and keeps the work on one small. */
export const MAX_CODE_POINTS = 256;

/** UTF-8 takes at most four bytes for a code point, so the byte bound refuses nothing that the other accepts. */
export const MAX_BYTES = 4 * MAX_CODE_POINTS;

/** NFC can shorten a text to no less than a quarter, so text longer than this is too long however it is composed. */
const MAX_RAW_UNITS = 4 * MAX_BYTES;

/** What `\p{Surrogate}` finds in Unicode mode is exactly the lone ones; `isWellFormed` is not in our `lib` (es2023). */
const LONE_SURROGATE_OR_NUL = /[\p{Surrogate}\0]/u;

/**
 * Whether the text can be a password at all: no lone surrogates, of which two different ones would hash alike,
 * and no NUL, at which some libraries stop reading. Answer `InvalidInput` when it is false.
 */
export function isWellFormedPassword(password: string): boolean {
  return !LONE_SURROGATE_OR_NUL.test(password);
}

/** The password as it is hashed: NFC and otherwise untouched. Null when it is not well formed. */
export function normalizePassword(password: string): string | null {
  return isWellFormedPassword(password) ? password.normalize('NFC') : null;
}

/** Whether the password, normalised or not, is too long to be hashed; cheap for a text of any length. */
export function isTooLong(password: string): boolean {
  if (password.length > MAX_RAW_UNITS) return true;
  const normalized = password.normalize('NFC');
  return Buffer.byteLength(normalized) > MAX_BYTES || countCodePoints(normalized) > MAX_CODE_POINTS;
}

/** The length that people are told: code points, not UTF-16 units and not bytes. */
export function countCodePoints(text: string): number {
  return [...text].length;
}
