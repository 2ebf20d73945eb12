/** Step-up: the person at the keyboard proves who they are again, with all that the account asks for. */
import { allOrNothing, inTransaction, type PersonContext } from '../base/context.js';
import {
  invalidInput,
  isProblem,
  problem,
  type InvalidInput,
  type Problem,
  type RateLimited,
} from '../base/problems.js';
import { findAccount, holdEpoch } from '../accounts/service.js';
import { proveCurrentPassword, storedHash } from '../passwords/service.js';
import {
  checkChallenge,
  confirmedMethods,
  issueChallenge,
  spendChallenge,
  type IssuedChallenge,
  type Proof,
  type ProofRejected,
  type TokenInvalid,
} from '../second-factors/challenges.js';
import { reproveSession } from '../sessions/proofs.js';
import type { NewSecret } from '../sessions/service.js';
import { makesTwoFactor } from './second-step.js';

export interface ReauthenticateInput {
  readonly password?: string | null;
  readonly challenge?: string | null;
  readonly proof?: Proof | null;
  /** The `pending` cookie. */
  readonly binding: string | null;
  readonly deviceCookie: string | null;
}

export interface Reauthenticated extends NewSecret {
  readonly outcome: 'reauthenticated';
}

export type ReauthenticateOutcome =
  | Reauthenticated
  | ({ readonly outcome: 'challenge_asked' } & IssuedChallenge)
  | Problem<'INVALID_CREDENTIALS'>
  | ProofRejected
  | TokenInvalid
  | InvalidInput
  | RateLimited;

/**
 * First the password, then the proof of a second factor where the account has one. Success opens what is sensitive for
 * `REAUTH_TTL`, under a new secret of the session. The budgets are those of signing in.
 */
export async function reauthenticate(ctx: PersonContext, input: ReauthenticateInput): Promise<ReauthenticateOutcome> {
  const { challenge, proof } = input;
  if (challenge != null && proof != null) return withProof(ctx, challenge, proof, input.binding);
  if (challenge != null || proof != null) return invalidInput(['proof', 'a challenge together with its proof']);
  const refused = await refusePassword(ctx, input);
  if (refused) return refused;
  const { accountId, epoch, sessionId, transport } = ctx.actor;
  const byPassword = await inTransaction(ctx, freshByPassword);
  if (byPassword) return byPassword;
  const asked = await issueChallenge(ctx, {
    accountId,
    epoch,
    purpose: 'reauthenticate',
    subjectId: sessionId,
    transport,
    persistent: false,
  });
  return asked ? { outcome: 'challenge_asked', ...asked } : problem('TOKEN_INVALID');
}

/**
 * For an account without a factor the password is all there is; null where there is one. Judged under the account's lock,
 * so that a factor confirmed at this moment is not walked around.
 */
async function freshByPassword(ctx: PersonContext): Promise<ReauthenticateOutcome | null> {
  const { accountId, epoch } = ctx.actor;
  if (!(await holdEpoch(ctx, accountId, epoch))) return problem('TOKEN_INVALID');
  if ((await confirmedMethods(ctx, accountId)).length > 0) return null;
  return (await fresh(ctx, false, false)) ?? problem('TOKEN_INVALID');
}

async function refusePassword(
  ctx: PersonContext,
  { password, deviceCookie }: ReauthenticateInput,
): Promise<InvalidInput | Problem<'INVALID_CREDENTIALS'> | RateLimited | null> {
  const account = await findAccount(ctx, ctx.actor.accountId);
  const hasPassword = (await storedHash(ctx, ctx.actor.accountId)) !== null;
  if (!hasPassword && password == null) {
    // Without a password something else must be proven: nothing at all proves nothing.
    const methods = await confirmedMethods(ctx, ctx.actor.accountId);
    return methods.length > 0 ? null : problem('INVALID_CREDENTIALS');
  }
  if (password == null) return invalidInput(['password', 'the current password']);
  const unproven = await proveCurrentPassword(ctx, password, deviceCookie);
  if (unproven) return unproven;
  // A password that was made void opens nothing, also not for who still knows it.
  return account?.passwordResetRequired ? problem('INVALID_CREDENTIALS') : null;
}

async function withProof(
  ctx: PersonContext,
  challenge: string,
  proof: Proof,
  binding: string | null,
): Promise<ReauthenticateOutcome> {
  const { accountId, sessionId, role } = ctx.actor;
  const checked = await checkChallenge(ctx, {
    challenge,
    binding,
    purpose: 'reauthenticate',
    subjectId: sessionId,
    proof,
  });
  if (isProblem(checked)) return checked;
  if (checked.accountId !== accountId) return problem('TOKEN_INVALID');
  const done = await allOrNothing(ctx, async (ctx) => {
    if (!(await spendChallenge(ctx, checked))) return null;
    return fresh(ctx, makesTwoFactor(checked, role), checked.method === 'PASSKEY');
  });
  return done ?? problem('TOKEN_INVALID');
}

/** Null where the session was ended meanwhile. */
async function fresh(ctx: PersonContext, twoFactor: boolean, usedPasskey: boolean): Promise<Reauthenticated | null> {
  const secret = await reproveSession(ctx, { twoFactor, usedPasskey });
  return secret && { outcome: 'reauthenticated', ...secret };
}
