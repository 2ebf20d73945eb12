/** `/livez` and `/readyz`: alive; ready to serve, that is, the database answers and has every migration. */
import type { FastifyInstance } from 'fastify';
import type { OpenDatabase } from '../base/database.js';

export type Health = Pick<OpenDatabase, 'ping' | 'isMigrated'>;

/** What is not there yet; null where nothing is missing. */
export type Missing = 'database' | 'migrations' | null;

/** What this database lacks to be served from. */
export const missingIn =
  (database: Health): (() => Promise<Missing>) =>
  () =>
    database
      .ping()
      .then(async () => ((await database.isMigrated()) ? null : 'migrations'))
      .catch(() => 'database');

export function mountHealth(app: FastifyInstance, missing: () => Promise<Missing>): void {
  app.get('/livez', () => ({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const waitingFor = await missing();
    return waitingFor === null ? { status: 'ready' } : reply.code(503).send({ status: 'unavailable', waitingFor });
  });
}
