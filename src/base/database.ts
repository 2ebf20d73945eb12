/**
 * The database: PostgreSQL where `DATABASE_URL` is set, else the embedded one in `DATA_DIR`; one driver, one schema, one
 * set of migrations for both. Nothing here logs a statement or its parameters.
 */
import type { SQL } from 'drizzle-orm';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import postgres, { type Sql } from 'postgres';
import type { Config } from './config.js';
import { databaseErrorCode, DatabaseUnavailableError, describeDatabaseError, StartupError } from './database-errors.js';
import { databaseOver, Pool } from './database-pool.js';
import { startEmbeddedDatabase } from './embedded-database.js';
import { applyMigrations, MIGRATION_LOCK_WAIT_MS, newestMigration, readNewestApplied } from './migrations.js';
import { PostgresServer } from './postgres-server.js';

export { databaseErrorCode, DatabaseUnavailableError, isDatabaseUnavailable, StartupError } from './database-errors.js';
export type { DatabaseErrorCode } from './database-errors.js';

/** Either database, or a transaction of it. Inside a transaction use the transaction's alone: the outer one waits. */
export type Database = PgDatabase<PgQueryResultHKT>;

export interface OpenDatabase {
  readonly db: Database;
  readonly kind: 'postgresql' | 'embedded';
  /** Resolves when the database answers. @throws an error of `isDatabaseUnavailable` after 3 seconds at most. */
  ping(): Promise<void>;
  /**
   * Whether every migration that this program knows was applied; there may be more, of a newer version. Asked of the
   * database until it is so. @throws as `ping` does.
   */
  isMigrated(): Promise<boolean>;
  /** Lets what runs end (5 seconds at most), then closes. The embedded database is written out. */
  close(): Promise<void>;
  /** Rejects when the embedded database has ended by itself, so that only a new start helps; settles in no other case. */
  readonly ended: Promise<never>;
}

export interface DatabaseSettings {
  /** Null for the embedded database. */
  readonly databaseUrl: string | null;
  /** The owner's connection, for migrations alone; null for `databaseUrl`. */
  readonly migrateDatabaseUrl: string | null;
  /** Where the embedded database is kept. */
  readonly dataDir: string;
  /** Whether to apply migrations first. */
  readonly migrate: boolean;
  readonly migrationsFolder?: string | undefined;
  /** In place of `dataDir`: an embedded database that is not kept, or one that listens already. For tests. */
  readonly embedded?: 'in memory' | { readonly socketPath: string };
}

/** As the environment has it. */
export const databaseSettings = (config: Config): DatabaseSettings => ({
  databaseUrl: config.DATABASE_URL,
  migrateDatabaseUrl: config.MIGRATE_DATABASE_URL,
  dataDir: config.DATA_DIR,
  migrate: config.MIGRATE,
});

/** Told what an operator should know while the program runs, a sentence at a time. It holds no secret. */
export type OnNotice = (notice: string) => void;

/** What a request can wait for at all; and what an application that hangs in a transaction may hold locks for. */
const DEADLINES = { statement_timeout: 5_000, idle_in_transaction_session_timeout: 5_000 };
type Deadline = keyof typeof DEADLINES;
const DEADLINE_NAMES = Object.keys(DEADLINES) as Deadline[];
/**
 * A statement sees what was committed before it, also after it waited for a lock: what is read under a lock relies on that,
 * whatever a role or a database has for its default.
 */
const ISOLATION = 'read committed';
const SESSION = { ...DEADLINES, default_transaction_isolation: ISOLATION };
/** Being let in (up to 5 s) and the longest statement (5 s) both fit, where the server was not slow to connect to besides. */
const PATIENCE_MS = 12_000;
const PING_MS = 3_000;
/** A server that says it is starting up is waited for; one that is not there is not: whoever starts us can retry. */
const STARTING_UP_MS = 15_000;
const OLDEST_VERSION = 14;

/**
 * Opens the database, applying migrations first where `migrate` is set.
 * @throws StartupError saying what failed and what to do; never with a password.
 */
export async function openDatabase(settings: DatabaseSettings, onNotice: OnNotice = () => {}): Promise<OpenDatabase> {
  const { databaseUrl } = settings;
  if (databaseUrl === null) return openEmbedded(settings);
  if (settings.migrate) await migrateDatabase(settings);
  return openPostgres(new PostgresServer(databaseUrl, 'DATABASE_URL'), onNotice);
}

/**
 * Applies what is new in `drizzle/`, all of it or nothing. Any number of processes may call it at once: one migrates, the
 * others wait for it (two minutes at most).
 * @throws StartupError
 */
export async function migrateDatabase(settings: Omit<DatabaseSettings, 'migrate'>): Promise<void> {
  if (settings.databaseUrl === null) {
    const open = await openEmbedded({ ...settings, migrate: true });
    return open.close();
  }
  const { migrateDatabaseUrl, databaseUrl } = settings;
  const server = migrateDatabaseUrl
    ? new PostgresServer(migrateDatabaseUrl, 'MIGRATE_DATABASE_URL')
    : new PostgresServer(databaseUrl, 'DATABASE_URL');
  if (server.isPgBouncer) {
    throw new StartupError(
      'Migrations cannot be applied through PgBouncer: their lock belongs to a session.',
      'Set MIGRATE_DATABASE_URL to the PostgreSQL server itself; or set MIGRATE=off and run `rekey migrate` with it.',
    );
  }
  // No statement_timeout: a migration may take long. One connection, for the lock is the session's.
  const client = server.client({
    max: 1,
    idleSeconds: 0,
    session: { lock_timeout: MIGRATION_LOCK_WAIT_MS, default_transaction_isolation: ISOLATION },
  });
  try {
    await checkServer(client, server);
    await applyMigrations(client, settings.migrationsFolder);
  } finally {
    await client.end({ timeout: 5 });
  }
}

/**
 * The rows of a statement written by hand. The driver gives `bigint` and times as text: cast in SQL.
 * `T` is what the statement selects; nothing checks it.
 */
export async function rows<T extends Record<string, unknown>>(db: Database, query: SQL): Promise<T[]> {
  const found: unknown = await db.execute(query);
  return [...(found as Iterable<T>)];
}

function openPostgres(server: PostgresServer, onNotice: OnNotice): Promise<OpenDatabase> {
  const watch = {
    patienceMs: PATIENCE_MS,
    onReplaced: (reason: 'no answer' | 'read only') => {
      server.forget();
      onNotice(
        reason === 'no answer'
          ? `PostgreSQL at ${server.name} has not answered for ${PATIENCE_MS / 1000} seconds: connecting anew.`
          : `PostgreSQL at ${server.name} has become read-only: looking for the server that takes writes.`,
      );
    },
  };
  // What stays open costs the server memory: the pipelined ones are few, the others come and go with the load.
  const statements = new Pool(() => server.client({ max: 2, idleSeconds: 0, session: SESSION }), watch);
  const transactions = new Pool(() => server.client({ max: 10, idleSeconds: 60, session: SESSION }), watch);
  const open: OpenDatabase = {
    db: databaseOver(statements, transactions),
    kind: 'postgresql',
    ended: new Promise<never>(() => undefined),
    ping: () => ping(statements, transactions),
    isMigrated: migratedAsker(statements),
    close: async () => {
      await Promise.all([statements.end(), transactions.end()]);
    },
  };
  return checkServer(statements, server).then(
    (missing) => {
      if (missing.length > 0) onNotice(missingDeadlines(server, missing));
      return open;
    },
    async (error: unknown) => {
      await open.close();
      throw error;
    },
  );
}

async function openEmbedded(settings: DatabaseSettings): Promise<OpenDatabase> {
  const { embedded: where, dataDir } = settings;
  const embedded =
    typeof where === 'object'
      ? { socketPath: where.socketPath, close: () => Promise.resolve(), ended: new Promise<never>(() => undefined) }
      : await startEmbeddedDatabase(where === 'in memory' ? null : dataDir);
  // Exactly one connection, for PGlite is one session and the socket server passes on message by message: with several,
  // the parts of two statements mix, and after an error one connection executes or skips what is another's (run: "portal
  // does not exist"). Transactions therefore run one by one, and single statements wait for them. No watch: a statement
  // may be slow, as nothing can interrupt it, and the other end is a thread of this process.
  const client = postgres({
    path: embedded.socketPath,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    backoff: () => 0,
    onnotice: () => {},
  });
  const pool = new Pool(() => client, null);
  const close = async (): Promise<void> => {
    await pool.end();
    await embedded.close();
  };
  try {
    if (settings.migrate) await applyMigrations(client, settings.migrationsFolder);
  } catch (error) {
    await close();
    throw error;
  }
  const { ended } = embedded;
  const answers = { ping: () => ping(pool), isMigrated: migratedAsker(pool) };
  return { db: databaseOver(pool, pool), kind: 'embedded', ...answers, close, ended };
}

/** Sees a primary that has become a standby, too: a node that only reads would learn of it from no write. */
async function ping(pool: Pool, other?: Pool): Promise<void> {
  const [found] = await inTime(pool.unsafe(`select current_setting('transaction_read_only') as readonly`));
  if (found?.['readonly'] !== 'on') return;
  pool.leave();
  other?.leave();
  throw new DatabaseUnavailableError('the server takes no writes');
}

function migratedAsker(pool: Pool): () => Promise<boolean> {
  const wanted = newestMigration();
  let isMigrated = false;
  return async () => {
    isMigrated ||= (await inTime(readNewestApplied(pool))) >= wanted;
    return isMigrated;
  };
}

async function inTime<T>(answer: PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DatabaseUnavailableError('no answer in time')), PING_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/**
 * @returns the deadlines that the session does not have: PgBouncer drops those that are asked for.
 * @throws StartupError when the server cannot be reached, or is not one that this program can work with.
 */
async function checkServer(client: Pick<Sql, 'unsafe'> | Pool, server: PostgresServer): Promise<Deadline[]> {
  const deadline = performance.now() + STARTING_UP_MS;
  for (;;) {
    try {
      const [found] = (await client.unsafe(
        `select current_setting('server_version_num')::int / 10000 as version, current_setting('server_encoding') as encoding,
          current_setting('transaction_read_only') as readonly,
          current_setting('default_transaction_isolation') as isolation,
          ${DEADLINE_NAMES.map((name) => `current_setting('${name}') as ${name}`).join(', ')}`,
      )) as unknown as [Record<'encoding' | 'readonly' | 'isolation' | Deadline, string> & { version: number }];
      const { version, encoding, isolation } = found;
      if (isolation !== ISOLATION) {
        throw new StartupError(
          `Transactions at ${server.name} are in ${isolation} where they do not say otherwise.`,
          `As the owner: alter role … set default_transaction_isolation = '${ISOLATION}', for the role that ${server.variable} names.`,
        );
      }
      if (version >= OLDEST_VERSION && encoding === 'UTF8' && found.readonly === 'off') {
        return DEADLINE_NAMES.filter((name) => found[name] === '0');
      }
      const wrong =
        version < OLDEST_VERSION ? `is version ${version}` : encoding === 'UTF8' ? 'is read-only' : `is in ${encoding}`;
      throw new StartupError(
        `PostgreSQL at ${server.name} ${wrong}.`,
        `It must be version ${OLDEST_VERSION} or later, in UTF8, and take writes: name the primary, or all hosts, in ${server.variable}.`,
      );
    } catch (error) {
      if (error instanceof StartupError) throw error;
      if (databaseErrorCode(error).code !== '57P03' || performance.now() > deadline) throw unreachable(error, server);
      await new Promise((resume) => setTimeout(resume, 500));
    }
  }
}

/** What an operator should do so that no statement and no transaction holds its locks for ever (R-144, R-174). */
function missingDeadlines({ name, variable }: PostgresServer, missing: readonly Deadline[]): string {
  const statements = missing.map((setting) => `alter role … set ${setting} = '${DEADLINES[setting] / 1000}s';`);
  return (
    `PostgreSQL at ${name} has no ${missing.join(' and no ')} for us. As the owner, for the role that ${variable} names: ` +
    `${statements.join(' ')} then RECONNECT in PgBouncer's console.`
  );
}

function unreachable(error: unknown, server: PostgresServer): StartupError {
  const reason = describeDatabaseError(error);
  if (/unsupported startup parameter/i.test(reason)) {
    return new StartupError(
      `What answers at ${server.name} is not PostgreSQL itself: ${reason}.`,
      `If it is PgBouncer, add ?pgbouncer=true to ${server.variable}.`,
    );
  }
  return new StartupError(
    `Cannot reach PostgreSQL at ${server.name}: ${reason}.`,
    `See that it runs, and that host, port, user, password and database in ${server.variable} are right.`,
  );
}
