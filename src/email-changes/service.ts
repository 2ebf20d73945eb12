/**
 * Changing the address: asked for by a fresh session, proven from the new address, told to the old one. It stands
 * above the resets, because the links sent to the old address die with it.
 */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { databaseErrorCode, rows } from '../base/database.js';
import { invalidInput, problem, type InvalidInput, type Problem } from '../base/problems.js';
import { digest, formatToken, matchesDigest, newId, newSecret, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { voidEmailChanges } from '../accounts/email-changes.js';
import { notify } from '../accounts/notices.js';
import { findAccountByEmailKey, holdEpoch } from '../accounts/service.js';
import { takeSnapshot } from '../accounts/snapshots.js';
import { parseEmail } from '../base/email-address.js';
import { defineMessage, enqueue, type Envelope } from '../delivery/outbox.js';
import { mayWriteTo } from '../delivery/send-limits.js';
import { voidResets } from '../password-resets/tokens.js';
import { recordEvent } from '../security-events/service.js';
import { addressTakenLetter, confirmEmailLetter } from './messages.js';

/**
 * Asks for a change of address. The answer and the work are the same whether or not another account has the address: it
 * is looked up in the worker. The present address stays in force, and is told. Null when a change of credentials was faster,
 * which has ended this session too.
 */
export async function changeEmail(
  ctx: PersonContext,
  input: { readonly newEmail: string },
): Promise<{ readonly linkLifetimeMinutes: number } | InvalidInput | null> {
  const address = parseEmail(input.newEmail);
  if (!address) return invalidInput(['newEmail', 'an e-mail address']);
  const { accountId, epoch, sessionId } = ctx.actor;
  return inTransaction(ctx, async (ctx) => {
    const changeId = newId('emch');
    const asked = await rows(
      ctx.db,
      sql`insert into email_changes (id, account_id, epoch, new_email, new_email_key, created_at, expires_at)
          select ${changeId}, id, credential_epoch, ${address.email}, ${address.key}, ${clock(ctx)},
            ${fromNow(ctx, ctx.config.SIGN_UP_LINK_TTL)}
          from accounts where id = ${accountId} and credential_epoch = ${epoch} and closed_at is null returning id`,
    );
    if (asked.length === 0) return null;
    await enqueue(ctx, emailChangeMessage, { changeId }, { accountId });
    const event = await recordEvent(ctx, 'email_change_requested', { accountId, sessionId });
    await notify(ctx, accountId, 'email_change_requested', event);
    return { linkLifetimeMinutes: Math.ceil(ctx.config.SIGN_UP_LINK_TTL / 60) };
  });
}

/** Composed in the worker: here the token is made, and here alone it is known whether the address is free. */
export const emailChangeMessage = defineMessage<{ readonly changeId: string }>({
  name: 'email_change',
  priority: 0,
  usefulSeconds: (ctx) => ctx.config.SIGN_UP_LINK_TTL,
  async compose(ctx, { changeId }): Promise<Envelope[]> {
    const [change] = await rows<{ account_id: string; new_email: string; new_email_key: string }>(
      ctx.db,
      sql`select c.account_id, c.new_email, c.new_email_key from email_changes c
          join accounts on accounts.id = c.account_id where c.id = ${changeId} and ${isOpenSql(ctx)}`,
    );
    if (!change || !(await mayWriteTo(ctx, 'email_change', change.new_email_key))) return [];
    const productName = ctx.config.PRODUCT_NAME;
    const holder = await findAccountByEmailKey(ctx, change.new_email_key);
    if (holder && holder.id !== change.account_id) {
      const signInLink = `${ctx.config.publicUrl}/sign-in`;
      return holder.email === null
        ? []
        : [{ channel: 'EMAIL', to: holder.email, letter: addressTakenLetter({ productName, signInLink }) }];
    }
    const secret = newSecret();
    await ctx.db.execute(
      sql`update email_changes set digest = ${digest('email_change', secret)} where id = ${changeId}`,
    );
    const link = `${ctx.config.publicUrl}/confirm-email#${formatToken({ id: changeId, secret })}`;
    const lifetimeMinutes = Math.floor(ctx.config.SIGN_UP_LINK_TTL / 60);
    const letter = confirmEmailLetter({ productName, link, lifetimeMinutes });
    return [{ channel: 'EMAIL', to: change.new_email, letter }];
  },
});

/** What makes a change open: unused, in time, of the account's epoch. A reset or change of password ends it. */
const isOpenSql = (ctx: Context) =>
  sql`(c.used_at is null and c.expires_at > ${clock(ctx)} and c.epoch = accounts.credential_epoch
    and accounts.closed_at is null)`;

/**
 * Puts the new address in force, with the token sent to it. Every other pending change and every reset link is void with
 * it; sessions go on. Of many at once exactly one succeeds; an address that was taken meanwhile is a void link.
 */
export async function confirmEmailChange(
  ctx: Context,
  input: { readonly token: string },
): Promise<{ readonly changedAt: Date } | Problem<'TOKEN_INVALID'>> {
  const token = parseToken(input.token, 'emch');
  const [change] = await rows<ChangeRow>(
    ctx.db,
    sql`select c.id, c.digest, c.account_id, c.epoch, c.new_email, c.new_email_key from email_changes c
        join accounts on accounts.id = c.account_id where c.id = ${token?.id ?? 'none'} and ${isOpenSql(ctx)}`,
  );
  if (!matchesDigest('email_change', token?.secret ?? '', change?.digest ?? null) || !change) {
    return problem('TOKEN_INVALID');
  }
  try {
    return (await inTransaction(ctx, (ctx) => putInForce(ctx, change))) ?? problem('TOKEN_INVALID');
  } catch (error) {
    if (databaseErrorCode(error).constraint === 'accounts_email_key') return problem('TOKEN_INVALID');
    throw error;
  }
}

type ChangeRow = {
  id: string;
  digest: string | null;
  account_id: string;
  epoch: number;
  new_email: string;
  new_email_key: string;
};

async function putInForce(ctx: Context, change: ChangeRow): Promise<{ readonly changedAt: Date } | null> {
  const accountId = change.account_id;
  if (!(await holdEpoch(ctx, accountId, change.epoch))) return null;
  const used = await rows(
    ctx.db,
    sql`update email_changes set used_at = ${clock(ctx)}
        where id = ${change.id} and used_at is null and expires_at > ${clock(ctx)} returning id`,
  );
  if (used.length === 0) return null;
  await takeSnapshot(ctx, accountId);
  await ctx.db.execute(
    sql`update accounts set email = ${change.new_email}, email_key = ${change.new_email_key} where id = ${accountId}`,
  );
  await voidEmailChanges(ctx, accountId);
  await voidResets(ctx, accountId);
  const event = await recordEvent(ctx, 'email_changed', { accountId });
  await notify(ctx, accountId, 'email_changed', event);
  return { changedAt: event.occurredAt };
}
