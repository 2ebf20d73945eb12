/** Asking people for a reset, when no automatic way works. */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { plainText } from '../base/plain-text.js';
import { invalidInput, type InvalidInput } from '../base/problems.js';
import { newId, newReadableSecret } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { findAccountByEmailKey } from '../accounts/service.js';
import { parseEmail } from '../base/email-address.js';
import { defineMessage, enqueue } from '../delivery/outbox.js';
import { mayWriteTo } from '../delivery/send-limits.js';
import { recordEvent } from '../security-events/service.js';
import { receivedLetter } from './messages.js';

const MAX_CONTACT = 200;
const MAX_MESSAGE = 2000;

export interface RequestManualResetInput {
  readonly email: string;
  readonly contact?: string | null | undefined;
  readonly message?: string | null | undefined;
}

export interface RequestManualResetAccepted {
  readonly reference: string;
  readonly dueAt: Date;
}

/**
 * Files a request. Nothing is looked up: the answer, the work and the time are the same for every address. Beyond
 * `LIMIT_RESET_PER_ADDRESS` for one address the answer stays the same, the event is counted, and nothing is filed or sent.
 */
export async function requestManualReset(
  ctx: Context,
  input: RequestManualResetInput,
): Promise<RequestManualResetAccepted | InvalidInput> {
  const address = parseEmail(input.email);
  const contact = plainText(input.contact, MAX_CONTACT);
  const message = plainText(input.message, MAX_MESSAGE);
  if (!address) return invalidInput(['email', 'an e-mail address']);
  if (contact === undefined) return invalidInput(['contact', `at most ${MAX_CONTACT} characters`]);
  if (message === undefined) return invalidInput(['message', `at most ${MAX_MESSAGE} characters`]);
  return inTransaction(ctx, async (ctx) => {
    await recordEvent(ctx, 'manual_reset_requested', { emailKey: address.key });
    const filed = {
      id: newId('supp'),
      reference: newReference(),
      email: input.email.trim(),
      key: address.key,
      contact,
      message,
    };
    const dueAt = await file(ctx, filed);
    return { reference: filed.reference, dueAt };
  });
}

/** Eight characters that can be read over the telephone: no I, L, O or U. */
function newReference(): string {
  const letters = newReadableSecret().replaceAll('-', '');
  return `${letters.slice(0, 4)}-${letters.slice(4, 8)}`;
}

interface Filed {
  readonly id: string;
  readonly reference: string;
  readonly email: string;
  readonly key: string;
  readonly contact: string | null;
  readonly message: string | null;
}

/** @returns when it will be decided, whether or not the address was within its limit. */
async function file(ctx: Context, filed: Filed): Promise<Date> {
  const { max, seconds } = ctx.config.LIMIT_RESET_PER_ADDRESS;
  // Two requests for one address are judged in turn; requests for others do not wait.
  await ctx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${filed.key}, 2))`);
  const [row] = await rows<{ due_ms: string; is_filed: boolean }>(
    ctx.db,
    sql`with filed as (
          insert into support_requests (id, reference, status, claimed_email, email_key, contact, message, network, created_at, due_at)
          select ${filed.id}, ${filed.reference}, 'OPEN', ${filed.email}, ${filed.key}, ${filed.contact}, ${filed.message},
            ${ctx.origin.network}, ${clock(ctx)}, ${fromNow(ctx, ctx.config.MANUAL_RESET_DUE)}
          where ${max}::int = 0 or (
            select count(*) from support_requests
            where email_key = ${filed.key} and created_at > ${fromNow(ctx, -seconds)}) < ${max}::int
          returning id)
        select (extract(epoch from ${fromNow(ctx, ctx.config.MANUAL_RESET_DUE)}::timestamptz(3)) * 1000)::bigint as due_ms,
          exists (select 1 from filed) as is_filed`,
  );
  const dueAt = new Date(Number(row?.due_ms));
  if (row?.is_filed) {
    await enqueue(ctx, receivedMessage, { emailKey: filed.key, reference: filed.reference, dueMs: dueAt.getTime() });
  }
  return dueAt;
}

/** Composed in the worker, where alone the account is looked up. It goes to the owner, never to what was typed. */
export const receivedMessage = defineMessage<{
  readonly emailKey: string;
  readonly reference: string;
  readonly dueMs: number;
}>({
  name: 'manual_reset_received',
  priority: 1,
  usefulSeconds: (ctx) => ctx.config.MANUAL_RESET_DUE,
  async compose(ctx, { emailKey, reference, dueMs }) {
    const account = await findAccountByEmailKey(ctx, emailKey);
    if (!account?.email || !(await mayWriteTo(ctx, 'manual_reset_received', account.id))) return [];
    const facts = { productName: ctx.config.PRODUCT_NAME, reference, dueAt: new Date(dueMs) };
    return [{ channel: 'EMAIL', to: account.email, letter: receivedLetter(facts) }];
  },
});
