/**
 * The thread that does the hashing. Plain JavaScript, so that Node loads it as it is: from `src` under Jest and from
 * `dist` in service. It computes one job at a time, synchronously: a thread that is its own queue needs no other.
 *
 * @import { HashJob, StoredHash } from './schemes.js'
 */
import { constants, platform, setPriority } from 'node:os';
import { pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { hashRawSync, hashSync } from '@node-rs/argon2';
import { hashSync as bcryptSync } from '@node-rs/bcrypt';

/** What the library calls each variant and version; its own names are const enums, which do not exist at run time. */
const ARGON2_ALGORITHMS = { argon2d: 0, argon2i: 1, argon2id: 2 };
const ARGON2_VERSIONS = { 16: 0, 19: 1 };

/** scrypt needs a little more than its 128·N·r bytes; the cost itself was bounded when the hash was parsed. */
const SCRYPT_OVERHEAD = 8 * 1024 * 1024;

/**
 * Lets requests that read go first: measured, 64 sign-ins at once then cost a reader nothing. On Linux the call
 * concerns this thread alone; elsewhere it would slow the whole process, so there it is left out. 10 and not 19: hashing
 * should yield, not starve. A refusal (a sandbox) only costs the courtesy.
 */
function yieldToReaders() {
  if (platform() !== 'linux') return;
  try {
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    return;
  }
}

/**
 * The tag that this password would have under the stored hash's salt and cost.
 *
 * @param {string} password
 * @param {StoredHash} stored
 * @returns {Buffer}
 */
function recompute(password, stored) {
  switch (stored.scheme) {
    case 'argon2d':
    case 'argon2i':
    case 'argon2id':
      return hashRawSync(password, {
        algorithm: ARGON2_ALGORITHMS[stored.scheme],
        version: ARGON2_VERSIONS[stored.version],
        memoryCost: stored.memoryKib,
        timeCost: stored.passes,
        parallelism: stored.lanes,
        salt: stored.salt,
        outputLen: stored.tag.length,
      });
    case 'bcrypt':
      return Buffer.from(bcryptSync(password, { salt: stored.settings }).slice(stored.settings.length));
    case 'scrypt': {
      const N = 2 ** stored.logN;
      const options = { N, r: stored.blockSize, p: stored.lanes };
      const maxmem = 128 * N * stored.blockSize + 128 * stored.blockSize * stored.lanes + SCRYPT_OVERHEAD;
      return scryptSync(password, stored.salt, stored.tag.length, { ...options, maxmem });
    }
    case 'pbkdf2-sha256':
    case 'pbkdf2-sha512':
      return pbkdf2Sync(password, stored.salt, stored.iterations, stored.tag.length, stored.scheme.slice(7));
  }
}

/**
 * @param {HashJob} job
 * @returns {string | boolean}
 */
function perform(job) {
  if (job.task === 'verify') return timingSafeEqual(recompute(job.password, job.stored), job.stored.tag);
  const { memoryKib, passes, lanes, tagBytes } = job.cost;
  const options = { memoryCost: memoryKib, timeCost: passes, parallelism: lanes, outputLen: tagBytes };
  return hashSync(job.password, { ...options, algorithm: ARGON2_ALGORITHMS.argon2id });
}

yieldToReaders();

parentPort?.on('message', (/** @type {HashJob} */ job) => {
  try {
    parentPort?.postMessage({ value: perform(job) });
  } catch (error) {
    parentPort?.postMessage({ failure: error instanceof Error ? error.message : 'the hash could not be computed' });
  }
});
