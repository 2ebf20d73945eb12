/** `kill -9` at the worst moments: what was accepted is done after the restart, and nothing is half done. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { openDatabase } from '../src/base/database.js';
import { openBrowser } from './support/browser.js';
import { createDatabase, serverUrl, startBuilt, type BuiltProgram, type OwnDatabase } from './support/built-program.js';
import { startMailServer, type MailServer } from './support/mail-server.js';
import { GOOD_PASSWORD, OTHER_PASSWORD } from './support/person.js';

const EMAIL = 'ada@example.org';
const SIGN_UP = 'mutation ($input: SignUpInput!) { signUp(input: $input) { __typename } }';
const COMPLETE_SIGN_UP =
  'mutation ($input: CompleteSignUpInput!) { completeSignUp(input: $input) { __typename ... on Problem { code } } }';
const REQUEST = 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { __typename } }';
const COMPLETE =
  'mutation ($input: CompletePasswordResetInput!) { completePasswordReset(input: $input) { __typename } }';
const INSPECT = 'mutation ($input: InspectPasswordResetInput!) { inspectPasswordReset(input: $input) { __typename } }';
const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }';

let database: OwnDatabase | null;
let dataDir: string;
let mail: MailServer;
let slowMail: MailServer;
let running: BuiltProgram | null = null;

beforeAll(async () => {
  const server = serverUrl();
  database = server === null ? null : await createDatabase(server, 'kill');
  dataDir = mkdtempSync(join(tmpdir(), 'rekey-kill-'));
  mail = await startMailServer();
  slowMail = await startMailServer({ delayMs: 6_000 });
}, 60_000);

afterAll(async () => {
  await running?.stop('SIGKILL');
  mail.stop();
  slowMail.stop();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

/** The program anew, on what the last one left behind. */
async function restart(env: Record<string, string> = {}): Promise<BuiltProgram> {
  await running?.stop('SIGKILL');
  const settings = {
    SMTP_URL: mail.url,
    MAIL_FROM: 'no-reply@rekey.example',
    LIMIT_GUESS: '0',
    LIMIT_RESET_PER_ADDRESS: '0',
  };
  const where = database ? { DATABASE_URL: database.url } : {};
  running = await startBuilt({ ...settings, ...where, ...env }, dataDir);
  return running;
}

const send = (document: string, input: Record<string, unknown>) => {
  const url = (running as BuiltProgram).url;
  return openBrowser(url, url.replace('127.0.0.1', 'localhost')).graphql(document, input);
};

const linkIn = async (subject: string, page: string) =>
  new RegExp(`/${page}#(\\S+)`).exec((await mail.next(EMAIL, subject, 15_000)).text)?.[1] ?? '';

/** A lease lasts a minute of real time: here that minute has passed. */
async function leasesEnd(): Promise<void> {
  await running?.stop('SIGKILL');
  const settings = { databaseUrl: database?.url ?? null, migrateDatabaseUrl: null, dataDir, migrate: false };
  const opened = await openDatabase(settings);
  await opened.db.execute(
    sql`update outbox set locked_until = now() - interval '1 second' where locked_until is not null`,
  );
  await opened.close();
}

const outcome = async (document: string, input: Record<string, unknown>): Promise<string> =>
  (Object.values(await send(document, input))[0] as { __typename: string }).__typename;

describe('a process that is killed', () => {
  test('between a request and its letter: after the restart the letter arrives', async () => {
    await restart({ WORKER: 'off' });
    await send(SIGN_UP, { email: EMAIL });
    await restart();
    const token = await linkIn('Create your', 'sign-up');
    expect(await outcome(COMPLETE_SIGN_UP, { token, password: GOOD_PASSWORD })).toBe('SignInSuccess');
    await mail.next(EMAIL, 'Your account is ready', 15_000);
  }, 120_000);

  test('while a letter is being sent: after the restart it arrives, the same letter under the same Message-ID', async () => {
    await restart({ SMTP_URL: slowMail.url });
    await send(REQUEST, { email: EMAIL });
    for (const deadline = Date.now() + 20_000; slowMail.begun() === 0 && Date.now() < deadline;)
      await new Promise((resume) => setTimeout(resume, 20));
    expect(slowMail.begun()).toBe(1);
    await leasesEnd();
    await restart();
    const letter = await mail.next(EMAIL, 'Reset your', 15_000);
    const taken = await slowMail.next(EMAIL, 'Reset your', 30_000);
    expect(letter.messageId).toBe(taken.messageId);
    expect(letter.text).toBe(taken.text);
    const token = /#(prst_\S+)/.exec(letter.text)?.[1];
    expect(await outcome(INSPECT, { token })).toBe('PasswordResetTicket');
  }, 120_000);

  test('while a password is being reset: it is reset or it is not, and the link agrees', async () => {
    let current = GOOD_PASSWORD;
    for (const [round, delay] of [20, 80].entries()) {
      await restart();
      await send(REQUEST, { email: EMAIL });
      const token = await linkIn('Reset your', 'reset-password');
      const newPassword = `${OTHER_PASSWORD} ${round}`;
      const cut = send(COMPLETE, { token, newPassword }).catch(() => 'cut off');
      await new Promise((resume) => setTimeout(resume, delay));
      await restart();
      await cut;
      const isReset = (await outcome(SIGN_IN, { email: EMAIL, password: newPassword })) === 'SignInSuccess';
      const isOld = (await outcome(SIGN_IN, { email: EMAIL, password: current })) === 'SignInSuccess';
      const link = await outcome(INSPECT, { token });
      expect([isReset, isOld, link]).toEqual(
        isReset ? [true, false, 'TokenInvalidProblem'] : [false, true, 'PasswordResetTicket'],
      );
      if (isReset) current = newPassword;
    }
  }, 240_000);
});
