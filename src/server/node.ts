/** One node: its database, its limits, its transports, put together once. */
import { Redis } from 'ioredis';
import type { FastifyInstance } from 'fastify';
import { databaseSettings, openDatabase, type OpenDatabase } from '../base/database.js';
import type { Config } from '../base/config.js';
import { systemContext, type Context } from '../base/context.js';
import { DatabaseHitLog, MemoryHitLog, RedisHitLog, type HitLog } from '../base/limits.js';
import type { Log } from '../base/log.js';
import { openTransports, type Transport } from '../delivery/transports.js';
import { createLimiter } from '../graphql/limiter.js';
import type { Capabilities } from './caller.js';
import { createHttpApp } from './http.js';
import { boundedLog } from './log-budget.js';
import { openMetrics, type Metrics } from './metrics.js';
import { observeSchema } from './observability.js';
import { buildGuardedSchema } from './schema.js';

/** Redis answers within milliseconds, or is of no use to whoever waits for it. */
const REDIS_MS = 2_000;

export interface Node {
  readonly capabilities: Capabilities;
  readonly database: OpenDatabase;
  readonly transport: Transport;
  readonly metrics: Metrics;
  /** A context for work that no request caused. */
  systemContext(name: string): Context;
  createHttpApp(): Promise<FastifyInstance>;
  close(): Promise<void>;
}

/** @throws StartupError when the database can't be opened. */
export async function openNode(config: Config, log: Log, opened?: OpenDatabase): Promise<Node> {
  const database =
    opened ??
    (await openDatabase(databaseSettings(config), (notice) => log.warn({ event: 'database_notice', notice })));
  const capabilities: Capabilities = {
    config,
    db: database.db,
    clock: config.APP_ENV === 'test' ? 'test' : 'service',
    log: boundedLog(log),
  };
  const redis =
    config.REDIS_URL === null
      ? null
      : new Redis(config.REDIS_URL, { maxRetriesPerRequest: 1, connectTimeout: REDIS_MS, commandTimeout: REDIS_MS });
  redis?.on('error', () => capabilities.log.warn({ event: 'redis_unreachable' }));
  const shared: HitLog = redis ? new RedisHitLog(redis) : new DatabaseHitLog();
  const metrics = openMetrics(systemContext(capabilities, 'metrics'));
  const transport = openTransports({
    smtpUrl: config.SMTP_URL,
    mailFrom: config.MAIL_FROM,
    smsUrl: config.SMS_URL,
    smsSecret: config.SMS_SECRET,
    mailboxFile: config.mailboxFile,
    productName: config.PRODUCT_NAME,
  });
  return {
    capabilities,
    database,
    transport,
    metrics,
    systemContext: (name) => systemContext(capabilities, name),
    async createHttpApp() {
      const limits = { shared: metrics.watched(shared), process: metrics.watched(new MemoryHitLog()) };
      const schema = observeSchema(await buildGuardedSchema(createLimiter(limits)), metrics);
      return createHttpApp({ capabilities, schema, metrics, database });
    },
    async close() {
      transport.close();
      redis?.disconnect();
      await database.close();
    },
  };
}
