// @ts-check
/**
 * Embedded databases for each of Jest's workers, from the first test file to the last: starting one takes four seconds,
 * emptying it for the next file a third of one. The thread is the program's own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const workerFile = new URL('../../src/base/embedded-database-worker.js', import.meta.url);

/** @type {Worker[]} */
const running = [];
let folder = '';

/** For the file's own application, and for a second one beside it. */
const EACH = 2;

/** @param {number} workers @returns the folder of their sockets: `1-1.sock` is the first one of the first worker. */
export async function startEmbeddedDatabases(workers) {
  folder = mkdtempSync(join(tmpdir(), 'rekey-test-'));
  const names = Array.from({ length: workers * EACH }, (_, i) => `${Math.floor(i / EACH) + 1}-${(i % EACH) + 1}.sock`);
  await Promise.all(names.map((name) => start(join(folder, name))));
  return folder;
}

/** @param {string} socketPath */
async function start(socketPath) {
  const worker = new Worker(workerFile, { workerData: { socketPath, folder: null } });
  running.push(worker);
  await new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message) =>
      message.kind === 'failed' ? reject(new Error(message.reason)) : resolve(message),
    );
  });
}

export async function stopEmbeddedDatabases() {
  await Promise.all(running.splice(0).map((worker) => worker.terminate()));
  if (folder) rmSync(folder, { recursive: true, force: true });
}
