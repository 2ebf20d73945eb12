/** `/livez` and `/readyz`: alive; ready to serve, that is, the database answers and has every migration. */
import type { FastifyInstance } from 'fastify';
import type { OpenDatabase } from '../base/database.js';

export type Health = Pick<OpenDatabase, 'ping' | 'isMigrated'>;

export function mountHealth(app: FastifyInstance, database: Health): void {
  app.get('/livez', () => ({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const waitingFor = await database
      .ping()
      .then(async () => ((await database.isMigrated()) ? null : 'migrations'))
      .catch(() => 'database');
    return waitingFor === null ? { status: 'ready' } : reply.code(503).send({ status: 'unavailable', waitingFor });
  });
}
