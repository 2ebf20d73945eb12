/** Standing still at one moment, so that what only a race shows is seen every time. PostgreSQL only. */
import { sql } from 'drizzle-orm';
import { rows } from '../../src/base/database.js';
import type { App } from './app.js';

/** Until a statement that begins so waits for another's transaction. */
export async function untilWaiting(app: App, statement: string): Promise<void> {
  const waiting = sql`select pid from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like ${statement + '%'}`;
  for (const begun = Date.now(); (await rows(app.ctx.db, waiting)).length === 0;) {
    if (Date.now() - begun > 20_000) throw new Error(`nothing waits in "${statement}"`);
  }
}
