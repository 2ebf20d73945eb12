/** Everything random, digested or sealed. No other file makes random bytes. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  randomInt,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto';
import type { SealingKey } from './config.js';

/** What a digest is of. A digest made for one purpose never matches for another. */
export type Purpose =
  | 'session'
  | 'password_reset'
  | 'sign_up'
  | 'email_change'
  | 'challenge'
  | 'binding'
  | 'code'
  | 'recovery_code'
  | 'remembered_device'
  | 'passkey_ceremony'
  | 'qr_payload'
  | 'qr_claim'
  | 'qr_number'
  | 'disown'
  | 'cancel_reset'
  | 'phone'
  | 'service'
  | 'router'
  | 'attempt';

/** A mailed or handed-out secret: the id finds the row, the secret is compared with its digest. */
export interface Token {
  readonly id: string;
  readonly secret: string;
}

/** An opaque id with a type prefix: 128 random bits, no sequence, no time inside. */
export const newId = (prefix: string): string => `${prefix}_${randomBytes(16).toString('base64url')}`;

/** 256 random bits in base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** An unbiased decimal code; leading zeros occur. */
export const newCode = (digits: number): string => Array.from({ length: digits }, () => String(randomInt(10))).join('');

/** 128 random bits in Crockford base 32, grouped for reading aloud: 26 characters. */
export function newReadableSecret(): string {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  const text = Array.from({ length: 26 }, () => alphabet[randomInt(32)]).join('');
  return text.replace(/(.{5})(?=.)/g, '$1-');
}

/** Random bytes for libraries that want them raw, such as a TOTP key or a WebAuthn challenge. */
export const newBytes = (length: number): Buffer => randomBytes(length);

export const newToken = (prefix: string): Token => ({ id: newId(prefix), secret: newSecret() });

/** `id.secret`, safe in a URL fragment. */
export const formatToken = (token: Token): string => `${token.id}.${token.secret}`;

/** Splits `id.secret`; null for what no token can be, so that nothing malformed reaches SQL. */
export function parseToken(text: string, prefix: string): Token | null {
  const match = /^([a-z]{2,8})_([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/.exec(text);
  if (!match || match[1] !== prefix) return null;
  return { id: `${match[1]}_${match[2]}`, secret: match[3] as string };
}

/** Whether the text has the form of an id of this type: malformed ids are answered as unknown ones. */
export const isId = (text: string, prefix: string): boolean =>
  text.startsWith(`${prefix}_`) && /^[a-z]{2,8}_[A-Za-z0-9_-]{22}$/.test(text);

/** SHA-256 under a purpose label, for secrets of 112 bits or more. */
export const digest = (purpose: Purpose, secret: string): string =>
  createHash('sha256').update(`rekey:${purpose}:${secret}`).digest('base64url');

/** Whether the secret has this digest, in constant time. A null digest is compared with one that nothing has. */
export function matchesDigest(purpose: Purpose, secret: string, expected: string | null): boolean {
  return constantTimeEqual(digest(purpose, secret), expected ?? NO_DIGEST) && expected !== null;
}
const NO_DIGEST = '-'.repeat(43);

/**
 * A keyed digest for secrets of low entropy, such as eight digits, which a plain hash would give away.
 * Names its key, so that older values still match after a rotation.
 */
export function codeMac(keys: readonly SealingKey[], purpose: Purpose, code: string): string {
  const first = keys[0] as SealingKey;
  return `${first.id}:${mac(first, purpose, code)}`;
}

export function matchesCodeMac(
  keys: readonly SealingKey[],
  purpose: Purpose,
  code: string,
  expected: string | null,
): boolean {
  const colon = expected?.indexOf(':') ?? -1;
  const key = keys.find(({ id }) => id === expected?.slice(0, colon));
  const actual = mac(key ?? (keys[0] as SealingKey), purpose, code);
  return constantTimeEqual(actual, expected && key ? expected.slice(colon + 1) : NO_DIGEST);
}

/**
 * A keyed digest that stays the same over a rotation only while the key is kept: for counters and for picking a decoy,
 * where a new value after a rotation costs nothing.
 */
export const keyedDigest = (keys: readonly SealingKey[], purpose: Purpose, text: string): string =>
  mac(keys[0] as SealingKey, purpose, text);

export function constantTimeEqual(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Encrypts for storage: AES-256-GCM, fresh nonce, first key, bound to the place it is stored. `place` is
 * `table:row id`, so that a sealed value moved to another row does not open.
 */
export function seal(keys: readonly SealingKey[], place: string, plain: string): string {
  const { id, key } = keys[0] as SealingKey;
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', derive(key, 'seal'), nonce).setAAD(Buffer.from(place));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v1.${id}.${nonce.toString('base64url')}.${body.toString('base64url')}`;
}

/** @throws Error when the value was changed, moved, or sealed with a key that is no longer configured. */
export function open(keys: readonly SealingKey[], place: string, sealed: string): string {
  const [version, id, nonce, body] = sealed.split('.');
  const found = keys.find((key) => key.id === id);
  if (version !== 'v1' || !found || !nonce || !body)
    throw new Error('a sealed value names a key that is not configured');
  const bytes = Buffer.from(body, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', derive(found.key, 'seal'), Buffer.from(nonce, 'base64url'))
    .setAAD(Buffer.from(place))
    .setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8');
}

function mac({ key }: SealingKey, purpose: Purpose, text: string): string {
  return createHmac('sha256', derive(key, `mac:${purpose}`))
    .update(text)
    .digest('base64url');
}

/** One key for each use, so that a value of one kind says nothing about another. Kept: each request needs several. */
function derive(key: Buffer, use: string): Buffer {
  const known = derived.get(key) ?? new Map<string, Buffer>();
  derived.set(key, known);
  const kept = known.get(use);
  if (kept) return kept;
  const made = Buffer.from(hkdfSync('sha256', key, '', `rekey:${use}`, 32));
  known.set(use, made);
  return made;
}
const derived = new WeakMap<Buffer, Map<string, Buffer>>();

/** Names one request in logs, events and audit rows. No secret: it is shown. */
export const newRequestId = (): string => randomUUID();

/** A short reference for an error, to be read aloud to support. */
export const randomReference = (): string => randomBytes(6).toString('hex');
