// @ts-check
/**
 * Runs once, before all test files: applies the migrations to one database, which each test file then copies. With
 * TEST_DATABASE_URL that is a template on PostgreSQL; else a dump of the embedded database. Test files find it by the
 * environment (`database.ts`). Plain JavaScript: Jest loads this file without its transform, and so may not meet
 * TypeScript. The embedded database's worker is the program's own.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';

const migrationsFolder = fileURLToPath(new URL('../../drizzle', import.meta.url));
const workerFile = new URL('../../src/base/embedded-database-worker.js', import.meta.url);

export default async function setUp() {
  const url = process.env.TEST_DATABASE_URL;
  if (url) process.env.REKEY_TEST_RUN = await makeTemplate(url);
  else process.env.REKEY_TEST_DUMP = await makeDump();
}

/** Everything that this run makes on the server bears the name answered here. @param {string} url */
async function makeTemplate(url) {
  const run = `rekey_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${run}`);
  await admin.end();
  const template = new URL(url);
  template.pathname = `/${run}`;
  await applyMigrations(postgres(template.href, { max: 1, onnotice: () => {} }));
  return run;
}

async function makeDump() {
  const folder = mkdtempSync(join(tmpdir(), 'rekey-test-'));
  const socketPath = join(folder, 'database.sock');
  const worker = new Worker(workerFile, { workerData: { socketPath, folder: null, dump: null } });
  const report = () =>
    new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (message) =>
        message.kind === 'failed' ? reject(new Error(message.reason)) : resolve(message),
      );
    });
  await report();
  await applyMigrations(
    postgres({ path: socketPath, user: 'postgres', database: 'postgres', max: 1, onnotice: () => {} }),
  );
  worker.postMessage({ kind: 'dump' });
  const { dump } = await report();
  await worker.terminate();
  const file = join(folder, 'dump');
  writeFileSync(file, dump);
  return file;
}

/** @param {import('postgres').Sql} client */
async function applyMigrations(client) {
  await migrate(drizzle({ client }), { migrationsFolder });
  await client.end();
}
