/** The started program, a real browser, and the mailbox: all that a person has, and nothing else. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright-core';
import { createTestDatabase } from '../../support/database.js';
import { leaked, startWatch, type Watch } from './watch.js';

const MAIN = process.env['REKEY_MAIN'] ?? fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
/** Only what the pages were built with is answered: a page that asks for anything else fails here. */
export const TRUSTED_DOCUMENTS = join(dirname(MAIN), 'persisted-documents.json');
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Nothing of the browser's own may speak to anyone, and its sandbox needs rights that a container does not give. */
const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Everyone comes from one address here; what limits an address is tested elsewhere. */
const OPEN_DOORS = {
  LIMIT_MAIL_PER_NETWORK: '0',
  LIMIT_SIGN_IN_PER_NETWORK: '0',
  LIMIT_QR_START_PER_NETWORK: '0',
};

/** Long enough for two busy cores. */
const PATIENCE = 30_000;

export interface Letter {
  readonly id: string;
  readonly channel: 'EMAIL' | 'SMS';
  readonly to: string;
  readonly subject: string | null;
  readonly text: string;
  readonly html: string | null;
}

export interface World {
  readonly url: string;
  /** A device of its own: cookies, storage and windows shared with no other. */
  device(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** The newest message to this address or number whose text matches, once it is there. */
  letter(to: string, words: RegExp): Promise<Letter>;
  /** The newest link of this page in a letter to this address. */
  link(to: string, page: string): Promise<string>;
  /** So that the next message is the newest. */
  emptyMailbox(): Promise<void>;
  /** The program's clock, in seconds, after moving it on. */
  advance(seconds: number): Promise<number>;
  /** What the program wrote, on both streams. */
  output(): string;
  /** Ends everything, and throws when something happened that never may (`watch.ts`). */
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly env?: Record<string, string>;
  /** Commands to run on the database before the program starts, which then has it to itself. */
  readonly before?: readonly (readonly string[])[];
}

/** Starts everything, on a database that is new and empty: on PostgreSQL with TEST_DATABASE_URL, else embedded. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'rekey-browser-'));
  const database = process.env['TEST_DATABASE_URL'] ? await createTestDatabase() : null;
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = {
    PATH: process.env['PATH'],
    APP_ENV: 'test',
    DATA_DIR: folder,
    TRUSTED_DOCUMENTS,
    PORT: String(port),
    ...(database?.databaseUrl && { DATABASE_URL: database.databaseUrl }),
    ...OPEN_DOORS,
    ...options.env,
  };
  for (const args of options.before ?? []) await runCommand(args, env);
  const program = spawn(process.execPath, [MAIN, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [program.stdout, program.stderr]) {
    stream.on('data', (part: Buffer) => (output += part.toString()));
  }
  await untilReady(url, program, () => output);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  const watch = startWatch(url);
  return {
    url,
    device: (context) => openDevice(browser, url, watch, context),
    letter: (to, words) => waitForLetter(url, to, words),
    link: (to, page) => waitForLink(url, to, page),
    emptyMailbox: async () => void (await fetch(`${url}/mailbox.json`, { method: 'DELETE' })),
    advance: (seconds) => moveClock(url, seconds),
    output: () => output,
    async stop() {
      await browser.close();
      const amiss = [...watch.seen, ...leaked(await messages(url), output)];
      program.kill('SIGTERM');
      if (program.exitCode === null) await once(program, 'exit');
      await database?.close();
      rmSync(folder, { recursive: true, force: true });
      if (amiss.length > 0) throw new Error(amiss.join('\n'));
    },
  };
}

async function openDevice(
  browser: Browser,
  url: string,
  watch: Watch,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const usual = { baseURL: url, viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' } as const;
  const context = await browser.newContext({ ...usual, ...options });
  context.setDefaultTimeout(PATIENCE);
  watch.over(context);
  return context;
}

async function messages(url: string): Promise<Letter[]> {
  return (await (await fetch(`${url}/mailbox.json`)).json()) as Letter[];
}

async function waitForLetter(url: string, to: string, words: RegExp): Promise<Letter> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = (await messages(url)).find((it) => it.to === to && words.test(`${it.subject ?? ''}\n${it.text}`));
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`no message to ${to} with ${words}`);
    await sleep(150);
  }
}

async function waitForLink(url: string, to: string, page: string): Promise<string> {
  const pattern = new RegExp(`${url}${page}#\\S+`);
  const { text } = await waitForLetter(url, to, pattern);
  return pattern.exec(text)?.[0] ?? '';
}

async function moveClock(url: string, advanceSeconds: number): Promise<number> {
  const response = await fetch(`${url}/test/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ advanceSeconds }),
  });
  const { now } = (await response.json()) as { now: string };
  return Math.floor(Date.parse(now) / 1000);
}

async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (part: Buffer) => (complaints += part.toString()));
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`rekey ${args.join(' ')} ended with ${status}: ${complaints}`);
}

async function untilReady(url: string, program: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    if (program.exitCode !== null) throw new Error(`the program ended with ${program.exitCode}:\n${output()}`);
    if (Date.now() > deadline) {
      program.kill('SIGKILL');
      throw new Error(`the program is not ready:\n${output()}`);
    }
    const ready = await fetch(`${url}/readyz`).catch(() => null);
    if (ready?.ok) return;
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
