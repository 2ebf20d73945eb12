/**
 * `npm run nodes`: several processes (NODES, 4) behind one PostgreSQL and one Redis. Limits must hold across them exactly,
 * and after an answer that ended sessions no node may serve one of them, while clients hammer every node with them.
 * Needs DATABASE_URL; starts a Redis of its own. Prints one JSON object; exit status 1 where a promise broke.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { body, openTarget, type Target } from '../bench/load.js';
import { email, fill, PASSWORD } from '../bench/service.js';
import { createDatabase, serverUrl, startBuilt } from './built-program.js';
import { startRedis } from './dependencies.js';
import { startMailServer } from './mail-server.js';

const NODES = Number(process.env['NODES'] ?? 4);
const ROUNDS = Number(process.env['ROUNDS'] ?? 24);
/** Sessions that are hammered in each round, beside the one that ends them. */
const DEVICES = 2;
const MOST_LETTERS = 31;
const MOST_SIGN_INS = 37;

const document = (mutation: string, selection = ''): string => {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!`;
  return `mutation ($input: ${type}) { ${mutation}(input: $input) { __typename ${selection} } }`;
};
const SIGN_IN = document('signIn', '... on SignInSuccess { sessionToken }');
const VIEWER = body('{ viewer { email } }');

interface Answer {
  readonly type: string;
  readonly sessionToken?: string;
}

async function ask(target: Target, text: string, headers: Record<string, string> = {}): Promise<Answer> {
  const reply = await target.send(text, headers);
  const { data, errors } = JSON.parse(reply.text) as {
    data?: Record<string, { __typename: string; sessionToken?: string } | null>;
    errors?: { extensions: { code: string } }[];
  };
  const [outcome] = Object.values(data ?? {});
  const type = errors?.[0]?.extensions.code ?? outcome?.__typename ?? 'nothing';
  return outcome?.sessionToken ? { type, sessionToken: outcome.sessionToken } : { type };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const any = (nodes: readonly Target[]): Target => nodes[randomInt(nodes.length)] as Target;

/** So many calls at once, in turns to each node. @returns how many had each kind of answer. */
async function burst(nodes: readonly Target[], count: number, text: (n: number) => string, network?: string) {
  const headers: Record<string, string> = network ? { 'x-forwarded-for': network } : {};
  const answers = await Promise.all(
    Array.from({ length: count }, (_, n) => ask(nodes[n % nodes.length] as Target, text(n), headers)),
  );
  const counts: Record<string, number> = {};
  for (const { type } of answers) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

async function limits(nodes: readonly Target[], broken: string[]): Promise<Record<string, unknown>> {
  const refused = (counts: Record<string, number>) => counts['RateLimitProblem'] ?? 0;
  const network = await burst(
    nodes,
    400,
    (n) => body(SIGN_IN, { email: `nobody${n}@example.org`, password: 'not the password' }),
    '192.0.2.1',
  );
  if (400 - refused(network) !== MOST_SIGN_INS) broken.push(`sign-ins of one network: ${JSON.stringify(network)}`);
  const letters = await burst(
    nodes,
    400,
    (n) => body(document('requestPasswordReset'), { email: `nobody${n}@example.org` }),
    '192.0.2.2',
  );
  if (400 - refused(letters) !== MOST_LETTERS) broken.push(`letters of one network: ${JSON.stringify(letters)}`);
  const secret = await burst(nodes, 40, () => body(SIGN_IN, { email: email(0), password: 'not the password' }));
  // Where the machine is too busy to compare, the guess is given back.
  if ((secret['InvalidCredentialsProblem'] ?? 0) > 5) broken.push(`guesses of one secret: ${JSON.stringify(secret)}`);
  return { signInsOfOneNetwork: network, lettersOfOneNetwork: letters, guessesOfOneSecret: secret };
}

async function signIn(target: Target, person: number, password: string): Promise<string> {
  for (let tries = 0; tries < 50; tries += 1) {
    const answer = await ask(target, body(SIGN_IN, { email: email(person), password, transport: 'BEARER' }));
    if (answer.sessionToken) return answer.sessionToken;
    if (answer.type !== 'BUSY') throw new Error(`sign-in: ${answer.type}`);
    await sleep(200);
  }
  throw new Error('too busy to sign in');
}

/** What ends other sessions, by name. */
const endings = ['changePassword', 'revokeOtherSessions', 'signOut'] as const;

/** One person: every device is asked about at every node all the time, while one of the nodes ends them. */
async function endUnderHammers(nodes: readonly Target[], person: number, round: number, passwords: string[]) {
  const ending = endings[round % endings.length] as (typeof endings)[number];
  const tokens = [];
  const password = passwords[person] as string;
  for (let n = 0; n <= DEVICES; n += 1) tokens.push(await signIn(any(nodes), person, password));
  const [own = '', ...others] = tokens;
  const hammered = ending === 'signOut' ? [own] : others;
  let isAnswered = false;
  const count = { before: 0, after: 0, servedAfter: 0 };
  const hammer = async (target: Target, token: string) => {
    for (let after = 0; after < 5;) {
      const beganAfter = isAnswered;
      const { text } = await target.send(VIEWER, bearer(token));
      const isServed = text.includes('"email"');
      if (!beganAfter && isServed) count.before += 1;
      if (beganAfter) after += 1;
      if (beganAfter) count.after += 1;
      if (beganAfter && isServed) count.servedAfter += 1;
    }
  };
  const hammers = nodes.flatMap((target) => hammered.map((token) => hammer(target, token)));
  await sleep(30);
  const newPassword = `${PASSWORD} ${person} ${round}`;
  const input = { currentPassword: password, newPassword };
  const text =
    ending === 'changePassword' ? body(document(ending), input) : body(`mutation { ${ending} { __typename } }`);
  let answer: Answer;
  do answer = await ask(any(nodes), text, bearer(own));
  while (answer.type === 'BUSY' && (await sleep(200), true));
  isAnswered = true;
  await Promise.all(hammers);
  if (!/Success$/.test(answer.type)) throw new Error(`${ending}: ${answer.type}`);
  if (ending === 'changePassword') passwords[person] = newPassword;
  return count;
}

async function sessions(nodes: readonly Target[], broken: string[]): Promise<Record<string, number>> {
  const people = 4;
  const passwords = Array.from({ length: people + 1 }, () => PASSWORD);
  const total = { before: 0, after: 0, servedAfter: 0 };
  for (let round = 0; round < ROUNDS; round += people) {
    const counts = await Promise.all(
      Array.from({ length: people }, (_, n) => endUnderHammers(nodes, n + 1, round + n, passwords)),
    );
    for (const { before, after, servedAfter } of counts) {
      total.before += before;
      total.after += after;
      total.servedAfter += servedAfter;
    }
  }
  if (total.servedAfter > 0) broken.push(`${total.servedAfter} requests were served under a session that was over`);
  if (total.before === 0 || total.after === 0) broken.push('nothing was hammered');
  return { endings: ROUNDS, servedBefore: total.before, askedAfter: total.after, servedAfter: total.servedAfter };
}

async function main(): Promise<void> {
  const server = serverUrl();
  if (server === null) throw new Error('set DATABASE_URL to a PostgreSQL server that databases may be made on');
  const [database, redis, mail] = [await createDatabase(server, 'nodes'), await startRedis(), await startMailServer()];
  const dataDir = mkdtempSync(join(tmpdir(), 'rekey-nodes-'));
  const env = {
    APP_ENV: 'production',
    PUBLIC_URL: 'https://id.example.org',
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    SMTP_URL: mail.url,
    MAIL_FROM: 'no-reply@rekey.example',
    SECRET_KEYS: `shared:${randomBytes(32).toString('base64')}`,
    TRUSTED_PROXIES: '127.0.0.1',
    LIMIT_SIGN_IN_PER_NETWORK: `${MOST_SIGN_INS}/900`,
    LIMIT_MAIL_PER_NETWORK: `${MOST_LETTERS}/3600`,
    LOG_LEVEL: 'error',
    HOST: '127.0.0.1',
  };
  const broken: string[] = [];
  try {
    await fill(env, 5);
    const programs = await Promise.all(Array.from({ length: NODES }, () => startBuilt(env, dataDir)));
    const targets = programs.map(({ url }) => openTarget(url));
    try {
      const report = { nodes: NODES, ...(await limits(targets, broken)), ...(await sessions(targets, broken)), broken };
      process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    } finally {
      for (const target of targets) target.close();
      await Promise.all(programs.map((program) => program.stop()));
    }
  } finally {
    mail.stop();
    await redis.stop();
    await database.drop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  process.exitCode = broken.length === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`nodes: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
