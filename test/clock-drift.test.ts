/** A node and a database that disagree about the time: an operator hears of it, and the database's time is what counts. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { generateSync } from 'otplib';
import { secondsApart } from '../src/base/time.js';
import { closeHashPool } from '../src/passwords/hash-pool.js';
import { openApp, type App } from './support/app.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { addTotp, passwordStep, secondStep } from './support/factors.js';

/** Nodes share them. */
const SECRET_KEYS = `k:${Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')}`;

let database: TestDatabase;
let app: App;
const nodes: App[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  app = await openNode();
});
afterAll(async () => {
  for (const node of nodes) await node.close();
  await database.close();
  await closeHashPool();
});

async function openNode(): Promise<App> {
  const node = await openApp({ SECRET_KEYS }, database);
  nodes.push(node);
  return node;
}

const drift = async (node: App): Promise<number> =>
  Number(/^rekey_clock_drift_seconds ([\d.]+)$/m.exec((await node.http.inject('/metrics')).body)?.[1]);
const warnings = (node: App) => node.logLines.filter((line) => line.includes('"clock_drift"'));

test('what a slow answer explains is no drift; the rest is, in seconds, whichever clock is behind', () => {
  expect(secondsApart(5_000, 1_000, 9_000)).toBe(0);
  expect(secondsApart(1_000, 1_000, 1_000)).toBe(0);
  expect(secondsApart(40_000, 1_000, 2_000)).toBe(38);
  expect(secondsApart(1_000, 40_000, 41_000)).toBe(39);
});

test('clocks that agree raise nothing, however far the test clock was moved', async () => {
  await app.advance(86_400);
  await app.work();
  expect(await drift(app)).toBeLessThan(5);
  expect(warnings(app)).toEqual([]);
  await app.advance(-86_400);
});

test('a database 90 seconds fast is told, and codes of apps that are right fail like wrong ones; other factors open', async () => {
  // Enrolled a while ago: a code of the same half minute would be refused for having been used.
  await app.advance(-120);
  const [ada, ben] = [await app.person(), await app.person()];
  const factors = [await addTotp(app, ada), await addTotp(app, ben)] as const;
  await app.advance(120);
  const before = await passwordStep(app, ben);
  const inTime = await secondStep(...before, { totpCode: generateSync({ secret: factors[1].key }) });
  expect(inTime['__typename']).toBe('SignInSuccess');

  await setDatabaseFast();
  const node = await openNode();
  await node.work();
  expect(Math.round(await drift(node))).toBe(90);
  expect(warnings(node)[0]).toContain('"seconds":90');

  const [client, challenge] = await passwordStep(node, ada);
  const right = await secondStep(client, challenge, { totpCode: generateSync({ secret: factors[0].key }) });
  const wrong = await secondStep(client, challenge, { totpCode: '000000' });
  expect(right).toEqual({ ...wrong, attemptsRemaining: (wrong['attemptsRemaining'] as number) + 1 });
  const opened = await secondStep(client, challenge, { recoveryCode: factors[0].recoveryCodes[0] });
  expect(opened['__typename']).toBe('SignInSuccess');
});

/** Its sessions find another time before PostgreSQL's own. */
async function setDatabaseFast(): Promise<void> {
  const { db } = app.ctx;
  for (const name of ['now', 'clock_timestamp']) {
    const time = `pg_catalog.${name}() + interval '90 seconds'`;
    await db.execute(
      sql.raw(`create function public.${name}() returns timestamptz language sql as $$ select ${time} $$`),
    );
  }
  const path = 'public, pg_catalog';
  if (database.kind === 'embedded') return void (await db.execute(sql.raw(`set search_path = ${path}`)));
  const name = new URL(database.databaseUrl as string).pathname.slice(1);
  await db.execute(sql.raw(`alter database ${name} set search_path = ${path}`));
}
