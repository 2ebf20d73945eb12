/** The program at the command line, as an operator meets it: run to its end, on a database of its own. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { generateSync } from 'otplib';
import { PNG } from 'pngjs';
import { rows, type OpenDatabase } from '../src/base/database.js';
import { terminalPicture } from '../src/commands/demonstration.js';
import { checkPassword } from '../src/passwords/policy.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { foreignHashes } from './support/imported.js';
import { startProgram, type Program } from './support/program.js';
import { readPicture } from './support/qr.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SIGN_IN =
  'mutation ($input: SignInInput!) { signIn(input: $input) { __typename ... on SignInBlockedProblem { reason } ... on SecondFactorChallenge { challenge } } }';

let folder: string;
let database: TestDatabase;
/** Where commands work: PostgreSQL where the tests have one, else the embedded database in the folder. */
let env: Record<string, string>;
/** Stopped in the end also where a test failed before it came to that. */
const started: Program[] = [];

async function start(settings: Record<string, string>): Promise<Program> {
  const program = await startProgram({ env: settings, main: MAIN });
  started.push(program);
  return program;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rekey-commands-'));
  database = await createTestDatabase();
  const where = database.databaseUrl === null ? {} : { DATABASE_URL: database.databaseUrl };
  env = { APP_ENV: 'test', DATA_DIR: join(folder, 'data'), ...where };
}, 60_000);
afterAll(async () => {
  for (const program of started) await program.stop();
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly errors: string;
}

async function rekey(args: readonly string[], settings: Record<string, string> = env): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'], ...settings } });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, out, errors };
}

/** Writes JSON Lines. @returns the path. */
function file(name: string, lines: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return path;
}

/** What lies in the database that the commands work on. */
async function stored<T extends Record<string, unknown>>(query: ReturnType<typeof sql>): Promise<T[]> {
  const open: OpenDatabase = await database.open();
  try {
    return await rows<T>(open.db, query);
  } finally {
    await open.close();
  }
}

/** Accounts of a test's own, without a password. */
let files = 0;
async function importPeople(people: readonly Record<string, unknown>[], settings = env): Promise<void> {
  const path = file(`own${(files += 1)}.jsonl`, people);
  const ended = await rekey(['import-accounts', path], settings);
  if (ended.status !== 0) throw new Error(ended.errors);
}

const summary = ({ out }: Ended) => JSON.parse(out) as { imported: number; unchanged: number; refused: number };

describe('the command line', () => {
  test('answers --help for itself and each command, and says what it does not know (status 2)', async () => {
    const all = await rekey(['--help']);
    expect(all.status).toBe(0);
    const names = [...all.out.matchAll(/^ {2}rekey ([a-z-]+)/gm)].map(([, name]) => name as string);
    expect(names).toEqual(
      expect.arrayContaining(['serve', 'import-accounts', 'create-staff', 'grant', 'revoke', 'verify-audit']),
    );
    const one = await rekey(['import-accounts', '--help']);
    expect(one).toMatchObject({ status: 0, errors: '' });
    expect(one.out).toContain('rekey import-accounts FILE');
    for (const wrong of [
      ['frobnicate'],
      ['import-accounts'],
      ['import-accounts', 'a', 'b'],
      ['import-accounts', 'a', '--fast'],
      ['create-staff', 'ada@example.org'],
      ['create-staff', 'ada@example.org', '--role', 'king'],
      ['export-account', 'not an address'],
      ['verify-audit', '--known', 'x'],
    ]) {
      const ended = await rekey(wrong);
      expect([wrong, ended.status, ended.out]).toEqual([wrong, 2, '']);
      expect(ended.errors).toMatch(/^rekey: \S/);
    }
  }, 60_000);

  test('says in a sentence that a file or the database cannot be had (status 1)', async () => {
    const missing = await rekey(['import-accounts', join(folder, 'nothing.jsonl')]);
    expect([missing.status, missing.errors]).toEqual([1, expect.stringContaining('Cannot read the file (ENOENT)')]);
    expect((await rekey(['import-accounts', folder])).errors).toContain('That is a folder');
    const gone = { ...env, DATABASE_URL: 'postgres://nobody:hush@127.0.0.1:9/none' };
    const unreachable = await rekey(['verify-audit'], gone);
    expect([unreachable.status, unreachable.out]).toEqual([1, '']);
    expect(unreachable.errors).toContain('Cannot reach PostgreSQL at 127.0.0.1:9');
    expect(unreachable.errors).not.toMatch(/hush|\n {4}at /);
  });
});

describe('check-config', () => {
  const complete = {
    PUBLIC_URL: 'https://id.example.org',
    DATABASE_URL: 'postgres://rekey:canary@db.example.org/rekey',
    SMTP_URL: 'smtps://rekey:canary@mail.example.org',
    MAIL_FROM: 'Rekey <rekey@example.org>',
    SECRET_KEYS: `a:${randomBytes(32).toString('base64')}`,
  };

  test('says that all is there (status 0), and connects to nothing', async () => {
    expect(await rekey(['check-config'], complete)).toEqual({
      status: 0,
      out: 'The configuration is complete (APP_ENV=production).\n',
      errors: '',
    });
  });

  test('says that a variable is not read whose name is nearly one of ours', async () => {
    const { status, out } = await rekey(['check-config'], { ...complete, LIMIT_GUES: 'canary', SESSION_MANAGER: 'x' });
    expect([status, out]).toEqual([
      0,
      'LIMIT_GUES: not read; LIMIT_GUESS may be meant.\nThe configuration is complete (APP_ENV=production).\n',
    ]);
  });

  test('and so does the log of a start, which goes on', async () => {
    const program = await start({ LIMIT_GUES: 'canary', SESSION_MANAGER: 'x' });
    const warnings = program.lines.filter(({ event }) => event === 'variable_not_read');
    expect(warnings).toEqual([
      expect.objectContaining({ level: 'warn', variable: 'LIMIT_GUES', meant: 'LIMIT_GUESS' }),
    ]);
    expect(JSON.stringify(program.lines)).not.toContain('canary');
    await program.stop();
  }, 60_000);

  test('says all that could never work at once (status 1), a line each, with nothing secret in it', async () => {
    const wrong = {
      DATABASE_URL: 'postgres://u:canary@host:port/x',
      SMTP_URL: 'smtp://',
      MAIL_FROM: 'not an address: canary',
      SMS_URL: 'twilio://canary',
      REDIS_URL: 'redis://',
      RP_ID: 'canary.example',
      STAFF_MAILBOX: 'canary',
      GEO_DATABASE: '/nowhere/canary',
      SECRET_KEYS: 'canary',
      LIMIT_GUESS: 'canary',
    };
    const { status, out, errors } = await rekey(['check-config'], { ...complete, ...wrong });
    expect([status, out]).toEqual([1, '']);
    expect(errors).toMatch(/^rekey: The configuration has 10 mistake\(s\):\n(?: {2}- [A-Z_]+: .+\n){10}$/);
    const named = [...errors.matchAll(/^ {2}- ([A-Z_]+):/gm)].map(([, name]) => name as string);
    expect(named.sort()).toEqual(Object.keys(wrong).sort());
    expect(errors).not.toContain('canary');
    expect(errors).not.toContain(complete.SECRET_KEYS);
  });
});

if (process.env['TEST_DATABASE_URL']) {
  describe('importing accounts', () => {
    test('each hash as the other system had it signs in; running again changes nothing', async () => {
      const people = Object.entries(foreignHashes).map(([scheme, hash], at) => ({
        email: `Import${at}@Example.org`,
        displayName: scheme.slice(0, 60),
        passwordHash: hash('the old password there'),
      }));
      const more = [{ email: 'void@example.org', passwordHash: null }, { email: 'bare@example.org' }];
      const path = file('people.jsonl', [...people, '', ...more]);
      const first = await rekey(['import-accounts', path]);
      expect(first).toMatchObject({ status: 0, errors: '' });
      expect(summary(first)).toEqual({ imported: people.length + 2, unchanged: 0, refused: 0 });
      const before = await stored(
        sql`select * from accounts a left join passwords p on p.account_id = a.id order by id`,
      );
      expect(summary(await rekey(['import-accounts', path]))).toEqual({
        imported: 0,
        unchanged: people.length + 2,
        refused: 0,
      });
      expect(
        await stored(sql`select * from accounts a left join passwords p on p.account_id = a.id order by id`),
      ).toEqual(before);
      const program = await start(env);
      const signIn = async (email: string) =>
        (await program.graphql(SIGN_IN, { input: { email, password: 'the old password there' } })).body.data.signIn;
      for (const { email } of people) expect(await signIn(email)).toMatchObject({ __typename: 'SignInSuccess' });
      expect((await signIn('void@example.org'))['__typename']).toBe('InvalidCredentialsProblem');
      await program.stop();
      // At the first sign-in each became ours.
      const classes = await stored(sql`select distinct cost_class from passwords`);
      expect(classes).toEqual([{ cost_class: 'argon2id:19456:2:1' }]);
    }, 120_000);

    test('a role, a number and a password that must be reset arrive as such; the number lies sealed', async () => {
      await importPeople([
        { email: 'phone@example.org', phoneNumber: '+47 90 12 34 56', passwordHash: null },
        { email: 'desk@example.org', role: 'support', displayName: '', passwordHash: foreignHashes['scrypt']?.('x') },
      ]);
      const made = await stored(
        sql`select email_key, role, display_name, password_reset_required as reset from accounts
            where email_key in ('phone@example.org', 'desk@example.org') order by email_key`,
      );
      expect(made).toEqual([
        { email_key: 'desk@example.org', role: 'support', display_name: null, reset: false },
        { email_key: 'phone@example.org', role: null, display_name: null, reset: true },
      ]);
      const [phone] = await stored<{ number: string; later: boolean }>(
        sql`select number, recovery_from > verified_at as later from phone_numbers
            where account_id = (select id from accounts where email_key = 'phone@example.org')`,
      );
      expect(phone?.number).toMatch(/^v1\./);
      expect(phone?.later).toBe(true);
    });

    test('a bad line is told by number and reason, never by its values, and stops nothing (status 1)', async () => {
      const good = (n: number) => ({ email: `mixed${n}@example.org`, passwordHash: null });
      const path = file('mixed.jsonl', [
        good(1),
        '{"email":"cut@example.org",',
        { email: 'no address', passwordHash: null },
        { email: 'extra@example.org', password: 'hunter2' },
        { email: 'plain@example.org', passwordHash: 'hunter2' },
        {
          email: 'dear@example.org',
          passwordHash: '$argon2id$v=19$m=9999999,t=9,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
        },
        { email: 'king@example.org', role: 'king' },
        { email: 'call@example.org', phoneNumber: '12' },
        { email: 'name@example.org', displayName: 'a\u0000b' },
        '[]',
        'null',
        `{"email":"${'x'.repeat(20_000)}"}`,
        { email: 7 },
        good(2),
        { email: 'MIXED1@example.org', passwordHash: null },
      ]);
      const ended = await rekey(['import-accounts', path]);
      expect(ended.status).toBe(1);
      expect(summary(ended)).toEqual({ imported: 2, unchanged: 1, refused: 12 });
      const told = ended.errors.trim().split('\n');
      expect(told.map((line) => Number(/^line (\d+): \S/.exec(line)?.[1]))).toEqual([
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
      ]);
      expect(told[2]).toMatch(/Unrecognized key.*password/);
      expect(told[3]).toContain('not a password hash of a supported form');
      expect(ended.errors).not.toMatch(/hunter2|king@|9999999/);
    });

    test('a file that was cut off gives what is whole, and is taken up again', async () => {
      const path = file(
        'cut.jsonl',
        Array.from({ length: 2500 }, (_, at) => ({ email: `cut${at}@example.org`, passwordHash: null })),
      );
      const whole = statSync(path).size;
      truncateSync(path, whole - 10);
      const cut = await rekey(['import-accounts', path]);
      expect([cut.status, summary(cut)]).toEqual([1, { imported: 2499, unchanged: 0, refused: 1 }]);
      expect(cut.errors).toContain('line 2500: not a line of JSON; the file may be cut off here');
      file(
        'cut.jsonl',
        Array.from({ length: 2500 }, (_, at) => ({ email: `cut${at}@example.org`, passwordHash: null })),
      );
      const again = await rekey(['import-accounts', path]);
      expect([again.status, summary(again)]).toEqual([0, { imported: 1, unchanged: 2499, refused: 0 }]);
    });

    test('a last line without its end, Windows line ends and a byte order mark are fine; other encodings are not', async () => {
      const path = join(folder, 'odd.jsonl');
      const line = (email: string) => JSON.stringify({ email, passwordHash: null });
      const bytes = Buffer.concat([
        Buffer.from(`\uFEFF${line('bom@example.org')}\r\n`),
        Buffer.from([0x7b, 0xff, 0xfe, 0x0a]),
        Buffer.from(line('last@example.org')),
      ]);
      writeFileSync(path, bytes);
      const ended = await rekey(['import-accounts', path]);
      expect(summary(ended)).toEqual({ imported: 2, unchanged: 0, refused: 1 });
      expect(ended.errors).toContain('line 2: longer than 16384 bytes, or not UTF-8');
    });

    test('two imports of one file at once make each account once', async () => {
      const path = file(
        'twice.jsonl',
        Array.from({ length: 3000 }, (_, at) => ({ email: `twice${at}@example.org`, passwordHash: null })),
      );
      const both = await Promise.all([rekey(['import-accounts', path]), rekey(['import-accounts', path])]);
      expect(both.map(({ status }) => status)).toEqual([0, 0]);
      expect(both.map(summary).reduce((sum, { imported }) => sum + imported, 0)).toBe(3000);
    });

    test('a process that is killed in the middle leaves whole accounts, and the rest follows', async () => {
      const hash = Object.values(foreignHashes)[0]?.('the old password there') as string;
      const count = 20_000;
      const path = file(
        'killed.jsonl',
        Array.from({ length: count }, (_, at) => ({ email: `killed${at}@example.org`, passwordHash: hash })),
      );
      const child = spawn(process.execPath, [MAIN, 'import-accounts', path], {
        env: { PATH: process.env['PATH'], ...env },
      });
      const made = sql`select count(*)::int as n, count(p.account_id)::int as whole from accounts a
        left join passwords p on p.account_id = a.id where email_key like 'killed%'`;
      let before = 0;
      while (before === 0) before = Number((await stored<{ n: number }>(made))[0]?.n);
      child.kill('SIGKILL');
      await once(child, 'close');
      const [left] = await stored<{ n: number; whole: number }>(made);
      expect(left?.n).toBeLessThan(count);
      expect(left?.whole).toBe(left?.n);
      const again = await rekey(['import-accounts', path]);
      expect(again.status).toBe(0);
      expect(summary(again).imported + summary(again).unchanged).toBe(count);
      expect(await stored(made)).toEqual([{ n: count, whole: count }]);
    }, 120_000);

    test('stands in the audit: begun and finished, whatever happens in between, and each who gets a role (R-118)', async () => {
      const last = async () =>
        (await stored<{ n: number }>(sql`select count(*)::int as n from audit_entries`))[0]?.n ?? 0;
      const before = await last();
      const people = [
        { email: 'audited@example.org', passwordHash: null },
        { email: 'audited.staff@example.org', passwordHash: null, role: 'support' },
      ];
      await importPeople(people);
      await importPeople(people);
      const actions = await stored(
        sql`select action, by_service like 'operator %' as by_operator, details from audit_entries
            where sequence > ${before} order by sequence`,
      );
      expect(actions).toEqual([
        { action: 'importAccounts', by_operator: true, details: { step: 'begun' } },
        { action: 'grantRole', by_operator: true, details: { before: null, after: 'support' } },
        {
          action: 'importAccounts',
          by_operator: true,
          details: { step: 'finished', imported: 2, unchanged: 0, refused: 0 },
        },
      ]);
    });
  });

  describe('staff', () => {
    const roleOf = async (email: string) =>
      (await stored<{ role: string | null }>(sql`select role from accounts where email_key = ${email}`))[0]?.role;

    test('a new address gets a letter that leads to an account with the role (R-030)', async () => {
      const ended = await rekey(['create-staff', 'First@Example.org', '--role', 'admin']);
      expect(ended).toMatchObject({ status: 0, errors: '' });
      expect(ended.out).toContain('A letter goes to First@example.org');
      expect(await roleOf('first@example.org')).toBeUndefined();
      const [queued] = await stored(
        sql`select message, payload ->> 'role' as role from outbox where message = 'sign_up'`,
      );
      expect(queued).toEqual({ message: 'sign_up', role: 'admin' });
    });

    test('an address that has an account gets the role, and its sessions end', async () => {
      await importPeople([{ email: 'member@example.org' }]);
      expect((await rekey(['create-staff', 'member@example.org', '--role', 'support'])).status).toBe(0);
      expect(await roleOf('member@example.org')).toBe('support');
      expect((await rekey(['grant', 'member@example.org', '--role', 'reviewer'])).out).toContain(
        'reviewer now, and was support',
      );
      expect((await rekey(['revoke', 'member@example.org'])).status).toBe(0);
      expect(await roleOf('member@example.org')).toBeNull();
      const [{ epoch } = { epoch: 0 }] = await stored<{ epoch: number }>(
        sql`select credential_epoch as epoch from accounts where email_key = 'member@example.org'`,
      );
      expect(epoch).toBe(4);
    });

    test('an unknown address is said to be unknown (status 1)', async () => {
      for (const args of [
        ['grant', 'nobody@example.org', '--role', 'admin'],
        ['revoke', 'nobody@example.org'],
      ]) {
        const ended = await rekey(args);
        expect([ended.status, ended.out]).toEqual([1, '']);
        expect(ended.errors).toContain('No open account has this address');
      }
    });
  });

  describe('the audit', () => {
    test('tells a changed entry, and a cut end where an earlier head is known (status 1)', async () => {
      const own = await createTestDatabase();
      const settings = { ...env, DATABASE_URL: own.databaseUrl as string };
      for (const at of [1, 2]) await importPeople([{ email: `chain${at}@example.org` }], settings);
      const whole = await rekey(['verify-audit'], settings);
      expect(whole).toMatchObject({ status: 0, errors: '' });
      const { head } = JSON.parse(whole.out) as { head: { sequence: number; hash: string } };
      const known = `${head.sequence}:${head.hash}`;
      expect((await rekey(['verify-audit', '--known', known], settings)).status).toBe(0);
      const open = await own.open();
      // Whoever owns the tables can take the guard away; the chain still tells.
      await open.db.execute(sql`alter table audit_entries disable trigger all`);
      await open.db.execute(sql`delete from audit_entries where sequence = ${head.sequence}`);
      expect((await rekey(['verify-audit'], settings)).status).toBe(0);
      const cut = await rekey(['verify-audit', '--known', known], settings);
      expect([cut.status, cut.errors]).toEqual([
        1,
        expect.stringContaining(`Entry ${head.sequence} of the audit is missing`),
      ]);
      await open.db.execute(sql`update audit_entries set note = 'forged' where sequence = 1`);
      expect((await rekey(['verify-audit'], settings)).errors).toContain('Entry 1 of the audit is changed');
      await own.close();
    }, 60_000);
  });

  describe('one person', () => {
    test('gets what is kept of them as JSON, without any secret', async () => {
      const passwordHash = foreignHashes['scrypt']?.('the old password there');
      await importPeople([{ email: 'Whole@example.org', phoneNumber: '+4790123457', passwordHash }]);
      const program = await start(env);
      const input = { email: 'whole@example.org', password: 'the old password there' };
      await program.graphql(SIGN_IN, { input });
      await program.stop();
      const ended = await rekey(['export-account', 'WHOLE@example.org']);
      expect(ended).toMatchObject({ status: 0, errors: '' });
      expect(JSON.parse(ended.out)).toMatchObject({
        account: { email: 'Whole@example.org', passwordResetRequired: false },
        phoneNumber: { number: '+4790123457' },
        sessions: [{ signInMethod: 'PASSWORD', ip: '127.0.0.1', isAlive: true }],
        securityEvents: [{ kind: 'SIGNED_IN' }],
      });
      expect(ended.out).not.toMatch(/argon2|digest|hash|secret|v1\./i);
    }, 60_000);

    test('gets it after closing too; where others had the address, the id says who is meant', async () => {
      const exported = async (named: string) => {
        const { status, out, errors } = await rekey(['export-account', named]);
        return { status, errors, account: status === 0 ? (JSON.parse(out) as { account: unknown }).account : null };
      };
      await importPeople([{ email: 'Twice@example.org' }]);
      await rekey(['close-account', 'twice@example.org']);
      const { account: first } = await exported('twice@example.org');
      expect(first).toMatchObject({ email: 'Twice@example.org', closedAt: expect.any(String), erasedAt: null });
      const { id } = first as { id: string };

      await importPeople([{ email: 'twice@example.org' }]);
      const both = await exported('TWICE@example.org');
      expect(both).toMatchObject({ status: 1, account: null });
      expect(both.errors).toMatch(new RegExp(`Several accounts.*\n {2}acct_\\S+ .* open\n {2}${id} .*, closed 20`));
      expect((await exported(id)).account).toEqual(first);

      expect((await exported('nobody@example.org')).errors).toContain('No account has this address');
      expect((await exported(`acct_${'x'.repeat(22)}`)).errors).toContain('No account has this id');
    }, 60_000);

    test('is closed at their wish, once', async () => {
      await importPeople([{ email: 'Leaving@example.org' }]);
      expect((await rekey(['close-account', 'leaving@example.org'])).status).toBe(0);
      const again = await rekey(['close-account', 'leaving@example.org']);
      expect([again.status, again.errors]).toEqual([1, expect.stringContaining('No open account has this address')]);
      const [row] = await stored(
        sql`select closed_at is not null as closed from accounts where email = 'Leaving@example.org'`,
      );
      expect(row).toEqual({ closed: true });
    });
  });
}

describe('the demonstration accounts (R-030)', () => {
  const development = () => ({ APP_ENV: 'development', DATA_DIR: join(folder, 'demonstration') });
  const welcomeOf = async (program: Program): Promise<string> => {
    while (!program.words().includes('otpauth:')) await new Promise((resume) => setTimeout(resume, 50));
    return program.words();
  };
  const line = (words: string, who: string) => new RegExp(`${who} +(\\S+), password "([^"]+)"`).exec(words) ?? [];

  test('are printed at each start with all that signs them in, and keep their keys; commands wait for their turn', async () => {
    let program = await start(development());
    const words = await welcomeOf(program);
    const [, email, password] = line(words, 'Person');
    const signIn = (input: Record<string, unknown>) =>
      program.graphql(SIGN_IN, { input }).then(({ body }) => body.data.signIn as Record<string, string>);
    expect(await signIn({ email, password })).toMatchObject({ __typename: 'SignInSuccess' });
    const [, staffEmail, staffPassword] = line(words, 'Staff');
    const uri = /otpauth:\S+/.exec(words)?.[0] as string;
    const { challenge } = await signIn({ email: staffEmail, password: staffPassword, transport: 'BEARER' });
    const { body } = await program.graphql(
      'mutation ($input: CompleteSignInInput!) { completeSignIn(input: $input) { __typename ... on SignInSuccess { viewer { scopes recoveryCodesRemaining } } } }',
      {
        input: {
          challenge,
          proof: { totpCode: generateSync({ secret: new URL(uri).searchParams.get('secret') as string }) },
        },
      },
    );
    expect(body.data.completeSignIn).toMatchObject({
      __typename: 'SignInSuccess',
      viewer: { scopes: expect.arrayContaining(['accounts:review', 'audit:read']), recoveryCodesRemaining: 10 },
    });
    const busy = await rekey(['verify-audit'], development());
    expect([busy.status, busy.out]).toEqual([1, '']);
    expect(busy.errors).toMatch(/in use by process \d+/);
    await program.stop();
    for (const known of [password, staffPassword])
      expect(checkPassword(known as string, { email: email as string })).toEqual([]);
    program = await start(development());
    expect(/otpauth:\S+/.exec(await welcomeOf(program))?.[0]).toBe(uri);
    await program.stop();
    const closed = await rekey(['close-account', email as string], development());
    expect(closed.status).toBe(0);
    program = await start(development());
    expect(line(await welcomeOf(program), 'Person')).toEqual([]);
    await program.stop();
  }, 240_000);

  test('the key as a picture on the terminal is read by a camera', async () => {
    const uri = 'otpauth://totp/Rekey:staff%40example.org?secret=7A3LLNWFJFOI4QGEYKBWCPDK4VDKPAUZ&issuer=Rekey';
    expect(readPicture(rasterized(await terminalPicture(uri)))).toBe(uri);
  });

  if (process.env['TEST_DATABASE_URL']) {
    test('come to nobody’s own database, nor to one in production or test', async () => {
      const program = await start({ ...env, APP_ENV: 'development' });
      await program.stop();
      expect(program.words()).not.toContain('otpauth:');
      expect(
        await stored(sql`select 1 as ok from accounts where email_key in ('demo@example.org', 'staff@example.org')`),
      ).toEqual([]);
      const empty = await createTestDatabase();
      const tested = await start({ APP_ENV: 'test', DATABASE_URL: empty.databaseUrl as string });
      await tested.stop();
      const open = await empty.open();
      expect(await rows(open.db, sql`select 1 as ok from accounts`)).toEqual([]);
      await empty.close();
    }, 60_000);
  }
});

/** The pixels that a terminal would show: each character is two modules, one above the other, in their colours. */
function rasterized(text: string): PNG {
  const lines = text
    .split('\n')
    .map(modulesOf)
    .filter((line) => line.length > 0);
  const [width, height, scale] = [Math.max(...lines.map((line) => line.length)), lines.length * 2, 4];
  const picture = new PNG({ width: width * scale, height: height * scale });
  picture.data.fill(255);
  for (let y = 0; y < height * scale; y += 1) {
    for (let x = 0; x < width * scale; x += 1) {
      const cell = lines[Math.floor(y / scale / 2)]?.[Math.floor(x / scale)];
      const isDark = cell?.[Math.floor(y / scale) % 2] ?? false;
      picture.data.fill(isDark ? 0 : 255, (y * picture.width + x) * 4, (y * picture.width + x) * 4 + 3);
    }
  }
  return picture;
}

/** Upper and lower module of each character; true is dark. */
function modulesOf(line: string): [boolean, boolean][] {
  let [isInkDark, isPaperDark] = [false, true];
  const cells: [boolean, boolean][] = [];
  for (const [, escape, character] of line.matchAll(/\x1b\[([\d;]*)m|([\s\S])/g)) {
    if (escape !== undefined) {
      for (const code of escape.split(';')) {
        if (code === '0') [isInkDark, isPaperDark] = [false, true];
        if (code === '30') isInkDark = true;
        if (code === '37') isInkDark = false;
        if (code === '40') isPaperDark = true;
        if (code === '47') isPaperDark = false;
      }
    } else if (character === ' ') cells.push([isPaperDark, isPaperDark]);
    else if (character === '█') cells.push([isInkDark, isInkDark]);
    else if (character === '▀') cells.push([isInkDark, isPaperDark]);
    else if (character === '▄') cells.push([isPaperDark, isInkDark]);
  }
  return cells;
}
