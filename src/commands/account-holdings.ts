/** What a person has with Rekey, as it lies in the tables: ways to reach them, factors, sessions, links and letters. */
import { sql, type SQL } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { openPhone } from '../accounts/phone-store.js';
import { openSnapshot } from '../accounts/snapshots.js';
import type { Account } from '../accounts/tables.js';
import { isAliveSql } from '../sessions/service.js';

/** RFC 3339 in UTC, as JSON writes a date. */
export const time = (column: string): SQL =>
  sql`to_char(${sql.identifier(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${sql.identifier(camelCase(column))}`;

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** What was sealed with a key that is lost must not keep the rest from its owner. */
function opened<T>(read: () => T): T | 'sealed with a key that is not configured' {
  try {
    return read();
  } catch {
    return 'sealed with a key that is not configured';
  }
}

export async function phoneNumberOf(ctx: Context, accountId: string) {
  const [row] = await rows<{ number: string }>(
    ctx.db,
    sql`select number, ${time('verified_at')}, ${time('recovery_from')} from phone_numbers where account_id = ${accountId}`,
  );
  return row ? { ...row, number: opened(() => openPhone(ctx, accountId, row.number)) } : null;
}

export async function phoneNumberToConfirmOf(ctx: Context, accountId: string) {
  const [row] = await rows<{ number: string }>(
    ctx.db,
    sql`select number, ${time('created_at')}, ${time('expires_at')} from phone_verifications where account_id = ${accountId}`,
  );
  return row ? { ...row, number: opened(() => openPhone(ctx, accountId, row.number)) } : null;
}

export const emailChangesOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select new_email as "newEmail", ${time('created_at')}, ${time('expires_at')}, ${time('used_at')} from email_changes
        where account_id = ${accountId} order by email_changes.created_at, id`,
  );

/** How the account was reached until then; kept so that "this was not me" can put it back. */
export async function formerContactsOf(ctx: Context, accountId: string) {
  const snapshots = await rows<{ id: string; sealed: string; takenAt: string }>(
    ctx.db,
    sql`select id, sealed, ${time('taken_at')} from account_snapshots
        where account_id = ${accountId} order by account_snapshots.taken_at, id`,
  );
  return snapshots.map(({ takenAt, ...snapshot }) => {
    const contact = opened(() => {
      const { email, phone, notificationChannel } = openSnapshot(ctx, snapshot);
      return { email, phoneNumber: phone?.number ?? null, notificationChannel };
    });
    return { until: takenAt, contact };
  });
}

/** Also those that were put aside, or begun and not confirmed. */
export const secondFactorsOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select method, label, ${time('created_at')}, ${time('confirmed_at')}, ${time('last_used_at')}, ${time('removed_at')}
        from second_factors where account_id = ${accountId} order by second_factors.created_at, id`,
  );

export const recoveryCodesOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select ${time('created_at')}, ${time('used_at')}, ${time('removed_at')} from recovery_codes
        where account_id = ${accountId} order by recovery_codes.created_at, recovery_codes.used_at`,
  );

export const passkeysOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select label, transports, is_backed_up as "isBackedUp", ${time('created_at')}, ${time('last_used_at')}, ${time('removed_at')}
        from passkeys where account_id = ${accountId} order by passkeys.created_at, id`,
  );

/** Those that are over are kept a while, too. */
export const sessionsOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select id, method as "signInMethod", transport, two_factor as "twoFactor", used_passkey as "usedPasskey", ip,
          user_agent as "userAgent", ${time('created_at')}, ${time('last_used_at')}, ${time('proven_at')},
          ${time('expires_at')}, ${time('revoked_at')}, is_alive as "isAlive"
        from (select s.*, ${isAliveSql(ctx)} as is_alive from sessions s join accounts on accounts.id = s.account_id
              where s.account_id = ${accountId}) kept
        order by kept.created_at, id`,
  );

export const rememberedDevicesOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select ${time('created_at')}, ${time('expires_at')} from remembered_devices
        where account_id = ${accountId} order by remembered_devices.created_at, id`,
  );

/** Codes that a session of the person scanned; address and browser are those of the device that showed the code. */
export const qrSignInsOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select ip, user_agent as "userAgent", ${time('created_at')}, ${time('scanned_at')}, ${time('approved_at')},
          ${time('denied_at')}, ${time('claimed_at')}
        from qr_requests where account_id = ${accountId} order by qr_requests.created_at, id`,
  );

export const passwordResetsOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select channel, source, ${time('created_at')}, ${time('expires_at')}, ${time('used_at')} from password_resets
        where account_id = ${accountId} order by password_resets.created_at, id`,
  );

/** "This was not me", by the event it is about. */
export const disownLinksOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select event_id as "eventId", ${time('created_at')}, ${time('expires_at')}, ${time('used_at')} from disown_tokens
        where account_id = ${accountId} order by disown_tokens.created_at, id`,
  );

/**
 * Letters and texts under way or lately sent. Their words are not: they hold links and codes. Some wait under the address
 * alone, since the worker looks up whose it is.
 */
export const lettersOf = (ctx: Context, { id, emailKey, createdAt, closedAt }: Account) =>
  rows(
    ctx.db,
    sql`select message, ${time('created_at')}, ${time('available_at')}, ${time('done_at')}, ${time('dead_at')} from outbox
        where account_id = ${id} or (account_id is null and payload ->> 'emailKey' = ${emailKey} and ${duringAccount({ createdAt, closedAt })})
        order by outbox.created_at, outbox.id`,
  );

/** What knows an address alone is of who had it then. */
export const duringAccount = ({ createdAt, closedAt }: Pick<Account, 'createdAt' | 'closedAt'>): SQL =>
  sql`(created_at >= ${createdAt.toISOString()}::timestamptz
    and created_at <= ${closedAt?.toISOString() ?? 'infinity'}::timestamptz)`;
