/** Reset links: issued for an epoch, found by id, compared by digest. */
import { sql } from 'drizzle-orm';
import { isLockedSql } from '../accounts/service.js';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { digest, formatToken, matchesDigest, newId, newSecret, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import type { Channel } from '../accounts/channels.js';

export interface ResetRequest {
  readonly accountId: string;
  readonly epoch: number;
  readonly channel: Channel;
  readonly source: 'request' | 'owner' | 'staff' | 'support';
  readonly lifetimeSeconds: number;
  readonly removesSecondFactors?: boolean;
}

/** A link's row, without a secret yet. Null when the epoch has moved on or the account may not act. */
export async function createReset(ctx: Context, wanted: ResetRequest): Promise<{ id: string; expiresAt: Date } | null> {
  const [row] = await rows<{ id: string; expires_ms: string }>(
    ctx.db,
    sql`insert into password_resets (id, account_id, epoch, channel, source, removes_second_factors, created_at, expires_at)
        select ${newId('prst')}, id, credential_epoch, ${wanted.channel}, ${wanted.source}, ${wanted.removesSecondFactors ?? false},
          ${clock(ctx)}, ${fromNow(ctx, wanted.lifetimeSeconds)}
        from accounts where id = ${wanted.accountId} and credential_epoch = ${wanted.epoch} and closed_at is null
          and not ${isLockedSql(ctx)}
        returning id, (extract(epoch from expires_at) * 1000)::bigint as expires_ms`,
  );
  return row ? { id: row.id, expiresAt: new Date(Number(row.expires_ms)) } : null;
}

/**
 * Gives the row its secret and returns the link's token. Made when the letter is composed, and not before: no clear
 * token waits in a queue. Null when the link is void by now.
 */
export async function mintToken(ctx: Context, resetId: string): Promise<string | null> {
  const secret = newSecret();
  const minted = await rows(
    ctx.db,
    sql`update password_resets r set digest = ${digest('password_reset', secret)}
        from accounts where r.id = ${resetId} and accounts.id = r.account_id and r.digest is null and ${isUsableSql(ctx)}
        returning r.id`,
  );
  return minted.length > 0 ? formatToken({ id: resetId, secret }) : null;
}

/** What makes a link usable: unused, in time, of the account's epoch, for an account that may act. */
const isUsableSql = (ctx: Context) =>
  sql`(r.used_at is null and r.expires_at > ${clock(ctx)} and r.epoch = accounts.credential_epoch
    and accounts.closed_at is null and not ${isLockedSql(ctx)})`;

export interface UsableReset {
  readonly id: string;
  readonly accountId: string;
  readonly epoch: number;
  readonly expiresAt: Date;
  readonly email: string;
  readonly emailKey: string;
  readonly displayName: string | null;
  readonly channel: Channel;
  readonly removesSecondFactors: boolean;
}

/** The link behind a token, or null: unknown, used, lapsed, void and foreign ones are alike. Changes nothing. */
export async function findReset(ctx: Context, text: string): Promise<UsableReset | null> {
  const token = parseToken(text, 'prst');
  const [row] = await rows<ResetRow>(
    ctx.db,
    sql`select r.id, r.account_id, r.epoch, r.digest, r.channel, r.removes_second_factors,
          (extract(epoch from r.expires_at) * 1000)::bigint as expires_ms, accounts.email, accounts.email_key, accounts.display_name
        from password_resets r join accounts on accounts.id = r.account_id
        where r.id = ${token?.id ?? 'none'} and ${isUsableSql(ctx)}`,
  );
  if (!matchesDigest('password_reset', token?.secret ?? '', row?.digest ?? null) || !row) return null;
  return {
    id: row.id,
    accountId: row.account_id,
    epoch: row.epoch,
    expiresAt: new Date(Number(row.expires_ms)),
    email: row.email,
    emailKey: row.email_key,
    displayName: row.display_name,
    channel: row.channel,
    removesSecondFactors: row.removes_second_factors,
  };
}

type ResetRow = {
  id: string;
  account_id: string;
  epoch: number;
  digest: string | null;
  channel: Channel;
  removes_second_factors: boolean;
  expires_ms: string;
  email: string;
  email_key: string;
  display_name: string | null;
};

/** Uses the link up: one conditional statement, so that of 50 at once exactly one gets true. */
export async function consumeReset(ctx: Context, resetId: string): Promise<boolean> {
  const used = await rows(
    ctx.db,
    sql`update password_resets r set used_at = ${clock(ctx)}
        from accounts where r.id = ${resetId} and accounts.id = r.account_id and ${isUsableSql(ctx)} returning r.id`,
  );
  return used.length > 0;
}

/** Voids every link of an account without touching its sessions: the address they went to is no longer its own. */
export async function voidResets(ctx: Context, accountId: string): Promise<void> {
  await ctx.db.execute(
    sql`update password_resets set used_at = ${clock(ctx)} where account_id = ${accountId} and used_at is null`,
  );
}
