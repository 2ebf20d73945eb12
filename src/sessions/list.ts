/** The sessions of a person, for the person. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { clock } from '../base/time.js';
import { isAliveSql } from './service.js';
import type { SignInMethod } from './tables.js';

export interface ListedSession {
  readonly id: string;
  readonly signInMethod: SignInMethod;
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  /** When sensitive actions close again; null when they are closed. */
  readonly reauthenticatedUntil: Date | null;
}

export interface SessionsQuery {
  readonly accountId: string;
  readonly limit: number;
  /** What follows this: milliseconds of last use, and id. */
  readonly after: { readonly lastUsedMs: number; readonly id: string } | null;
}

/** Sessions that are not over, the most recently used first. */
export async function listSessions(ctx: Context, { accountId, limit, after }: SessionsQuery): Promise<ListedSession[]> {
  const follows = after
    ? sql`and (s.last_used_at, s.id) < (to_timestamp(${after.lastUsedMs}::float8 / 1000), ${after.id})`
    : sql``;
  const found = await rows<Row>(
    ctx.db,
    sql`select ${columns(ctx)} from sessions s join accounts on accounts.id = s.account_id
        where s.account_id = ${accountId} and ${isAliveSql(ctx)} ${follows}
        order by s.last_used_at desc, s.id desc limit ${limit}`,
  );
  return found.map(toSession);
}

export async function findSession(ctx: Context, sessionId: string): Promise<ListedSession | null> {
  const [row] = await rows<Row>(ctx.db, sql`select ${columns(ctx)} from sessions s where s.id = ${sessionId}`);
  return row ? toSession(row) : null;
}

export async function countSessions(ctx: Context, accountId: string): Promise<number> {
  const [row] = await rows<{ n: number }>(
    ctx.db,
    sql`select count(*)::int as n from sessions s join accounts on accounts.id = s.account_id
        where s.account_id = ${accountId} and ${isAliveSql(ctx)}`,
  );
  return row?.n ?? 0;
}

const ms = (column: ReturnType<typeof sql>) => sql`(extract(epoch from ${column}) * 1000)::bigint`;

const columns = (ctx: Context) => sql`s.id, s.method, s.user_agent, s.ip, ${ms(sql`s.created_at`)} as created_ms,
  ${ms(sql`s.last_used_at`)} as last_used_ms, ${ms(sql`s.expires_at`)} as expires_ms,
  case when s.proven_at + ${ctx.config.REAUTH_TTL}::int * interval '1 second' > ${clock(ctx)}
    then ${ms(sql`s.proven_at + ${ctx.config.REAUTH_TTL}::int * interval '1 second'`)} end as fresh_until_ms`;

type Row = {
  id: string;
  method: SignInMethod;
  user_agent: string | null;
  ip: string | null;
  created_ms: string;
  last_used_ms: string;
  expires_ms: string;
  fresh_until_ms: string | null;
};

const toSession = (row: Row): ListedSession => ({
  id: row.id,
  signInMethod: row.method,
  userAgent: row.user_agent,
  ip: row.ip,
  createdAt: new Date(Number(row.created_ms)),
  lastUsedAt: new Date(Number(row.last_used_ms)),
  expiresAt: new Date(Number(row.expires_ms)),
  reauthenticatedUntil: row.fresh_until_ms === null ? null : new Date(Number(row.fresh_until_ms)),
});
