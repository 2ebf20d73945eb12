/** Nodes are replaced one by one: what runs is the version before beside this one, on tables that this one has migrated. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import { createDatabase, MAIN, serverUrl, type OwnDatabase } from './support/built-program.js';
import { GOOD_PASSWORD, OTHER_PASSWORD } from './support/person.js';
import { startProgram, type Program, type ProgramOptions } from './support/program.js';
import { nextToken, PUBLIC_URL, Visitor } from './support/visitor.js';
import { versionBefore, type VersionBefore } from './support/version-before.js';

const before = serverUrl() === null ? null : versionBefore();
const ROOT = resolve(import.meta.dirname, '..');
const MIGRATIONS = readdirSync(join(ROOT, 'drizzle')).filter((name) => name.endsWith('.sql')).length;
const THIRD_PASSWORD = 'four green kettles sing low';

if (serverUrl() === null) {
  test.skip('the version before serves beside this one: not on the embedded database, which one process alone opens', () => {});
} else if (before === null) {
  test.skip('the version before serves beside this one: not without the history of the repository', () => {});
} else {
  besides(before);
}

function besides(version: VersionBefore): void {
  describe(`the version before (${version.commit.slice(0, 7)}) serves beside this one`, () => {
    let database: OwnDatabase;
    let dataDir: string;
    const running: Program[] = [];
    const start = async (options: ProgramOptions): Promise<Program> => {
      const env = {
        PUBLIC_URL,
        DATABASE_URL: database.url,
        LIMIT_GUESS: '0',
        LIMIT_MAIL_PER_NETWORK: '0',
        LIMIT_SIGN_IN_PER_NETWORK: '0',
        LIMIT_QUERIES_PER_NETWORK: '0',
        LIMIT_REQUESTS_PER_NETWORK: '0',
      };
      const program = await startProgram({ ...options, env, dataDir });
      running.push(program);
      return program;
    };
    const startOld = (): Promise<Program> => start({ root: version.root });
    const startNew = (): Promise<Program> => start({ main: MAIN });

    beforeAll(async () => {
      database = await createDatabase(serverUrl() as string, 'upgrade');
      dataDir = mkdtempSync(join(tmpdir(), 'rekey-upgrade-'));
    });
    afterAll(async () => {
      await Promise.all(running.map((program) => program.stop()));
      await database.drop();
      version.remove();
      rmSync(dataDir, { recursive: true, force: true });
    }, 30_000);

    test('while two new nodes start at once and migrate, and in every step people and staff take from node to node', async () => {
      const old = await startOld();
      expect(await countMigrations(database.url)).toBe(version.migrations);
      const grace = await staffAt(old, start, version.root);
      const ada = new Visitor('ada@example.org', GOOD_PASSWORD);
      await ada.signsUp(old);

      const served = await whileServing(old, ada, () => Promise.all([startNew(), startNew()]));
      const [fresh] = served.result;
      expect(served.failures).toEqual([]);
      expect(served.count).toBeGreaterThan(10);
      expect(await countMigrations(database.url)).toBe(MIGRATIONS);

      const ways: [string, Program, Program][] = [
        ['from old to new', old, fresh],
        ['from new to old', fresh, old],
        ['within old', old, old],
      ];
      for (const [name, here, there] of ways) await journey(name.replaceAll(' ', '.'), here, there, grace);

      // One that crashed during the roll-out comes back as it was.
      const again = await startOld();
      await journey('started.again', again, fresh, grace);
      expect(await countMigrations(database.url)).toBe(MIGRATIONS);
      for (const { lines } of running) expect(lines.filter(({ level }) => isError(level))).toEqual([]);
    }, 600_000);
  });
}

const isError = (level: unknown): boolean => level === 'error' || level === 'fatal';

/** One person's core journey: each step at one node, and its effect at the other. */
async function journey(name: string, here: Program, there: Program, staff: Visitor): Promise<void> {
  const email = `${name}@example.org`;
  const person = new Visitor(email, GOOD_PASSWORD);
  await person.signsUp(here);
  expect(await person.seenAt(there)).toBe(email);

  await new Visitor(email, '').call(here, 'requestPasswordReset', { email }, 'RequestPasswordResetAccepted');
  const token = await nextToken(there, email, 'reset-password');
  await person.call(here, 'inspectPasswordReset', { token }, 'PasswordResetTicket');
  const reset = { token, newPassword: OTHER_PASSWORD };
  await person.call(there, 'completePasswordReset', reset, 'CompletePasswordResetSuccess');
  await person.call(here, 'completePasswordReset', reset, 'TokenInvalidProblem');
  expect(await person.seenAt(here)).toBeNull();
  const input = { email, password: GOOD_PASSWORD };
  for (const node of [here, there]) await person.call(node, 'signIn', input, 'InvalidCredentialsProblem');

  person.password = OTHER_PASSWORD;
  await person.signsIn(here);
  const elsewhere = new Visitor(email, OTHER_PASSWORD);
  await elsewhere.signsIn(there);
  const change = { currentPassword: OTHER_PASSWORD, newPassword: THIRD_PASSWORD };
  await person.call(there, 'changePassword', change, 'ChangePasswordSuccess');
  person.password = THIRD_PASSWORD;
  expect([await person.seenAt(here), await elsewhere.seenAt(here), await elsewhere.seenAt(there)]).toEqual([
    email,
    null,
    null,
  ]);

  await person.addsTotp(here, there);
  await person.signsIn(here, there);
  const { viewer } = await person.ask(there, '{ viewer { account { id } } }');
  await deskSees(staff, here, there, email, viewer.account.id as string);
  await person.call(there, 'signOut', null, 'SignOutSuccess');
  expect(await person.seenAt(here)).toBeNull();
}

/** A flag that staff raise at one node stands in the queue of both; so does the account in the list. */
async function deskSees(
  staff: Visitor,
  here: Program,
  there: Program,
  email: string,
  accountId: string,
): Promise<void> {
  const flag = { accountId, reason: 'MANUAL', severity: 'LOW', note: 'Called us.' };
  await staff.call(here, 'flagAccount', flag, 'FlagAccountSuccess');
  for (const node of [here, there]) {
    const { accounts, flaggedAccounts } = await staff.ask(
      node,
      '{ accounts(first: 100) { nodes { email } } flaggedAccounts(first: 100) { nodes { email } } }',
    );
    expect(accounts.nodes).toContainEqual({ email });
    expect(flaggedAccounts.nodes).toContainEqual({ email });
  }
}

/** A member of staff, made by the version before. */
async function staffAt(
  node: Program,
  start: (options: ProgramOptions) => Promise<Program>,
  root: string,
): Promise<Visitor> {
  const grace = new Visitor('grace@example.org', GOOD_PASSWORD);
  await grace.signsUp(node);
  await grace.addsTotp(node);
  const command = await start({ root, args: ['grant', grace.email, '--role', 'admin'], wait: false });
  expect(await command.ended).toBe(0);
  await grace.signsIn(node);
  return grace;
}

/** Lets someone look at their account and sign in at one node, again and again, until the work is done. */
async function whileServing<T>(node: Program, visitor: Visitor, work: () => Promise<T>) {
  const failures: unknown[] = [];
  let count = 0;
  let isDone = false;
  const goOn = async (act: () => Promise<unknown>) => {
    for (; !isDone; count += 1) await act().catch((error: unknown) => failures.push(String(error)));
  };
  const elsewhere = new Visitor(visitor.email, visitor.password);
  const going = Promise.all([
    goOn(async () => expect(await visitor.seenAt(node)).toBe(visitor.email)),
    goOn(() => elsewhere.signsIn(node)),
  ]);
  const result = await work().finally(() => (isDone = true));
  await going;
  return { result, failures, count };
}

async function countMigrations(url: string): Promise<number> {
  const sql = postgres(url, { max: 1 });
  try {
    const [row] = await sql`select count(*)::int as n from drizzle.__drizzle_migrations`;
    return row?.['n'] as number;
  } finally {
    await sql.end();
  }
}
