/** What the tests of failures share: an application on a server of the test's own, and how its answers are judged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { openDatabase } from '../../src/base/database.js';
import type { Answer } from './client.js';
import type { TestDatabase } from './database.js';

/** Asks until the answer is as wanted, ten seconds at most: how long a client that tries again would have waited. */
export async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask();
    if (isWanted(answer) || tries > 100) return answer;
    await sleep(100);
  }
}

export function expectUnavailable({ status, headers, body }: Answer): void {
  expect(body.errors?.map(({ extensions }) => extensions.code)).toEqual(['UNAVAILABLE']);
  expect(status).toBe(503);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
}

/** The database that this URL names, migrated when it is opened. */
export function onDatabase(url: string): TestDatabase {
  const settings = { databaseUrl: url, migrateDatabaseUrl: null, dataDir: '', migrate: true };
  return { kind: 'postgresql', databaseUrl: url, open: () => openDatabase(settings), close: async () => {} };
}
