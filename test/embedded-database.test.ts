/** The embedded database in its folder: one process, nothing lost, nothing stalled. Runs alike with TEST_DATABASE_URL. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { openDatabase, rows, StartupError, type OpenDatabase } from '../src/base/database.js';
import { FolderInUseError, lockFolder } from '../src/base/folder-lock.js';
import { startProgram, type Program } from './support/program.js';

const hooks = fileURLToPath(new URL('./support/typescript-hooks.js', import.meta.url));
const source = new URL('../src/base/', import.meta.url).href;
const top = mkdtempSync(join(tmpdir(), 'rekey-test-'));
/** A folder with an empty database, made once: a first start takes seconds. */
const prepared = join(top, 'prepared');
let copies = 0;
const children: ChildProcess[] = [];

const open = (dataDir: string): Promise<OpenDatabase> =>
  openDatabase({ databaseUrl: null, migrateDatabaseUrl: null, dataDir, migrate: false });

function copyOfPrepared(name = `copy-${(copies += 1)}`): string {
  cpSync(join(prepared, 'database'), join(top, name, 'database'), { recursive: true });
  return join(top, name);
}

const failure = (opening: Promise<OpenDatabase>): Promise<unknown> =>
  opening.then(
    () => 'it opened',
    (error: unknown) => error,
  );

/** Runs a script in a process of its own; resolves when it says a line. */
async function otherProcess(script: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', hooks, '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`the other process ended with ${code}`)));
  });
  return child;
}

/** A process that opens the folder, writes one row, is answered, and goes on holding it. */
const holderOf = (dataDir: string): Promise<ChildProcess> =>
  otherProcess(`
    import { sql } from 'drizzle-orm';
    import { openDatabase } from '${source}database.ts';
    const { db } = await openDatabase({ databaseUrl: null, migrateDatabaseUrl: null, migrate: false, dataDir: ${JSON.stringify(dataDir)} });
    await db.execute(sql\`create table kept (word text)\`);
    await db.execute(sql\`insert into kept values ('still here')\`);
    console.log('written');`);

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

beforeAll(async () => {
  // As a first start leaves it that was killed in the middle: half a database, and the mark that says so.
  mkdirSync(join(prepared, 'database', 'base'), { recursive: true });
  writeFileSync(join(prepared, 'database', 'PG_VERSION'), '18\n');
  writeFileSync(join(prepared, 'database.incomplete'), '');
  await (await open(prepared)).close();
}, 60_000);

afterAll(async () => {
  await Promise.all(children.filter((child) => child.exitCode === null && child.signalCode === null).map(killed));
  rmSync(top, { recursive: true, force: true });
});

describe('a folder belongs to one process', () => {
  test('a second process is refused, and told which folder and who has it', async () => {
    const dataDir = copyOfPrepared();
    const holder = await holderOf(dataDir);
    const error = await failure(open(dataDir));
    expect(error).toBeInstanceOf(StartupError);
    expect((error as Error).message).toBe(
      `The embedded database in ${dataDir} is in use by process ${holder.pid}. It belongs to one process at a time: ` +
        'stop that one, set DATA_DIR to another folder, or set DATABASE_URL to a PostgreSQL server.',
    );
  });

  test('after kill -9 the next start takes the lock over and finds every acknowledged row', async () => {
    const dataDir = copyOfPrepared();
    await killed(await holderOf(dataDir));
    const { db, close } = await open(dataDir);
    expect(await rows(db, sql`select word from kept`)).toEqual([{ word: 'still here' }]);
    await close();
    expect(readdirSync(dataDir)).toEqual(['database']);
  });

  test('the same process cannot open it twice, and can open it again after closing', async () => {
    const dataDir = copyOfPrepared();
    const first = await open(dataDir);
    expect(await failure(open(dataDir))).toMatchObject({ problem: expect.stringContaining(`process ${process.pid}`) });
    await first.close();
    await (await open(dataDir)).close();
  });

  test('of many starters that find a stale lock, exactly one wins', async () => {
    const folder = mkdtempSync(join(top, 'lock-'));
    const lock = `import { lockFolder } from '${source}folder-lock.ts'; await lockFolder(${JSON.stringify(folder)});`;
    await killed(await otherProcess(`${lock} console.log('locked'); setInterval(() => {}, 1000);`));
    expect(readdirSync(folder)).toHaveLength(1);
    for (let round = 0; round < 5; round += 1) {
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
      const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      const losers = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(winners).toHaveLength(1);
      for (const { reason } of losers) expect(reason).toBeInstanceOf(FolderInUseError);
      await winners[0]?.value.release();
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a folder with a path too long for a socket works too, and is locked', async () => {
    const dataDir = copyOfPrepared(`long-${'x'.repeat(120)}`);
    const { db, close } = await open(dataDir);
    expect(await rows(db, sql`select 1 as one`)).toEqual([{ one: 1 }]);
    expect(await failure(open(dataDir))).toMatchObject({ problem: expect.stringContaining('in use') });
    await close();
  });
});

/** Makes it write more of its log than it has room for at hand: where no file can be added it panics. */
async function breakOff(dataDir: string): Promise<void> {
  const path = join(dataDir, 'database.sock');
  const other = postgres({ path, user: 'postgres', database: 'postgres', max: 1, fetch_types: false });
  const write = `select pg_logical_emit_message(false, 'test', repeat('x', 1000000)) from generate_series(1, 80)`;
  await other.unsafe(write).catch(() => undefined);
  await other.end({ timeout: 0 });
}

/** What was said comes through a pipe, and may be a moment behind the answer. */
async function reasonsToldBy(program: Program): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const told = program.lines.filter(({ event }) => event === 'store_unavailable');
    if (told.length > 0) return told.map(({ reason }) => reason).join();
    await new Promise((resume) => setTimeout(resume, 20));
  }
  return 'nothing';
}

const exitOf = (program: Program): Promise<number | null> => {
  children.push(program.child);
  if (program.child.exitCode !== null) return Promise.resolve(program.child.exitCode);
  return new Promise((resolve) => program.child.once('exit', (code) => resolve(code)));
};

/** A disk of its own takes a superuser. */
const small = join(top, 'small-disk');
const mount = (): boolean => {
  mkdirSync(small);
  return userInfo().uid === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'none', small]).status === 0;
};

describe('the program on the embedded database', () => {
  const hasDisk = mount();
  afterAll(() => {
    if (hasDisk) spawnSync('umount', ['--lazy', small]);
  });
  const signUp = async (program: Program, name: string): Promise<string> => {
    const query = `mutation { signUp(input: { email: "${name}@example.org" }) { __typename } }`;
    const { body } = await program.graphql(query);
    return body.data?.signUp?.__typename ?? body.errors?.[0]?.extensions.code;
  };

  test('ends when the database has ended by itself, and says why', async () => {
    const program = await startProgram({ dataDir: copyOfPrepared() });
    rmSync(join(program.dataDir, 'database', 'pg_wal'), { recursive: true });
    await breakOff(program.dataDir);
    expect(await exitOf(program)).toBe(1);
    expect(program.complaints()).toMatch(/^rekey: The embedded database in .* has ended: .*start again/m);
    expect(program.lines.map(({ event }) => event)).toEqual(expect.arrayContaining(['database_ended', 'stopped']));
  }, 60_000);

  (hasDisk ? test : test.skip)(
    'on a full disk refuses and says so, goes on when there is room, and loses nothing',
    async () => {
      const dataDir = join(small, 'data');
      cpSync(join(prepared, 'database'), join(dataDir, 'database'), { recursive: true });
      const filler = join(small, 'filler');
      const fill = () => spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']);
      const program = await startProgram({ dataDir, env: { LIMIT_MAIL_PER_NETWORK: '0' } });
      expect(await signUp(program, 'before')).toBe('SignUpAccepted');
      fill();
      let acknowledged = 1;
      let answer = '';
      for (; acknowledged < 5000; acknowledged += 1) {
        answer = await signUp(program, `full${acknowledged}`);
        if (answer !== 'SignUpAccepted') break;
      }
      expect(answer).toBe('UNAVAILABLE');
      expect(await reasonsToldBy(program)).toContain('No space left');
      rmSync(filler);
      expect(await signUp(program, 'after')).toBe('SignUpAccepted');
      fill();
      await breakOff(dataDir);
      expect(await exitOf(program)).toBe(1);
      expect(program.complaints()).toContain('the disk is full');
      rmSync(filler);
      const { db, close } = await open(dataDir);
      const [row] = await rows<{ n: number }>(db, sql`select count(*)::int as n from outbox where message = 'sign_up'`);
      expect(row?.n).toBe(acknowledged + 1);
      await close();
    },
    60_000,
  );
});

describe('a folder that cannot be used', () => {
  test('a damaged one is named, with what to do', async () => {
    const dataDir = copyOfPrepared();
    truncateSync(join(dataDir, 'database', 'global', 'pg_control'));
    const error = await failure(open(dataDir));
    expect(error).toBeInstanceOf(StartupError);
    expect((error as Error).message).toMatch(/the folder is damaged, or of another version: it says PostgreSQL 18/);
    expect((error as Error).message).toContain(dataDir);
    // It gives the folder up again.
    expect(readdirSync(dataDir)).toEqual(['database']);
  });

  test('a path that is a file is named', async () => {
    const file = join(top, 'a-file');
    writeFileSync(file, '');
    expect(await failure(open(file))).toMatchObject({ problem: expect.stringContaining(file) });
  });
});

test('a slow query does not stall the server', async () => {
  const { db, close } = await open(copyOfPrepared());
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 10);
  const [row] = await rows<{ ms: number }>(
    db,
    sql`with slow as materialized (select clock_timestamp() as start, (select count(*) from generate_series(1, 6000000)) as n)
      select (extract(epoch from clock_timestamp() - start) * 1000)::int as ms from slow where n > 0`,
  );
  clearInterval(timer);
  // On the server's own thread there would not be one turn.
  expect(turns).toBeGreaterThan((row?.ms ?? 0) / 100);
  expect(row?.ms).toBeGreaterThan(300);
  await close();
});

test('a first start that was killed in the middle begins anew', () => {
  expect(existsSync(join(prepared, 'database', 'global', 'pg_control'))).toBe(true);
  expect(existsSync(join(prepared, 'database.incomplete'))).toBe(false);
});
