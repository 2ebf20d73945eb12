/** Behind PgBouncer in transaction mode: each statement may meet another session. Only where there is a PostgreSQL. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { openDatabase, rows } from '../src/base/database.js';
import { closeHashPool } from '../src/passwords/hash-pool.js';
import { openApp, type App } from './support/app.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { startPgBouncer, type OwnPgBouncer } from './support/dependencies.js';
import { GOOD_PASSWORD, OTHER_PASSWORD } from './support/person.js';

if (!process.env['TEST_DATABASE_URL']) {
  test.skip('behind PgBouncer: not on the embedded database, which nothing can stand before', () => {});
} else {
  let pooled: App;
  let direct: App;
  let database: TestDatabase;
  let pgBouncer: OwnPgBouncer;
  beforeAll(async () => {
    database = await createTestDatabase();
    const url = database.databaseUrl as string;
    pgBouncer = await startPgBouncer(url);
    const settings = { databaseUrl: pgBouncer.url, migrateDatabaseUrl: url, dataDir: '', migrate: true };
    const through: TestDatabase = { ...database, open: () => openDatabase(settings), close: async () => {} };
    const env = { LIMIT_SIGN_IN_PER_NETWORK: '7/900' };
    [pooled, direct] = await Promise.all([openApp(env, through), openApp(env, database)]);
  }, 60_000);
  afterAll(async () => {
    await pooled.close();
    await direct.close();
    await pgBouncer.stop();
    await database.close();
    await closeHashPool();
  });

  test('people sign up, reset and sign in, fifty at once, and read what belongs to them', async () => {
    const person = await pooled.person();
    await person.resetsPassword(OTHER_PASSWORD);
    const browser = await person.signsInElsewhere();
    const read = await Promise.all(Array.from({ length: 50 }, () => browser.graphql('{ viewer { email } }')));
    expect(new Set(read.map(({ viewer }) => viewer.email))).toEqual(new Set([person.email]));
  }, 60_000);

  test('limits count exactly, with a node that has no pool beside it', async () => {
    const clients = [pooled, direct].map((node) => node.client({ ip: '192.0.2.77' }));
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        clients[n % 2]?.call('signIn', { email: `pooled${n}@example.org`, password: 'not the password' }),
      ),
    );
    const letIn = answers.filter((answer) => answer?.['__typename'] === 'InvalidCredentialsProblem');
    expect(letIn).toHaveLength(7);
  }, 60_000);

  test('a password changed through the pool ends the session on the other node, and no statement hangs in a session', async () => {
    const person = await pooled.person();
    const old = direct.client();
    for (const [name, value] of (await person.signsInElsewhere()).cookies) old.cookies.set(name, value);
    const input = { currentPassword: GOOD_PASSWORD, newPassword: OTHER_PASSWORD };
    await Promise.all([1, 2, 3].map(() => person.browser.call('changePassword', input).catch(() => null)));
    expect((await old.graphql('{ viewer { email } }'))['viewer']).toBeNull();
    const [left] = await rows<{ n: number }>(
      direct.ctx.db,
      sql`select count(*)::int as n from pg_stat_activity where datname = current_database() and state like 'idle in%'`,
    );
    expect(left?.n).toBe(0);
  }, 60_000);

  test('a node whose role has no deadlines warns and says what to do; one whose role has them is silent', async () => {
    const role = `rekey_pooled_${process.pid}`;
    const owner = postgres(database.databaseUrl as string, { max: 1, onnotice: () => {} });
    await owner.unsafe(`create role ${role} login; select grant_service_role('${role}')`);
    const own = new URL(database.databaseUrl as string);
    own.username = role;
    const noticesOfAStart = async (): Promise<string[]> => {
      const pool = await startPgBouncer(own.href);
      const notices: string[] = [];
      const settings = { databaseUrl: pool.url, migrateDatabaseUrl: null, dataDir: '', migrate: false };
      const opened = await openDatabase(settings, (notice) => notices.push(notice));
      await opened.close();
      await pool.stop();
      return notices;
    };
    try {
      const [notice, ...more] = await noticesOfAStart();
      expect(more).toEqual([]);
      expect(notice).not.toContain(role);
      const [first, second] = [...(notice as string).matchAll(/alter role … set [^;]+/g)].map(([found]) => found);
      await owner.unsafe((first as string).replace('…', role));
      expect(await noticesOfAStart()).toEqual([expect.not.stringContaining('statement_timeout')]);
      await owner.unsafe((second as string).replace('…', role));
      expect(await noticesOfAStart()).toEqual([]);
    } finally {
      await owner.unsafe(`drop owned by ${role}; drop role ${role}`);
      await owner.end();
    }
  }, 60_000);

  test('a node that has no pool before it brings its deadlines, and is silent', async () => {
    const notices: string[] = [];
    const settings = { databaseUrl: database.databaseUrl, migrateDatabaseUrl: null, dataDir: '', migrate: false };
    const opened = await openDatabase(settings, (notice) => notices.push(notice));
    await opened.close();
    expect(notices).toEqual([]);
  });
}
