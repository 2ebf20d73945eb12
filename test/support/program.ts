/** The program itself, in a process of its own, from its sources. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './dependencies.js';

const ROOT = join(import.meta.dirname, '../..');

export interface Program {
  readonly child: ChildProcess;
  readonly url: string;
  readonly dataDir: string;
  /** Its log so far, one object a line. */
  readonly lines: Record<string, unknown>[];
  /** What else it said on standard output so far. */
  readonly words: () => string;
  /** What it said on standard error so far. */
  readonly complaints: () => string;
  /** Sends a GraphQL request from an address of its own. */
  graphql(query: string, variables?: Record<string, unknown>): Promise<{ status: number; body: ProgramAnswer }>;
  /** Its exit status, or the signal, once it is over. */
  readonly ended: Promise<number | string>;
  /** @returns the exit status, or the signal. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

// Test code reads answers by path; their shape is the contract's business.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type ProgramAnswer = { data?: any; errors?: { extensions: { code: string } }[] };

export interface ProgramOptions {
  readonly env?: Record<string, string>;
  readonly args?: readonly string[];
  readonly dataDir?: string;
  /** Whether to wait until it is ready; off for starts that are meant to fail. */
  readonly wait?: boolean;
  /** A built program in place of the sources: starts faster. */
  readonly main?: string;
  /** Another checkout, whose sources are run in place of ours. */
  readonly root?: string;
  /** Where its standard output goes in place of `lines`: a file descriptor. */
  readonly output?: number;
  /** The processors that it may use, as `taskset -c` takes them; all where absent. Linux only. */
  readonly cpus?: string | undefined;
}

/** Starts it with `APP_ENV=test` unless told otherwise. */
export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const port = options.env?.['PORT'] ?? String(await freePort());
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'rekey-program-'));
  const root = options.root ?? ROOT;
  const main = options.main
    ? [options.main]
    : ['--import', join(root, 'test/support/typescript-hooks.js'), join(root, 'src/main.ts')];
  const launcher = options.cpus === undefined ? [] : ['taskset', '-c', options.cpus];
  const [command = '', ...args] = [...launcher, process.execPath, ...main, ...(options.args ?? ['serve'])];
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], APP_ENV: 'test', DATA_DIR: dataDir, PORT: port, ...options.env },
    stdio: ['ignore', options.output ?? 'pipe', 'pipe'],
  });
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  let words = '';
  let complaints = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      if (part.startsWith('{')) lines.push(JSON.parse(part) as Record<string, unknown>);
      else words += `${part}\n`;
    }
  });
  child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const program: Program = {
    child,
    url: `http://127.0.0.1:${port}`,
    dataDir,
    lines,
    words: () => words,
    complaints: () => complaints,
    async graphql(query, variables = {}) {
      const response = await fetch(`${program.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, body: (await response.json()) as ProgramAnswer };
    },
    ended: once(child, 'close').then(([code, by]) => (code ?? by) as number | string),
    async stop(signal = 'SIGTERM') {
      const over = once(child, 'exit');
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      else return child.exitCode ?? (child.signalCode as string);
      const [code, by] = (await over) as [number | null, string | null];
      return code ?? (by as string);
    },
  };
  if (options.wait ?? true) await ready(program);
  return program;
}

async function ready(program: Program): Promise<void> {
  for (let tries = 0; tries < 1200; tries += 1) {
    if (program.child.exitCode !== null) throw new Error(`it ended at once: ${program.complaints()}`);
    const response = await fetch(`${program.url}/readyz`).catch(() => null);
    if (response?.ok) return;
    await sleep(50);
  }
  await program.stop('SIGKILL');
  throw new Error(`it was not ready in time: ${program.complaints()}`);
}
