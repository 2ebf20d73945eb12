/** What nobody caught is told in the log, and ends neither the process nor what others do. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { startProgram, type Program } from './support/program.js';

/** Stands in for a mistake in the program: at the signal, a promise that nobody waits for fails, and a callback throws. */
const MISTAKES = `process.on('SIGUSR2', () => {
  Promise.reject(new Error('nobody waits for this'));
  setImmediate(() => { throw new Error('nobody catches this'); });
});`;

let program: Program | undefined;
afterAll(async () => {
  await program?.stop();
  if (program) rmSync(program.dataDir, { recursive: true, force: true });
});

test('a failed promise and a thrown error that nobody foresaw leave a line each, and the same process goes on', async () => {
  program = await startProgram({
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(MISTAKES)}` },
  });
  const { child, lines } = program;
  const over = once(child, 'exit');
  const reasons = () =>
    ['unhandled_rejection', 'uncaught_exception'].map(
      (event) => lines.filter((line) => line['event'] === event).length,
    );
  for (let mistakes = 1; mistakes <= 2; mistakes += 1) {
    child.kill('SIGUSR2');
    for (let tries = 0; tries < 400 && reasons().some((n) => n < mistakes); tries += 1) await sleep(25);
    expect(reasons()).toEqual([mistakes, mistakes]);
    const answer = await program.graphql('{ viewer { email } }');
    expect([answer.status, answer.body]).toEqual([200, { data: { viewer: null } }]);
  }
  const ended = await Promise.race([over.then(() => true), program.graphql('{ __typename }').then(() => false)]);
  expect(ended).toBe(false);
  expect(program.complaints()).toBe('');
}, 60_000);
