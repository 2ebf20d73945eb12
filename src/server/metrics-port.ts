/** `GET /metrics`: on a port of its own, or beside everything else outside production. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../base/config.js';
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

/** @returns the port, and what closes it. */
export async function listenForMetrics(
  port: number,
  host: string,
  metrics: MetricsSource,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics')
      return void response.writeHead(404).end();
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(503).end(),
    );
  });
  await listen(server, port, host);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}
