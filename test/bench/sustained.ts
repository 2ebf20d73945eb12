/**
 * `npm run load`: sign-ins at 90 % of what the machine can hash at all, for ten minutes (SECONDS), while others read. The
 * generator is bounded in rate, in requests under way and in time. Needs a PostgreSQL server (DATABASE_URL) and the machine
 * for itself. With CPUS the program has these processors for itself, if PostgreSQL and this process are kept off them
 * (`taskset`): as on a machine of its own; then give this process as many, since it measures what they can hash. HASH_THREADS is
 * the program's, and what they can hash is the limit then.
 * Prints one JSON object; exit status 1 where something was answered that is neither success nor busy.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { OUR_COST } from '../../src/passwords/schemes.js';
import {
  createDatabase,
  residentMegabytes,
  serverUrl,
  startBuilt,
  type BuiltProgram,
  type OwnDatabase,
} from '../support/built-program.js';
import { startMailServer } from '../support/mail-server.js';
import { quantile } from '../support/statistics.js';
import { body, openTarget, run, type Target } from './load.js';
import { millisecondsEach, processorTime } from './processor-time.js';
import { cookiesOf, email, fill, openPool, PASSWORD, PROGRAM_THREADS, serviceEnv } from './service.js';

const SECONDS = Number(process.env['SECONDS'] ?? 600);
const SHARE = 0.9;
/** Enough that no account is tried twice at once. */
const ACCOUNTS = 256;
const READERS = 2;
/** The generator's bound. The program turns away what would wait too long for its hash before this is reached. */
const MOST_UNDER_WAY = 192;
/** Of the bare hashes, before and after: a shared machine is not as fast in one minute as in the next. */
const BARE_SECONDS = 20;
/** What a reader waits between two looks. Milliseconds. */
const READ_EVERY_MS = 50;

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
const VIEWER = body('{ viewer { email } }');

interface Tally {
  success: number;
  busy: number;
  withheld: number;
  readonly times: number[];
  readonly errors: Map<string, number>;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const rounded = ({ alone, amongOthers }: Bare): Bare => ({ alone: round(alone), amongOthers: round(amongOthers) });

async function signIn(target: Target, i: number, devices: Map<number, string>, tally: Tally): Promise<void> {
  const device = devices.get(i);
  const startedAt = performance.now();
  const { status, text, headers } = await target.send(
    body(SIGN_IN, { email: email(i), password: PASSWORD }),
    device ? { cookie: `__Host-rekey-device=${device}` } : {},
  );
  if (text.includes('SignInSuccess')) {
    tally.success += 1;
    tally.times.push(performance.now() - startedAt);
    devices.set(i, cookiesOf(headers['set-cookie']).get('__Host-rekey-device') ?? device ?? '');
  } else if (status === 503 && text.includes('"BUSY"')) tally.busy += 1;
  else count(tally.errors, `${status} ${text.slice(0, 200)}`);
}

const count = (errors: Map<string, number>, what: string): void => void errors.set(what, (errors.get(what) ?? 0) + 1);

const emptyTally = (): Tally => ({ success: 0, busy: 0, withheld: 0, times: [], errors: new Map() });

/** Everybody's first sign-in, which costs a letter about a new device, is not what is sustained. */
async function signInForTheFirstTime(target: Target): Promise<Map<number, string>> {
  const tally = emptyTally();
  const devices = new Map<number, string>();
  for (let i = 0; i < ACCOUNTS; i += 1) await signIn(target, i, devices, tally);
  if (tally.success < ACCOUNTS)
    throw new Error(`the first sign-ins: ${JSON.stringify(Object.fromEntries(tally.errors))}`);
  return devices;
}

/** So many sign-ins a second, whether or not the earlier ones are answered. */
async function signInSteadily(
  target: Target,
  devices: Map<number, string>,
  perSecond: number,
  seconds: number,
): Promise<Tally> {
  const tally = emptyTally();
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  for (let asked = 0; performance.now() - startedAt < seconds * 1000;) {
    const due = ((performance.now() - startedAt) / 1000) * perSecond;
    for (; asked < due; asked += 1) {
      if (underWay.size >= MOST_UNDER_WAY) {
        tally.withheld += 1;
        continue;
      }
      const one = signIn(target, asked % ACCOUNTS, devices, tally).catch((error: Error) =>
        count(tally.errors, error.message),
      );
      underWay.add(one);
      void one.then(() => underWay.delete(one));
    }
    await sleep(5);
  }
  await Promise.all(underWay);
  return tally;
}

async function openReader(target: Target, reader: number): Promise<string> {
  const { headers, text } = await target.send(body(SIGN_IN, { email: email(ACCOUNTS + reader), password: PASSWORD }));
  const session = cookiesOf(headers['set-cookie']).get('__Host-rekey-session');
  if (!session) throw new Error(`a reader cannot sign in: ${text}`);
  return session;
}

/** @returns milliseconds of each look. */
async function read(target: Target, sessions: readonly string[], seconds: number): Promise<number[]> {
  const times: number[] = [];
  await run(sessions.length, seconds, async (reader) => {
    const startedAt = performance.now();
    const { text } = await target.send(VIEWER, { cookie: `__Host-rekey-session=${sessions[reader]}` });
    times.push(performance.now() - startedAt);
    if (!text.includes('"email"')) throw new Error(`viewer: ${text}`);
    await sleep(READ_EVERY_MS);
  });
  return times;
}

/** Hashes a second, with nothing else to do, of the program's threads. */
interface Bare {
  /** With the machine's cache and memory for themselves. */
  readonly alone: number;
  /** While every other core hashes too, and needs the same memory: as in service, where PostgreSQL and others do. */
  readonly amongOthers: number;
}

async function bareHashes(): Promise<Bare> {
  const cores = availableParallelism();
  const perCore = (await hashesPerSecond(cores)) / cores;
  return { alone: await hashesPerSecond(PROGRAM_THREADS), amongOthers: perCore * Math.min(cores, PROGRAM_THREADS) };
}

async function hashesPerSecond(threads: number): Promise<number> {
  const pool = openPool(threads);
  const hash = async () => void (await pool.run({ task: 'hash', password: PASSWORD, cost: OUR_COST }));
  await run(8, 1, hash);
  const { perSecond } = await run(8, BARE_SECONDS, hash);
  await pool.close();
  return perSecond;
}

/** What was reached as a percentage of both readings together. */
const shareOf = (perSecond: number, before: Bare, after: Bare, which: keyof Bare): number =>
  round((200 * perSecond) / (before[which] + after[which]));

async function watchMemory(pid: number, until: Promise<unknown>): Promise<number[]> {
  const sizes: number[] = [];
  let isOver = false;
  void until.finally(() => (isOver = true));
  for (; !isOver; await sleep(1000)) sizes.push(residentMegabytes(pid));
  return sizes;
}

/** Off, what is counted and queued leaves more and more behind that every statement wades through: not as in service. */
async function autovacuum(url: string): Promise<string> {
  const sql = postgres(url, { max: 1 });
  const [row] = await sql<[{ autovacuum: string }]>`show autovacuum`;
  await sql.end();
  return row.autovacuum;
}

async function measure({ url, child }: BuiltProgram, database: OwnDatabase): Promise<Record<string, unknown>> {
  const pid = child.pid as number;
  const target = openTarget(url);
  const sessions = await Promise.all(Array.from({ length: READERS }, (_, reader) => openReader(target, reader)));
  await read(target, sessions, 3);
  const calm = await read(target, sessions, Math.min(20, SECONDS / 3));
  const devices = await signInForTheFirstTime(target);
  const bareBefore = await bareHashes();
  const offered = bareBefore.amongOthers * SHARE;
  const before = processorTime(pid, database.name);
  const signingIn = signInSteadily(target, devices, offered, SECONDS);
  const [tally, loaded, sizes] = await Promise.all([
    signingIn,
    read(target, sessions, SECONDS),
    watchMemory(pid, signingIn),
  ]);
  const spent = millisecondsEach(before, processorTime(pid, database.name), tally.success);
  target.close();
  const bareAfter = await bareHashes();
  const tenth = Math.max(1, Math.floor(sizes.length / 10));
  const perSecond = tally.success / SECONDS;
  return {
    seconds: SECONDS,
    autovacuum: await autovacuum(database.url),
    hashThreads: process.env['HASH_THREADS'] ?? 'one for each core',
    bareHashesPerSecond: { before: rounded(bareBefore), after: rounded(bareAfter) },
    offeredPerSecond: round(offered),
    signInsPerSecond: round(perSecond),
    percentOfBare: {
      alone: shareOf(perSecond, bareBefore, bareAfter, 'alone'),
      amongOthers: shareOf(perSecond, bareBefore, bareAfter, 'amongOthers'),
    },
    percentOfOffered: round((100 * perSecond) / offered),
    success: tally.success,
    busy: tally.busy,
    withheldByTheGenerator: tally.withheld,
    processorMsPerSignIn: {
      hashing: round(spent.hashing),
      serving: round(spent.serving),
      postgresql: round(spent.postgresql),
    },
    signInMs: { p50: round(quantile(tally.times, 0.5)), p99: round(quantile(tally.times, 0.99)) },
    viewerCalmMs: { p50: round(quantile(calm, 0.5)), p99: round(quantile(calm, 0.99)), looks: calm.length },
    viewerLoadedMs: { p50: round(quantile(loaded, 0.5)), p99: round(quantile(loaded, 0.99)), looks: loaded.length },
    viewerRatio: round(quantile(loaded, 0.99) / quantile(calm, 0.99)),
    megabytesByTenth: Array.from({ length: 10 }, (_, i) =>
      Math.round(quantile(sizes.slice(i * tenth, (i + 1) * tenth), 0.5)),
    ),
    errors: Object.fromEntries(tally.errors),
  };
}

async function main(): Promise<void> {
  const server = serverUrl();
  if (server === null) throw new Error('set DATABASE_URL to a PostgreSQL server that databases may be made on');
  const database = await createDatabase(server, 'load');
  const mail = await startMailServer();
  const dataDir = mkdtempSync(join(tmpdir(), 'rekey-load-'));
  const env = serviceEnv(database.url, mail.url);
  try {
    await fill(env, ACCOUNTS + READERS);
    const program = await startBuilt(env, dataDir, process.env['CPUS']);
    const report = await measure(program, database).finally(() => program.stop());
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    process.exitCode = Object.keys(report['errors'] as object).length === 0 ? 0 : 1;
  } finally {
    mail.stop();
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`load: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
