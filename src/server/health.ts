/** `/livez` and `/readyz`: alive; ready to serve. */
import type { FastifyInstance } from 'fastify';

export function mountHealth(app: FastifyInstance, ping: () => Promise<void>): void {
  app.get('/livez', () => ({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    try {
      await ping();
      return { status: 'ready' };
    } catch {
      return reply.code(503).send({ status: 'unavailable', waitingFor: 'database' });
    }
  });
}
