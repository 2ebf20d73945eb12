// @ts-check
/**
 * The embedded database's own thread: PGlite, and a socket that speaks PostgreSQL's protocol. Plain JavaScript, since a
 * worker loads its file as it is: the same file serves from `src/` under Jest and from `dist/`.
 *
 * @typedef {{ folder: string | null, socketPath: string }} Work In memory where `folder` is null.
 * @typedef {{ kind: 'ready' } | { kind: 'failed', reason: string }} Report It takes one message: to close.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/** Below this much free space a failure is put down to the full disk: an empty database takes 39 MB. */
const LOW_SPACE_MB = 64;

const { folder, socketPath } = /** @type {Work} */ (workerData);

/** @param {Report} message */
const report = (message) => parentPort?.postMessage(message);

/** @param {unknown} error */
function explain(error) {
  // The file system of WebAssembly throws objects that are no errors, with a number alone.
  const { message, errno } = /** @type {{ message?: string, errno?: number }} */ (error ?? {});
  const words = message || (errno ? `file system error ${errno}` : 'unknown failure');
  if (!folder) return words;
  try {
    const { bavail, bsize } = statfsSync(folder);
    const freeMb = Math.floor((bavail * bsize) / 1e6);
    if (freeMb < LOW_SPACE_MB) return `the disk is full: ${freeMb} MB are left (${words})`;
  } catch {
    // No folder to ask about: the error's own words must do.
  }
  const versionFile = join(folder, 'PG_VERSION');
  if (!existsSync(versionFile)) return words;
  return `the folder is damaged, or of another version: it says PostgreSQL ${readFileSync(versionFile, 'utf8').trim()} (${words})`;
}

/**
 * The folder's database. A first start takes seconds; one that was killed in the middle leaves half a database, which
 * would refuse to open for ever. So a mark stands beside the folder until it is complete. Nobody was served before
 * that: what bears the mark may be deleted.
 * @param {string} path
 */
async function openFolder(path) {
  const mark = `${path}.incomplete`;
  if (existsSync(mark)) rmSync(path, { recursive: true, force: true });
  if (!existsSync(path)) {
    writeFileSync(mark, '', { mode: 0o600 });
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  const database = await PGlite.create(path);
  rmSync(mark, { force: true });
  return database;
}

/**
 * The message of an error after which the session is over. No row can look like it: text holds no zero byte.
 * @param {Uint8Array} data
 */
function findLastWords(data) {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const start = ['PANIC', 'FATAL'].map((level) => bytes.indexOf(`S${level}\0V${level}\0C`)).find((at) => at >= 0);
  return start === undefined ? null : (/\0M([^\0]*)/.exec(bytes.toString('utf8', start))?.[1] ?? '');
}

/** Ends this thread; its sockets close, so that whoever waits for an answer learns of it. @param {unknown} error */
function fail(error) {
  report({ kind: 'failed', reason: explain(error) });
  process.exit(1);
}

process.on('uncaughtException', fail);

try {
  const database = folder ? await openFolder(folder) : await PGlite.create('memory://');
  await database.exec("set timezone to 'UTC'");

  // A statement's error is an answer like any other. But when PostgreSQL itself comes to an end (a panic, since the disk
  // is full), it says so and then never answers again: everybody would wait for ever.
  const run = database.execProtocolRawStream.bind(database);
  database.execProtocolRawStream = async (message, options) => {
    /** @type {string | null} */
    let lastWords = null;
    /** @param {Uint8Array} data */
    const onRawData = (data) => {
      lastWords ??= findLastWords(data);
      options?.onRawData(data);
    };
    await run(message, { ...options, onRawData }).catch(fail);
    if (lastWords !== null) fail(new Error(lastWords));
  };

  // A killed process leaves its socket behind. The lock on the folder says that nobody is listening on it.
  rmSync(socketPath, { force: true });
  // One client at a time is what is safe (`database.ts` says why); a second place lets it connect anew while the server
  // has not yet noticed that the old connection is gone.
  const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 2 });
  await server.start();
  report({ kind: 'ready' });

  const close = async () => {
    await server.stop();
    await database.close();
    process.exit(0);
  };
  parentPort?.on('message', () => void close().catch(fail));
} catch (error) {
  fail(error);
}
