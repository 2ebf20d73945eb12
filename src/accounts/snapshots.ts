/** How an account could be reached before each change of that: what "this was not me" puts back. Sealed at rest. */
import { eq, sql, type SQL } from 'drizzle-orm';
import { inTransaction, type Context } from '../base/context.js';
import { databaseErrorCode, rows } from '../base/database.js';
import { newId, open, seal } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { canSendSms, emailRecipient, smsRecipient, type Recipient } from './channels.js';
import { readPhone, writePhone, type StoredPhone } from './phone-store.js';
import { accounts } from './tables.js';

/** Three days: a notice that comes later than that tells of the past. */
export const NOTICE_SECONDS = 3 * 86_400;

/**
 * How long what was changed is kept for undoing: a token lives from when its notice is composed, which may be as late as a
 * notice is of use. With less kept, a late token would put back the thief's work. Seconds.
 */
export const undoSeconds = ({ config }: Context): number => config.DISOWN_TTL + NOTICE_SECONDS;

/** How the account was reached. */
export interface Snapshot {
  readonly email: string | null;
  readonly emailKey: string | null;
  readonly notificationChannel: 'EMAIL' | 'SMS';
  readonly phone: StoredPhone | null;
}

/** Keeps how the account is reached now. Call it before each change of address, channel or number, in its transaction. */
export async function takeSnapshot(ctx: Context, accountId: string): Promise<void> {
  const [account] = await ctx.db
    .select({
      email: accounts.email,
      emailKey: accounts.emailKey,
      notificationChannel: accounts.notificationChannel,
    })
    .from(accounts)
    .where(eq(accounts.id, accountId));
  if (!account) return;
  const snapshot: Snapshot = { ...account, phone: await readPhone(ctx, accountId) };
  const id = newId('snap');
  const sealed = seal(ctx.config.secretKeys, `account_snapshots:${id}`, JSON.stringify(snapshot));
  await ctx.db.execute(
    sql`insert into account_snapshots (id, account_id, taken_at, sealed)
        values (${id}, ${accountId}, ${clock(ctx)}, ${sealed})`,
  );
}

/** Where the owner could be reached before any of the changes since then. */
export async function formerRecipients(ctx: Context, accountId: string, since: Date): Promise<Recipient[]> {
  const recipients: Recipient[] = [];
  for (const { email, phone } of await snapshotsSince(ctx, accountId, since)) {
    if (email !== null) recipients.push(emailRecipient(email));
    if (phone !== null && canSendSms(ctx.config)) recipients.push(smsRecipient(phone.number));
  }
  return recipients;
}

/** The earliest first. */
async function snapshotsSince(ctx: Context, accountId: string, since: Date): Promise<Snapshot[]> {
  const found = await rows<{ id: string; sealed: string }>(
    ctx.db,
    sql`select id, sealed from account_snapshots
        where account_id = ${accountId} and taken_at >= ${since.toISOString()}::timestamptz order by taken_at limit 20`,
  );
  return found.map((row) => openSnapshot(ctx, row));
}

/** @throws Error when the key that sealed it is no longer configured. */
export const openSnapshot = (ctx: Context, { id, sealed }: { id: string; sealed: string }): Snapshot =>
  JSON.parse(open(ctx.config.secretKeys, `account_snapshots:${id}`, sealed)) as Snapshot;

/**
 * Puts address, channel and number back as they stood before `since`: the earliest snapshot from then on, or nothing
 * where nothing was changed. An address that someone else holds by now cannot be put back; the account is then left
 * without one, for staff, since the present one may be a thief's.
 */
export async function restoreContact(ctx: Context, accountId: string, since: Date): Promise<void> {
  const [before] = await snapshotsSince(ctx, accountId, since);
  if (!before) return;
  await takeSnapshot(ctx, accountId);
  await putAddressBack(ctx, accountId, sql`${before.email}::text`, sql`${before.emailKey}::text`, (address) => {
    return sql`update accounts set notification_channel = ${before.notificationChannel}, ${address} where id = ${accountId}`;
  });
  await writePhone(ctx, accountId, before.phone);
}

/**
 * Gives the account the address, or none where another open account holds it. One that signs up in this very moment is not
 * seen yet: then the unique index decides, and the address is that one's as if it had come before.
 */
async function putAddressBack(
  ctx: Context,
  accountId: string,
  email: SQL,
  key: SQL,
  update: (address: SQL) => SQL,
): Promise<void> {
  const isFree = sql`not exists (select 1 from accounts other
    where other.email_key = ${key} and other.id <> accounts.id and other.closed_at is null)`;
  const address = (isOurs: SQL) => sql`email = case when ${isOurs} then ${email} end,
    email_key = case when ${isOurs} then ${key} else ${'released:' + accountId} end`;
  try {
    // A transaction within the transaction: what is refused takes nothing else back.
    await inTransaction(ctx, (ctx) => ctx.db.execute(update(address(isFree))));
  } catch (error) {
    if (databaseErrorCode(error).constraint !== 'accounts_email_key') throw error;
    await ctx.db.execute(update(address(sql`false`)));
  }
}

/**
 * Opens an account again that a session closed at `since` or later, while nothing of it is erased: closing is what a thief
 * does who wants no trace left. What an operator closed stays closed. Nothing signs in to it by that; the caller makes the
 * password void.
 */
export async function reopenAccount(ctx: Context, accountId: string, since: Date): Promise<void> {
  await putAddressBack(ctx, accountId, sql`accounts.email`, sql`accounts.email_key`, (address) => {
    return sql`update accounts set closed_at = null, ${address}
        where id = ${accountId} and closed_at is not null and erased_at is null and exists (
          select 1 from security_events e where e.account_id = accounts.id and e.kind = 'account_closed'
            and e.session_id is not null and e.occurred_at >= ${since.toISOString()}::timestamptz)`;
  });
}

/** Forgets what no token can ask for any more. */
export async function purgeSnapshots(ctx: Context): Promise<void> {
  await ctx.db.execute(
    sql`delete from account_snapshots where ctid = any (array(
          select ctid from account_snapshots where taken_at < ${fromNow(ctx, -undoSeconds(ctx))} limit 10000))`,
  );
}
