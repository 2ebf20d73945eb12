/** What follows when a factor comes or goes: sessions, recovery codes, events, notices. The same for every kind. */
import type { Context, PersonContext } from '../base/context.js';
import { voidEmailChanges } from '../accounts/email-changes.js';
import { notify } from '../accounts/notices.js';
import { recordEvent, type EventKind } from '../security-events/service.js';
import { isStillFresh, raiseSession, takeFreshness, type SessionProof } from '../sessions/proofs.js';
import type { NewSecret } from '../sessions/service.js';
import { hasSecondFactor } from './challenges.js';
import { recoveryCodesRemaining, removeRecoveryCodes, replaceRecoveryCodes } from './recovery-codes.js';

/**
 * Whether the person at hand may still finish what a fresh session began. On an account that has got its first factor
 * meanwhile, a session that showed only a password may not: it would plant a factor beside the owner's. Call it
 * under `holdEpoch`.
 */
export async function mayFinish(ctx: PersonContext, isFirst: boolean): Promise<boolean> {
  return isFirst || ctx.actor.twoFactor || isStillFresh(ctx);
}

/**
 * A factor that makes sessions two-factor was just added, in this transaction, by a proof with it. The session at hand
 * is two-factor and fresh from now on; if it is the first such factor, every other session loses the freshness that a
 * password alone gave it, and a change of address that a password alone has asked for is void.
 * @returns the session's new secret, or null where it keeps its own.
 */
export async function countAsProof(
  ctx: PersonContext,
  proof: SessionProof,
  isFirst: boolean,
): Promise<NewSecret | null> {
  const secret = await raiseSession(ctx, proof);
  if (isFirst) {
    await takeFreshness(ctx, ctx.actor.accountId);
    await voidEmailChanges(ctx, ctx.actor.accountId);
  }
  return secret;
}

/** Recovery codes for an account that has no set; null for one that has. */
export async function firstRecoveryCodes(ctx: Context, accountId: string): Promise<string[] | null> {
  return (await recoveryCodesRemaining(ctx, accountId)) === null ? replaceRecoveryCodes(ctx, accountId) : null;
}

/** Recovery codes go with the last factor: alone they would be a second password. */
export async function dropCodesWithLastFactor(ctx: Context, accountId: string): Promise<void> {
  if (!(await hasSecondFactor(ctx, accountId))) await removeRecoveryCodes(ctx, accountId);
}

/** Writes what the person at hand did, and tells the owner on every channel. */
export async function recordAndTell(
  ctx: PersonContext,
  kind: EventKind,
  details: Record<string, unknown> = {},
): Promise<void> {
  const { accountId, sessionId } = ctx.actor;
  const event = await recordEvent(ctx, kind, { accountId, sessionId, details });
  await notify(ctx, accountId, kind, event);
}
