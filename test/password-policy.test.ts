import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dictionary } from '@zxcvbn-ts/language-common';
import { breachStatus } from '../src/passwords/breached.js';
import { commonPasswordsOfLength, isCommonPassword } from '../src/passwords/common-passwords.js';
import { COMMON_LONG_PASSWORDS, COMMON_WORDS } from '../src/passwords/common-words.js';
import { checkPassword, isWellFormedPassword, passwordRuleMessage } from '../src/passwords/policy.js';
import { cpuMillisecondsOf } from './support/cpu-time.js';

const ADA = { email: 'ada.lovelace@mail.example.org', displayName: 'Ada King-Noël', productName: 'Rekey' };
const LETTERS = 'kqzvwxjhgpbmdft';

describe('how long a password must be', () => {
  test('R-003: fifteen code points, however many units or bytes they take', () => {
    expect(checkPassword(LETTERS.slice(0, 14))).toEqual(['MIN_LENGTH']);
    expect(checkPassword(LETTERS)).toEqual([]);
    expect(checkPassword('🦊🐢🍋🚲🎺🧭🪁🌋🥝🛶🎲🦉🧵🔭🍁')).toEqual([]);
    expect(checkPassword('🦊🐢🍋🚲🎺🧭🪁🌋')).toEqual(['MIN_LENGTH']);
    // Fourteen letters, one of them decomposed: fifteen code points before NFC, fourteen after.
    expect(checkPassword('e\u0301qzvwxjhgpbmdf')).toEqual(['MIN_LENGTH']);
  });

  test('R-003: an installation may ask for another length', () => {
    expect(checkPassword('kqzvwxjh', { minLength: 8 })).toEqual([]);
    expect(checkPassword('kqzvwxj', { minLength: 8 })).toEqual(['MIN_LENGTH']);
    expect(passwordRuleMessage('MIN_LENGTH', 8)).toContain('8');
  });

  test('R-004: 256 code points are accepted and 257 are refused with that reason', () => {
    const phrase = Array.from({ length: 257 }, (_, at) => LETTERS.charAt((at * at + (at >> 3)) % 15)).join('');
    expect(checkPassword(phrase.slice(0, 256))).toEqual([]);
    expect(checkPassword(phrase)).toEqual(['MAX_LENGTH']);
    expect(checkPassword('x'.repeat(1_000_000))).toEqual(['MAX_LENGTH']);
    expect(checkPassword('🦊🐢🍋🚲🎺🧭🪁🌋'.repeat(33))).toEqual(['MAX_LENGTH']);
  });

  test('R-008 and R-009: ill-formed text and NUL are never accepted', () => {
    for (const text of [`${LETTERS}\ud800`, `\udfff${LETTERS}`, `kqzvwxjh\0gpbmdft`]) {
      expect(isWellFormedPassword(text)).toBe(false);
      expect(checkPassword(text)).toEqual(['MIN_LENGTH']);
    }
    expect(isWellFormedPassword('🦊 kqzvwxjhgpbmdft')).toBe(true);
  });
});

describe('what a password may be made of', () => {
  test.each([
    'correct horse battery staple',
    'correct-horse-battery-staple',
    'lower case only passphrase',
    'my old password was far too short',
    'passwords are written on paper here',
    '938475610298347',
    '27182818284590452353602874',
    'съешь ещё этих мягких булок',
    'прыгучий ёжик под дождём',
    '🦊🐢🍋🚲🎺🧭🪁🌋🥝🛶🎲🦉🧵🔭🍁',
    'Tr0ub4dor&3 and seven more',
    '🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑',
    '   leading and trailing   ',
    'monkey dragon sunshine teapot',
    'gloopnak gloopnak',
    '満月の夜に狸が踊る静かな森の奥',
  ])('R-006 and R-010: %s is accepted', (password) => {
    expect(checkPassword(password, ADA)).toEqual([]);
  });

  test.each([
    'passwordpassword',
    'PasswordPassword',
    'password password',
    'passwordpasswordpassword1',
    'Password123!Password123!',
    'password1password2',
    '123456789012345',
    '1234567890123456789012345678901234567890',
    '987654321098765',
    'qwertyuiopasdfgh',
    'QWERTYUIOPASDFGH',
    'poiuytrewqlkjhgf',
    '1qaz2wsx3edc4rfv5tgb',
    '!QAZ@WSX#EDC$RFV',
    '1q2w3e4r5t6y7u8i9o',
    'azertyuiopqsdfgh',
    'йцукенгшщзхъфыва',
    'abcdefghijklmnop',
    'aabbccddeeffgghhii',
    'aaaaaaaaaaaaaaaa',
    'aaaaaaaabbbbbbbb',
    'aaaaaaaaaaaaaaa1',
    'abababababababab',
    'x7Qpx7Qpx7Qpx7Qp',
    'letmeinletmein2024',
    'sunshineprincess',
    'monkey12345678910',
    'qwerty123456qwerty',
    '111122223333444',
    '                ',
    'mailcreated5240',
  ])('R-010: %s is common', (password) => {
    expect(checkPassword(password)).toEqual(['NOT_COMMON']);
  });

  test('R-010: the list holds more than 3,000 entries of the allowed length, and refuses each', () => {
    const entries = [...commonPasswordsOfLength(15)];
    expect(entries.length).toBeGreaterThan(3_000);
    expect(entries.every((entry) => [...entry].length >= 15)).toBe(true);
    expect(entries.filter((entry) => !isCommonPassword(entry))).toEqual([]);
  });

  test('R-010: the words are the most frequent ones of the package that they come from', () => {
    const published = dictionary['passwords-common'] as string[];
    const ofLength = (word: string) => word.length >= 4 && word.length < 15;
    expect(COMMON_WORDS).toEqual(published.slice(0, 3_900).filter(ofLength));
    expect(COMMON_LONG_PASSWORDS).toEqual(published.filter((word) => word.length >= 15));
  });

  test('R-010: almost no random text is common', () => {
    // Fifteen digits, the poorest alphabet, of a fixed sequence that has no pattern.
    const digits = Array.from({ length: 5_000 }, (_, at) => {
      return String(BigInt(`0x${createHash('sha256').update(String(at)).digest('hex')}`)).slice(3, 18);
    });
    expect(digits.filter(isCommonPassword).length).toBeLessThan(10);
  });

  test.each([
    'ada.lovelace@mail.example.org',
    'Ada.Lovelace@Mail.Example.org',
    'ada.lovelace@mail.example.org1!',
    'ada.lovelaceada.lovelace',
    'adalovelace1815!',
    'lovelacelovelace',
    'mail.example.org2026',
    'Ada King-Noël 1815',
    'ada king-noe\u0308l 1815',
    'rekeyrekeyrekey',
    'Rekey Rekey Rekey!',
    '***rekey.rekey***',
    'rekey1234567890123',
    'rekeypassword2026',
    '2026!rekeylovelace',
  ])('R-010: %s is made of what everybody knows about the person', (password) => {
    expect(checkPassword(password, ADA)).toEqual(['NOT_PERSONAL']);
    expect(checkPassword(password.normalize('NFD'), ADA)).toEqual(['NOT_PERSONAL']);
  });

  test.each([
    'ada sails to the moon at noon',
    'why rekey when you can dance',
    'rekey 938475610298347',
    'lovelace kqzvwxjhgp',
  ])('R-010: %s only mentions it', (password) => {
    expect(checkPassword(password, ADA)).toEqual([]);
  });

  test('R-010: without a name, an address or a product nothing is personal', () => {
    expect(checkPassword('rekeyrekeyrekey', {})).toEqual([]);
    expect(checkPassword('rekeyrekeyrekey', { email: 'x@y.z', displayName: null, productName: '' })).toEqual([]);
  });

  test('what was looked up elsewhere is reported by the rule of the contract', () => {
    expect(checkPassword(LETTERS, { breachStatus: 'breached' })).toEqual(['NOT_BREACHED']);
    expect(checkPassword(LETTERS, { breachStatus: 'unknown' })).toEqual([]);
    expect(checkPassword(LETTERS, { isReused: true })).toEqual(['NOT_REUSED']);
  });

  test('R-011: every violation is told at once, and no message repeats the password', () => {
    const violations = checkPassword('password', { ...ADA, breachStatus: 'breached', isReused: true });
    expect(violations).toEqual(['MIN_LENGTH', 'NOT_COMMON', 'NOT_BREACHED', 'NOT_REUSED']);
    for (const rule of checkPassword('lovelace', ADA)) expect(passwordRuleMessage(rule)).not.toContain('lovelace');
  });

  test('the rules take a time that grows with the length only', async () => {
    const facts = { ...ADA, displayName: 'aaa aaaa aaaaa aaaaaa' };
    const worst = [
      'a'.repeat(256),
      '12'.repeat(128),
      'password'.repeat(32),
      'ada.'.repeat(64),
      '1234567890'.repeat(25),
    ];
    for (const password of worst) checkPassword(password, facts);
    const spent = await cpuMillisecondsOf(() => {
      for (let round = 0; round < 20; round += 1) for (const password of worst) checkPassword(password, facts);
    });
    // Half a millisecond each; the bound leaves room for a slow machine.
    expect(spent / 100).toBeLessThan(5);
  });
});

describe('asking whether a password is known from a breach', () => {
  /** SHA-1 of "password" is 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8. */
  const known = '1E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824';
  const padding = '0018A45C4D1DEF81644B54AB7F969B88D65:0';

  async function serving<T>(answer: string | null, ask: (url: string, seen: string[]) => Promise<T>): Promise<T> {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers['add-padding']}`);
      if (answer !== null) response.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}/range`, seen);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test('R-010: a known password is found, and only five digits of its digest are told', async () => {
    await serving(`${padding}\r\n${known}\r\n`, async (url, seen) => {
      expect(await breachStatus('password', url)).toBe('breached');
      expect(await breachStatus('an unknown passphrase', url)).toBe('clear');
      expect(seen[0]).toBe('/range/5BAA6 true');
    });
  });

  test('R-010: padding is not an answer', async () => {
    const status = await serving(known.replace(/:.*/, ':0'), (url) => breachStatus('password', url));
    expect(status).toBe('clear');
  });

  test('R-010: without a usable answer within a second it is unknown, and nobody is kept from a password', async () => {
    const started = performance.now();
    expect(await serving(null, (url) => breachStatus('password', url))).toBe('unknown');
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await serving('<html>sign in to the network</html>', (url) => breachStatus('password', url))).toBe(
      'unknown',
    );
    expect(await serving(`${known}\n`.repeat(60_000), (url) => breachStatus('password', url))).toBe('unknown');
    expect(await breachStatus('password', 'http://127.0.0.1:1/range/')).toBe('unknown');
    expect(await breachStatus('password', 'file:///etc/passwd')).toBe('unknown');
    expect(await breachStatus('password', 'not an address')).toBe('unknown');
  });
});
