/** `drizzle/` is what the tables say, and is applied in the order in which it was written. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { narrowings } from './support/expand-only.js';

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

describe('nodes are replaced one by one, so each migration only adds: the version before goes on beside it', () => {
  /** What the first version that landed was made of: there was none before it. */
  const FIRST_VERSION = 5;
  /** Migrations that narrow all the same, and why the version before is not hurt. */
  const allowed: Record<string, string> = {};
  const read = (tag: string) => readFileSync(join(DRIZZLE, `${tag}.sql`), 'utf8');
  const tags = journal.entries.map(({ tag }) => tag);

  test('every migration since the first version', () => {
    for (const [at, tag] of [...tags.entries()].slice(FIRST_VERSION)) {
      if (allowed[tag] !== undefined) continue;
      expect({ tag, narrowings: narrowings(tags.slice(0, at).map(read), [read(tag)]) }).toEqual({
        tag,
        narrowings: [],
      });
    }
    for (const tag of Object.keys(allowed)) expect(tags).toContain(tag);
  });

  test.each([
    'ALTER TABLE "accounts" DROP COLUMN "role";',
    'DROP TABLE "outbox";',
    'ALTER TABLE "accounts" RENAME COLUMN "role" TO "rank";',
    'ALTER TABLE "accounts" RENAME TO "people";',
    'ALTER TABLE "accounts" ALTER COLUMN "role" SET NOT NULL;',
    'ALTER TABLE "accounts" ALTER COLUMN "role" SET DATA TYPE integer;',
    'ALTER TABLE "accounts" ALTER COLUMN "role" DROP DEFAULT;',
    'ALTER TABLE "accounts" ADD COLUMN "rank" text NOT NULL;',
    'ALTER TABLE "accounts" ADD COLUMN "rank" text CHECK ("rank" <> \'\');',
    'ALTER TABLE "accounts" ADD CONSTRAINT "ranked" CHECK ("role" is not null);',
    'CREATE UNIQUE INDEX "one_role" ON "accounts" USING btree ("role");',
    'DROP INDEX "account_flags_one_open";',
    'CREATE OR REPLACE FUNCTION "grant_service_role"("role" name) RETURNS void LANGUAGE sql AS $$ select 1; $$;',
    'DROP FUNCTION "grant_service_role";',
    'UPDATE "accounts" SET "role" = null;',
    'CREATE TRIGGER "t" BEFORE INSERT ON "accounts" FOR EACH ROW EXECUTE FUNCTION f();',
    'CREATE INDEX "i" ON "accounts" ("role"); DROP TABLE "outbox";',
    'ALTER TABLE "accounts" ADD COLUMN "rank" text, DROP COLUMN "role";',
    'CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ select 1; $$; DROP TABLE "outbox";',
  ])('is not kept by: %s', (statement) => {
    expect(narrowings(tags.map(read), [statement])).toHaveLength(1);
  });

  test.each([
    'ALTER TABLE "accounts" ADD COLUMN "rank" text;',
    'ALTER TABLE "accounts" ADD COLUMN "rank" integer DEFAULT 0 NOT NULL;',
    'ALTER TABLE "accounts" ALTER COLUMN "role" DROP NOT NULL;',
    'DROP INDEX "sessions_account";',
    'CREATE TABLE "n" ("id" text PRIMARY KEY);--> statement-breakpoint\nCREATE UNIQUE INDEX "n_id" ON "n" ("id");',
    'CREATE TABLE "n" ("id" text);--> statement-breakpoint\nALTER TABLE "n" ADD CONSTRAINT "f" FOREIGN KEY ("id") REFERENCES "accounts"("id");',
  ])('is kept by: %s', (migration) => {
    expect(narrowings(tags.map(read), [migration])).toEqual([]);
  });
});

/** Without what Jest adds for its own modules. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _forJest, ...rest } = process.env;
  return rest;
}
