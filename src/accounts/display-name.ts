/** The name an owner shows to others. */
import { invalidInput, type InvalidInput } from '../base/problems.js';

/** The longest display name, in characters. */
export const MAX_DISPLAY_NAME = 60;

/** A display name fit to show, or what is wrong with it: 1 to 60 characters, no control or direction characters. */
export function readDisplayName(text: string): string | InvalidInput {
  const name = text.normalize('NFC').trim();
  const length = [...name].length;
  const isFit =
    length >= 1 && length <= MAX_DISPLAY_NAME && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u.test(name);
  return isFit
    ? name
    : invalidInput(['displayName', `1 to ${MAX_DISPLAY_NAME} characters, none of them a control character`]);
}
