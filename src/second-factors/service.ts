/** The second factors of an account: list, take off, put back, and the recovery codes beside them. */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { problem, type Problem } from '../base/problems.js';
import { isId } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { holdEpoch } from '../accounts/service.js';
import { hasSecondFactor } from './challenges.js';
import { dropCodesWithLastFactor, recordAndTell } from './consequences.js';
import { replaceRecoveryCodes } from './recovery-codes.js';
import { secondFactors, type SecondFactor } from './tables.js';

/** The second factors, confirmed or begun under the present epoch, the oldest first. */
export const listSecondFactors = (ctx: Context, accountId: string): Promise<SecondFactor[]> =>
  ctx.db
    .select()
    .from(secondFactors)
    .where(
      sql`account_id = ${accountId} and removed_at is null and (confirmed_at is not null or (expires_at > ${clock(ctx)}
        and epoch = (select credential_epoch from accounts where accounts.id = ${accountId})))`,
    )
    .orderBy(secondFactors.createdAt, secondFactors.id)
    .limit(10);

/**
 * Takes a factor off. For people whose session is fresh, which on an account with a factor means: proven with one
 * . Staff keep at least one, since their rights rest on it.
 */
export async function disableSecondFactor(
  ctx: PersonContext,
  { secondFactorId }: { readonly secondFactorId: string },
): Promise<{ readonly disabledSecondFactorId: string } | Problem<'NOT_FOUND'> | Problem<'LAST_CREDENTIAL'>> {
  const { accountId, epoch, role } = ctx.actor;
  if (!isId(secondFactorId, 'fact')) return problem('NOT_FOUND');
  return inTransaction(ctx, async (ctx) => {
    if (!(await holdEpoch(ctx, accountId, epoch))) return problem('NOT_FOUND');
    const factor = await findFactor(ctx, secondFactorId);
    if (!factor) return problem('NOT_FOUND');
    if (role !== null && factor.confirmedAt && (await isLastFactor(ctx, secondFactorId))) {
      return problem('LAST_CREDENTIAL');
    }
    await ctx.db.execute(
      sql`update second_factors set removed_at = ${clock(ctx)} where id = ${secondFactorId} and removed_at is null`,
    );
    if (factor.confirmedAt) {
      await dropCodesWithLastFactor(ctx, accountId);
      await recordAndTell(ctx, 'second_factor_removed', { method: factor.method });
    }
    return { disabledSecondFactorId: secondFactorId };
  });
}

async function findFactor(ctx: PersonContext, id: string): Promise<SecondFactor | null> {
  const [factor] = await ctx.db
    .select()
    .from(secondFactors)
    .where(sql`id = ${id} and account_id = ${ctx.actor.accountId} and removed_at is null`);
  return factor ?? null;
}

/** Whether the account would be left without a real factor. */
async function isLastFactor(ctx: PersonContext, id: string): Promise<boolean> {
  const { accountId } = ctx.actor;
  const others = await rows(
    ctx.db,
    sql`select id from second_factors where account_id = ${accountId} and id <> ${id} and method <> 'EMAIL'
          and confirmed_at is not null and removed_at is null
        union all select id from passkeys where account_id = ${accountId} and removed_at is null`,
  );
  return others.length === 0;
}

/** Replaces the recovery codes; the earlier ones stop working at once. Only beside a second factor. */
export async function regenerateRecoveryCodes(
  ctx: PersonContext,
): Promise<{ readonly recoveryCodes: string[] } | Problem<'NOT_FOUND'>> {
  const { accountId, epoch } = ctx.actor;
  return inTransaction(ctx, async (ctx) => {
    if (!(await holdEpoch(ctx, accountId, epoch))) return problem('NOT_FOUND');
    if (!(await hasSecondFactor(ctx, accountId))) return problem('NOT_FOUND');
    const recoveryCodes = await replaceRecoveryCodes(ctx, accountId);
    await recordAndTell(ctx, 'recovery_codes_regenerated');
    return { recoveryCodes };
  });
}
