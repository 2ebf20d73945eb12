/** The real application on a real database, with a clock that moves and a mailbox to read. One for each test file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { loadConfig, type Config } from '../../src/base/config.js';
import type { Context } from '../../src/base/context.js';
import { openLog } from '../../src/base/log.js';
import { advanceTestClock } from '../../src/base/time.js';
import { openMailbox, type MailboxMessage } from '../../src/delivery/mailbox.js';
import { closeHashPool } from '../../src/passwords/hash-pool.js';
import { openNode, type Node } from '../../src/server/node.js';
import { runJobsOnce } from '../../src/worker.js';
import { dumpDatabase, expectAbsent, sentSecrets } from './at-rest.js';
import { createClient, type Client, type ClientOptions } from './client.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { createPerson, type Person, type PersonOptions } from './person.js';

export interface App {
  readonly config: Config;
  readonly http: FastifyInstance;
  /** A context without an actor, for what tests read from the database. */
  readonly ctx: Context;
  /** Every log line so far, as written. */
  readonly logLines: string[];
  /** A browser or native app of its own: own cookies, own address. */
  client(options?: ClientOptions): Client;
  /** A person who signed up through the letter, in a browser of their own. */
  person(options?: PersonOptions): Promise<Person>;
  /** Lets the worker do all that is due. */
  work(): Promise<void>;
  /** What was sent to this address or number, the newest first; the worker has had its turn. */
  mailTo(recipient: string): Promise<MailboxMessage[]>;
  /** Moves the clock. Seconds. */
  advance(seconds: number): Promise<Date>;
  close(): Promise<void>;
}

/** Opens the application for the tests of one file and closes it afterwards. `env` overrides the environment. */
export function useApp(env: Record<string, string> = {}): () => App {
  let app: App | undefined;
  beforeAll(async () => {
    app = await openApp(env);
  });
  afterAll(async () => {
    await app?.close();
    await closeHashPool();
  });
  return () => app as App;
}

export async function openApp(env: Record<string, string> = {}, shared?: TestDatabase): Promise<App> {
  const dataDir = await mkdtemp(join(tmpdir(), 'rekey-test-'));
  const database = shared ?? (await createTestDatabase());
  const config = loadConfig({
    APP_ENV: 'test',
    DATA_DIR: dataDir,
    PUBLIC_URL: 'http://localhost:4000',
    LIMIT_MAIL_PER_NETWORK: '10000/3600',
    LIMIT_SIGN_IN_PER_NETWORK: '10000/900',
    ...env,
  });
  const logLines: string[] = [];
  const log = openLog(config.LOG_LEVEL, { write: (line) => void logLines.push(line) });
  const opened = await database.open();
  const node = await openNode(config, log, opened);
  const http = await node.createHttpApp();
  await http.ready();
  return makeApp({ config, node, http, logLines, dataDir, release: shared ? async () => {} : () => database.close() });
}

interface Parts {
  readonly config: Config;
  readonly node: Node;
  readonly http: FastifyInstance;
  readonly logLines: string[];
  readonly dataDir: string;
  readonly release: () => Promise<void>;
}

function makeApp({ config, node, http, logLines, dataDir, release }: Parts): App {
  const ctx = node.systemContext('test');
  const mailbox = openMailbox(config.mailboxFile as string);
  const app: App = {
    config,
    http,
    ctx,
    logLines,
    client: (options) => createClient(http, config, options),
    person: (options) => createPerson(app, options),
    work: () => runJobsOnce(ctx, node.transport),
    async mailTo(recipient) {
      await app.work();
      return (await mailbox.list()).filter(({ to }) => to === recipient);
    },
    advance: (seconds) => advanceTestClock(ctx, seconds),
    async close() {
      const sent = sentSecrets(await mailbox.list().catch(() => []));
      // A test that took the database away cannot be asked what it held.
      const dump = sent.length > 0 ? await dumpDatabase(ctx).catch(() => '') : '';
      await http.close();
      await node.close();
      await release();
      await rm(dataDir, { recursive: true, force: true });
      expectAbsent(sent, dump, 'the database');
      expectAbsent(sent, logLines.join('\n'), 'the log');
    },
  };
  return app;
}
