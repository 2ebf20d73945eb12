/** What nobody caught is told in the log, and ends neither the process nor what others do. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { createTestDatabase } from './support/database.js';
import { freePort } from './support/dependencies.js';
import { startProgram, type Program } from './support/program.js';

/**
 * Stands in for a mistake in the program: at the signal, a promise that nobody waits for fails, and a callback throws. Where
 * there are several processes, the primary also hears that a message did not reach one of them, as Node tells it.
 */
const MISTAKES = `import cluster from 'node:cluster';
process.on('SIGUSR2', () => {
  Promise.reject(new Error('nobody waits for this'));
  setImmediate(() => { throw new Error('nobody catches this'); });
  Object.values(cluster.workers ?? {})[0]?.process.emit('error', new Error('write EPIPE'));
});`;
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(MISTAKES)}`;

const cleanups: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function start(env: Record<string, string>): Promise<Program> {
  const program = await startProgram({ env: { ...env, NODE_OPTIONS } });
  cleanups.push(() => rmSync(program.dataDir, { recursive: true, force: true }));
  cleanups.push(() => program.stop());
  return program;
}

/** Lets them happen twice in the process that was started, and sees each told, and the same process go on. */
async function expectToGoOn(program: Program, events: readonly string[]): Promise<void> {
  const { child, lines } = program;
  const over = once(child, 'exit');
  const told = () => events.map((event) => lines.filter((line) => line['event'] === event).length);
  for (let mistakes = 1; mistakes <= 2; mistakes += 1) {
    child.kill('SIGUSR2');
    for (let tries = 0; tries < 400 && told().some((n) => n < mistakes); tries += 1) await sleep(25);
    expect(told()).toEqual(events.map(() => mistakes));
    const answer = await program.graphql('{ viewer { email } }');
    expect([answer.status, answer.body]).toEqual([200, { data: { viewer: null } }]);
  }
  const ended = await Promise.race([over.then(() => true), program.graphql('{ __typename }').then(() => false)]);
  expect(ended).toBe(false);
  expect(program.complaints()).toBe('');
}

test('a failed promise and a thrown error that nobody foresaw leave a line each, and the same process goes on', async () => {
  await expectToGoOn(await start({}), ['unhandled_rejection', 'uncaught_exception']);
}, 60_000);

if (process.env['TEST_DATABASE_URL']) {
  test('in the primary of several processes, too, where they are counted, and none of those is lost', async () => {
    const database = await createTestDatabase();
    cleanups.push(() => database.close());
    const METRICS_PORT = String(await freePort());
    const program = await start({ DATABASE_URL: database.databaseUrl as string, WORKERS: '2', METRICS_PORT });
    const count = (event: string) => program.lines.filter((line) => line['event'] === event).length;
    for (let tries = 0; tries < 400 && count('started') < 2; tries += 1) await sleep(25);
    await expectToGoOn(program, ['unhandled_rejection', 'uncaught_exception', 'process_failed']);
    expect([count('started'), count('process_died')]).toEqual([2, 0]);
    // Two promises and two errors.
    expect(await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text()).toMatch(
      /^rekey_unexpected_errors_total\{door="process"\} 4$/m,
    );
  }, 60_000);
}
