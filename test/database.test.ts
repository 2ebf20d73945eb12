/** What holds on either database: nothing mixes, nothing hangs, and what is away is said to be away. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eq, sql } from 'drizzle-orm';
import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import {
  databaseErrorCode,
  isDatabaseUnavailable,
  migrateDatabase,
  openDatabase,
  rows,
  StartupError,
  type OpenDatabase,
} from '../src/base/database.js';
import { Pool } from '../src/base/database-pool.js';
import { PostgresServer } from '../src/base/postgres-server.js';
import { statement } from '../src/base/statements.js';
import { clock, type Clock } from '../src/base/time.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';

const notes = pgTable('notes_of_the_database_test', {
  id: integer('id').primaryKey(),
  word: text('word').notNull(),
  at: timestamp('at', { withTimezone: true, mode: 'date' }),
});

let own: TestDatabase;
let database: OpenDatabase;

beforeAll(async () => {
  own = await createTestDatabase();
  database = await own.open();
  await database.db.execute(
    sql`create table ${notes} (id int constraint notes_key primary key, word text not null, at timestamptz)`,
  );
});
afterAll(() => own.close());

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );

const openAt = (databaseUrl: string, migrateDatabaseUrl: string | null = null): Promise<OpenDatabase> =>
  openDatabase({ databaseUrl, migrateDatabaseUrl, dataDir: '', migrate: migrateDatabaseUrl !== null });

describe('statements and transactions in parallel', () => {
  test('50 transactions, 150 single statements and 50 failing ones: each gets its own answer', async () => {
    const { db } = database;
    const transaction = (n: number): Promise<string> =>
      db.transaction(async (tx) => {
        await tx.insert(notes).values({ id: n, word: `t${n}` });
        const [row] = await tx.select().from(notes).where(eq(notes.id, n));
        await tx
          .update(notes)
          .set({ word: `${row?.word}!` })
          .where(eq(notes.id, n));
        return `t${n}`;
      });
    const single = async (n: number): Promise<string> => {
      const text = sql`select ${n}::int as n, repeat('x', ${n}::int) as x`;
      const [row] = await rows<{ n: number; x?: string }>(db, n % 2 ? sql`select ${n}::int as n` : text);
      return `s${row?.x === undefined || row.x.length === n ? row?.n : 'mixed'}`;
    };
    const failing = async (n: number): Promise<string> =>
      databaseErrorCode(await failure(db.execute(sql`select 1 / (${n}::int - ${n}::int)`))).code === '22012'
        ? `f${n}`
        : '';
    const asked = Array.from({ length: 250 }, (_, n) => n);
    const answers = await Promise.all(
      asked.map((n) => (n % 5 === 0 ? transaction(n) : n % 5 === 1 ? failing(n) : single(n))),
    );
    expect(answers).toEqual(asked.map((n) => `${n % 5 === 0 ? 't' : n % 5 === 1 ? 'f' : 's'}${n}`));
    const words = await db.select({ word: notes.word }).from(notes).orderBy(notes.id);
    expect(words.map(({ word }) => word)).toEqual(Array.from({ length: 50 }, (_, n) => `t${n * 5}!`));
  });

  test('a transaction that throws leaves nothing; a nested one takes only its own part back', async () => {
    const { db } = database;
    await failure(
      db.transaction(async (tx) => {
        await tx.insert(notes).values({ id: 1_001, word: 'never' });
        throw new Error('no');
      }),
    );
    await db.transaction(async (tx) => {
      await tx.insert(notes).values({ id: 1_002, word: 'kept' });
      await failure(tx.transaction((inner) => inner.insert(notes).values({ id: 1_002, word: 'twice' })));
    });
    expect(await rows(db, sql`select id, word from ${notes} where id > 1000 order by id`)).toEqual([
      { id: 1_002, word: 'kept' },
    ]);
  });

  test('instants come back as they went in, inside transactions and outside', async () => {
    const { db } = database;
    const at = new Date('2026-07-01T12:00:00.123Z');
    const [outside] = await db.insert(notes).values({ id: 2_001, word: 'a', at }).returning();
    const [inside] = await db.transaction((tx) => tx.insert(notes).values({ id: 2_002, word: 'b', at }).returning());
    expect([outside?.at, inside?.at]).toEqual([at, at]);
    expect(await rows(db, sql`select current_setting('TimeZone') as zone`)).toEqual([{ zone: 'UTC' }]);
  });

  test('an error tells its code and constraint, through what Drizzle wraps around it', async () => {
    const insert = (): Promise<unknown> => database.db.insert(notes).values({ id: 3_001, word: 'secret' }).execute();
    await insert();
    const error = await failure(insert());
    expect(databaseErrorCode(error)).toEqual({ code: '23505', constraint: 'notes_key' });
    expect(isDatabaseUnavailable(error)).toBe(false);
  });
});

describe('a statement of a fixed form', () => {
  const joined = statement<{ text: string; at: string }, 'first' | 'last'>(
    (
      ctx,
      value,
    ) => sql`select ${value('last')}::text || ${value('first')}::text || coalesce(${value('last')}, '-') as text,
      ${clock(ctx)}::text as at`,
  );

  test('takes the values of each call by their names, and the time of the clock that is asked for', async () => {
    const { db } = database;
    const at = (clock: Clock, first: string, last: string | null) => joined({ db, clock }, { first, last });
    await db.execute(sql`update test_clock set offset_seconds = 86400`);
    const [early] = await at('service', 'a', 'b');
    const [late] = await at('test', '$1', `'; drop`);
    await db.execute(sql`update test_clock set offset_seconds = 0`);
    expect([early?.text, late?.text]).toEqual(['bab', `'; drop$1'; drop`]);
    expect(Date.parse(late?.at as string) - Date.parse(early?.at as string)).toBeGreaterThan(86_000_000);
    expect(await at('service', 'a', null)).toMatchObject([{ text: null }]);
  });

  test('runs in the transaction that its context names', async () => {
    const wordOf = statement<{ word: string }, 'id'>(
      (_ctx, value) => sql`select word from ${notes} where id = ${value('id')}`,
    );
    const kept = database.db.transaction(async (db) => {
      await db.insert(notes).values({ id: 4711, word: 'inside' });
      expect(await wordOf({ db, clock: 'service' }, { id: 4711 })).toEqual([{ word: 'inside' }]);
      throw new Error('undone');
    });
    await expect(kept).rejects.toThrow('undone');
    expect(await wordOf({ db: database.db, clock: 'service' }, { id: 4711 })).toEqual([]);
  });

  test('that was written with a value of its own is refused: it would be the same for every caller', async () => {
    const careless = statement<Record<string, unknown>, never>(() => sql`select ${'mine'}::text`);
    expect(() => careless({ db: database.db, clock: 'service' }, {})).toThrow('has no name');
  });
});

describe('a database that is away', () => {
  const servers: Server[] = [];
  const serve = async (onConnection: (socket: Socket) => void): Promise<number> => {
    const server = createServer((socket) => onConnection(socket.on('error', () => {})));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  afterAll(() => servers.forEach((server) => server.close()));

  const closedPort = async (): Promise<number> => {
    const port = await serve(() => {});
    await new Promise((resolve) => servers.pop()?.close(resolve));
    return port;
  };

  test('a start names host and port and what to do, and never the password', async () => {
    const port = await closedPort();
    const error = await failure(openAt(`postgres://someone:hunter2@127.0.0.1:${port}/rekey`));
    expect(error).toBeInstanceOf(StartupError);
    expect((error as Error).message).toBe(
      `Cannot reach PostgreSQL at 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}. ` +
        'See that it runs, and that host, port, user, password and database in DATABASE_URL are right.',
    );
  });

  test('with several hosts down, or a proxy that hangs up, a start fails instead of trying for ever', async () => {
    const [first, second, hangsUp] = [await closedPort(), await closedPort(), await serve((socket) => socket.end())];
    for (const hosts of [`127.0.0.1:${first},127.0.0.1:${second}`, `127.0.0.1:${hangsUp}`]) {
      expect(await failure(openAt(`postgres://someone:hunter2@${hosts}/rekey`))).toMatchObject({
        problem: expect.stringMatching(/^Cannot reach PostgreSQL at .*ECONN/),
      });
    }
  });

  test('a URL that is none is not repeated, for it may hold a password', async () => {
    for (const url of ['postgres://me:hunter2@host:port/rekey', 'postgres://me:hunter2@x/%zz', 'hunter2']) {
      const error = await failure(openAt(url));
      expect(error).toBeInstanceOf(StartupError);
      expect(String(error)).not.toContain('hunter2');
    }
  });

  test('statements that wait for a silent server fail together, and count as unavailable', async () => {
    const port = await serve(() => {});
    const server = new PostgresServer(`postgres://someone@127.0.0.1:${port}/rekey`, 'DATABASE_URL');
    let replaced = 0;
    const pool = new Pool(() => server.client({ max: 2, idleSeconds: 0, session: {} }), {
      patienceMs: 300,
      onReplaced: () => (replaced += 1),
    });
    const statements = Array.from({ length: 20 }, () => failure(pool.unsafe('select 1')));
    const errors = await Promise.all([...statements, failure(pool.begin(() => Promise.resolve()))]);
    expect(errors.map(isDatabaseUnavailable)).toEqual(errors.map(() => true));
    expect(replaced).toBe(1);
    await pool.end();
  });

  test('after closing, statements and transactions fail as unavailable', async () => {
    const port = await closedPort();
    const server = new PostgresServer(`postgres://someone@127.0.0.1:${port}/rekey`, 'DATABASE_URL');
    const pool = new Pool(() => server.client({ max: 2, idleSeconds: 0, session: {} }), null);
    await pool.end();
    const errors = [await failure(pool.unsafe('select 1')), await failure(pool.begin(() => Promise.resolve()))];
    expect(errors.map(isDatabaseUnavailable)).toEqual([true, true]);
  });

  // What only a real server can show.
  const url = process.env.TEST_DATABASE_URL;
  if (url) {
    test('a connection that goes dead under a statement and a transaction is replaced', async () => {
      const target = new URL(own.databaseUrl ?? '');
      const realPort = Number(target.port || 5432);
      let isFrozen = false;
      const port = await serve((socket) => {
        const onward = connect(realPort, target.hostname).on('error', () => {});
        socket.on('data', (bytes) => isFrozen || onward.write(bytes));
        onward.on('data', (bytes) => isFrozen || socket.write(bytes));
        socket.on('close', () => onward.destroy());
      });
      target.port = String(port);
      const server = new PostgresServer(target.href, 'DATABASE_URL');
      const reasons: string[] = [];
      const pool = new Pool(() => server.client({ max: 2, idleSeconds: 0, session: {} }), {
        patienceMs: 500,
        onReplaced: (reason) => reasons.push(reason),
      });
      await pool.unsafe('select 1');
      const transaction = pool.begin(async (tx) => {
        await tx.unsafe('select 1');
        isFrozen = true;
        await tx.unsafe('select 2');
      });
      expect(isDatabaseUnavailable(await failure(transaction))).toBe(true);
      expect(isDatabaseUnavailable(await failure(pool.unsafe('select 1')))).toBe(true);
      isFrozen = false;
      expect([...((await pool.unsafe('select 3 as n')) as unknown as { n: number }[])]).toEqual([{ n: 3 }]);
      expect(reasons).toContain('no answer');
      await pool.end();
    });

    test('a terminated connection costs one statement, and the next one works', async () => {
      const { db, close } = await own.open();
      expect(isDatabaseUnavailable(await failure(db.execute(sql`select pg_terminate_backend(pg_backend_pid())`)))).toBe(
        true,
      );
      expect(await rows(db, sql`select 1 as one`)).toEqual([{ one: 1 }]);
      await close();
    });

    test('a statement is ended after 5 seconds, and look-ups do not wait for slow transactions', async () => {
      const slow = Array.from({ length: 10 }, () =>
        failure(database.db.transaction((tx) => tx.execute(sql`select pg_sleep(20)`))),
      );
      const startedAt = performance.now();
      for (let n = 0; n < 20; n += 1) await database.ping();
      expect(performance.now() - startedAt).toBeLessThan(3_000);
      const errors = await Promise.all(slow);
      expect(errors.map(isDatabaseUnavailable)).toEqual(errors.map(() => true));
      expect(databaseErrorCode(errors[0]).code).toBe('57014');
    });

    test('a migration under prepared statements costs one transaction, not every one from then on', async () => {
      const { db } = database;
      const read = (): Promise<unknown> =>
        db.transaction((tx) => rows(tx, sql`select * from changing where id = ${1}::int`));
      await db.execute(sql`create table changing (id int)`);
      await Promise.all(Array.from({ length: 10 }, read));
      await db.execute(sql`alter table changing add column more int`);
      await failure(read());
      expect(await Promise.all(Array.from({ length: 10 }, read))).toEqual(Array.from({ length: 10 }, () => []));
    });

    test('of several hosts the one that is there is used', async () => {
      const target = new URL(own.databaseUrl ?? '');
      const hosts = `127.0.0.1:${await closedPort()},${target.host}`;
      const { db, close } = await openAt(target.href.replace(target.host, hosts));
      expect(await rows(db, sql`select 1 as one`)).toEqual([{ one: 1 }]);
      await close();
    });

    test('a database that takes no writes is refused at the start', async () => {
      const { db, close } = await own.open();
      const name = new URL(own.databaseUrl ?? '').pathname.slice(1);
      await db.execute(sql.raw(`alter database ${name} set default_transaction_read_only = on`));
      const error = await failure(openAt(own.databaseUrl ?? ''));
      await db.execute(sql.raw(`set default_transaction_read_only = off; alter database ${name} reset all`));
      await close();
      expect(error).toMatchObject({ problem: expect.stringContaining('is read-only') });
    });

    test('a statement sees what was committed while it waited, whatever the database has for its default', async () => {
      const name = new URL(own.databaseUrl ?? '').pathname.slice(1);
      const { db } = database;
      await db.execute(sql.raw(`alter database ${name} set default_transaction_isolation = 'repeatable read'`));
      const later = await own.open();
      const level = await rows(later.db, sql`select current_setting('transaction_isolation') as level`);
      await later.close();
      const refused = await failure(openAt(`${own.databaseUrl}?pgbouncer=true`));
      await db.execute(sql.raw(`alter database ${name} reset all`));
      expect(level).toEqual([{ level: 'read committed' }]);
      expect(refused).toMatchObject({ remedy: expect.stringContaining('default_transaction_isolation') });
    });

    test('behind PgBouncer nothing is left in a session', async () => {
      const { db, close } = await openAt(`${own.databaseUrl}?pgbouncer=true`);
      const left = sql`select count(*)::int as n, current_setting('statement_timeout') as t from pg_prepared_statements where ${1}::int = 1`;
      expect(await rows(db, left)).toEqual([{ n: 0, t: '0' }]);
      await close();
      expect(await failure(openAt(own.databaseUrl ?? '', `${own.databaseUrl}?pgbouncer=true`))).toMatchObject({
        problem: expect.stringContaining('PgBouncer'),
      });
    });

    test('four processes that migrate at once all succeed, each migration once', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'rekey-migrations-'));
      mkdirSync(join(folder, 'meta'));
      writeFileSync(join(folder, '0000_one.sql'), 'create table made_once (id int);');
      const entries = [{ idx: 0, version: '7', when: 4_000_000_000_000, tag: '0000_one', breakpoints: true }];
      writeFileSync(
        join(folder, 'meta', '_journal.json'),
        JSON.stringify({ version: '7', dialect: 'postgresql', entries }),
      );
      const settings = {
        databaseUrl: own.databaseUrl,
        migrateDatabaseUrl: null,
        dataDir: '',
        migrationsFolder: folder,
      };
      await Promise.all(Array.from({ length: 4 }, () => migrateDatabase(settings)));
      const applied = await rows(
        database.db,
        sql`select id from drizzle.__drizzle_migrations where created_at = 4000000000000`,
      );
      expect(applied).toHaveLength(1);
      rmSync(folder, { recursive: true });
    });
  }
});
