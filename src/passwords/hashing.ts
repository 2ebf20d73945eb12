/** Hashing, verifying, and the work done for an address that nobody has. */
import { createHmac, hkdfSync } from 'node:crypto';
import { runHashJob } from './hash-pool.js';
import { isTooLong, normalizePassword } from './password-text.js';
import { boundsRefusal, hashOfClass, OUR_COST, OUR_COST_CLASS, parseStoredHash } from './schemes.js';

export { MAX_BYTES, MAX_CODE_POINTS, normalizePassword } from './password-text.js';

/** What part of the installation's stored hashes is of one class; the shares of a mix sum to about 1. */
export interface CostShare {
  /** As `costClass` names it, such as `bcrypt:12`. */
  costClass: string;
  /** From 0 to 1. */
  share: number;
}

/**
 * An Argon2id hash in PHC form with its own random salt, of the password in NFC. `lane` names the
 * client's network, so that none fills the queue. Throws `BusyError` under load, and `RangeError` for a password
 * that the policy should have refused: ill-formed or too long.
 */
export async function hashPassword(password: string, lane?: string): Promise<string> {
  const normalized = acceptable(password);
  if (normalized === null) throw new RangeError('a password that is ill-formed or too long reached hashing');
  return runHashJob({ task: 'hash', password: normalized, cost: OUR_COST }, lane);
}

/**
 * Whether the password is the one that was hashed, compared in constant time. False without any work for a password
 * that nobody can have (too long, ill-formed) and for a stored hash that is malformed or asks for
 * more than may be imported. Throws `BusyError` under load.
 */
export async function verifyPassword(password: string, storedHash: string, lane?: string): Promise<boolean> {
  const normalized = acceptable(password);
  const stored = parseStoredHash(storedHash);
  if (normalized === null || !stored || boundsRefusal(stored) !== null) return false;
  return runHashJob({ task: 'verify', password: normalized, stored }, lane);
}

/**
 * The stored hash that an unknown address pretends to have, so that it takes as long to refuse as a known one.
 * The same address always gets the same hash; its class is drawn from the installation's mix, in proportion; no password
 * verifies against it. `emailKey` is the address as accounts are looked up by it; `serverKey` is secret, or an attacker
 * could tell which class a stranger's address ought to show. An empty mix means our own Argon2id. Making one takes a
 * tenth of a millisecond: call it for every address, before it is known whether the account exists.
 */
export function decoyHash(emailKey: string, mix: readonly CostShare[], serverKey: string | Uint8Array): string {
  const seed = createHmac('sha256', serverKey).update(`rekey decoy\0${emailKey}`).digest();
  const className = drawClass(seed, mix);
  return hashOfClass(className, decoyBytes(seed, className)) ?? ourDecoy(seed);
}

/** A class that is unknown or past the bounds cannot be imitated, and no account can be verified in it either. */
function ourDecoy(seed: Buffer): string {
  return hashOfClass(OUR_COST_CLASS, decoyBytes(seed, OUR_COST_CLASS)) as string;
}

/**
 * Weighted rendezvous: each class scores by its share and a number of its own, the highest wins. Unlike a walk along the
 * shares it needs no order, and when a share grows addresses move to that class only, as those of real accounts do.
 */
function drawClass(seed: Buffer, mix: readonly CostShare[]): string {
  let winner = OUR_COST_CLASS;
  let best = 0;
  for (const { costClass, share } of mix) {
    const draw = createHmac('sha256', seed).update(costClass).digest().readUIntBE(0, 6);
    const score = share / -Math.log((draw + 1) / (2 ** 48 + 1));
    if (score > best) [winner, best] = [costClass, score];
  }
  return winner;
}

/** Salt and the longest tag. That a password's tag meets these bytes is as likely as guessing a 128-bit key, or less. */
function decoyBytes(seed: Buffer, className: string): Buffer {
  return Buffer.from(hkdfSync('sha256', seed, '', `rekey decoy bytes ${className}`, 80));
}

function acceptable(password: string): string | null {
  return isTooLong(password) ? null : normalizePassword(password);
}
