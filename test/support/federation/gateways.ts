/** Composers and gateways in processes of their own, from the workspace `test/gateways`: as an operator runs them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../gateways/', import.meta.url));

export interface Subgraph {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
}

/** The supergraph. @throws Error with what the composer found wrong. */
export async function compose(composer: 'apollo' | 'hive', subgraphs: readonly Subgraph[]): Promise<string> {
  const child = spawn(process.execPath, ['compose.js', composer], { cwd: FOLDER });
  child.stdin.end(JSON.stringify(subgraphs));
  const [supergraph, mistakes] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (supergraph === '') throw new Error(mistakes);
  return supergraph;
}

export interface GatewaySettings {
  readonly supergraph: string;
  readonly rekeyUrl?: string;
  readonly routerSecret?: string;
}

export interface Gateway {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Starts a gateway; resolves when it serves. @throws Error with what it wrote when it ended instead. */
export async function startGateway(kind: 'apollo' | 'hive', settings: GatewaySettings): Promise<Gateway> {
  const file = join(await mkdtemp(join(tmpdir(), 'rekey-gateway-')), 'supergraph.graphql');
  await writeFile(file, settings.supergraph);
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [`${kind}-gateway.js`], {
    cwd: FOLDER,
    env: {
      ...{ PATH, HOME, SUPERGRAPH: file, PORT: '0', APOLLO_TELEMETRY_DISABLED: '1' },
      REKEY_URL: settings.rekeyUrl ?? '',
      ROUTER_SECRET: settings.routerSecret ?? '',
    },
  });
  return { url: await addressOf(child), stop: () => stop(child) };
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let written = '';
    const read = (chunk: Buffer): void => {
      written += String(chunk);
      const url = /ready at (http:\S+)/.exec(written)?.[1];
      if (url) resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => reject(new Error(`the gateway ended:\n${written}`)));
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
