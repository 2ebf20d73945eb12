/** The forms a stored password hash may have: what each costs, which may be imported, which is out of date. Pure. */

/** Argon2id as every new password gets it: OWASP's second row, of which two cores do about a hundred a second. */
export const OUR_COST = { memoryKib: 19_456, passes: 2, lanes: 1, saltBytes: 16, tagBytes: 32 } as const;

interface SaltedTag {
  salt: Uint8Array;
  tag: Uint8Array;
}

export interface Argon2Hash extends SaltedTag {
  scheme: 'argon2id' | 'argon2i' | 'argon2d';
  version: 16 | 19;
  memoryKib: number;
  passes: number;
  lanes: number;
}

export interface BcryptHash {
  scheme: 'bcrypt';
  cost: number;
  /** Version, cost and salt as the library wants them: `$2b$12$` and 22 characters, unused bits cleared. */
  settings: string;
  /** The 31 characters after the settings, as bytes of text, unused bits cleared. */
  tag: Uint8Array;
}

export interface ScryptHash extends SaltedTag {
  scheme: 'scrypt';
  logN: number;
  blockSize: number;
  lanes: number;
}

export interface Pbkdf2Hash extends SaltedTag {
  scheme: 'pbkdf2-sha256' | 'pbkdf2-sha512';
  iterations: number;
}

/** A stored hash taken apart: the scheme, its cost, and what a verifier compares with. */
export type StoredHash = Argon2Hash | BcryptHash | ScryptHash | Pbkdf2Hash;

/** What a hashing thread is asked to do. The password is normalised and bounded before it gets here. */
export type HashJob =
  { task: 'hash'; password: string; cost: typeof OUR_COST } | { task: 'verify'; password: string; stored: StoredHash };

/**
 * The most an imported hash may ask for. The work of each is about one second of one core: whoever knows an imported
 * address can make the server do this work once per guess, and others wait at most two seconds for a turn.
 */
const BOUNDS = {
  /** 256 MiB, libsodium's "moderate"; every core may hold as much at once, so a gibibyte each would end the process. */
  argon2MemoryKib: 262_144,
  argon2Passes: 10,
  /** Memory times passes, 1 GiB: measured at one second for 256 MiB and four passes. */
  argon2WorkKib: 1_048_576,
  /** `p` of Argon2 and scrypt: the work above and below counts it in; nothing in use has more than 16. */
  lanes: 16,
  /** Cost 14 took one second; each step doubles it. */
  bcryptCost: 14,
  /** 128·N·r·p bytes: OWASP's row is 128 MiB; 256 MiB took one second. */
  scryptBytes: 268_435_456,
  scryptBlockSize: 32,
  /** Three million took 1.2 s with SHA-256; SHA-512 costs twice as much a round. Django asks for 1.2 million. */
  pbkdf2Iterations: { 'pbkdf2-sha256': 3_000_000, 'pbkdf2-sha512': 1_500_000 },
  /** RFC 9106 asks for at least 8 bytes of salt; more than 64 is nobody's habit. */
  saltBytes: { least: 8, most: 64 },
  /** Under 16 bytes a tag can be met by chance. Over one PBKDF2 block (below) the work would double unseen. */
  tagBytes: { least: 16, most: 64 },
  pbkdf2TagBytes: { 'pbkdf2-sha256': 32, 'pbkdf2-sha512': 64 },
} as const;

const ARGON2 =
  /^\$(argon2id|argon2i|argon2d)(?:\$v=(16|19))?\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,3})\$([^$]+)\$([^$]+)$/;
const BCRYPT = /^\$2([aby])\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,6}),p=(\d{1,6})\$([^$]+)\$([^$]+)$/;
const PBKDF2 = /^\$(pbkdf2-sha256|pbkdf2-sha512)\$(?:i=)?(\d{1,10})(?:,l=\d{1,3})?\$([^$]+)\$([^$]+)$/;
const DJANGO = /^pbkdf2_sha256\$(\d{1,10})\$([^$]+)\$([^$]+)$/;

/**
 * Takes a stored hash apart: Argon2 and scrypt in PHC form, bcrypt ($2a$, $2b$, $2y$), PBKDF2 in PHC form, in passlib's
 * and in Django's. Null when it is none of these; says nothing about whether its cost is acceptable.
 */
export function parseStoredHash(hash: string): StoredHash | null {
  // No form above is longer than about 250 characters; this keeps the patterns from reading a book.
  if (hash.length > 512) return null;
  return parseArgon2(hash) ?? parseBcrypt(hash) ?? parseScrypt(hash) ?? parsePbkdf2(hash);
}

/**
 * Why this hash may not be imported, in plain words, or null when it may be. A hash past a bound is never computed
 * either: `verifyPassword` answers false, so that no row can make a thread work for minutes.
 */
export function importRefusal(hash: string): string | null {
  const stored = parseStoredHash(hash);
  return stored ? boundsRefusal(stored) : 'not a password hash of a supported form';
}

/** The part of `importRefusal` that concerns a hash already taken apart. */
export function boundsRefusal(stored: StoredHash): string | null {
  return costRefusal(stored) ?? (stored.scheme === 'bcrypt' ? null : lengthRefusal(stored));
}

/** Whether a hash must be replaced at the next successful sign-in: it is not our Argon2id or a stronger one. */
export function needsRehash(hash: string): boolean {
  const stored = parseStoredHash(hash);
  if (stored?.scheme !== 'argon2id' || stored.version !== 19 || stored.lanes !== OUR_COST.lanes) return true;
  if (stored.memoryKib < OUR_COST.memoryKib || stored.passes < OUR_COST.passes) return true;
  return stored.salt.length < OUR_COST.saltBytes || stored.tag.length < OUR_COST.tagBytes;
}

/**
 * Scheme and cost in one short canonical text, such as `bcrypt:12`, `argon2id:19456:2:1`, `scrypt:15:8:1` or
 * `pbkdf2-sha256:600000`: two hashes of one class take equally long to verify. Null for an unknown form.
 */
export function costClass(hash: string): string | null {
  const stored = parseStoredHash(hash);
  if (!stored) return null;
  switch (stored.scheme) {
    case 'bcrypt':
      return `bcrypt:${stored.cost}`;
    case 'scrypt':
      return `scrypt:${stored.logN}:${stored.blockSize}:${stored.lanes}`;
    case 'pbkdf2-sha256':
    case 'pbkdf2-sha512':
      return `${stored.scheme}:${stored.iterations}`;
    default: {
      const version = stored.version === 19 ? '' : `:v${stored.version}`;
      return `${stored.scheme}:${stored.memoryKib}:${stored.passes}:${stored.lanes}${version}`;
    }
  }
}

/** The class of every hash that `hashPassword` makes. */
export const OUR_COST_CLASS = `argon2id:${OUR_COST.memoryKib}:${OUR_COST.passes}:${OUR_COST.lanes}`;

/**
 * A stored hash of the given class with a 16-byte salt and a tag cut from `material` (at least 80 bytes). Null when the
 * class is unknown or past the bounds. The opposite of `costClass`, for decoys.
 */
export function hashOfClass(className: string, material: Buffer): string | null {
  const hash = encodeClass(className, material.subarray(0, 16), material.subarray(16));
  return costClass(hash) === className && importRefusal(hash) === null ? hash : null;
}

function encodeClass(className: string, salt: Buffer, material: Buffer): string {
  const [scheme, first = '', second, third, version] = className.split(':');
  const ending = (tagBytes: number) => `${phcBase64(salt)}$${phcBase64(material.subarray(0, tagBytes))}`;
  switch (scheme) {
    case 'bcrypt':
      return `$2b$${first.padStart(2, '0')}$${bcryptText(salt)}${bcryptText(material.subarray(0, 23))}`;
    case 'scrypt':
      return `$scrypt$ln=${first},r=${second},p=${third}$${ending(32)}`;
    case 'pbkdf2-sha256':
    case 'pbkdf2-sha512':
      return `$${scheme}$i=${first}$${ending(BOUNDS.pbkdf2TagBytes[scheme])}`;
    default:
      return `$${scheme}$v=${version?.slice(1) ?? '19'}$m=${first},t=${second},p=${third}$${ending(32)}`;
  }
}

function costRefusal(stored: StoredHash): string | null {
  switch (stored.scheme) {
    case 'bcrypt':
      return within(stored.cost, 4, BOUNDS.bcryptCost, 'the cost of bcrypt');
    case 'scrypt':
      return (
        within(stored.blockSize, 1, BOUNDS.scryptBlockSize, 'r of scrypt') ??
        // N must be below 2^(16r), or OpenSSL throws; the bytes below bound it otherwise.
        within(stored.logN, 1, Math.min(21, 16 * stored.blockSize - 1), 'ln of scrypt') ??
        within(stored.lanes, 1, BOUNDS.lanes, 'p of scrypt') ??
        within(128 * 2 ** stored.logN * stored.blockSize * stored.lanes, 0, BOUNDS.scryptBytes, '128·N·r·p of scrypt')
      );
    case 'pbkdf2-sha256':
    case 'pbkdf2-sha512':
      return within(stored.iterations, 1, BOUNDS.pbkdf2Iterations[stored.scheme], 'the iterations of PBKDF2');
    default:
      return (
        within(stored.lanes, 1, BOUNDS.lanes, 'p of Argon2') ??
        within(stored.memoryKib, 8 * stored.lanes, BOUNDS.argon2MemoryKib, 'm of Argon2') ??
        within(stored.passes, 1, BOUNDS.argon2Passes, 't of Argon2') ??
        within(stored.memoryKib * stored.passes, 0, BOUNDS.argon2WorkKib, 'm·t of Argon2')
      );
  }
}

function lengthRefusal(stored: Exclude<StoredHash, BcryptHash>): string | null {
  const isPbkdf2 = stored.scheme === 'pbkdf2-sha256' || stored.scheme === 'pbkdf2-sha512';
  const mostTag = isPbkdf2 ? BOUNDS.pbkdf2TagBytes[stored.scheme] : BOUNDS.tagBytes.most;
  return (
    within(stored.salt.length, BOUNDS.saltBytes.least, BOUNDS.saltBytes.most, 'the salt in bytes') ??
    within(stored.tag.length, BOUNDS.tagBytes.least, mostTag, 'the hash in bytes')
  );
}

function within(value: number, least: number, most: number, what: string): string | null {
  return value >= least && value <= most ? null : `${what} must be from ${least} to ${most}`;
}

function parseArgon2(hash: string): Argon2Hash | null {
  const [, scheme, version, memory, passes, lanes, saltText = '', tagText = ''] = ARGON2.exec(hash) ?? [];
  const [salt, tag] = [fromBase64(saltText), fromBase64(tagText)];
  if (!scheme || !salt || !tag) return null;
  return {
    scheme: scheme as Argon2Hash['scheme'],
    // The first version of Argon2 did not name itself.
    version: version === '19' ? 19 : 16,
    memoryKib: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt,
    tag,
  };
}

function parseBcrypt(hash: string): BcryptHash | null {
  const [, version, cost, salt, tag] = BCRYPT.exec(hash) ?? [];
  if (!version || !cost || !salt || !tag) return null;
  const settings = `$2${version}$${cost}$${clearUnusedBits(salt, 0b110000)}`;
  return { scheme: 'bcrypt', cost: Number(cost), settings, tag: owned(Buffer.from(clearUnusedBits(tag, 0b111100))) };
}

function parseScrypt(hash: string): ScryptHash | null {
  const [, logN, blockSize, lanes, saltText = '', tagText = ''] = SCRYPT.exec(hash) ?? [];
  const [salt, tag] = [fromBase64(saltText), fromBase64(tagText)];
  if (!salt || !tag) return null;
  return { scheme: 'scrypt', logN: Number(logN), blockSize: Number(blockSize), lanes: Number(lanes), salt, tag };
}

function parsePbkdf2(hash: string): Pbkdf2Hash | null {
  const [, iterations, djangoSalt, djangoTag = ''] = DJANGO.exec(hash) ?? [];
  if (djangoSalt) {
    const tag = fromBase64(djangoTag);
    // Django hashes with the characters of its salt, not with bytes that they encode.
    const salt = owned(Buffer.from(djangoSalt));
    return tag && { scheme: 'pbkdf2-sha256', iterations: Number(iterations), salt, tag };
  }
  const [, scheme, count, saltText = '', tagText = ''] = PBKDF2.exec(hash) ?? [];
  const [salt, tag] = [fromBase64(saltText), fromBase64(tagText)];
  if (!scheme || !salt || !tag) return null;
  return { scheme: scheme as Pbkdf2Hash['scheme'], iterations: Number(count), salt, tag };
}

/** Base64 as PHC strings have it (no padding), as Django has it (padding), or as passlib has it (`.` for `+`). */
function fromBase64(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9+/.]+={0,2}$/.test(text)) return null;
  const digits = text.replaceAll('=', '');
  return digits.length % 4 === 1 ? null : owned(Buffer.from(digits.replaceAll('.', '+'), 'base64'));
}

/** A copy with memory of its own: a thread is sent the whole of what lies under a view, and Node pools small buffers. */
function owned(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes);
}

function phcBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

const BCRYPT_DIGITS = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const BASE64_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function bcryptText(bytes: Uint8Array): string {
  return phcBase64(bytes).replace(/./g, (digit) => BCRYPT_DIGITS.charAt(BASE64_DIGITS.indexOf(digit)));
}

/** Some old libraries filled the bits that the last character does not need; a comparison of text must not see them. */
function clearUnusedBits(text: string, used: number): string {
  const last = BCRYPT_DIGITS.indexOf(text.slice(-1));
  return text.slice(0, -1) + BCRYPT_DIGITS.charAt(last & used);
}
