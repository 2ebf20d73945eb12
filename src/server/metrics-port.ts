/** `GET /metrics`: on a port of its own, or beside everything else outside production. */
import Fastify, { type FastifyInstance } from 'fastify';
import type { Config } from '../base/config.js';
import { mountHealth, type Missing } from './health.js';
import type { Metrics } from './metrics.js';

/** What a page of numbers is read from: one process's, or those of all processes of a node together. */
export interface MetricsSource extends Pick<Metrics, 'text'> {
  readonly contentType: string;
}

/** On the service's own port only outside production: numbers tell an attacker what works. */
export function mountMetrics(app: FastifyInstance, config: Config, metrics: MetricsSource): void {
  if (config.METRICS_PORT !== null || config.APP_ENV === 'production') return;
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}

/** The port for operators: `/metrics`, and `/livez` and `/readyz` as on the service's own. A worker has no other. */
export async function listenForOperators(
  { METRICS_PORT: port, host }: Config,
  metrics: MetricsSource,
  missing: () => Promise<Missing>,
): Promise<{ close(): Promise<void> } | null> {
  if (port === null) return null;
  const app = Fastify({ logger: false, forceCloseConnections: true });
  mountHealth(app, missing);
  app.get('/metrics', async (_request, reply) => {
    const text = await metrics.text().catch(() => null);
    return text === null ? reply.code(503).send() : reply.type(metrics.contentType).send(text);
  });
  await app.listen({ port, host });
  return app;
}
