/** A database of its own for a test file, migrated and empty, on PostgreSQL with TEST_DATABASE_URL, else embedded. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { openDatabase, type OpenDatabase } from '../../src/base/database.js';

export interface TestDatabase {
  readonly kind: OpenDatabase['kind'];
  /** For `DATABASE_URL` of another process; null on the embedded database, which no other process can open. */
  readonly databaseUrl: string | null;
  /**
   * Opens it as the program does. On PostgreSQL each call has connections of its own, as two instances of the program
   * have; the embedded database has one session, which all calls share (and `close` of one leaves it to the others).
   */
  open(): Promise<OpenDatabase>;
  /** Closes what is still open and removes the database. */
  close(): Promise<void>;
}

let made = 0;

/** One for each test file is enough, in `beforeAll`: 0.2 s on PostgreSQL, 0.4 s embedded. */
export function createTestDatabase(): Promise<TestDatabase> {
  const { TEST_DATABASE_URL: url, REKEY_TEST_RUN: run, REKEY_TEST_SOCKETS: sockets } = process.env;
  if (url && run) return createOnPostgres(url, run);
  if (sockets) return createEmbedded(sockets);
  throw new Error('no database was prepared: run the tests through jest, whose globalSetup does it');
}

async function createOnPostgres(url: string, run: string): Promise<TestDatabase> {
  // The time tells apart the files that one process runs, each of which counts from one.
  const name = `${run}_${process.pid}_${Date.now().toString(36)}_${(made += 1)}`;
  await asAdmin(url, `create database ${name} template ${run}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const opened: OpenDatabase[] = [];
  return {
    kind: 'postgresql',
    databaseUrl: own.href,
    open: async () => {
      const open = await openDatabase({ databaseUrl: own.href, migrateDatabaseUrl: null, dataDir: '', migrate: false });
      opened.push(open);
      return open;
    },
    close: async () => {
      await Promise.all(opened.map((open) => open.close()));
      await asAdmin(url, `drop database if exists ${name} with (force)`);
    },
  };
}

/** Sockets that this file uses: the databases behind them serve one file after another. */
const taken = new Set<string>();

async function createEmbedded(folder: string): Promise<TestDatabase> {
  const sockets = [1, 2].map((n) => join(folder, `${process.env['JEST_WORKER_ID']}-${n}.sock`));
  const socketPath = sockets.find((path) => existsSync(path) && !taken.has(path));
  const settings = {
    databaseUrl: null,
    migrateDatabaseUrl: null,
    embedded: socketPath ? { socketPath } : 'in memory',
  } as const;
  if (socketPath) {
    taken.add(socketPath);
    const before = await openDatabase({ ...settings, dataDir: '', migrate: false });
    for (const statement of [
      sql`rollback`,
      sql`discard all`,
      sql`set timezone to 'UTC'`,
      sql`drop schema if exists public, drizzle cascade`,
      sql`create schema public`,
    ])
      await before.db.execute(statement);
    await before.close();
  }
  const shared = await openDatabase({ ...settings, dataDir: '', migrate: true });
  return {
    kind: 'embedded',
    databaseUrl: null,
    open: () => Promise.resolve({ ...shared, close: () => Promise.resolve() }),
    close: async () => {
      await shared.close();
      if (socketPath) taken.delete(socketPath);
    },
  };
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await admin.unsafe(statement);
  } finally {
    await admin.end();
  }
}
