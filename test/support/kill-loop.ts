/**
 * Kills the built program at random points of every kind of work, starts it again, and looks whether anything was half
 * done or lost (issue 8): `npm run kills KILLS [SEED]`, with TEST_DATABASE_URL set. Prints one JSON object; exit status 1 where
 * an invariant broke.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { runCommand } from './built-program.js';
import { evidenceOf } from './kill-errands.js';
import { checkInvariants } from './kill-invariants.js';
import { Life } from './kill-life.js';
import { startProgram, type Program } from './program.js';

export interface KillReport {
  readonly kills: number;
  readonly seed: number;
  readonly seconds: number;
  /** Mutations that were answered, and those that the kill cut off. */
  readonly answered: Record<string, number>;
  readonly cutOff: Record<string, number>;
  /** Answers that said it was done. */
  readonly done: Record<string, number>;
  /** Why the others were not, by mutation and outcome. */
  readonly refused: Record<string, number>;
  readonly letters: number;
  /** Mutations that were never acknowledged: of a long loop, which has time for all, each one breaks it. */
  readonly neverDone: string[];
  readonly broken: string[];
}

const MAIN = process.env['REKEY_MAIN'] ?? join(import.meta.dirname, '../../dist/main.js');

/** People whose second factor is a text message from the start. */
const TEXTED = 4;
/** Kills after which each mutation must have been acknowledged: the rarest are two or three times in a hundred. */
const LONG = 500;

/** A small generator, so that a run can be repeated. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** @param until a time of `performance.now()` after which no further round begins. */
export async function killLoop(url: string, kills: number, seed: number, until = Infinity): Promise<KillReport> {
  const startedAt = performance.now();
  const name = `rekey_kill_${process.pid}_${randomBytes(4).toString('hex')}`;
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const db = postgres(own.href, { max: 2, onnotice: () => {} });
  const random = numbersFrom(seed);
  const life = new Life(random);
  const broken: string[] = [];
  let done = 0;
  /** The next life of the program already starts beside the present one, as on a node that replaces its dead. */
  let coming: Promise<Program> | undefined;
  try {
    let program = await start(own.href);
    await hireStaff(life, program, own.href);
    await life.moveIn(program, TEXTED);
    for (; done < kills && broken.length === 0 && performance.now() < until; done += 1) {
      coming ??= start(own.href);
      await killAtWork(program, life, random);
      program = await coming;
      coming = start(own.href);
      await life.learn(program);
      broken.push(...(await checkInvariants(db, life)).map((what) => `kill ${done + 1}: ${what}`));
    }
    await (await coming)?.stop();
    await settle(program, db);
    broken.push(...(await checkInvariants(db, life, program)).map((what) => `at the end: ${what}`));
    await program.stop();
    const neverDone = [...evidenceOf.keys()].filter((mutation) => life.done.of(mutation) === 0);
    if (done >= LONG) broken.push(...neverDone.map((mutation) => `${mutation} was never done`));
    return {
      kills: done,
      seed,
      seconds: Math.round((performance.now() - startedAt) / 1000),
      answered: Object.fromEntries(life.answered),
      cutOff: Object.fromEntries(life.cutOff),
      done: Object.fromEntries(life.done),
      refused: Object.fromEntries(life.refused),
      letters: life.letters.count,
      neverDone,
      broken,
    };
  } finally {
    await coming?.then((program) => program.stop('SIGKILL'));
    await db.end();
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}

/** Two, who come at the same cases. Roles are given at the command line alone. */
async function hireStaff(life: Life, program: Program, databaseUrl: string): Promise<void> {
  for (const name of ['rita', 'hugo']) {
    const email = await life.hire(program, name);
    const env = { APP_ENV: 'test', DATA_DIR: program.dataDir, DATABASE_URL: databaseUrl };
    const { status, output } = await runCommand(['grant', email, '--role', 'admin'], env);
    if (status !== 0) throw new Error(output);
  }
}

let dataDir: string | undefined;

async function start(databaseUrl: string): Promise<Program> {
  const program = await startProgram({
    main: MAIN,
    ...(dataDir && { dataDir }),
    env: {
      DATABASE_URL: databaseUrl,
      PUBLIC_URL: 'http://localhost:4000',
      LIMIT_SIGN_IN_PER_NETWORK: '0',
      LIMIT_MAIL_PER_NETWORK: '0',
      LIMIT_REQUESTS_PER_NETWORK: '0',
      LIMIT_QUERIES_PER_NETWORK: '0',
      LIMIT_GUESS: '0',
      LIMIT_SMS_PER_NUMBER: '0',
      LIMIT_SMS_TOTAL: '0',
      LIMIT_QR_START_PER_NETWORK: '0',
      LIMIT_QR_PER_ACCOUNT: '0',
      LIMIT_RESET_PER_ADDRESS: '0',
      REAUTH_TTL: '3600',
      MAX_SESSIONS: '1000',
      // So that links are let out, and called off before that, while the program is killed. Each kill may cost their notice
      // the minute of its lease, and it must not come too late.
      MANUAL_RESET_HOLD: '300',
    },
  });
  ({ dataDir } = program);
  return program;
}

/** Work, killed at a random moment of it. */
async function killAtWork(program: Program, life: Life, random: () => number): Promise<void> {
  const working = life.work(program);
  await randomMoment(life, random);
  await program.stop('SIGKILL');
  await working;
}

/**
 * After a random number of answers and a bit: by the clock alone a slow machine would never get past the first hash, and by
 * the quick answers alone neither.
 */
async function randomMoment(life: Life, random: () => number): Promise<void> {
  // The first time some settle in, so that there is something of every kind to do from then on.
  const isYoung = life.citizens.filter(({ exists }) => exists).length < TEXTED + 4;
  if (isYoung) return void (await sleep(15_000));
  const isSlow = random() < 0.5;
  const count = () => (isSlow ? life.countSlowAnswers() : life.countAnswers());
  const answers = count() + Math.floor(random() * (isSlow ? 3 : 30));
  for (let tries = 0; tries < 160 && count() < answers; tries += 1) await sleep(50);
  await sleep(random() * 400);
}

/** Lets the worker empty the outbox, leases of the dead included. */
async function settle(program: Program, db: postgres.Sql): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    // Real time decides leases, and a minute for each kill would be too long to wait for.
    await db`update outbox set locked_until = null where locked_until is not null and attempts > 0 and done_at is null`;
    await fetch(`${program.url}/test/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"advanceSeconds":5}',
    });
    await sleep(500);
    const [row] = await db<{ n: number }[]>`
      select count(*)::int as n from outbox where done_at is null and dead_at is null`;
    if (row?.n === 0) return;
  }
}

if (process.argv[1]?.endsWith('kill-loop.ts')) {
  const kills = Number(process.argv[2] ?? 20);
  const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
  const minutes = Number(process.env['KILL_MINUTES'] ?? Infinity);
  const url = process.env['TEST_DATABASE_URL'] ?? '';
  const report = await killLoop(url, kills, seed, performance.now() + minutes * 60_000);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.broken.length === 0 ? 0 : 1;
}
