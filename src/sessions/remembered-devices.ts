/** Browsers that signed in before. Such a cookie signs nobody in; it only gives its owner a budget of their own. */
import { and, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { Guess } from '../base/attempts.js';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { digest, formatToken, matchesDigest, newToken, parseToken, type Token } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { accounts } from '../accounts/tables.js';
import { rememberedDevices } from './tables.js';

/** Remembers the browser of a sign-in. Void when the epoch moves on. @returns the cookie's value; null when it has. */
export async function rememberDevice(ctx: Context, accountId: string, epoch: number): Promise<string | null> {
  const token = newToken('dev');
  const kept = await rows(
    ctx.db,
    sql`insert into remembered_devices (id, digest, account_id, epoch, created_at, expires_at)
        select ${token.id}, ${digest('remembered_device', token.secret)}, id, credential_epoch, ${clock(ctx)},
          ${fromNow(ctx, ctx.config.REMEMBERED_DEVICE_TTL)}
        from accounts where id = ${accountId} and credential_epoch = ${epoch} returning id`,
  );
  return kept.length > 0 ? formatToken(token) : null;
}

/** What a remembered-device cookie holds; null for what none can hold. */
export const deviceToken = (cookie: string | null): Token | null =>
  cookie === null ? null : parseToken(cookie, 'dev');

/** What makes the row of a device count for its account: for a join of both. */
export const isRememberedSql = (ctx: Context, token: Token | null): SQL | undefined =>
  and(
    eq(rememberedDevices.id, token?.id ?? ''),
    eq(rememberedDevices.accountId, accounts.id),
    eq(rememberedDevices.epoch, accounts.credentialEpoch),
    sql`${rememberedDevices.expiresAt} > ${clock(ctx)}`,
  );

/** The device's id, if the token is the one that the row was made for. */
export const provenDevice = (token: Token | null, expected: string | null): string | null =>
  token && expected !== null && matchesDigest('remembered_device', token.secret, expected) ? token.id : null;

/** The id of the remembered device behind the cookie, if it was remembered for the account with this address. */
export async function rememberedDevice(ctx: Context, cookie: string | null, emailKey: string): Promise<string | null> {
  const token = deviceToken(cookie);
  if (!token) return null;
  const [row] = await ctx.db
    .select({ digest: rememberedDevices.digest })
    .from(rememberedDevices)
    .innerJoin(accounts, isRememberedSql(ctx, token))
    .where(and(eq(accounts.emailKey, emailKey), isNull(accounts.closedAt)));
  return provenDevice(token, row?.digest ?? null);
}

/** Whose budget a guess of the password counts against: the remembered device's own, else the address's. */
export const passwordGuess = (device: string | null, emailKey: string): Guess => ({
  secret: 'password',
  subject: device ?? emailKey,
});
