import { afterAll, describe, expect, test } from '@jest/globals';
import {
  BusyError,
  closeHashPool,
  HashPool,
  hashPoolStats,
  runHashJob,
  shareHashing,
} from '../src/passwords/hash-pool.js';
import { decoyHash, hashPassword, normalizePassword, verifyPassword } from '../src/passwords/hashing.js';
import { costClass, importRefusal, needsRehash, OUR_COST, parseStoredHash } from '../src/passwords/schemes.js';
import { cpuMillisecondsOf } from './support/cpu-time.js';

afterAll(() => closeHashPool());

const PASSWORD = 'пароль correct horse 7';
const OURS = '$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$PZiXBD9GxMQ+iZIRVl6Pd1by4GmQ+vqS4iUBwlmt5Mw';
const SALT = 'AAECAwQFBgcICQoLDA0ODw';
const TAG = 'PZiXBD9GxMQ+iZIRVl6Pd1by4GmQ+vqS4iUBwlmt5Mw';

/** Made with Python of our password: hashlib, crypt and pyca/cryptography. */
const MADE = {
  argon2id: `$argon2id$v=19$m=1024,t=3,p=2$${SALT}$${TAG}`,
  argon2i: '$argon2i$v=19$m=1024,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$M+saIQLjD4SI4C6++gQl3JDfkZcKo0/LNA7CNGD1QJs',
  argon2d: '$argon2d$v=19$m=1024,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$10cWvRS9gB13+eF3k/bNQZ2d8v5oq2094Xf8ZlBrDOM',
  'bcrypt 2a': '$2a$06$abcdefghijklmnopqrstuuR/FQq48BDwile639yATHTis6JhV9xYy',
  'bcrypt 2b': '$2b$06$abcdefghijklmnopqrstuuR/FQq48BDwile639yATHTis6JhV9xYy',
  'bcrypt 2y': '$2y$06$abcdefghijklmnopqrstuuR/FQq48BDwile639yATHTis6JhV9xYy',
  'bcrypt, unused bits set': '$2b$06$abcdefghijklmnopqrstuvR/FQq48BDwile639yATHTis6JhV9xYz',
  scrypt: '$scrypt$ln=10,r=8,p=2$AAECAwQFBgcICQoLDA0ODw$tr1RFr10WhJgwmmj+YA2sOUQjk6FoGlohN/ERrHaODY',
  'PBKDF2-SHA256, PHC': '$pbkdf2-sha256$i=1234$AAECAwQFBgcICQoLDA0ODw$Tyz5AOdljkpYGtF3ssvV4orbVUeXryXf4jUBIWxvybA',
  'PBKDF2-SHA512, PHC':
    '$pbkdf2-sha512$i=1234$AAECAwQFBgcICQoLDA0ODw$79d5yjdQSbXyEV3GgsciYNaiGvoBpnwD2SRogpbg+SPSNqBvFdTpru2EPyAnRioDQu5EstRemeYJlr28LwINYA',
  'PBKDF2-SHA256, passlib with dots':
    '$pbkdf2-sha256$2900$./.../.../.../.../...w$j/c56/VWT6qsP6XaN23sPWDAMl7H7.tyFQzR6bCpw/Q',
  'PBKDF2-SHA512, passlib with dots':
    '$pbkdf2-sha512$2900$./.../.../.../.../...w$NrqW4dKa1jHJ7uKafsQWwsG4AtX8qpeOTCAMx3PaU5mCsEth.nru55ykrgnvNBBOCUlHo6cd5AWI8QjVumU3/A',
  'PBKDF2-SHA256, Django': 'pbkdf2_sha256$1500$seasalt2seasalt2AbCdEf$aSQRv1fd13pSNpyrKO6B/cVnF5QoI9jURdwOSpL0KUM=',
};

/** Of "password", published by passlib and by the authors of Argon2. */
const PUBLISHED = {
  'scrypt, published by passlib':
    '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
  'PBKDF2, published by passlib':
    '$pbkdf2-sha256$6400$0ZrzXitFSGltTQnBWOsdAw$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M',
  'argon2i, published by PHC': '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
  'argon2i without a version, published by PHC':
    '$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ',
};

const FOREIGN: [string, string, string][] = [
  ...Object.entries(MADE).map(([name, hash]): [string, string, string] => [name, PASSWORD, hash]),
  ...Object.entries(PUBLISHED).map(([name, hash]): [string, string, string] => [name, 'password', hash]),
  ['bcrypt, published by Openwall', 'U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
];

describe('a password is kept as nothing but a hash', () => {
  test('R-001: it is Argon2id of at least the floor, with a salt of its own each time', async () => {
    const [first, second] = await Promise.all([hashPassword(PASSWORD), hashPassword(PASSWORD)]);
    const form = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;
    expect(first).toMatch(form);
    expect(second).toMatch(form);
    expect(first).not.toBe(second);
    expect(first).not.toContain(PASSWORD);
    expect(await verifyPassword(PASSWORD, first)).toBe(true);
    expect(await verifyPassword(`${PASSWORD} `, first)).toBe(false);
  });

  test('R-007: composed and decomposed letters are one password; spaces, case and ligatures are not touched', async () => {
    const hash = await hashPassword('caf\u00e9 au lait, fin');
    expect(await verifyPassword('cafe\u0301 au lait, fin', hash)).toBe(true);
    for (const other of [' caf\u00e9 au lait, fin', 'Caf\u00e9 au lait, fin', 'caf\u00e9 au lait, \ufb01n']) {
      expect(await verifyPassword(other, hash)).toBe(false);
    }
  });

  test('R-004: no part of a long password signs in', async () => {
    const password = 'x7'.repeat(100);
    const hash = await hashPassword(password);
    for (const length of [64, 72, 128, 199]) expect(await verifyPassword(password.slice(0, length), hash)).toBe(false);
    expect(await verifyPassword(password, hash)).toBe(true);
  });

  test('R-005: an enormous password is wrong at once, without hashing', async () => {
    const spent = await cpuMillisecondsOf(async () => {
      for (let i = 0; i < 20; i += 1) expect(await verifyPassword('é'.repeat(45_000), OURS)).toBe(false);
    });
    expect(spent / 20).toBeLessThan(5);
    await expect(hashPassword('x'.repeat(257))).rejects.toThrow(RangeError);
    expect(await verifyPassword('x'.repeat(257), OURS)).toBe(false);
  });

  test('R-008 and R-009: lone surrogates and NUL are no password, for setting and for signing in', async () => {
    for (const text of ['\ud800 correct horse', '\udc00 correct horse', 'correct\0horse battery']) {
      expect(normalizePassword(text)).toBeNull();
      await expect(hashPassword(text)).rejects.toThrow(RangeError);
      expect(await verifyPassword(text, OURS)).toBe(false);
    }
    expect(normalizePassword('🔑 correct horse')).toBe('🔑 correct horse');
  });
});

describe('hashes that other software made', () => {
  test.each(FOREIGN)('%s verifies, and only with its own password', async (_name, password, hash) => {
    expect(importRefusal(hash)).toBeNull();
    expect(await verifyPassword(password, hash)).toBe(true);
    expect(await verifyPassword(`${password}!`, hash)).toBe(false);
    expect(needsRehash(hash)).toBe(true);
  });

  test('a malformed stored hash is a wrong password and no error', async () => {
    const malformed = [
      '',
      'x',
      '$argon2id$',
      `$argon2id$v=19$m=1024,t=3,p=2$A$${TAG}`,
      '$2b$06$short',
      'a'.repeat(9_000),
    ];
    for (const hash of malformed) {
      expect(parseStoredHash(hash)).toBeNull();
      expect(await verifyPassword(PASSWORD, hash)).toBe(false);
    }
  });

  test.each([
    ['a gibibyte of Argon2', `$argon2id$v=19$m=1048577,t=1,p=1$${SALT}$${TAG}`],
    ['eleven passes', `$argon2id$v=19$m=8192,t=11,p=1$${SALT}$${TAG}`],
    ['more than a second of Argon2', `$argon2id$v=19$m=262144,t=5,p=1$${SALT}$${TAG}`],
    ['less memory than Argon2 has', `$argon2id$v=19$m=8,t=1,p=2$${SALT}$${TAG}`],
    ['Argon2 with four bytes of salt', `$argon2id$v=19$m=1024,t=3,p=2$AAECAw$${TAG}`],
    ['Argon2 with a tag of four bytes', `$argon2id$v=19$m=1024,t=3,p=2$${SALT}$AAECAw`],
    ['bcrypt of cost 15', '$2b$15$abcdefghijklmnopqrstuuR/FQq48BDwile639yATHTis6JhV9xYy'],
    ['bcrypt of cost 3', '$2b$03$abcdefghijklmnopqrstuuR/FQq48BDwile639yATHTis6JhV9xYy'],
    ['half a gibibyte of scrypt', `$scrypt$ln=19,r=8,p=1$${SALT}$${TAG}`],
    ['scrypt that OpenSSL cannot compute', `$scrypt$ln=16,r=1,p=1$${SALT}$${TAG}`],
    ['scrypt with ln=63', `$scrypt$ln=63,r=8,p=1$${SALT}$${TAG}`],
    ['four million rounds of PBKDF2', `$pbkdf2-sha256$i=4000000$${SALT}$${TAG}`],
    ['no rounds of PBKDF2', `$pbkdf2-sha256$i=0$${SALT}$${TAG}`],
    ['a tag of two blocks of PBKDF2', `$pbkdf2-sha256$i=1000$${SALT}$${TAG.slice(0, 40).repeat(2)}`],
    ['MD5', '$1$abcdefgh$G//4keteveJp0qb8z2DxG/'],
    ['the password itself', 'correct horse battery staple'],
  ])('R-182: %s may not be imported, and is never computed', async (_name, hash) => {
    expect(importRefusal(hash)).toEqual(expect.any(String));
    const spent = await cpuMillisecondsOf(async () => expect(await verifyPassword(PASSWORD, hash)).toBe(false));
    expect(spent).toBeLessThan(50);
  });

  test('R-002: only our Argon2id or a stronger one may stay', () => {
    expect(needsRehash(OURS)).toBe(false);
    expect(needsRehash(OURS.replace('m=19456,t=2', 'm=65536,t=3'))).toBe(false);
    for (const weaker of ['m=4096,t=2,p=1', 'm=19456,t=1,p=1', 'm=19456,t=2,p=4']) {
      expect(needsRehash(OURS.replace('m=19456,t=2,p=1', weaker))).toBe(true);
    }
    expect(needsRehash(OURS.replace('v=19', 'v=16'))).toBe(true);
    expect(needsRehash('nonsense')).toBe(true);
  });

  test('a class names scheme and cost, and nothing of the form', () => {
    const classes = Object.fromEntries(FOREIGN.map(([name, , hash]) => [name, costClass(hash)]));
    expect(classes).toMatchObject({
      argon2id: 'argon2id:1024:3:2',
      'bcrypt 2y': 'bcrypt:6',
      scrypt: 'scrypt:10:8:2',
      'PBKDF2-SHA512, PHC': 'pbkdf2-sha512:1234',
      'PBKDF2-SHA256, Django': 'pbkdf2-sha256:1500',
      'argon2i without a version, published by PHC': 'argon2i:65536:2:1:v16',
    });
    expect(costClass(OURS)).toBe('argon2id:19456:2:1');
  });
});

describe('an address that nobody has', () => {
  const mix = ['argon2id:19456:2:1', 'bcrypt:5', 'scrypt:10:8:1', 'pbkdf2-sha512:1000'].map((name, at) => {
    return { costClass: name, share: [0.4, 0.3, 0.2, 0.1][at] ?? 0 };
  });
  const addresses = Array.from({ length: 2_000 }, (_, at) => `nobody-${at}@example.org`);

  test('R-016: always shows the same hash, which the server alone can foresee', () => {
    expect(decoyHash('ada@example.org', mix, 'key')).toBe(decoyHash('ada@example.org', [...mix].reverse(), 'key'));
    expect(decoyHash('ada@example.org', mix, 'key')).not.toBe(decoyHash('bob@example.org', mix, 'key'));
    expect(decoyHash('ada@example.org', mix, 'key')).not.toBe(decoyHash('ada@example.org', mix, 'another'));
  });

  test('R-016: shows classes in the proportions of the installation', () => {
    const drawn = addresses.map((address) => costClass(decoyHash(address, mix, 'key')));
    for (const { costClass: name, share } of mix) {
      const part = drawn.filter((one) => one === name).length / addresses.length;
      expect(Math.abs(part - share)).toBeLessThan(0.04);
    }
  });

  test('R-016: moves to a class only when its share grows, as accounts do that are hashed anew', () => {
    const later = [0.6, 0.2, 0.133, 0.067].map((share, at) => ({ costClass: mix[at]?.costClass ?? '', share }));
    for (const address of addresses) {
      const [before, after] = [mix, later].map((shares) => costClass(decoyHash(address, shares, 'key')));
      if (before !== after) expect(after).toBe('argon2id:19456:2:1');
    }
  });

  test('R-016: every class is a hash that could be imported, of exactly that cost, and no password fits', async () => {
    const names = ['argon2i:1024:3:2', 'argon2d:1024:1:1:v16', ...mix.map((one) => one.costClass)];
    for (const name of names) {
      const decoy = decoyHash('ada@example.org', [{ costClass: name, share: 1 }], 'key');
      expect(importRefusal(decoy)).toBeNull();
      expect(costClass(decoy)).toBe(name);
      expect(await verifyPassword(PASSWORD, decoy)).toBe(false);
    }
  });

  test('R-016: without a mix, or with one that makes no sense, it is our Argon2id', () => {
    for (const name of ['', 'md5', 'bcrypt:31', 'argon2id:x', 'bcrypt:5:5']) {
      const decoy = decoyHash('ada@example.org', name ? [{ costClass: name, share: 1 }] : [], 'key');
      expect(needsRehash(decoy)).toBe(false);
      expect(costClass(decoy)).toBe('argon2id:19456:2:1');
    }
  });
});

describe('a flood of passwords', () => {
  const job = { task: 'hash', password: PASSWORD, cost: OUR_COST } as const;
  const script = (source: string) => new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const slow = script(
    `import { parentPort } from 'node:worker_threads';
     parentPort.on('message', () => setTimeout(() => parentPort.postMessage({ value: 'done' }), 150));`,
  );
  const fragile = script(
    `import { parentPort } from 'node:worker_threads';
     parentPort.on('message', (job) => { if (job.password === 'poison') process.exit(1); parentPort.postMessage({ value: 'done' }); });`,
  );
  const outcomes = async (work: Promise<unknown>[]) => {
    const settled = await Promise.allSettled(work);
    return settled.map((one) => (one.status === 'fulfilled' ? 'done' : (one.reason as Error).name));
  };

  test('R-182: what the queue cannot hold is turned away with a time to come back', async () => {
    const pool = new HashPool({ size: 1, maxQueued: 4, script: slow });
    const work = Array.from({ length: 8 }, () => pool.run(job));
    expect(pool.stats).toEqual({ inFlight: 1, queued: 4 });
    await expect(work[7]).rejects.toMatchObject({ name: 'BusyError', retryAfterSeconds: 2 });
    expect(await outcomes(work)).toEqual([...Array(5).fill('done'), ...Array(3).fill('BusyError')]);
    expect(pool.stats).toEqual({ inFlight: 0, queued: 0 });
    await pool.close();
  });

  test('the processes of a node share the threads that HASH_THREADS gives it', async () => {
    for (const [threads, processes, each] of [
      [3, 1, 3],
      [3, 2, 2],
      [1, 4, 1],
    ] as const) {
      shareHashing(threads, processes);
      const work = Array.from({ length: 4 }, () => runHashJob(job));
      expect(hashPoolStats()).toEqual({ inFlight: each, queued: 4 - each });
      await Promise.all(work);
      await closeHashPool();
    }
  });

  test('R-182: one client network holds at most three quarters of the queue', async () => {
    const pool = new HashPool({ size: 1, maxQueued: 8, script: slow });
    const work = ['a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'b', 'b', 'b'].map((lane) => pool.run(job, lane));
    expect(await outcomes(work)).toEqual([...Array(7).fill('done'), 'BusyError', 'done', 'done', 'BusyError']);
    await pool.close();
  });

  test('R-182: who has waited too long is turned away, and the work is never done', async () => {
    const pool = new HashPool({ size: 1, maxWaitMs: 100, script: slow });
    const work = [pool.run(job), pool.run(job), pool.run(job)];
    expect(await outcomes(work)).toEqual(['done', 'BusyError', 'BusyError']);
    expect(pool.stats).toEqual({ inFlight: 0, queued: 0 });
    await pool.close();
  });

  test('R-182: waiting is measured also when the event loop was stalled meanwhile', async () => {
    const pool = new HashPool({ size: 1, maxWaitMs: 200, script: slow });
    const work = [pool.run(job), pool.run(job)];
    await new Promise((resolve) => setTimeout(resolve, 50));
    const until = performance.now() + 400;
    while (performance.now() < until) Math.sqrt(until);
    expect(await outcomes(work)).toEqual(['done', 'BusyError']);
    await pool.close();
  });

  test('a thread that dies fails its own job only, and is replaced', async () => {
    const pool = new HashPool({ size: 1, script: fragile });
    const work = [job, { ...job, password: 'poison' }, job, job].map((one) => pool.run(one));
    expect(await outcomes(work)).toEqual(['done', 'Error', 'done', 'done']);
    await pool.close();
  });

  test('closing fails what runs and waits, and the pool can be used again', async () => {
    const pool = new HashPool({ size: 1, script: slow });
    const work = outcomes([pool.run(job), pool.run(job)]);
    await pool.close();
    expect(await work).toEqual(['Error', 'Error']);
    expect(await pool.run(job)).toBe('done');
    await pool.close();
  });

  test('R-182: the event loop stays free while many passwords are hashed', async () => {
    let isHashing = true;
    let turns = 0;
    const turn = () => {
      turns += 1;
      if (isHashing) setImmediate(turn);
    };
    turn();
    const hashes = await Promise.allSettled(Array.from({ length: 32 }, () => hashPassword(PASSWORD)));
    isHashing = false;
    const refused = hashes.filter((one) => one.status === 'rejected');
    expect(refused.filter(({ reason }) => !(reason instanceof BusyError))).toEqual([]);
    expect(hashes.length - refused.length).toBeGreaterThan(0);
    // A loop that waits for each hash turns about once for each.
    expect(turns).toBeGreaterThan(20 * hashes.length);
  });
});
