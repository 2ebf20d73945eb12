/** What a proof does to sessions: the one at hand becomes fresh and stronger, weaker ones lose their freshness. */
import { sql, type SQL } from 'drizzle-orm';
import type { Context, PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { digest, newSecret } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import type { NewSecret } from './service.js';

export interface SessionProof {
  readonly twoFactor: boolean;
  readonly usedPasskey: boolean;
}

/**
 * The person at hand proved who they are again: sensitive actions are open for `REAUTH_TTL`, under a new secret.
 * Null when the session ended meanwhile.
 */
export async function reproveSession(ctx: PersonContext, proof: SessionProof): Promise<NewSecret | null> {
  const token = newSecret();
  const session = await strengthen(ctx, proof, sql`, digest = ${digest('session', token)}`);
  return session && { token, persistent: session.persistent };
}

/**
 * The person at hand has just shown a new factor. A browser's session goes on under a new secret; a native app's keeps
 * its own, since the answer has no place for another.
 * @returns the new secret, or null where it stays.
 */
export async function raiseSession(ctx: PersonContext, proof: SessionProof): Promise<NewSecret | null> {
  if (ctx.actor.transport === 'COOKIE') return reproveSession(ctx, proof);
  await strengthen(ctx, proof, sql``);
  return null;
}

/** A session that becomes two-factor lives as one that was born so, if that is shorter (NIST SP 800-63B-4 AAL2). */
async function strengthen(
  ctx: PersonContext,
  proof: SessionProof,
  secret: SQL,
): Promise<{ persistent: boolean } | null> {
  const { SESSION_2FA_IDLE_TTL: idle, SESSION_2FA_ABSOLUTE_TTL: absolute } = ctx.config;
  const becomes = sql`(${proof.twoFactor}::boolean and not two_factor)`;
  const [session] = await rows<{ persistent: boolean }>(
    ctx.db,
    sql`update sessions set proven_at = ${clock(ctx)}, last_used_at = ${clock(ctx)},
          two_factor = two_factor or ${proof.twoFactor}::boolean, used_passkey = used_passkey or ${proof.usedPasskey}::boolean,
          idle_seconds = case when ${becomes} then least(idle_seconds, ${idle}::int) else idle_seconds end,
          expires_at = case when ${becomes} then least(expires_at, ${fromNow(ctx, absolute)}) else expires_at end ${secret}
        where id = ${ctx.actor.sessionId} and account_id = ${ctx.actor.accountId} and epoch = ${ctx.actor.epoch}
          and revoked_at is null
        returning persistent`,
  );
  return session ?? null;
}

/**
 * A first second factor came to the account: what a password alone had opened is closed, in every session that has not
 * shown the factor. So `fresh` always means proven with the strongest factor there is.
 */
export async function takeFreshness(ctx: Context, accountId: string): Promise<void> {
  await ctx.db.execute(
    sql`update sessions set proven_at = null where account_id = ${accountId} and not two_factor and proven_at is not null`,
  );
}

/** Whether the session at hand is fresh at this moment: for decisions under the account's lock, after which none is weaker. */
export async function isStillFresh(ctx: PersonContext): Promise<boolean> {
  const [row] = await rows(
    ctx.db,
    sql`select 1 as ok from sessions
        where id = ${ctx.actor.sessionId} and revoked_at is null and proven_at > ${fromNow(ctx, -ctx.config.REAUTH_TTL)}`,
  );
  return row !== undefined;
}
