/** The second half of the way back in: what a link allows, and setting the new password with it. */
import { sql } from 'drizzle-orm';
import { clearAttempts } from '../base/attempts.js';
import { allOrNothing, type Context } from '../base/context.js';
import { isProblem, problem, type InvalidInput, type Problem, type RateLimited } from '../base/problems.js';
import { notify } from '../accounts/notices.js';
import { holdEpoch, raiseEpoch } from '../accounts/service.js';
import { maskEmail } from '../delivery/addresses.js';
import { hashPassword } from '../passwords/hashing.js';
import { refusePassword, storePassword, type PasswordRejected } from '../passwords/service.js';
import {
  checkChallenge,
  confirmedMethods,
  issueChallenge,
  spendChallenge,
  type CheckedChallenge,
  type IssuedChallenge,
  type Proof,
  type ProofRejected,
} from '../second-factors/challenges.js';
import { removeAllFactors } from '../second-factors/removal.js';
import { recordEvent } from '../security-events/service.js';
import { rememberDevice } from '../sessions/remembered-devices.js';
import { consumeReset, findReset, type UsableReset } from './tokens.js';

export interface PasswordResetTicket {
  readonly outcome: 'ticket';
  readonly maskedEmail: string;
  readonly expiresAt: Date;
  readonly secondFactor: IssuedChallenge | null;
}

/** What a link allows. Uses nothing up, however often it is read. */
export async function inspectPasswordReset(
  ctx: Context,
  input: { readonly token: string },
): Promise<PasswordResetTicket | Problem<'TOKEN_INVALID'>> {
  const reset = await findReset(ctx, input.token);
  if (!reset) return problem('TOKEN_INVALID');
  const needsProof = await needsSecondFactor(ctx, reset);
  const secondFactor = needsProof ? await askSecondFactor(ctx, reset) : null;
  if (needsProof && !secondFactor) return problem('TOKEN_INVALID');
  return { outcome: 'ticket', maskedEmail: maskEmail(reset.email), expiresAt: reset.expiresAt, secondFactor };
}

export interface CompletePasswordResetInput {
  readonly token: string;
  readonly newPassword: string;
  readonly challenge: string | null;
  readonly proof: Proof | null;
}

export type CompletePasswordResetOutcome =
  | { readonly outcome: 'reset'; readonly passwordChangedAt: Date; readonly deviceToken: string | null }
  | ({ readonly outcome: 'challenge_asked' } & IssuedChallenge)
  | Problem<'TOKEN_INVALID'>
  | PasswordRejected
  | ProofRejected
  | InvalidInput
  | RateLimited;

/**
 * Sets a new password with a link. Only success uses it up; of 50 at once exactly one succeeds. With the password every
 * session, link and pending proof of the account is over, the owner is told, and nobody is signed in (R-051, R-059 to
 * A second factor is asked for as at sign-in: a link proves a mailbox, not a person.
 */
export async function completePasswordReset(
  ctx: Context,
  input: CompletePasswordResetInput,
): Promise<CompletePasswordResetOutcome> {
  const reset = await findReset(ctx, input.token);
  if (!reset) return problem('TOKEN_INVALID');
  const refused = await refusePassword(ctx, input.newPassword, 'newPassword', reset);
  if (refused) return refused;
  if (!(await needsSecondFactor(ctx, reset)))
    return put(ctx, reset, null, await hashPassword(input.newPassword, ctx.origin.network));
  if (input.challenge === null || input.proof === null) {
    const asked = await askSecondFactor(ctx, reset);
    return asked ? { outcome: 'challenge_asked', ...asked } : problem('TOKEN_INVALID');
  }
  const checked = await checkChallenge(ctx, {
    challenge: input.challenge,
    binding: null,
    purpose: 'password_reset',
    subjectId: reset.id,
    proof: input.proof,
  });
  if (isProblem(checked)) return checked;
  // Hashed before the proof is used up: a machine too busy to hash must not cost the person a code.
  return put(ctx, reset, checked, await hashPassword(input.newPassword, ctx.origin.network));
}

/**
 * All of it or nothing: proof and link used, epoch raised, password stored, event written, notice queued. That no proof is
 * needed is judged again under the account's lock, so that a factor confirmed at this moment is not walked around.
 */
async function put(
  ctx: Context,
  reset: UsableReset,
  checked: CheckedChallenge | null,
  hash: string,
): Promise<CompletePasswordResetOutcome> {
  const done = await allOrNothing(ctx, async (ctx) => {
    if (!(await holdEpoch(ctx, reset.accountId, reset.epoch))) return null;
    if (checked ? !(await spendChallenge(ctx, checked)) : await needsSecondFactor(ctx, reset)) return null;
    if (!(await consumeReset(ctx, reset.id))) return null;
    const raised = await raiseEpoch(ctx, reset.accountId, reset.epoch, sql`password_reset_required = false`);
    if (!raised) return null;
    await storePassword(ctx, reset.accountId, hash);
    if (reset.removesSecondFactors) await removeAllFactors(ctx, reset.accountId);
    const event = await recordEvent(ctx, 'password_reset', { accountId: reset.accountId });
    await notify(ctx, reset.accountId, 'password_reset', event);
    const deviceToken = await rememberDevice(ctx, reset.accountId, raised.epoch);
    return { outcome: 'reset', passwordChangedAt: raised.at, deviceToken } as const;
  });
  if (!done) return problem('TOKEN_INVALID');
  await clearAttempts(ctx, { secret: 'password', subject: reset.emailKey });
  return done;
}

/** Bound to the link itself and not to a cookie: the link is opened in whatever window the letter opens. */
const askSecondFactor = (ctx: Context, reset: UsableReset): Promise<IssuedChallenge | null> =>
  issueChallenge(ctx, {
    accountId: reset.accountId,
    epoch: reset.epoch,
    purpose: 'password_reset',
    subjectId: reset.id,
    transport: 'BEARER',
    persistent: false,
    linkChannel: reset.channel,
  });

async function needsSecondFactor(ctx: Context, reset: UsableReset): Promise<boolean> {
  return !reset.removesSecondFactors && (await confirmedMethods(ctx, reset.accountId, reset.channel)).length > 0;
}
