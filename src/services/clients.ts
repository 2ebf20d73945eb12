/** Other services that may call: who they are, by a credential that an operator made and can take back. */
import { sql } from 'drizzle-orm';
import { recordAudit } from '../audit/service.js';
import { inTransaction, type Context, type Service } from '../base/context.js';
import { rows } from '../base/database.js';
import { digest, formatToken, matchesDigest, newToken, parseToken } from '../base/secrets.js';
import { clock } from '../base/time.js';

/** All that a service may be allowed: to put accounts in the review queue. Reading goes through the router. */
export const serviceScopes = ['accounts:flag'] as const;
export type ServiceScope = (typeof serviceScopes)[number];

const PREFIX = 'svc';

/** Whether a bearer token has the form of a service's credential; sessions never do. */
export const isServiceToken = (token: string): boolean => parseToken(token, PREFIX) !== null;

/**
 * Makes the credential of a service; only its digest is kept. The name of a revoked service can be given again. Null when
 * a service of this name is in use.
 */
export function createService(
  ctx: Context,
  { name, scopes }: { readonly name: string; readonly scopes: readonly ServiceScope[] },
): Promise<{ readonly token: string } | null> {
  const token = newToken(PREFIX);
  return inTransaction(ctx, async (ctx) => {
    const made = await rows(
      ctx.db,
      sql`insert into service_clients as s (id, name, digest, scopes, created_at)
          values (${token.id}, ${name}, ${digest('service', token.secret)}, ${JSON.stringify(scopes)}::jsonb, ${clock(ctx)})
          on conflict (name) do update set id = excluded.id, digest = excluded.digest, scopes = excluded.scopes,
            created_at = excluded.created_at, revoked_at = null
          where s.revoked_at is not null
          returning id`,
    );
    if (made.length === 0) return null;
    await recordAudit(ctx, { action: 'createService', details: { service: name, scopes: [...scopes] } });
    return { token: formatToken(token) };
  });
}

/** Ends a service's credential at once. False when there is no such service in use. */
export function revokeService(ctx: Context, name: string): Promise<boolean> {
  return inTransaction(ctx, async (ctx) => {
    const ended = await rows(
      ctx.db,
      sql`update service_clients set revoked_at = ${clock(ctx)} where name = ${name} and revoked_at is null returning id`,
    );
    if (ended.length > 0) await recordAudit(ctx, { action: 'revokeService', details: { service: name } });
    return ended.length > 0;
  });
}

/** The service behind a credential; null for one that is unknown, revoked or malformed. Read at each request. */
export async function resolveService(ctx: Context, text: string): Promise<Service | null> {
  const token = parseToken(text, PREFIX);
  if (!token) return null;
  const [row] = await rows<{ name: string; scopes: string[]; digest: string }>(
    ctx.db,
    sql`select name, scopes, digest from service_clients where id = ${token.id} and revoked_at is null`,
  );
  if (!row || !matchesDigest('service', token.secret, row.digest)) return null;
  return { kind: 'service', name: row.name, scopes: row.scopes };
}
