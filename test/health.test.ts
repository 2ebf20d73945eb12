/** `/livez` and `/readyz`, as a balancer asks them: a node gets no traffic that it could only refuse. */
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import type { OpenDatabase } from '../src/base/database.js';
import { openApp, type App } from './support/app.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';

let database: TestDatabase;
let owner: OpenDatabase;
let node: App;
// One for each test: once a node has seen its database migrated it asks no more.
beforeEach(async () => {
  database = await createTestDatabase();
  owner = await database.open();
  node = await openApp({}, database);
});
afterEach(async () => {
  await node.close();
  await database.close();
});

const ask = async (path: string) => {
  const { statusCode, body } = await node.http.inject(path);
  return [statusCode, JSON.parse(body) as unknown];
};
const READY = [200, { status: 'ready' }];
const WAITS = [503, { status: 'unavailable', waitingFor: 'migrations' }];

test('a node whose database lacks the newest migration waits for it, and needs no new start', async () => {
  const move = (by: number) =>
    owner.db.execute(sql`update drizzle.__drizzle_migrations set created_at = created_at + ${by}::bigint
      where id = (select max(id) from drizzle.__drizzle_migrations)`);
  await move(-1);
  expect(await ask('/readyz')).toEqual(WAITS);
  expect(await ask('/livez')).toEqual([200, { status: 'alive' }]);
  await move(1);
  expect(await ask('/readyz')).toEqual(READY);
});

test('a database that a newer version has migrated is ready: nodes are replaced one by one', async () => {
  await owner.db.execute(sql`insert into drizzle.__drizzle_migrations (hash, created_at)
    select 'of a newer version', max(created_at) + 1 from drizzle.__drizzle_migrations`);
  expect(await ask('/readyz')).toEqual(READY);
});

test('an empty database is not ready until it is migrated', async () => {
  for (const statement of [sql`drop schema public, drizzle cascade`, sql`create schema public`])
    await owner.db.execute(statement);
  expect(await ask('/readyz')).toEqual(WAITS);
  const migrationsFolder = resolve(import.meta.dirname, '../drizzle');
  await migrate(owner.db as PostgresJsDatabase, { migrationsFolder });
  expect(await ask('/readyz')).toEqual(READY);
});
