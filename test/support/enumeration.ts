/**
 * `npm run enumeration`: measures, through HTTP against the started program, whether anyone can tell known addresses
 * from unknown ones by time. 1 000 interleaved pairs for each question; prints the area under the ROC curve; exit status
 * 1 where one is at or past the bound of R-016. On PostgreSQL where DATABASE_URL names a server, else embedded.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync as argon2 } from '@node-rs/argon2';
import { hashSync as bcrypt } from '@node-rs/bcrypt';
import { openDatabase } from '../../src/base/database.js';
import { loadConfig } from '../../src/base/config.js';
import { systemContext } from '../../src/base/context.js';
import { openLog } from '../../src/base/log.js';
import { createDatabase, serverUrl, startBuilt } from './built-program.js';
import { importAccount } from './imported.js';
import { areaUnderCurve, BOUND_FOR_1000_PAIRS, interleave, median } from './statistics.js';

const PAIRS = Number(process.env['PAIRS'] ?? 1000);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
const REQUEST = 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename } }';
const POLICY = '{ passwordPolicy { minLength } }';
const WRONG = 'not the password of anyone at all';

interface Sender {
  (query: string, input?: Record<string, unknown>): Promise<number>;
}

/** One connection, as an attacker would measure; each request from another network, so that no limit ends it. */
function openSender(url: string): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return (query, input) =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ query, variables: input && { input } });
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'x-forwarded-for': `10.${[...randomBytes(3)].join('.')}`,
      };
      const startedAt = performance.now();
      const sent = httpRequest(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
        response.resume().on('end', () => {
          const took = performance.now() - startedAt;
          if (response.statusCode === 200) resolve(took);
          else reject(new Error(`the answer was ${response.statusCode}`));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
}

/** `count` accounts of each installation: our hashes, or a mix with imported ones that is then mostly bcrypt. */
async function fill(env: Record<string, string>, dataDir: string, hashes: readonly string[]): Promise<void> {
  const config = loadConfig({ ...env, DATA_DIR: dataDir });
  const settings = { databaseUrl: config.DATABASE_URL, migrateDatabaseUrl: null, dataDir, migrate: true };
  const open = await openDatabase(settings);
  const log = openLog('error');
  const ctx = systemContext({ config, db: open.db, clock: 'service', log }, 'enumeration');
  for (let i = 0; i < PAIRS; i += 1) await importAccount(ctx, known(i), hashes[i % hashes.length] as string);
  await open.close();
}

const known = (i: number) => `known${i}@example.org`;
const unknown = (i: number) => `absent${i}@example.org`;

let isPast = false;

function report(what: string, times: { left: number[]; right: number[] }, mustDiffer = false): void {
  const area = areaUnderCurve(times.left, times.right);
  const differs = Math.abs(area - 0.5) >= BOUND_FOR_1000_PAIRS;
  if (differs !== mustDiffer) isPast = true;
  const medians = `${median(times.left).toFixed(2)} ms known, ${median(times.right).toFixed(2)} ms unknown`;
  const verdict = differs ? (mustDiffer ? 'told apart, as it must be' : 'TOLD APART') : 'not told apart';
  say(`  ${what.padEnd(58)} AUC ${area.toFixed(4)}   ${medians}   ${verdict}`);
}

async function measure(url: string): Promise<void> {
  const send = openSender(url);
  for (let i = 0; i < 100; i += 1) await send(SIGN_IN, { email: `warm${i}@example.org`, password: WRONG });
  const signIn = (email: string) => send(SIGN_IN, { email, password: WRONG });
  report(
    'signIn',
    await interleave(
      PAIRS,
      (i) => signIn(known(i)),
      (i) => signIn(unknown(i)),
    ),
  );
  const after: { left: number[]; right: number[] } = { left: [], right: [] };
  const request = async (email: string, next: number[]) => {
    const took = await send(REQUEST, { email });
    next.push(await send(POLICY));
    return took;
  };
  const requests = await interleave(
    PAIRS,
    (i) => request(known(i), after.left),
    (i) => request(unknown(i), after.right),
  );
  report('requestPasswordReset', requests);
  report('the request right after it', after);
  // What a service would do that makes the link in the request: one more statement, for known addresses only.
  const leaky = async (email: string, extra: boolean) =>
    (await send(REQUEST, { email })) + (extra ? await send('{ viewer { id } }') : 0);
  report(
    'a leaky variant (one more query where the address is known)',
    await interleave(
      PAIRS,
      (i) => leaky(known(i), true),
      (i) => leaky(unknown(i), false),
    ),
    true,
  );
}

async function runWith(name: string, hashes: readonly string[]): Promise<void> {
  const server = serverUrl();
  const dataDir = mkdtempSync(join(tmpdir(), 'rekey-enumeration-'));
  const database = server === null ? null : await createDatabase(server, 'enumeration');
  const env = {
    APP_ENV: 'test',
    PUBLIC_URL: 'http://localhost:4000',
    TRUSTED_PROXIES: '127.0.0.1',
    LIMIT_REQUESTS_PER_NETWORK: '0',
    LOG_LEVEL: 'error',
    ...(database && { DATABASE_URL: database.url }),
  };
  try {
    await fill(env, dataDir, hashes);
    say(`\n${name}, ${database ? 'PostgreSQL' : 'embedded database'}, ${PAIRS} pairs`);
    const program = await startBuilt(env, dataDir);
    await measure(program.url).finally(() => program.stop());
  } finally {
    await database?.drop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const ours = Array.from({ length: 20 }, (_, i) => argon2(`a password that is ${i}`, { algorithm: 2 }));
  const imported = Array.from({ length: 20 }, (_, i) => bcrypt(`a password that is ${i}`, { cost: 8 }));
  await runWith('Passwords of our own', ours);
  await runWith('Imported passwords (bcrypt, cost 8)', imported);
  await runWith(
    'Half and half',
    ours.flatMap((hash, i) => [hash, imported[i] as string]),
  );
  if (isPast) process.exitCode = 1;
  say(
    `\n${isPast ? 'Something can be told apart, or a leak was not seen' : 'Nobody can tell'} (bound ${BOUND_FOR_1000_PAIRS}).`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`enumeration: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
