/** What `drizzle/` holds and what of it a database has: applied under a lock, and asked for by `/readyz`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import type { Sql } from 'postgres';
import { databaseErrorCode, describeDatabaseError, StartupError } from './database-errors.js';

/** The same place from `src/base/` and from `dist/base/`. */
const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../drizzle', import.meta.url));
/** Any number, as long as every version of the program has the same one. */
const MIGRATION_LOCK = 7_234_001;
/** How long one process waits while another migrates. */
export const MIGRATION_LOCK_WAIT_MS = 120_000;
/** The function that the migration of that name made is not there: an empty database, or one of a version before. */
const NO_SUCH_FUNCTION = '42883';

/** @param client with one connection: the lock is the session's. */
export async function applyMigrations(client: Sql, migrationsFolder = MIGRATIONS_FOLDER): Promise<void> {
  try {
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`;
    try {
      await migrate(drizzle({ client }), { migrationsFolder });
    } finally {
      // The embedded database's session goes on. On PostgreSQL the lock would end with the connection as well.
      await client`select pg_advisory_unlock(${MIGRATION_LOCK})`.catch(() => {});
    }
  } catch (error) {
    const { code } = databaseErrorCode(error);
    if (code === '55P03') {
      throw new StartupError(
        `Another process has been migrating for more than ${MIGRATION_LOCK_WAIT_MS / 60_000} minutes, or holds a table.`,
        'See pg_stat_activity for the connection named rekey, then start again.',
      );
    }
    // Without a code it is not the database: the migrations' own files are missing.
    const reason = code === undefined && error instanceof Error ? error.message : describeDatabaseError(error);
    throw new StartupError(
      `The migrations in ${migrationsFolder} cannot be applied: ${reason}. Nothing was changed.`,
      code === '42501'
        ? 'Set MIGRATE_DATABASE_URL to a connection as the owner of the tables.'
        : 'Mend the cause and start again; a database newer than the program needs the newer program.',
    );
  }
}

/** The stamp of the newest migration that this program knows, as the journal has it: milliseconds. */
export function newestMigration(): number {
  const journal = readFileSync(join(MIGRATIONS_FOLDER, 'meta/_journal.json'), 'utf8');
  const { entries } = JSON.parse(journal) as { readonly entries: readonly { readonly when: number }[] };
  return Math.max(...entries.map(({ when }) => when));
}

/** The stamp of the newest migration that was applied; 0 where there is none. */
export async function readNewestApplied(client: { unsafe(query: string): PromiseLike<unknown> }): Promise<number> {
  try {
    // float8, since the driver gives bigint as text; milliseconds fit.
    const [row] = (await client.unsafe('select newest_migration()::float8 as newest')) as [{ newest: number | null }];
    return row.newest ?? 0;
  } catch (error) {
    if (databaseErrorCode(error).code === NO_SUCH_FUNCTION) return 0;
    throw error;
  }
}
