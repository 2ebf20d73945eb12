/** The program under a database role of its own, as the README sets it up: it may neither change tables nor the audit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import postgres, { type Sql } from 'postgres';
import { createDatabase, MAIN, runCommand, serverUrl, type OwnDatabase } from './support/built-program.js';
import { eventually } from './support/outage.js';
import { GOOD_PASSWORD, OTHER_PASSWORD } from './support/person.js';
import { startProgram, type Program } from './support/program.js';
import { nextToken, PUBLIC_URL, Visitor } from './support/visitor.js';

if (serverUrl() === null) {
  test.skip('the program under a role of its own: not on the embedded database, which has no roles', () => {});
} else {
  const role = `rekey_service_${process.pid}`;
  let database: OwnDatabase;
  let owner: Sql;
  let dataDir: string;
  let env: Record<string, string>;
  let program: Program | undefined;

  beforeAll(async () => {
    database = await createDatabase(serverUrl() as string, 'service_role');
    owner = postgres(database.url, { max: 1, onnotice: () => {} });
    dataDir = mkdtempSync(join(tmpdir(), 'rekey-role-'));
    const service = new URL(database.url);
    service.username = role;
    service.password = 'service';
    env = {
      APP_ENV: 'test',
      PUBLIC_URL,
      DATA_DIR: dataDir,
      DATABASE_URL: service.href,
      MIGRATE_DATABASE_URL: database.url,
    };
  });
  afterAll(async () => {
    await program?.stop();
    await owner.unsafe(`drop owned by ${role}; drop role ${role}`).catch(() => undefined);
    await owner.end();
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 30_000);

  test('with MIGRATE=off it is not ready before someone migrates, and then is, by what that role may see', async () => {
    await owner.unsafe(`create role ${role} login password 'service'`);
    program = await startProgram({ env: { ...env, MIGRATE: 'off' }, dataDir, main: MAIN, wait: false });
    const asked = () => fetch(`${(program as Program).url}/readyz`).catch(() => null);
    const first = await eventually(asked, (answer) => answer !== null);
    expect([first?.status, await first?.json()]).toEqual([503, { status: 'unavailable', waitingFor: 'migrations' }]);
    expect(await runCommand(['migrate'], env)).toMatchObject({ status: 0 });
    expect((await asked())?.status).toBe(200);
    await program.stop();
  }, 60_000);

  test('people and operators do all that they do, under that role alone', async () => {
    await owner`select grant_service_role(${role})`;
    program = await startProgram({ env, dataDir, main: MAIN });

    const ada = new Visitor('ada@example.org', GOOD_PASSWORD);
    await ada.signsUp(program);
    await ada.call(program, 'requestPasswordReset', { email: ada.email }, 'RequestPasswordResetAccepted');
    const token = await nextToken(program, ada.email, 'reset-password');
    const reset = { token, newPassword: OTHER_PASSWORD };
    await ada.call(program, 'completePasswordReset', reset, 'CompletePasswordResetSuccess');
    ada.password = OTHER_PASSWORD;
    await ada.signsIn(program);
    await ada.addsTotp(program);
    await ada.signsIn(program);
    expect(await ada.seenAt(program)).toBe(ada.email);

    const sessions = await owner<{ usename: string }[]>`
      select usename from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
    expect(new Set(sessions.map(({ usename }) => usename))).toEqual(new Set([role]));
    for (const command of [
      ['grant', ada.email, '--role', 'support'],
      ['create-service', 'orders'],
      ['rotate-keys'],
      ['reseal'],
      ['export-account', ada.email],
      ['revoke', ada.email],
      ['close-account', ada.email],
      ['verify-audit'],
    ])
      expect([command, await runCommand(command, env)]).toMatchObject([command, { status: 0 }]);
    await program.stop();
    expect(program.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  }, 120_000);

  test('the role is no owner, no superuser, and the audit is closed to it but for adding', async () => {
    const [found] =
      await owner`select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls from pg_roles where rolname = ${role}`;
    expect(found).toEqual({ rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolbypassrls: false });
    const service = postgres(env['DATABASE_URL'] as string, { max: 1, onnotice: () => {} });
    try {
      for (const forbidden of [
        'create table mine (id int)',
        'alter table accounts add column x int',
        'drop table sessions',
        'update audit_entries set note = null',
        'delete from audit_entries',
        'truncate audit_entries',
        `grant all on accounts to public; drop function grant_service_role`,
        'delete from drizzle.__drizzle_migrations',
      ])
        await expect(service.unsafe(forbidden)).rejects.toThrow(/permission denied|must be owner/);
    } finally {
      await service.end();
    }
  });
}
