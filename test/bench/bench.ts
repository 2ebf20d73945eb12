/**
 * `npm run bench`: what the program does in a second, beside what the machine can do, measured in turns in one run, so
 * that the ratios mean something on a busy machine. Needs a PostgreSQL server (DATABASE_URL). Asserts nothing.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
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
import { freePort } from '../support/dependencies.js';
import { startMailServer } from '../support/mail-server.js';
import { median, quantile } from '../support/statistics.js';
import { body, openTarget, run, type Target } from './load.js';
import { millisecondsEach, processorTime, type ProcessorTime } from './processor-time.js';
import { cookiesOf, email, fill, openPool, PASSWORD, serviceEnv } from './service.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const SECONDS = Number(process.env['SECONDS'] ?? 3);
const WARM_UP_SECONDS = Number(process.env['WARM_UP_SECONDS'] ?? 10);
const ACCOUNTS = 64;
/** Who only read: the sessions of those who sign in again and again end beyond `MAX_SESSIONS`. */
const READERS = 16;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const line = (what: string, value: string): void => say(`  ${what.padEnd(62)} ${value}`);
const rate = (perSecond: number): string => `${perSecond.toFixed(perSecond < 1000 ? 1 : 0)}/s`;

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';
const REQUEST = 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename } }';

/** A person whose browser signed in before, as most have. */
interface Visitor {
  readonly session: string;
  device: string;
}

async function signIn(target: Target, i: number, device: string): Promise<Map<string, string>> {
  const wanted = body(SIGN_IN, { email: email(i), password: PASSWORD });
  const { status, text, headers } = await target.send(
    wanted,
    device ? { cookie: `__Host-rekey-device=${device}` } : {},
  );
  // The queue before the hashing is bounded: whom it turns away comes again, as the answer asks.
  if (status === 503) return sleep(100).then(() => signIn(target, i, device));
  if (!text.includes('SignInSuccess')) throw new Error(`sign-in: ${text}`);
  return cookiesOf(headers['set-cookie']);
}

async function firstVisit(target: Target): Promise<Visitor[]> {
  const visitors: Visitor[] = [];
  for (let i = 0; i < ACCOUNTS + READERS; i += 1) {
    const cookies = await signIn(target, i, '');
    const device = cookies.get('__Host-rekey-device') ?? '';
    visitors.push({ session: cookies.get('__Host-rekey-session') ?? '', device });
  }
  return visitors;
}

const seeViewer = (target: Target, visitors: readonly Visitor[]) => async (caller: number) => {
  const visitor = visitors[caller % visitors.length];
  const { text } = await target.send(VIEWER, { cookie: `__Host-rekey-session=${visitor?.session}` });
  if (!text.includes('"email"')) throw new Error(`viewer: ${text}`);
};
const VIEWER = body('{ viewer { email } }');

async function compareSignIns(target: Target, visitors: readonly Visitor[], { pid, database }: Watched): Promise<void> {
  const pool = openPool();
  const raw: number[] = [];
  const signIns: number[] = [];
  const costs: ProcessorTime[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const hash = async () => void (await pool.run({ task: 'hash', password: PASSWORD, cost: OUR_COST }));
    raw.push((await run(8, SECONDS, hash)).perSecond);
    const work = async (i: number) => void (await signIn(target, i, visitors[i]?.device ?? ''));
    const before = processorTime(pid, database);
    const { perSecond, times } = await run(16, SECONDS, work);
    signIns.push(perSecond);
    costs.push(millisecondsEach(before, processorTime(pid, database), times.length));
  }
  await pool.close();
  const cost = (part: keyof ProcessorTime): string => median(costs.map((each) => each[part])).toFixed(1);
  line('raw Argon2id hashes', rate(median(raw)));
  line('sign-ins through HTTP', `${rate(median(signIns))}   ${percent(signIns, raw)} of raw (aim: at least 85 %)`);
  const parts = `hashing ${cost('hashing')}, serving ${cost('serving')}, PostgreSQL ${cost('postgresql')} ms`;
  line('processor time of a sign-in', parts);
}

/** The program whose processor time is looked at, and its database. */
interface Watched {
  readonly pid: number;
  readonly database: string;
}

const percent = (part: readonly number[], whole: readonly number[]): string =>
  `${Math.round(100 * median(part.map((value, i) => value / (whole[i] as number))))} %`;

async function compareViewer(
  target: Target,
  bare: Target,
  visitors: readonly Visitor[],
  databaseUrl: string,
): Promise<void> {
  const nothing: number[] = [];
  const selects: number[] = [];
  const viewers: number[] = [];
  const typename = body('{ __typename }');
  const sql = postgres(databaseUrl, { max: 1 });
  const [known] = await sql<[{ id: string }]>`select id from accounts limit 1`;
  for (let round = 0; round < ROUNDS; round += 1) {
    nothing.push((await run(16, SECONDS, async () => void (await bare.send(typename)))).perSecond);
    const select = async () => void (await sql`select email from accounts where id = ${known.id}`);
    selects.push((await run(16, SECONDS, select)).perSecond);
    viewers.push((await run(16, SECONDS, seeViewer(target, visitors))).perSecond);
  }
  await sql.end();
  line('a bare Apollo server, { __typename }', rate(median(nothing)));
  line('one SELECT by primary key through postgres.js', rate(median(selects)));
  const ofSelect = `${percent(viewers, selects)} of the SELECT`;
  line(
    'viewer { email }',
    `${rate(median(viewers))}   ${percent(viewers, nothing)} of bare (aim: at least half), ${ofSelect}`,
  );
}

async function measureRequests(target: Target): Promise<void> {
  let asked = 0;
  const work = async () => {
    const { text } = await target.send(body(REQUEST, { email: `absent${(asked += 1)}@example.org` }));
    if (!text.includes('Accepted')) throw new Error(`requestPasswordReset: ${text}`);
  };
  line('requestPasswordReset, the worker in the same process', rate((await run(16, SECONDS, work)).perSecond));
}

async function measureStorm(target: Target, visitors: readonly Visitor[], readers: readonly Visitor[]): Promise<void> {
  const calm: number[] = [];
  const stormy: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    calm.push(quantile((await run(2, SECONDS, seeViewer(target, readers))).times, 0.99));
    const storm = run(64, SECONDS + 1, async (i) => void (await signIn(target, i, visitors[i]?.device ?? '')));
    await sleep(500);
    stormy.push(quantile((await run(2, SECONDS, seeViewer(target, readers))).times, 0.99));
    await storm;
  }
  line('viewer, 99th percentile, calm', `${median(calm).toFixed(1)} ms`);
  const ratio = (median(stormy) / median(calm)).toFixed(1);
  line('viewer, 99th percentile, while 64 sign in', `${median(stormy).toFixed(1)} ms   ${ratio} times calm`);
}

async function measureStarts(env: Record<string, string>, dataDir: string): Promise<void> {
  const starts: number[] = [];
  const sizes: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const program = await startBuilt(env, dataDir);
    await sleep(3000);
    starts.push(program.startedInMs);
    sizes.push(residentMegabytes(program.child.pid as number));
    await program.stop();
  }
  line('start, until ready', `${Math.round(median(starts))} ms`);
  line('resident memory, idle', `${Math.round(median(sizes))} MB (aim: below 150)`);
}

async function startBare(): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), NODE_ENV: 'production' };
  const child = fork(fileURLToPath(new URL('./bare-server.js', import.meta.url)), { env, execArgv: [] });
  await new Promise((resolve) => child.once('message', resolve));
  return { url: `http://127.0.0.1:${port}`, child };
}

async function measure(program: BuiltProgram, { name, url }: OwnDatabase, bareUrl: string): Promise<void> {
  const [target, bare] = [openTarget(program.url), openTarget(bareUrl)];
  const visitors = await firstVisit(target);
  const readers = visitors.slice(ACCOUNTS);
  // Until the program's code is compiled: a service that has just started is not what is measured.
  await run(16, WARM_UP_SECONDS, async (i) => void (await signIn(target, i, visitors[i]?.device ?? '')));
  await run(16, WARM_UP_SECONDS, seeViewer(target, readers));
  await compareSignIns(target, visitors, { pid: program.child.pid as number, database: name });
  await compareViewer(target, bare, readers, url);
  await measureRequests(target);
  await measureStorm(target, visitors, readers);
  target.close();
  bare.close();
}

async function main(): Promise<void> {
  const server = serverUrl();
  if (server === null) throw new Error('set DATABASE_URL to a PostgreSQL server that databases may be made on');
  const database = await createDatabase(server, 'bench');
  const mail = await startMailServer();
  const bare = await startBare();
  const dataDir = mkdtempSync(join(tmpdir(), 'rekey-bench-'));
  const env = serviceEnv(database.url, mail.url);
  try {
    await fill(env, ACCOUNTS + READERS);
    say(`${ROUNDS} rounds of ${SECONDS} s, in turns; medians`);
    await measureStarts(env, dataDir);
    const program = await startBuilt(env, dataDir);
    await measure(program, database, bare.url).finally(() => program.stop());
  } finally {
    bare.child.kill();
    mail.stop();
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
