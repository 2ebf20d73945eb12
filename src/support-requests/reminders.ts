/** Requests must be decided within a day: the staff's mailbox hears of those that wait too long. */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { clock, fromNow } from '../base/time.js';
import { parseEmail } from '../base/email-address.js';
import { defineMessage, enqueue } from '../delivery/outbox.js';
import { isUndecided } from './list.js';
import { reminderLetter } from './messages.js';

/** A request is near its time when this share of the time is left. */
const NEAR_SHARE = 1 / 4;

/** In one letter. */
const BATCH = 100;

/**
 * Queues one letter for what has come near its time, or past it, since the last one. Each request is told of at most twice,
 * however many workers there are: the row says so. @returns how many it tells of.
 */
export function remindStaff(ctx: Context): Promise<number> {
  if (ctx.config.STAFF_MAILBOX === null) return Promise.resolve(0);
  return inTransaction(ctx, async (ctx) => {
    const overdue = await mark(ctx, sql`reminded_overdue_at`, 0);
    const due = await mark(ctx, sql`reminded_due_at`, ctx.config.MANUAL_RESET_DUE * NEAR_SHARE);
    const soon = due.filter((reference) => !overdue.includes(reference));
    if (overdue.length + soon.length > 0) await enqueue(ctx, reminderMessage, { due: soon, overdue });
    return overdue.length + due.length;
  });
}

async function mark(ctx: Context, column: ReturnType<typeof sql>, secondsBefore: number): Promise<string[]> {
  const marked = await rows<{ reference: string }>(
    ctx.db,
    sql`with near as (
          select id from support_requests
          where ${isUndecided} and ${column} is null and due_at <= ${fromNow(ctx, secondsBefore)}
          order by due_at limit ${BATCH}::int for update skip locked)
        update support_requests r set ${column} = ${clock(ctx)} from near where r.id = near.id returning r.reference`,
  );
  return marked.map(({ reference }) => reference).sort();
}

/** A reminder that is a day old has been overtaken by the next. */
const REMINDER_SECONDS = 86_400;

export const reminderMessage = defineMessage<{ readonly due: string[]; readonly overdue: string[] }>({
  name: 'manual_reset_reminder',
  priority: 1,
  usefulSeconds: () => REMINDER_SECONDS,
  async compose(ctx, { due, overdue }) {
    const mailbox = parseEmail(ctx.config.STAFF_MAILBOX ?? '');
    if (!mailbox) return [];
    const { PRODUCT_NAME: productName, publicUrl } = ctx.config;
    const letter = reminderLetter({ productName, deskLink: `${publicUrl}/staff/support`, due, overdue });
    return [{ channel: 'EMAIL', to: mailbox.email, letter }];
  },
});
