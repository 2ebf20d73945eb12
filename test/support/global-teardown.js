// @ts-check
/** Runs once, after all test files: removes what `global-setup.js` and the test files made. */
import postgres from 'postgres';
import { stopEmbeddedDatabases } from './embedded-databases.js';

export default async function tearDown() {
  const { TEST_DATABASE_URL: url, REKEY_TEST_RUN: run } = process.env;
  await stopEmbeddedDatabases();
  if (!url || !run) return;
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  const names = await admin`select datname as name from pg_database where starts_with(datname, ${run})`;
  // Also those of a test file that was killed, connections and all.
  for (const { name } of names) await admin.unsafe(`drop database if exists ${name} with (force)`);
  await admin.end();
}
