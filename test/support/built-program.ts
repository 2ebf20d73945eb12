/** The built program as an operator starts it, and databases for it: what the programs of this folder stand on. */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { startProgram, type Program } from './program.js';

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface BuiltProgram extends Program {
  /** Milliseconds from the start of the process until it was ready. */
  readonly startedInMs: number;
}

/** Starts `rekey serve` from `dist/` and waits until it is ready. */
export async function startBuilt(env: Record<string, string>, dataDir?: string, cpus?: string): Promise<BuiltProgram> {
  const startedAt = performance.now();
  const options = { env: { NODE_ENV: 'production', ...env }, main: MAIN, cpus };
  const program = await startProgram(dataDir === undefined ? options : { ...options, dataDir });
  return { ...program, startedInMs: performance.now() - startedAt };
}

/** Runs a command of the program to its end. */
export async function runCommand(args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, output: parts.join('') };
}

/** Resident memory of a process, in megabytes, as Linux counts it. */
export function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

export interface OwnDatabase {
  readonly name: string;
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database of its own on the server that the URL names. */
export async function createDatabase(serverUrl: string, purpose: string): Promise<OwnDatabase> {
  const name = `rekey_${purpose}_${process.pid}`;
  const own = new URL(serverUrl);
  own.pathname = `/${name}`;
  await asAdmin(serverUrl, `create database ${name}`);
  return { name, url: own.href, drop: () => asAdmin(serverUrl, `drop database if exists ${name} with (force)`) };
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await admin.unsafe(statement);
  } finally {
    await admin.end();
  }
}

/** The server to make databases on, from the environment; null where none is named. */
export const serverUrl = (): string | null => process.env['DATABASE_URL'] ?? process.env['TEST_DATABASE_URL'] ?? null;
