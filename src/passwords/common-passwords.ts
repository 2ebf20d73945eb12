/**
 * Which passwords are too common to be chosen. Lists of leaked passwords hardly reach 15 characters, because most
 * sites never asked for them; what people do when a site asks for more is to stretch what they have. So the list is a rule
 * over a list: a password is common when the whole of it is made of common words, keyboard walks, sequences and runs.
 * A phrase that merely contains a common word has other parts, and passes. Pure; the time grows with the length only.
 */
import { COMMON_LONG_PASSWORDS, COMMON_WORDS } from './common-words.js';

/** Two common words are one guess in twelve million; three in any order are a passphrase, and people may have it. */
const MAX_PIECES = 2;

/** Digits and punctuation between and around: enough for a year or `123!`, too few to be a secret of their own. */
const DECORATION = { common: 4, personal: 8 };

/** Four neighbours make a walk; three occur in ordinary words. */
const WALK = 4;

const KEYBOARDS = [
  ...['1234567890', 'qwertyuiop', 'asdfghjkl;', 'zxcvbnm,./', 'qwertyuiopasdfghjklzxcvbnm', '!@#$%^&*()_+'],
  ...['1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/', 'qazwsxedcrfvtgbyhnujmikolp', '1qazxsw23edcvfr45tgbnhy6'],
  ...['!qaz@wsx#edc$rfv%tgb^yhn'],
  ...['1q2w3e4r5t6y7u8i9o0p', 'q1w2e3r4t5y6u7i8o9p0', '1qa2ws3ed4rf5tg6yh7uj8ik9ol', '1234qwerasdfzxcv', 'qweasdzxc'],
  ...['azertyuiopqsdfghjklmwxcvbn', 'qwertzuiopasdfghjklyxcvbnm', 'йцукенгшщзхъфывапролджэячсмитьбю'],
  ...['147258369', '741852963', '789456123'],
];
const ALPHABETS = ['abcdefghijklmnopqrstuvwxyzabc', 'абвгдеёжзийклмнопрстуфхцчшщъыьэюя', 'αβγδεζηθικλμνξοπρστυφχψω'];
const NUMBERS = [
  '12345678901234567890',
  '0123456789',
  '13579',
  '2468024680',
  'a1b2c3d4e5f6g7h8i9j0',
  '1a2b3c4d5e6f7g8h9i0j',
];
const WALKS = [...KEYBOARDS, ...ALPHABETS, ...NUMBERS];

const PICTOGRAPHS = /^\p{Extended_Pictographic}+$/u;

/** A word of one character repeated is a walk already, and would only cost time here. */
const words = new Set(COMMON_WORDS.filter((word) => !isRun(word)));
const longPasswords = new Set(COMMON_LONG_PASSWORDS);
const wordLengths = [...new Set(COMMON_WORDS.map((word) => word.length))];
const walkPieces = new Set(WALKS.flatMap(walkPiecesOf));

/** Whether the password, compared whole and without regard to case, is a common one. */
export function isCommonPassword(password: string): boolean {
  const text = password.toLowerCase();
  if (longPasswords.has(text)) return true;
  const unit = repeatedUnit(text);
  // Up to four characters repeated are few enough to try all; pictographs are left out, which no list of leaks repeats.
  if (unit.length < text.length && unit.length <= WALK && !PICTOGRAPHS.test(unit)) return true;
  return isMadeOfParts(text, [], DECORATION.common) || (unit !== text && isMadeOfParts(unit, [], DECORATION.common));
}

/**
 * Whether the password is made of these terms (a name, an address), alone, repeated, with digits and punctuation around,
 * or with common words and walks beside. At least one term must take part. The terms are in lower case.
 */
export function isMadeOfTerms(password: string, terms: readonly string[]): boolean {
  if (terms.length === 0) return false;
  const text = password.toLowerCase();
  const unit = repeatedUnit(text);
  return (
    isMadeOfParts(text, terms, DECORATION.personal) ||
    (unit !== text && isMadeOfParts(unit, terms, DECORATION.personal))
  );
}

/**
 * The entries of at least `minLength` characters that the list holds without any combining: the long ones from leaks,
 * each word repeated up to the length, each walk. Fewer than what is refused; the count shows that the list is not idle.
 */
export function commonPasswordsOfLength(minLength: number): Set<string> {
  const repeated = COMMON_WORDS.map((word) => word.repeat(Math.ceil(minLength / word.length)));
  return new Set([...COMMON_LONG_PASSWORDS, ...repeated, ...WALKS].filter((entry) => entry.length >= minLength));
}

/** A state says how many pieces were counted, and by two bits whether a term took part and whether a walk may go on. */
const ONE_PIECE = 4;
const WITH_TERM = 2;
const WALKING = 1;
const STATES = (MAX_PIECES + 1) * ONE_PIECE;
const UNREACHED = 0xffff;

/**
 * Cuts the text into parts from left to right, and remembers for each place and state how few decorating characters lead
 * there. Places are UTF-16 units, which no part here splits wrongly.
 */
function isMadeOfParts(text: string, terms: readonly string[], maxDecoration: number): boolean {
  const least = new Uint16Array((text.length + 1) * STATES).fill(UNREACHED);
  least[0] = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (!isReached(least, at, maxDecoration)) continue;
    if (isDecoration(text.charCodeAt(at))) reach(least, at, at + 1, { decoration: 1 });
    for (const end of wordEnds(text, at)) reach(least, at, end, { gained: ONE_PIECE });
    if (isWalk(text, at)) reach(least, at, at + WALK, { gained: ONE_PIECE, bits: WALKING });
    if (at >= WALK && isWalk(text, at + 1 - WALK)) reach(least, at, at + 1, { needed: WALKING, bits: WALKING });
    for (const term of terms) if (text.startsWith(term, at)) reach(least, at, at + term.length, { bits: WITH_TERM });
  }
  const ends = least.subarray(text.length * STATES);
  // With terms asked for, one must have taken part; without, decoration alone is nothing common.
  const isAnswer = (state: number) => (terms.length > 0 ? (state & WITH_TERM) !== 0 : state >= ONE_PIECE);
  return ends.some((decoration, state) => decoration <= maxDecoration && isAnswer(state));
}

function isReached(least: Uint16Array, at: number, maxDecoration: number): boolean {
  for (let slot = at * STATES; slot < (at + 1) * STATES; slot += 1)
    if ((least[slot] ?? 0) <= maxDecoration) return true;
  return false;
}

interface Step {
  /** What the part adds to the state: `ONE_PIECE` when it counts. */
  gained?: number;
  /** What the part costs of the decoration. */
  decoration?: number;
  /** Which bits it sets. `WALKING` lasts for one step. */
  bits?: number;
  /** Which bit a state must have for this step to be open to it. */
  needed?: number;
}

/** Takes one part, from `at` to `end`, in every state in which `at` was reached. */
function reach(least: Uint16Array, at: number, end: number, step: Step): void {
  const { gained = 0, decoration = 0, bits = 0, needed = 0 } = step;
  for (let state = 0; state + gained < STATES; state += 1) {
    const so = least[at * STATES + state] ?? UNREACHED;
    if (so === UNREACHED || (state & needed) !== needed) continue;
    const target = end * STATES + (((state + gained) & ~WALKING) | bits);
    if (so + decoration < (least[target] ?? 0)) least[target] = so + decoration;
  }
}

/** Where a common word that begins here ends: once, and repeated as often as it is, which makes it no more pieces. */
function wordEnds(text: string, at: number): number[] {
  const ends: number[] = [];
  for (const length of wordLengths) {
    const word = text.slice(at, at + length);
    if (!words.has(word)) continue;
    let end = at + length;
    ends.push(end);
    while (text.startsWith(word, end)) end += length;
    ends.push(end);
  }
  return ends;
}

/** Whether the four characters from here are neighbours on a walk, or one character repeated. */
function isWalk(text: string, at: number): boolean {
  const piece = text.slice(at, at + WALK);
  return piece.length === WALK && (isRun(piece) || walkPieces.has(piece));
}

function isRun(text: string): boolean {
  return text === text.charAt(0).repeat(text.length);
}

/** Every four neighbours on a walk, in both directions, with each step also taken two, three or four times. */
function walkPiecesOf(walk: string): string[] {
  const pieces: string[] = [];
  for (const track of [walk, [...walk].reverse().join('')]) {
    for (let times = 1; times <= WALK; times += 1) {
      const steps = track.replaceAll(/./gu, (step) => step.repeat(times));
      for (let at = 0; at + WALK <= steps.length; at += 1) pieces.push(steps.slice(at, at + WALK));
    }
  }
  return pieces;
}

/** The shortest text of which this one is two or more full copies, and perhaps the beginning of another; else the text. */
function repeatedUnit(text: string): string {
  const overlaps = new Uint16Array(text.length);
  for (let at = 1, length = 0; at < text.length; at += 1) {
    while (length > 0 && text[at] !== text[length]) length = overlaps[length - 1] ?? 0;
    if (text[at] === text[length]) length += 1;
    overlaps[at] = length;
  }
  const period = text.length - (overlaps[text.length - 1] ?? 0);
  return period * 2 <= text.length ? text.slice(0, period) : text;
}

/** Printable ASCII that is not a letter. */
function isDecoration(code: number): boolean {
  return (code >= 0x20 && code <= 0x40) || (code >= 0x5b && code <= 0x60) || (code >= 0x7b && code <= 0x7e);
}
