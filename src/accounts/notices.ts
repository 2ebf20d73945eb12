/** Telling the owner: each security notice goes to every verified channel and carries "this was not me". */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { digest, formatToken, newToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { defineMessage, enqueue, type Envelope } from '../delivery/outbox.js';
import { textable } from '../delivery/text-limits.js';
import type { EventKind } from '../security-events/service.js';
import { noticeRecipients, type Recipient } from './channels.js';
import { noticeLetter, noticeText } from './messages.js';
import { findAccount } from './service.js';
import { formerRecipients, NOTICE_SECONDS } from './snapshots.js';

interface NoticePayload extends Record<string, unknown> {
  readonly accountId: string;
  readonly kind: EventKind;
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly userAgent: string | null;
  readonly ip: string | null;
}

/**
 * Queues a notice in the transaction of the event that it tells of. It goes to where the owner can be reached when it is
 * sent, and to where they could be reached at the event: who changes the address first does not get the notices alone.
 */
export async function notify(
  ctx: Context,
  accountId: string,
  kind: EventKind,
  event: { readonly id: string; readonly occurredAt: Date },
): Promise<void> {
  const payload: NoticePayload = {
    accountId,
    kind,
    eventId: event.id,
    at: event.occurredAt.getTime(),
    userAgent: ctx.origin.userAgent,
    ip: ctx.origin.ip,
  };
  await enqueue(ctx, noticeMessage, payload, { accountId });
}

export const noticeMessage = defineMessage<NoticePayload>({
  name: 'security_notice',
  priority: 1,
  usefulSeconds: () => NOTICE_SECONDS,
  async compose(ctx, payload) {
    const account = await findAccount(ctx, payload.accountId);
    if (!account) return [];
    const now = await noticeRecipients(ctx, account);
    const then = await formerRecipients(ctx, account.id, new Date(payload.at));
    const recipients = [...new Map([...now, ...then].map((recipient) => [recipient.to, recipient])).values()];
    const numbers = recipients.filter(({ channel }) => channel === 'SMS').map(({ to }) => to);
    const sendable = await textable(ctx, numbers, 'notice');
    return Promise.all(
      recipients
        .filter(({ channel, to }) => channel === 'EMAIL' || sendable.has(to))
        .map((recipient) => noticeTo(ctx, payload, recipient)),
    );
  },
});

async function noticeTo(ctx: Context, payload: NoticePayload, { channel, to }: Recipient): Promise<Envelope> {
  const facts = {
    productName: ctx.config.PRODUCT_NAME,
    kind: payload.kind,
    at: new Date(payload.at),
    userAgent: payload.userAgent,
    ip: payload.ip,
    disownLink: `${ctx.config.publicUrl}/not-me#${await makeDisownToken(ctx, payload)}`,
    disownDays: Math.floor(ctx.config.DISOWN_TTL / 86_400),
  };
  return channel === 'EMAIL' ? { channel, to, letter: noticeLetter(facts) } : { channel, to, text: noticeText(facts) };
}

/** One for each recipient; the first that is used ends the matter. It ignores the epoch: a thief's changes do not void it. */
async function makeDisownToken(ctx: Context, { accountId, eventId, at }: NoticePayload): Promise<string> {
  const token = newToken('disown');
  await ctx.db.execute(
    sql`insert into disown_tokens (id, digest, account_id, event_id, event_at, created_at, expires_at)
        values (${token.id}, ${digest('disown', token.secret)}, ${accountId}, ${eventId},
          to_timestamp(${at}::double precision / 1000), ${clock(ctx)}, ${fromNow(ctx, ctx.config.DISOWN_TTL)})`,
  );
  return formatToken(token);
}
