/**
 * One process for one folder. Two processes on one embedded database lose each other's rows without an error.
 *
 * The proof of life is a listening unix socket: the kernel closes it with the process, however that ends, so there is
 * no process id to mistake for another's and no stale file to believe. Node has no flock; removing a stale lock file is
 * where hand-made locks race. Here nothing that another may be using is ever removed or replaced:
 *
 * 1. Each starter makes a socket under a name of its own that is never used again, listens, and only then publishes it
 *    (rename). A published name that refuses connections is dead for good, so anybody may remove it.
 * 2. After that, it asks every other published socket. It holds the lock only after a round in which nobody else was
 *    holding or asking. Of two starters, the one that published later sees the other: never do both hold.
 * 3. Of several that ask at once, the lowest name goes first and the others wait until they see it hold.
 *
 * This holds between containers on one machine that share the folder and its kernel. It does not hold between machines
 * (NFS), nor across a virtual machine's file sharing: there a living socket looks dead.
 */
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface FolderLock {
  release(): Promise<void>;
}

/** Somebody else has the folder. `pid` is null when it did not answer in time, as a suspended process does not. */
export class FolderInUseError extends Error {
  constructor(readonly pid: number | null) {
    super('another process holds the folder');
  }
}

/** `waiting` stands back for a lower name; it asks again, from the start, before it may hold. */
type Stage = 'asking' | 'waiting' | 'holding';

interface Other {
  readonly name: string;
  readonly stage: Stage;
  readonly pid: number | null;
}

const PREFIX = 'lock-';
/** What the socket's name adds to the folder's: the caller sees that the sum fits a socket's address. */
export const LOCK_PATH_LENGTH = '/lock-XXXXXX/socket.new'.length;

/** A living process answers in microseconds; this much patience is for one whose event loop is busy. */
const ANSWER_MS = 2_000;
/** How long several starters may take to agree. */
const CONTEST_MS = 10_000;

/**
 * Takes the folder for this process until `release`, or until the process ends.
 * @param folder an existing folder on a local disk, as a path short enough for a socket.
 * @throws FolderInUseError when another lock on it is alive, this process's own included.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const own = mkdtempSync(join(folder, PREFIX));
  let stage: Stage = 'asking';
  const server = createServer((asker) => {
    asker.on('error', () => {});
    asker.end(JSON.stringify({ pid: process.pid, stage }));
  });
  const release = async (): Promise<void> => {
    rmSync(own, { recursive: true, force: true });
    if (server.listening) await new Promise((closed) => server.close(closed));
  };
  try {
    await listen(server, join(own, 'socket.new'));
    renameSync(join(own, 'socket.new'), join(own, 'socket'));
    const deadline = performance.now() + CONTEST_MS;
    for (;;) {
      const others = await askOthers(folder, basename(own));
      const holder = others.find((other) => other.stage === 'holding');
      if (holder) throw new FolderInUseError(holder.pid);
      const rivals = others.filter((other) => other.stage === 'asking');
      if (rivals.length === 0 && stage === 'asking') break;
      if (performance.now() > deadline) throw new FolderInUseError(rivals[0]?.pid ?? null);
      stage = rivals.some((rival) => rival.name < basename(own)) ? 'waiting' : 'asking';
      await pause(10);
    }
    stage = 'holding';
    // The lock alone is no reason for the process to go on.
    server.unref();
    return { release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function askOthers(folder: string, own: string): Promise<Other[]> {
  const names = readdirSync(folder).filter((name) => name.startsWith(PREFIX) && name !== own);
  const answers = await Promise.all(names.map((name) => ask(folder, name)));
  return answers.filter((answer) => answer !== null);
}

/** Null when nobody is there: dead (and then swept away), gone, or not published yet (it will see us when it is). */
function ask(folder: string, name: string): Promise<Other | null> {
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect(join(folder, name, 'socket'));
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_MS, () => {
      socket.destroy();
      resolve({ name, stage: 'holding', pid: null });
    });
    socket.on('data', (part: string) => (text += part));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(join(folder, name), { recursive: true, force: true });
      const isNobody = error.code === 'ECONNREFUSED' || error.code === 'ENOENT';
      // It ended while we asked (then the next round finds it dead), or we may not ask: nothing is proved.
      const stage = error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'asking' : 'holding';
      resolve(isNobody ? null : { name, stage, pid: null });
    });
    socket.on('end', () => {
      try {
        resolve({ name, ...(JSON.parse(text) as { pid: number; stage: Stage }) });
      } catch {
        resolve({ name, stage: 'asking', pid: null });
      }
    });
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
