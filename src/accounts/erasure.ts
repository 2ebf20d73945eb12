/** What is left of a closed account once its owner's time to come back is over: an id without a person. */
import { sql, type SQL } from 'drizzle-orm';
import { inTransaction, type Context } from '../base/context.js';
import { databaseErrorCode, isDatabaseUnavailable, rows } from '../base/database.js';
import { describeError } from '../base/log.js';
import { tally } from '../base/tally.js';
import { clock, fromNow } from '../base/time.js';
import { recordAudit } from '../audit/service.js';

/** Erased in one run of the job: each is a transaction of its own, and other jobs wait for their turn too. */
const BATCH = 20;

/**
 * Whatever was issued for or stored about the account, by table. Features above this one own them: only names are known
 * here, as to the purge, and a test compares them with the tables that refer to an account.
 */
export const OWNED_TABLES = [
  'passwords',
  'sessions',
  'remembered_devices',
  'second_factors',
  'recovery_codes',
  'passkeys',
  'passkey_ceremonies',
  'challenges',
  'password_resets',
  'email_changes',
  'phone_numbers',
  'phone_verifications',
  'disown_tokens',
  'account_snapshots',
  'qr_requests',
  'outbox',
] as const;

interface Closed extends Record<string, unknown> {
  readonly id: string;
  readonly email_key: string | null;
  readonly closed_at: string;
}

/**
 * Erases what is personal of accounts closed longer than `ERASURE_DELAY` ago: address, name, number, password, factors,
 * sessions, letters, where requests came from, and what was written to support. The row stays, with its id and times; so do
 * flags, decisions and the audit, whose chain names ids alone and is never changed. Several workers share the work. One that
 * cannot be erased is told and counted at each run, and keeps no other from it.
 * @returns how many were erased; 0 means that no other can be.
 */
export async function eraseClosed(ctx: Context): Promise<number> {
  let erased = 0;
  for (let due = await dueAfter(ctx, null); due.length > 0; due = await dueAfter(ctx, due.at(-1) ?? null)) {
    for (const { id } of due) {
      try {
        if (await eraseOne(ctx, id)) erased += 1;
      } catch (error) {
        // A statement that took too long (57014) is this account's own: there is much of it.
        if (isDatabaseUnavailable(error) && databaseErrorCode(error).code !== '57014') throw error;
        tally('job_failed', 'erase');
        ctx.log.error({ event: 'erasure_failed', target: id, ...describeError(error) });
      }
    }
    if (erased > 0) break;
  }
  return erased;
}

interface Due extends Record<string, unknown> {
  readonly id: string;
  readonly closed_at: string;
}

/** Those that come next, from the longest closed. */
function dueAfter(ctx: Context, last: Due | null): Promise<Due[]> {
  return rows<Due>(
    ctx.db,
    sql`select id, closed_at::text as closed_at from accounts
        where closed_at is not null and erased_at is null and closed_at <= ${fromNow(ctx, -ctx.config.ERASURE_DELAY)}
          and (closed_at, id) > (${last?.closed_at ?? '-infinity'}::timestamptz, ${last?.id ?? ''})
        order by closed_at, id limit ${BATCH}::int`,
  );
}

function eraseOne(ctx: Context, accountId: string): Promise<boolean> {
  return inTransaction(ctx, async (ctx) => {
    const [closed] = await rows<Closed>(
      ctx.db,
      sql`select id, email_key, closed_at::text as closed_at from accounts
          where id = ${accountId} and closed_at is not null and erased_at is null for update skip locked`,
    );
    if (!closed) return false;
    for (const name of OWNED_TABLES) {
      await ctx.db.execute(sql`delete from ${sql.identifier(name)} where account_id = ${accountId}`);
    }
    await ctx.db.execute(sql`delete from sign_up_links where ${ofAddress(closed, sql`created_at`)}`);
    await eraseTraces(ctx, closed);
    await ctx.db.execute(
      sql`update accounts set email = null, email_key = null, display_name = null, role = null, lock_note = null,
            last_sign_in_at = null, notification_channel = 'EMAIL', erased_at = ${clock(ctx)}
          where id = ${accountId}`,
    );
    await recordAudit(ctx, { action: 'eraseAccount', subjectAccountId: accountId });
    return true;
  });
}

/** Events in one statement. */
const ERASED_AT_ONCE = 10_000;

/** What happened stays, as numbers for the rules and their history; from where, and in whose words, does not. */
async function eraseTraces(ctx: Context, closed: Closed): Promise<void> {
  const noOrigin = sql`ip = null, network = 'erased', user_agent = null, email_key = null, details = null`;
  const isNamed = sql`account_id = ${closed.id}`;
  const isOfAddress = sql`account_id is null and ${ofAddress(closed, sql`occurred_at`)}`;
  for (const isMeant of [isNamed, isOfAddress]) {
    // An account under attack has hundreds of thousands, and a statement has five seconds.
    const part = sql`select occurred_at, id from security_events where ${isMeant} and network <> 'erased' limit ${ERASED_AT_ONCE}::int`;
    let changed: number;
    do {
      const done = await rows(
        ctx.db,
        sql`update security_events e set ${noOrigin} from (${part}) part
            where e.occurred_at = part.occurred_at and e.id = part.id returning 1 as one`,
      );
      changed = done.length;
    } while (changed === ERASED_AT_ONCE);
  }
  // Its events count towards its own flags, and towards those of a source. Asked so, both are found by index: of a million
  // rows, in 6 ms instead of 350 (run).
  await ctx.db.execute(
    sql`update flag_events set network = 'erased'
        where flag_id in (select id from account_flags where account_id = ${closed.id})`,
  );
  await ctx.db.execute(
    sql`update flag_events set network = 'erased'
        where account_id = ${closed.id} and flag_id in (select id from account_flags where network is not null)`,
  );
  await ctx.db.execute(
    sql`update support_requests set claimed_email = 'erased', email_key = 'erased', contact = null, message = null,
          network = 'erased', decision_note = null, confirmation_note = null
        where account_id = ${closed.id} or ${ofAddress(closed, sql`created_at`)}`,
  );
}

/** Rows that know an address alone: up to the closing, since someone else may have it now. */
const ofAddress = ({ email_key, closed_at }: Closed, at: SQL): SQL =>
  sql`(email_key = ${email_key} and ${at} <= ${closed_at}::timestamptz)`;
