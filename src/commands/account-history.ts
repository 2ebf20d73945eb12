/** What happened to a person's account, and what people at the desk did about it, as far as that is the person's to know. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import type { Account } from '../accounts/tables.js';
import { duringAccount, time } from './account-holdings.js';

/** Rows of one statement: an account under attack has hundreds of thousands, and a statement has five seconds. */
const PAGE = 500;

type EventRow = { readonly id: string; readonly position: string };

/** Every event, the latest first. Whence a member of staff acted is not the owner's business. */
export async function eventsOf(ctx: Context, accountId: string) {
  const events: Omit<EventRow, 'position'>[] = [];
  for (let after = null as EventRow | null; ;) {
    const follows = after ? sql`and (e.occurred_at, e.id) < (${after.position}::timestamptz, ${after.id})` : sql``;
    const page = await rows<EventRow>(
      ctx.db,
      sql`select id, upper(kind) as kind, ${time('occurred_at')}, by_staff as "byStaff", session_id as "sessionId",
            case when not by_staff then ip end as ip, case when not by_staff then user_agent end as "userAgent",
            case when not by_staff then details end as details, occurred_at::text as position
          from security_events e where e.account_id = ${accountId} ${follows}
          order by e.occurred_at desc, e.id desc limit ${PAGE}::int`,
    );
    events.push(...page.map(({ position: _, ...event }) => event));
    after = page.at(-1) ?? null;
    if (page.length < PAGE) return events;
  }
}

/** That the account was looked at, and what came of it. */
export const reviewsOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select reason, status, decision, ${time('flagged_at')}, ${time('resolved_at')} from account_flags
        where account_id = ${accountId} order by account_flags.flagged_at, id`,
  );

/**
 * Requests to support that were decided on this account, or wait under its address. Anyone can file one under any address, so
 * the words and the contact are given only where the person behind it was found to be the owner, and nobody objected.
 */
export const supportRequestsOf = (ctx: Context, { id, emailKey, createdAt, closedAt }: Account) =>
  rows(
    ctx.db,
    sql`select reference, status, claimed_email as "claimedEmail", ${time('created_at')}, decision, ${time('decided_at')},
          ${time('cancelled_at')}, removes_second_factors as "removesSecondFactors",
          case when status = 'APPROVED' then contact end as contact,
          case when status = 'APPROVED' then message end as message
        from support_requests
        where account_id = ${id} or (account_id is null and email_key = ${emailKey} and ${duringAccount({ createdAt, closedAt })})
        order by support_requests.created_at, support_requests.id`,
  );

/** What staff, services and operators did to the account, and when: not who, and not their notes (CJEU, C-579/21). */
export const auditOf = (ctx: Context, accountId: string) =>
  rows(
    ctx.db,
    sql`select action, ${time('at')} from audit_entries
        where subject_account_id = ${accountId} order by audit_entries.at, audit_entries.id`,
  );
