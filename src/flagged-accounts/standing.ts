/** What staff see of an account beside its own row, for many accounts in one statement each. */
import { sql, type SQL } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import type { SecondFactorMethod } from '../second-factors/tables.js';
import { isAliveSql } from '../sessions/service.js';

const list = (texts: readonly string[]): SQL =>
  sql.join(
    texts.map((text) => sql`${text}`),
    sql`, `,
  );

/** How many sessions are not over, by account. */
export async function activeSessionCounts(ctx: Context, accountIds: readonly string[]): Promise<Map<string, number>> {
  const found = await rows<{ id: string; n: number }>(
    ctx.db,
    sql`select s.account_id as id, count(*)::int as n from sessions s join accounts on accounts.id = s.account_id
        where s.account_id in (${list(accountIds)}) and ${isAliveSql(ctx)} group by s.account_id`,
  );
  return new Map(found.map(({ id, n }) => [id, n]));
}

export const countAllSessions = async (ctx: Context, accountId: string): Promise<number> =>
  (await activeSessionCounts(ctx, [accountId])).get(accountId) ?? 0;

/** The kinds of second factor that are confirmed, by account. Recovery codes stand in for a factor and are none. */
export async function confirmedFactors(
  ctx: Context,
  accountIds: readonly string[],
): Promise<Map<string, SecondFactorMethod[]>> {
  const ids = list(accountIds);
  const found = await rows<{ id: string; method: SecondFactorMethod }>(
    ctx.db,
    sql`select distinct account_id as id, method from (
          select account_id, method from second_factors
          where account_id in (${ids}) and confirmed_at is not null and removed_at is null
          union all select account_id, 'PASSKEY' from passkeys where account_id in (${ids}) and removed_at is null) held
        order by account_id, method`,
  );
  const methods = new Map<string, SecondFactorMethod[]>();
  for (const { id, method } of found) methods.set(id, [...(methods.get(id) ?? []), method]);
  return methods;
}

export interface UndeliverableMessage {
  /** The kind of message, such as `password_reset`. */
  readonly message: string;
  /** What the mail server or provider answered, in short. */
  readonly reason: string;
  readonly failedAt: Date;
}

/** The bound that the schema states. */
const MOST_MESSAGES = 20;

/** The letters and texts to an account that were given up, the latest first; at most 20. */
export async function undeliverableMessages(ctx: Context, accountId: string): Promise<UndeliverableMessage[]> {
  const found = await rows<{ message: string; last_error: string | null; ms: string }>(
    ctx.db,
    sql`select message, last_error, (extract(epoch from dead_at) * 1000)::bigint as ms from outbox
        where account_id = ${accountId} and dead_at is not null order by dead_at desc, id desc limit ${MOST_MESSAGES}::int`,
  );
  return found.map(({ message, last_error, ms }) => ({
    message,
    reason: last_error ?? 'unknown',
    failedAt: new Date(Number(ms)),
  }));
}
