/** The second step of signing in: the challenge that followed the password is answered. */
import { allOrNothing, type Context, type StaffRole } from '../base/context.js';
import { isProblem, problem, type InvalidInput, type RateLimited } from '../base/problems.js';
import { findAccount } from '../accounts/service.js';
import {
  checkChallenge,
  spendChallenge,
  type Answered,
  type Proof,
  type ProofRejected,
  type TokenInvalid,
} from '../second-factors/challenges.js';
import { rememberedDevice } from '../sessions/remembered-devices.js';
import { openSession, signInBlock, type SignedIn, type SignInBlocked } from './service.js';

export interface CompleteSignInInput {
  readonly challenge: string;
  readonly proof: Proof;
  /** The `pending` cookie. */
  readonly binding: string | null;
  readonly deviceCookie: string | null;
}

/** Staff rights never rest on a text message, which a telephone network can be talked out of. */
export const makesTwoFactor = ({ method, isTwoFactor }: Answered, role: StaffRole | null): boolean =>
  isTwoFactor && !(role !== null && method === 'SMS');

/**
 * Signs in with the proof that the challenge asked for. Proof, challenge and session go together: of parallel answers one
 * gets a session, and none of them costs anything when no session comes of it.
 */
export async function completeSignIn(
  ctx: Context,
  { challenge, proof, binding, deviceCookie }: CompleteSignInInput,
): Promise<SignedIn | ProofRejected | TokenInvalid | SignInBlocked | InvalidInput | RateLimited> {
  const checked = await checkChallenge(ctx, { challenge, binding, purpose: 'sign_in', proof });
  if (isProblem(checked)) return checked;
  const account = await findAccount(ctx, checked.accountId);
  if (!account) return problem('TOKEN_INVALID');
  const blocked = await signInBlock(ctx, account);
  if (blocked) return blocked;
  const isRemembered = (await rememberedDevice(ctx, deviceCookie, account.emailKey ?? '')) !== null;
  const signedIn = await allOrNothing(ctx, async (ctx) => {
    if (!(await spendChallenge(ctx, checked))) return null;
    const opened = await openSession(ctx, account, isRemembered, {
      accountId: account.id,
      epoch: checked.epoch,
      role: account.role,
      method: checked.method === 'EMAIL' ? 'PASSWORD' : 'PASSWORD_AND_SECOND_FACTOR',
      transport: checked.transport,
      persistent: checked.persistent,
      twoFactor: makesTwoFactor(checked, account.role),
      usedPasskey: checked.method === 'PASSKEY',
      isProven: true,
    });
    return isProblem(opened) ? null : opened;
  });
  return signedIn ?? problem('TOKEN_INVALID');
}
