/** `drizzle/` is what the tables say, and is applied in the order in which it was written. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '..');
const DRIZZLE = join(ROOT, 'drizzle');

interface Journal {
  readonly entries: readonly { idx: number; when: number; tag: string }[];
}
const journal = JSON.parse(readFileSync(join(DRIZZLE, 'meta/_journal.json'), 'utf8')) as Journal;

test('the tables hold nothing that drizzle/ does not make: `npm run migrate:generate` writes what is missing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rekey-migrations-'));
  try {
    cpSync(DRIZZLE, folder, { recursive: true });
    const before = readdirSync(folder, { recursive: true }).sort();
    const kit = join(ROOT, 'node_modules/drizzle-kit/bin.cjs');
    // The tool takes the folder relative to where it runs.
    const args = ['generate', '--dialect=postgresql', '--schema=./src/*/tables.ts', `--out=${relative(ROOT, folder)}`];
    const said = execFileSync(process.execPath, [kit, ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      env: plainEnvironment(),
    });
    expect(said).toContain('No schema changes');
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the stamps of the journal rise: the migrator skips, in silence, whatever is older than the last it applied', () => {
  const stamps = journal.entries.map(({ when }) => when);
  expect(stamps).toEqual([...new Set(stamps)].sort((a, b) => a - b));
  expect(journal.entries.map(({ idx }) => idx)).toEqual(journal.entries.map((_entry, index) => index));
});

test('every migration of the journal is there, and no other', () => {
  const files = readdirSync(DRIZZLE).filter((name) => name.endsWith('.sql'));
  expect(files.sort()).toEqual(journal.entries.map(({ tag }) => `${tag}.sql`).sort());
});

/** Without what Jest adds for its own modules. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _forJest, ...rest } = process.env;
  return rest;
}
