/** Browsers that signed in before. Such a cookie signs nobody in; it only gives its owner a budget of their own. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { digest, formatToken, matchesDigest, newToken, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';

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

/** The id of the remembered device behind the cookie, if it was remembered for the account with this address. */
export async function rememberedDevice(ctx: Context, cookie: string | null, emailKey: string): Promise<string | null> {
  const token = cookie === null ? null : parseToken(cookie, 'dev');
  if (!token) return null;
  const [row] = await rows<{ digest: string }>(
    ctx.db,
    sql`select d.digest from remembered_devices d join accounts a on a.id = d.account_id
        where d.id = ${token.id} and d.epoch = a.credential_epoch and d.expires_at > ${clock(ctx)}
          and a.email_key = ${emailKey} and a.closed_at is null`,
  );
  return row && matchesDigest('remembered_device', token.secret, row.digest) ? token.id : null;
}

/** Whose budget a guess of the password counts against: the remembered device's own, else the address's. */
export async function passwordGuess(ctx: Context, cookie: string | null, emailKey: string) {
  const device = await rememberedDevice(ctx, cookie, emailKey);
  return { secret: 'password', subject: device ?? emailKey } as const;
}
