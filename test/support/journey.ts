/**
 * `npm run journey`: the whole journey over HTTP against the started program, on the embedded database and, where
 * DATABASE_URL names a server, on PostgreSQL (through PgBouncer with MIGRATE_DATABASE_URL beside it); letters are received
 * by a real mail server in another process. Prints each step's answer; exit status 1 at the first surprise.
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBrowser, type Browser } from './browser.js';
import { createDatabase, serverUrl, startBuilt } from './built-program.js';
import { startMailServer, type MailServer } from './mail-server.js';

const OLD = 'seven purple horses run';
const RESET = 'nine quiet rivers flow north';
const CHANGED = 'four green kettles sing low';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

// Answers are read by path; their shape is the contract's business.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Data = any;

/** Sends one mutation, prints its answer without secrets, and checks which member of the union it is. */
async function step(
  browser: Browser,
  mutation: string,
  input: Record<string, unknown> | null,
  expected: string,
  selection = '',
): Promise<Data> {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!`;
  const problems = mutation === 'signOut' ? '' : '... on Problem { code message }';
  const call = input === null ? mutation : `${mutation}(input: $input)`;
  const document = `mutation ${input === null ? '' : `($input: ${type})`} { ${call} { __typename ${selection} ${problems} } }`;
  const outcome = (await browser.graphql(document, input ?? undefined))[mutation];
  say(`  ${mutation.padEnd(22)} ${JSON.stringify(outcome)}`);
  strictEqual(outcome.__typename, expected);
  return outcome;
}

async function viewer(browser: Browser, expected: string | null): Promise<void> {
  const data = await browser.graphql('{ viewer { email } }');
  say(`  ${'viewer'.padEnd(22)} ${JSON.stringify(data.viewer)}`);
  deepStrictEqual(data.viewer, expected === null ? null : { email: expected });
}

/** @returns the token of the letter's one link. */
async function letter(mail: MailServer, to: string, subject: string, page: string): Promise<string> {
  const startedAt = performance.now();
  const { text } = await mail.next(to, subject);
  const token = new RegExp(`/${page}#(\\S+)`).exec(text)?.[1];
  ok(token, `the letter "${subject}" has no link to /${page}`);
  say(`  ${'letter'.padEnd(22)} "${subject}" after ${Math.round(performance.now() - startedAt)} ms`);
  return token;
}

async function journey(url: string, mail: MailServer): Promise<void> {
  const email = 'ada@example.org';
  const [home, phone, attacker] = [openBrowser(url), openBrowser(url), openBrowser(url)];
  await step(home, 'signUp', { email }, 'SignUpAccepted', '... on SignUpAccepted { linkLifetimeMinutes }');
  const invitation = await letter(mail, email, 'Create your', 'sign-up');
  await step(home, 'completeSignUp', { token: invitation, password: OLD }, 'SignInSuccess');
  await viewer(home, email);
  await step(home, 'completeSignUp', { token: invitation, password: OLD }, 'TokenInvalidProblem');
  await step(phone, 'signIn', { email, password: 'not the right one at all' }, 'InvalidCredentialsProblem');
  await step(phone, 'signIn', { email: 'nobody@example.org', password: OLD }, 'InvalidCredentialsProblem');
  await step(phone, 'signIn', { email, password: OLD }, 'SignInSuccess');
  await forgotten(home, phone, mail, email);
  await step(home, 'signIn', { email, password: OLD }, 'InvalidCredentialsProblem');
  await step(home, 'signIn', { email, password: RESET }, 'SignInSuccess');
  await step(phone, 'signIn', { email, password: RESET }, 'SignInSuccess');
  const change = { currentPassword: RESET, newPassword: CHANGED };
  await step(
    home,
    'changePassword',
    change,
    'ChangePasswordSuccess',
    '... on ChangePasswordSuccess { revokedSessionCount }',
  );
  await letter(mail, email, 'Your password was changed', 'not-me');
  await viewer(home, email);
  await viewer(phone, null);
  await step(home, 'sendPasswordResetLink', { channel: 'EMAIL' }, 'SendPasswordResetLinkSuccess');
  const own = await letter(mail, email, 'Reset your', 'reset-password');
  await step(
    home,
    'inspectPasswordReset',
    { token: own },
    'PasswordResetTicket',
    '... on PasswordResetTicket { maskedEmail }',
  );
  await step(home, 'signOut', null, 'SignOutSuccess', '... on SignOutSuccess { sessionEnded }');
  await viewer(home, null);
  for (let i = 0; i < 5; i += 1) await attacker.graphql(SIGN_IN, { email, password: `guess ${i} of the password` });
  await step(attacker, 'signIn', { email, password: CHANGED }, 'RateLimitProblem');
  await step(home, 'signIn', { email, password: CHANGED }, 'SignInSuccess');
}

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';

async function forgotten(home: Browser, phone: Browser, mail: MailServer, email: string): Promise<void> {
  await step(phone, 'requestPasswordReset', { email }, 'RequestPasswordResetAccepted');
  await step(phone, 'requestPasswordReset', { email: 'nobody@example.org' }, 'RequestPasswordResetAccepted');
  const token = await letter(mail, email, 'Reset your', 'reset-password');
  await step(
    phone,
    'inspectPasswordReset',
    { token },
    'PasswordResetTicket',
    '... on PasswordResetTicket { maskedEmail }',
  );
  await step(phone, 'completePasswordReset', { token, newPassword: 'passwordpassword' }, 'PasswordRejectedProblem');
  await step(phone, 'completePasswordReset', { token, newPassword: RESET }, 'CompletePasswordResetSuccess');
  await step(phone, 'completePasswordReset', { token, newPassword: OLD }, 'TokenInvalidProblem');
  await letter(mail, email, 'Your password was reset', 'not-me');
  await viewer(home, null);
  await viewer(phone, null);
}

async function runOn(name: string, where: Record<string, string>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'rekey-journey-'));
  const mail = await startMailServer();
  const env = { SMTP_URL: mail.url, MAIL_FROM: 'Rekey <no-reply@rekey.example>' };
  const program = await startBuilt({ ...env, ...where }, dataDir);
  say(`\n${name}: ready after ${Math.round(program.startedInMs)} ms at ${program.url}`);
  try {
    await journey(program.url.replace('127.0.0.1', 'localhost'), mail);
    strictEqual(await program.stop(), 0, 'it stops in order');
    say(`${name}: every step as promised.`);
  } finally {
    await program.stop('SIGKILL');
    mail.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  await runOn('Embedded database', {});
  const server = serverUrl();
  if (server === null) return say('\nPostgreSQL: not run, since DATABASE_URL names no server.');
  // Through PgBouncer: its database is made past it, as migrations are applied past it.
  const direct = process.env['MIGRATE_DATABASE_URL'];
  const database = await createDatabase(direct ?? server, 'journey');
  const pooled = new URL(server);
  pooled.pathname = new URL(database.url).pathname;
  try {
    if (direct) await runOn('PgBouncer', { DATABASE_URL: pooled.href, MIGRATE_DATABASE_URL: database.url });
    else await runOn('PostgreSQL', { DATABASE_URL: database.url });
  } finally {
    await database.drop();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`\njourney: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
