/**
 * The database for development and tests: PostgreSQL compiled to WebAssembly (PGlite), in a thread of its own, so that a
 * slow query never stalls the server, behind a unix socket, so that the one driver serves both databases.
 *
 * What it does not promise: it survives a killed process (each answered write was given to the operating system) but not
 * a power cut (fsync is off); it ignores statement_timeout; it has one session, so transactions run one by one.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StartupError } from './database-errors.js';
import type { Report, Work } from './embedded-database-worker.js';
import { FolderInUseError, LOCK_PATH_LENGTH, lockFolder, type FolderLock } from './folder-lock.js';

export interface EmbeddedDatabase {
  /** Where it listens: the `path` of postgres.js. For one connection at a time, as user and database `postgres`. */
  readonly socketPath: string;
  /** Ends it cleanly and gives up the folder. Close the clients first. */
  close(): Promise<void>;
  /** Rejects with a StartupError when it ends by itself; then whoever waits for it gets an error. Never settles else. */
  readonly ended: Promise<never>;
}

/** Addresses of sockets end at 104 bytes (macOS) or 108 (Linux); beyond it Node cuts the path off without a word. */
const LONGEST_SOCKET_PATH = 100;

/**
 * Starts the embedded database: about 6 s and 39 MB of disk for a new folder, 1 s otherwise.
 * @param folder where the data is kept; null for memory alone.
 * @throws StartupError naming the folder, when another process has it, it is damaged, or the disk is full.
 */
export async function startEmbeddedDatabase(folder: string | null): Promise<EmbeddedDatabase> {
  if (process.platform === 'win32') {
    throw new StartupError('The embedded database needs unix sockets.', 'Set DATABASE_URL to a PostgreSQL server.');
  }
  const dataDir = folder === null ? null : resolve(folder);
  const sockets = dataDir ? openFolder(dataDir) : temporaryFolder();
  const cleanUp = (): void => {
    if (sockets.temporary) rmSync(sockets.temporary, { recursive: true, force: true });
  };
  let lock: FolderLock | null = null;
  try {
    lock = dataDir ? await lockDataDir(dataDir, sockets.path) : null;
    const socketPath = join(sockets.path, 'database.sock');
    const worker = await startWorker({ socketPath, folder: dataDir ? join(dataDir, 'database') : null });
    let isClosing = false;
    const ended = new Promise<never>((_, reject) => {
      void worker.ended.then((reason) => isClosing || reject(endedByItself(dataDir, reason)));
    });
    // Who does not ask for it must not be ended by it.
    ended.catch(() => undefined);
    return {
      ended,
      socketPath,
      close: async () => {
        if (isClosing) return;
        isClosing = true;
        await worker.close();
        await lock?.release();
        cleanUp();
      },
    };
  } catch (error) {
    await lock?.release();
    cleanUp();
    if (error instanceof StartupError) throw error;
    throw new StartupError(
      `Cannot open the embedded database${dataDir ? ` in ${dataDir}` : ''}: ${error instanceof Error ? error.message : 'unknown failure'}.`,
      dataDir
        ? `Make room or restore a copy; or move ${join(dataDir, 'database')} away to begin with an empty database; or set DATABASE_URL.`
        : 'See that there is memory for it.',
    );
  }
}

const endedByItself = (dataDir: string | null, reason: string): StartupError =>
  new StartupError(
    `The embedded database${dataDir ? ` in ${dataDir}` : ''} has ended: ${reason}.`,
    'What was answered is kept. Mend the cause, such as a full disk, and start again.',
  );

interface SocketFolder {
  readonly path: string;
  /** What to remove in the end. */
  readonly temporary: string | null;
}

/** For this user alone: mkdtemp makes folders of mode 0700. */
function temporaryFolder(): SocketFolder {
  const path = mkdtempSync(join(tmpdir(), 'rekey-'));
  return { path, temporary: path };
}

/** Where sockets of this folder are reached: the folder itself, or a short link to it where its own path is too long. */
function openFolder(dataDir: string): SocketFolder {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(
      `Cannot make the folder ${dataDir} (${code}).`,
      'Set DATA_DIR to a folder that can be written.',
    );
  }
  if (Buffer.byteLength(dataDir) + LOCK_PATH_LENGTH <= LONGEST_SOCKET_PATH) return { path: dataDir, temporary: null };
  // Only the text of the path must be short. Through the link the sockets themselves still lie in the folder, so that
  // everybody who opens it sees the lock.
  const { path: temporary } = temporaryFolder();
  const path = join(temporary, 'd');
  if (Buffer.byteLength(path) + LOCK_PATH_LENGTH > LONGEST_SOCKET_PATH) {
    rmSync(temporary, { recursive: true });
    throw new StartupError(`The path ${dataDir} is too long for a socket.`, 'Set DATA_DIR to a shorter one.');
  }
  symlinkSync(dataDir, path);
  return { path, temporary };
}

async function lockDataDir(dataDir: string, path: string): Promise<FolderLock> {
  try {
    return await lockFolder(path);
  } catch (error) {
    if (error instanceof FolderInUseError) {
      throw new StartupError(
        `The embedded database in ${dataDir} is in use by ${error.pid === null ? 'another process' : `process ${error.pid}`}.`,
        'It belongs to one process at a time: stop that one, set DATA_DIR to another folder, or set DATABASE_URL to a PostgreSQL server.',
      );
    }
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(
      `Cannot lock the folder ${dataDir} (${code ?? 'unknown failure'}).`,
      'It must be a local folder that this user may write and that can hold sockets; set DATA_DIR to such a one.',
    );
  }
}

interface RunningWorker {
  /** Ends it cleanly; resolves also where it has ended by itself. */
  close(): Promise<void>;
  /** Settles when the thread has ended, with the reason. */
  readonly ended: Promise<string>;
}

/** Resolves when the database answers; rejects with the reason when it cannot be opened. */
async function startWorker(work: Work): Promise<RunningWorker> {
  const worker = new Worker(new URL('./embedded-database-worker.js', import.meta.url), {
    workerData: work,
    // Not this process's own: what it was started with (a script on the command line, loaders) is not for the thread.
    execArgv: [],
  });
  let reason = 'its thread stopped';
  const isReady = new Promise<true>((resolve) => {
    worker.on('message', (report: Report) => {
      if (report.kind === 'failed') ({ reason } = report);
      else resolve(true);
    });
  });
  worker.on('error', (error) => (reason = error.message));
  const ended = new Promise<string>((settle) => worker.once('exit', () => settle(reason)));
  const close = async () => {
    worker.postMessage('close');
    await ended;
  };
  if ((await Promise.race([isReady, ended])) === true) return { close, ended };
  throw new Error(reason);
}
