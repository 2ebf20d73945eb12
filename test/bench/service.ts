/** What is measured: the program as in service, on a database with accounts that can sign in. */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { loadConfig } from '../../src/base/config.js';
import { systemContext } from '../../src/base/context.js';
import { openDatabase } from '../../src/base/database.js';
import { openLog } from '../../src/base/log.js';
import { HashPool } from '../../src/passwords/hash-pool.js';
import { OUR_COST } from '../../src/passwords/schemes.js';
import { importAccount } from '../support/imported.js';

const { HASH_THREADS } = process.env;

export const PASSWORD = 'seven purple horses run';
export const email = (i: number) => `bench${i}@example.org`;

/** The environment of the program; each caller may name the network that it comes from. */
export const serviceEnv = (databaseUrl: string, smtpUrl: string) => ({
  APP_ENV: 'production',
  PUBLIC_URL: 'https://id.example.org',
  DATABASE_URL: databaseUrl,
  SMTP_URL: smtpUrl,
  MAIL_FROM: 'no-reply@rekey.example',
  SECRET_KEYS: `bench:${randomBytes(32).toString('base64')}`,
  TRUSTED_PROXIES: '127.0.0.1',
  LOG_LEVEL: 'error',
  HOST: '127.0.0.1',
  ...(HASH_THREADS === undefined ? {} : { HASH_THREADS }),
});

/** As many threads as the program hashes in. */
export const PROGRAM_THREADS = HASH_THREADS === undefined ? availableParallelism() : Number(HASH_THREADS);

/** The program's own threads, without the bound on the queue that turns a flood away. */
export const openPool = (size = PROGRAM_THREADS) =>
  new HashPool({ script: new URL('../../src/passwords/hash-worker.js', import.meta.url), maxWaitMs: 600_000, size });

/** Makes accounts `email(0)` and so on, all with `PASSWORD`. */
export async function fill(env: Record<string, string>, accounts: number): Promise<void> {
  const config = loadConfig(env);
  const open = await openDatabase({
    databaseUrl: config.DATABASE_URL,
    migrateDatabaseUrl: null,
    dataDir: '',
    migrate: true,
  });
  const ctx = systemContext({ config, db: open.db, clock: 'service', log: openLog('error') }, 'bench');
  const pool = openPool();
  const hash = await pool.run({ task: 'hash', password: PASSWORD, cost: OUR_COST });
  for (let i = 0; i < accounts; i += 1) await importAccount(ctx, email(i), hash);
  await pool.close();
  await open.close();
}

export const cookiesOf = (lines: readonly string[] = []): Map<string, string> =>
  new Map(lines.map((text) => (/^([^=]+)=([^;]*)/.exec(text) ?? []).slice(1, 3) as [string, string]));
