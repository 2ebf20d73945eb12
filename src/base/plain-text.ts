/** Text that a person wrote and others will read: plain, bounded, and nothing in it that hides or reorders. */

// Control characters but tab and line feed, what has no width, and what turns the direction of text around. Joiners stay:
// scripts and emoji need them.
const HIDDEN = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g;

/**
 * The text as it is kept: line ends made one, control characters gone, nothing else touched. Null when there is nothing.
 * Undefined when it is longer than `most` characters or no well-formed Unicode: then it is refused, never cut.
 */
export function plainText(text: string | null | undefined, most: number): string | null | undefined {
  if (text == null) return null;
  // Not counted in full: a megabyte is refused before anything walks it.
  if (text.length > 2 * most + 2 || !text.isWellFormed()) return undefined;
  const plain = text.replace(/\r\n?/g, '\n').replace(HIDDEN, '').trim();
  if ([...plain].length > most) return undefined;
  return plain === '' ? null : plain;
}
