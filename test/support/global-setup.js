// @ts-check
/**
 * Runs once, before all test files. With TEST_DATABASE_URL: a migrated database on PostgreSQL, which each test file copies.
 * Else: an embedded database for each of Jest's workers. Test files find them by the environment (`database.ts`). Plain
 * JavaScript: Jest loads this file without its transform, and so may not meet TypeScript.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { startEmbeddedDatabases } from './embedded-databases.js';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));

/** @param {{ maxWorkers: number }} jest */
export default async function setUp({ maxWorkers }) {
  const url = process.env.TEST_DATABASE_URL;
  if (url) process.env.REKEY_TEST_RUN = await makeTemplate(url);
  else process.env.REKEY_TEST_SOCKETS = await startEmbeddedDatabases(maxWorkers);
}

/** Everything that this run makes on the server bears the name answered here. @param {string} url */
async function makeTemplate(url) {
  const run = `rekey_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${run}`);
  await admin.end();
  const template = new URL(url);
  template.pathname = `/${run}`;
  const client = postgres(template.href, { max: 1, onnotice: () => {} });
  await migrate(drizzle({ client }), { migrationsFolder });
  await client.end();
  return run;
}
