/** PostgreSQL and Redis of a test's own, to be stopped and started: never the machine's. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface OwnPostgres {
  readonly url: string;
  /** As an operator's restart does: running statements are cut off. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** A copy that follows it: what this one has acknowledged, the copy has. */
  startStandby(): Promise<OwnPostgres & { promote(): Promise<void> }>;
  remove(): Promise<void>;
}

/** The programs of the newest PostgreSQL that is installed. */
function postgresBin(): string {
  const root = '/usr/lib/postgresql';
  const newest = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  return newest ? join(root, newest, 'bin') : '/usr/bin';
}

/** PostgreSQL refuses to run as root. */
function asPostgres(program: string, args: readonly string[]): Promise<unknown> {
  const file = join(postgresBin(), program);
  return userInfo().uid === 0 ? run('runuser', ['-u', 'postgres', '--', file, ...args]) : run(file, [...args]);
}

/** A cluster in a folder of its own, on a port of its own. */
export const startPostgres = (): Promise<OwnPostgres> =>
  startCluster((data) =>
    asPostgres('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '-N']),
  );

async function startCluster(
  fill: (data: string) => Promise<unknown>,
): Promise<OwnPostgres & { promote(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'rekey-postgres-'));
  await chmod(folder, 0o777);
  const data = join(folder, 'data');
  const port = await freePort();
  await fill(data);
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -k ${folder} -c fsync=off -c max_connections=60`;
  const control = async (...args: string[]) => void (await asPostgres('pg_ctl', ['-D', data, '-w', ...args]));
  const own = {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop: () => control('-m', 'fast', 'stop'),
    start: () => control('-l', join(folder, 'log'), '-o', options, 'start'),
    promote: () => control('promote'),
    async startStandby() {
      const standby = await startCluster((copy) =>
        asPostgres('pg_basebackup', ['-D', copy, '-d', own.url, '-R', '-c', 'fast', '-X', 'stream']),
      );
      const set = (statement: string) => asPostgres('psql', ['-qc', statement, own.url]);
      await set("alter system set synchronous_standby_names = '*'");
      await set('select pg_reload_conf()');
      return standby;
    },
    remove: async () => {
      await own.stop().catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await own.start();
  return own;
}

export interface OwnPgBouncer {
  /** The same database as the server's URL, through the pool. */
  readonly url: string;
  stop(): Promise<void>;
}

/** PgBouncer in transaction mode before a server, with fewer connections than its clients have. */
export async function startPgBouncer(serverUrl: string): Promise<OwnPgBouncer> {
  const { hostname, port: serverPort, username, pathname } = new URL(serverUrl);
  const folder = await mkdtemp(join(tmpdir(), 'rekey-pgbouncer-'));
  await chmod(folder, 0o777);
  const port = await freePort();
  const settings = [
    '[databases]',
    `* = host=${hostname} port=${serverPort} user=${username}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    'default_pool_size = 4',
  ];
  const file = join(folder, 'pgbouncer.ini');
  await writeFile(file, settings.join('\n'));
  const isRoot = userInfo().uid === 0;
  const child = isRoot
    ? spawn('runuser', ['-u', 'postgres', '--', 'pgbouncer', '-q', file], { stdio: 'ignore' })
    : spawn('pgbouncer', ['-q', file], { stdio: 'ignore' });
  await answers(port);
  return {
    url: `postgres://${username}@127.0.0.1:${port}${pathname}?pgbouncer=true`,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface OwnRedis {
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Still there and connected, and silent, as a machine that swaps or a network that drops packets. */
  hang(): void;
  goOn(): void;
}

export async function startRedis(): Promise<OwnRedis> {
  const port = await freePort();
  let child: ChildProcess | null = null;
  const own: OwnRedis = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
      child = spawn('redis-server', options, { stdio: 'ignore' });
      await answers(port);
    },
    async stop() {
      if (!child || child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
    hang: () => void child?.kill('SIGSTOP'),
    goOn: () => void child?.kill('SIGCONT'),
  };
  await own.start();
  return own;
}

/** Waits until something listens there. */
export async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}
