/** What owners do to their account itself: the name they show, and closing it. */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import type { InvalidInput } from '../base/problems.js';
import { clock } from '../base/time.js';
import { recordEvent } from '../security-events/service.js';
import { readDisplayName } from './display-name.js';
import { notify } from './notices.js';
import { raiseEpoch } from './service.js';

/** Changes the name shown to others; null for none. Null where the account was closed meanwhile. */
export async function changeDisplayName(
  ctx: PersonContext,
  input: { readonly displayName?: string | null },
): Promise<{ readonly displayName: string | null } | InvalidInput | null> {
  const displayName = input.displayName == null ? null : readDisplayName(input.displayName);
  if (typeof displayName === 'object' && displayName !== null) return displayName;
  const changed = await rows(
    ctx.db,
    sql`update accounts set display_name = ${displayName} where id = ${ctx.actor.accountId} and closed_at is null
        returning id`,
  );
  return changed.length > 0 ? { displayName } : null;
}

/**
 * Closes an account for good: every session, link and pending proof is over, and nothing signs in any more. What is
 * personal is erased when `ERASURE_DELAY` has passed. Null when the credentials changed meanwhile, or it is closed.
 */
export async function closeAccount(
  ctx: Context,
  accountId: string,
  epoch: number | 'any',
): Promise<{ readonly closedAt: Date } | null> {
  return inTransaction(ctx, async (ctx) => {
    const raised = await raiseEpoch(ctx, accountId, epoch, sql`closed_at = ${clock(ctx)}`);
    if (!raised) return null;
    const bySession = ctx.actor.kind === 'person' ? { sessionId: ctx.actor.sessionId } : {};
    const event = await recordEvent(ctx, 'account_closed', { accountId, ...bySession });
    await notify(ctx, accountId, 'account_closed', event);
    return { closedAt: raised.at };
  });
}
