/** Everything that is kept of a person, for the person. Secrets are no data, and what strangers or staff wrote is not theirs. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { currentTime } from '../base/time.js';
import { readPhone } from '../accounts/phone-store.js';
import type { Account } from '../accounts/tables.js';
import { passwordSetAt } from '../passwords/service.js';
import { listEvents, type ListedEvent } from '../security-events/list.js';
import { listSessions } from '../sessions/list.js';

const PAGE = 500;
/** More sessions than an account can have at once. */
const MOST_SESSIONS = 1000;

/** The data of one account, ready to be written as JSON; times in RFC 3339. */
export async function accountData(ctx: Context, account: Account) {
  const { id, email, displayName, role, notificationChannel, createdAt, lastSignInAt, passwordResetRequired } = account;
  const phone = await readPhone(ctx, id);
  const sessions = await listSessions(ctx, { accountId: id, limit: MOST_SESSIONS, after: null });
  return {
    exportedAt: await currentTime(ctx),
    account: {
      id,
      email,
      displayName,
      role,
      notificationChannel,
      createdAt,
      lastSignInAt,
      passwordSetAt: await passwordSetAt(ctx, id),
      passwordResetRequired,
      lock: account.lockedAt && { since: account.lockedAt, reason: account.lockReason, until: account.lockExpiresAt },
    },
    phoneNumber: phone && { number: phone.number, verifiedAt: new Date(phone.verifiedAt) },
    secondFactors: await secondFactorsOf(ctx, id),
    passkeys: await passkeysOf(ctx, id),
    sessions: sessions.map(({ reauthenticatedUntil: _, ...session }) => session),
    rememberedDevices: await rememberedDevicesOf(ctx, id),
    securityEvents: await allEvents(ctx, id),
    reviews: await reviewsOf(ctx, id),
  };
}

/** RFC 3339 in UTC, as JSON writes a date. */
const time = (column: string) => {
  const name = sql.identifier(column);
  return sql`to_char(${name} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${sql.identifier(camelCase(column))}`;
};

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

const secondFactorsOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select method, label, ${time('confirmed_at')}, ${time('last_used_at')} from second_factors
        where account_id = ${accountId} and confirmed_at is not null and removed_at is null order by created_at, id`,
  );

const passkeysOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select label, is_backed_up as "isBackedUp", ${time('created_at')}, ${time('last_used_at')} from passkeys
        where account_id = ${accountId} and removed_at is null order by created_at, id`,
  );

const rememberedDevicesOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select ${time('created_at')}, ${time('expires_at')} from remembered_devices
        where account_id = ${accountId} order by created_at, id`,
  );

/** That the account was looked at, and what came of it. */
const reviewsOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select reason, status, decision, ${time('flagged_at')}, ${time('resolved_at')} from account_flags
        where account_id = ${accountId} order by account_flags.flagged_at, id`,
  );

async function allEvents(ctx: Context, accountId: string) {
  const events: ListedEvent[] = [];
  for (;;) {
    const last = events.at(-1);
    const after = last ? { atMs: last.occurredAt.getTime(), id: last.id } : null;
    const page = await listEvents(ctx, { accountId, limit: PAGE, after });
    events.push(...page);
    if (page.length < PAGE) return events.map(({ hasDevice: _, ...event }) => event);
  }
}
