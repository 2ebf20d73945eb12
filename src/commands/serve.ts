/** `rekey serve` and `rekey worker`: run until told to stop, then finish what runs. */
import cluster from 'node:cluster';
import { loadConfig, type Config } from '../base/config.js';
import { describeError, openLog, type Log } from '../base/log.js';
import { startTracing } from '../base/tracing.js';
import { closeHashPool, shareHashing } from '../passwords/hash-pool.js';
import { missingIn } from '../server/health.js';
import { listenForOperators } from '../server/metrics-port.js';
import { openNode, type Node } from '../server/node.js';
import { answerPrimary } from '../server/processes.js';
import { startWorker } from '../worker.js';
import { servePrimary } from './cluster.js';
import type { Command } from './command.js';
import { describeDemonstration, makeDemonstration } from './demonstration.js';
import { setLastResort } from './last-resort.js';

export const serve: Command = {
  arguments: '',
  about: 'the HTTP server, with the worker in the same process unless WORKER=off',
  run: async () => {
    const config = loadConfig();
    const log = openLog(config.LOG_LEVEL);
    if (cluster.isPrimary) warnOfUnread(config, log);
    if (config.WORKERS > 1 && cluster.isPrimary) return servePrimary(config, log);
    return serveHere(config, log);
  },
};

/** A warning and no refusal: another program on this machine may well have a variable of such a name. */
function warnOfUnread({ unread }: Config, log: Log): void {
  for (const { name, meant } of unread) log.warn({ event: 'variable_not_read', variable: name, meant });
}

/** Serves in this process: the only one, or one of several. */
async function serveHere(config: Config, log: Log): Promise<number> {
  shareHashing(config.HASH_THREADS, config.WORKERS);
  const node = await openNode(config, log);
  const endTracing = beginTracing(config, log);
  const isFirst = (cluster.worker?.id ?? 1) === 1;
  if (isFirst) await makeDemonstration(node.systemContext('demonstration'), node.database.kind === 'embedded');
  const http = await node.createHttpApp();
  const operators = await answerOperators(config, node);
  const stopWorker = config.WORKER ? startWorker(node.systemContext('worker'), node.transport) : null;
  await http.listen({ port: config.PORT, host: config.host });
  log.info({ event: 'started', address: config.host, port: config.PORT, database: node.database.kind });
  if (config.APP_ENV === 'development' && isFirst) process.stdout.write(await welcome(node));
  const failure = await untilStopped(node);
  await http.close();
  await stopWorker?.();
  await operators?.close();
  await closeHashPool();
  await node.close();
  await endTracing();
  log.info({ event: 'stopped' });
  // One of several is told to go: its channel to the primary would keep it.
  if (cluster.isWorker) process.disconnect();
  if (failure) throw failure;
  return 0;
}

/** Where there are several processes the primary has the port, and asks each of them. */
async function answerOperators(
  config: Config,
  { metrics, database }: Node,
): Promise<{ close(): Promise<void> } | null> {
  const missing = missingIn(database);
  if (!cluster.isWorker) return listenForOperators(config, metrics, missing);
  answerPrimary(metrics.registry, missing);
  return null;
}

function beginTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Config, log: Log): () => Promise<void> {
  if (endpoint === null) return async () => {};
  return startTracing(endpoint, 'rekey', (reason) => log.warn({ event: 'traces_not_taken', reason }));
}

export const worker: Command = {
  arguments: '',
  about: 'the worker alone: letters, flags, clean-up',
  run: async () => {
    const config = loadConfig();
    const log = openLog(config.LOG_LEVEL);
    warnOfUnread(config, log);
    const node = await openNode(config, log);
    const endTracing = beginTracing(config, log);
    const operators = await answerOperators(config, node);
    const stopWorker = startWorker(node.systemContext('worker'), node.transport);
    log.info({ event: 'started', worker: true, database: node.database.kind });
    const failure = await untilStopped(node);
    await stopWorker();
    await operators?.close();
    await node.close();
    await endTracing();
    log.info({ event: 'stopped' });
    if (failure) throw failure;
    return 0;
  },
};

/**
 * Resolves at SIGTERM or SIGINT; or with the reason where the database is gone for good, so that whoever starts processes
 * starts another.
 */
function untilStopped({ capabilities: { log }, database }: Node): Promise<Error | null> {
  setLastResort(log);
  const told = new Promise<null>((resolve) => {
    process.once('SIGTERM', () => resolve(null));
    process.once('SIGINT', () => resolve(null));
  });
  return Promise.race([told, database.ended]).catch((error: Error) => {
    log.fatal({ event: 'database_ended', ...describeError(error) });
    return error;
  });
}

/** What a newcomer needs to know, on the terminal. */
async function welcome(node: Node): Promise<string> {
  const { publicUrl, mailboxFile } = node.capabilities.config;
  const people = await describeDemonstration(node.systemContext('demonstration'), process.stdout.isTTY);
  const lines = [
    '',
    `  Rekey runs at  ${publicUrl}`,
    `  GraphQL        ${publicUrl}/graphql (POST)`,
    ...(mailboxFile === null ? [] : [`  Mailbox        ${publicUrl}/mailbox`]),
    ...(people.length === 0 ? [] : ['', `  Sign in at     ${publicUrl}/sign-in`, ...people]),
    '',
  ];
  return `${lines.join('\n')}\n`;
}
