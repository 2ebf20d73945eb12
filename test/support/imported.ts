/** Accounts that came from another system: made as the import makes them, with the hash they had there. */
import { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { hashSync as argon2 } from '@node-rs/argon2';
import { hashSync as bcrypt } from '@node-rs/bcrypt';
import { inTransaction, type Context } from '../../src/base/context.js';
import { createAccount } from '../../src/accounts/service.js';
import { storePassword } from '../../src/passwords/service.js';

/** @returns the account's id. */
export async function importAccount(ctx: Context, email: string, hash: string | null): Promise<string> {
  return inTransaction(ctx, async (ctx) => {
    const account = await createAccount(ctx, { email, emailKey: email.toLowerCase() });
    if (!account) throw new Error(`${email} is taken`);
    if (hash !== null) await storePassword(ctx, account.id, hash);
    return account.id;
  });
}

const plain = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

function pbkdf2(password: string, algorithm: 'sha256' | 'sha512', bytes: number): string {
  const salt = randomBytes(16);
  return `$pbkdf2-${algorithm}$i=20000$${plain(salt)}$${plain(pbkdf2Sync(password, salt, 20_000, bytes, algorithm))}`;
}

function django(password: string): string {
  const salt = randomBytes(12).toString('hex');
  return `pbkdf2_sha256$20000$${salt}$${pbkdf2Sync(password, salt, 20_000, 32, 'sha256').toString('base64')}`;
}

function scrypt(password: string): string {
  const salt = randomBytes(16);
  const tag = scryptSync(password, salt, 32, { N: 2 ** 13, r: 8, p: 1 });
  return `$scrypt$ln=13,r=8,p=1$${plain(salt)}$${plain(tag)}`;
}

const variant = (algorithm: 0 | 1 | 2) => (password: string) =>
  argon2(password, { algorithm, memoryCost: 4096, timeCost: 2, parallelism: 1 });

/** The password's hash as each system that people come from would have stored it. */
export const foreignHashes: Record<string, (password: string) => string> = {
  'Argon2id, weaker than ours': variant(2),
  Argon2i: variant(1),
  Argon2d: variant(0),
  'bcrypt $2b$': (password) => bcrypt(password, { cost: 6 }),
  'bcrypt $2a$': (password) => bcrypt(password, { cost: 6 }).replace('$2b$', '$2a$'),
  'bcrypt $2y$': (password) => bcrypt(password, { cost: 6 }).replace('$2b$', '$2y$'),
  scrypt,
  'PBKDF2-SHA256': (password) => pbkdf2(password, 'sha256', 32),
  'PBKDF2-SHA512': (password) => pbkdf2(password, 'sha512', 64),
  "Django's PBKDF2": django,
};
