/** Signing in with a passkey alone: possession and verification in one, so the session is two-factor. */
import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { inTransaction, type Context } from '../base/context.js';
import { isProblem, problem, type Problem } from '../base/problems.js';
import { newSecret } from '../base/secrets.js';
import { findAccount, holdEpoch } from '../accounts/service.js';
import { startCeremony, useCeremony } from '../second-factors/ceremonies.js';
import type { TokenInvalid } from '../second-factors/challenges.js';
import { checkAssertion, passkeyRequestOptions, useAssertion } from '../second-factors/webauthn.js';
import { rememberedDevice } from '../sessions/remembered-devices.js';
import { openSession, signInBlock, type SignedIn, type SignInBlocked } from './service.js';

export interface PasskeySignIn {
  readonly ceremony: string;
  readonly options: PublicKeyCredentialRequestOptionsJSON;
  /** The value of the `pending` cookie. */
  readonly binding: string;
}

/** Begins a sign-in. Takes no address and names no credential, so that it tells nothing about any account. */
export async function startPasskeySignIn(
  ctx: Context,
  { isNative }: { readonly isNative: boolean },
): Promise<PasskeySignIn | Problem<'FEATURE_DISABLED'>> {
  if (!ctx.config.PASSKEYS) return problem('FEATURE_DISABLED');
  const options = await passkeyRequestOptions(ctx, null);
  const binding = newSecret();
  const kind = isNative ? 'native_sign_in' : 'sign_in';
  const ceremony = await startCeremony(ctx, { kind, challenge: options.challenge, binding });
  return { ceremony, options, binding };
}

export interface FinishPasskeySignInInput {
  readonly ceremony: string;
  readonly assertion: AuthenticationResponseJSON;
  readonly persistent: boolean;
  readonly transport: 'COOKIE' | 'BEARER';
  /** The `pending` cookie; a native app may be without. */
  readonly binding: string | null;
  readonly deviceCookie: string | null;
}

/**
 * Signs in with the authenticator's answer. The ceremony is used up by the first answer, right or wrong, from the browser
 * that began it; counter and session go together.
 */
export async function finishPasskeySignIn(
  ctx: Context,
  { ceremony, assertion, persistent, transport, binding, deviceCookie }: FinishPasskeySignInInput,
): Promise<SignedIn | Problem<'INVALID_CREDENTIALS'> | TokenInvalid | SignInBlocked> {
  if (!ctx.config.PASSKEYS) return problem('TOKEN_INVALID');
  const used = await useCeremony(ctx, { kind: 'sign_in', ceremony, binding, transport });
  if (!used) return problem('TOKEN_INVALID');
  // Nobody was named before, so the authenticator must say whose passkey it is (WebAuthn §7.2 step 6).
  if (!assertion.response?.userHandle) return problem('INVALID_CREDENTIALS');
  const right = await checkAssertion(ctx, assertion, used.challenge);
  const account = right && (await findAccount(ctx, right.accountId));
  if (!right || !account || account.closedAt) return problem('INVALID_CREDENTIALS');
  const blocked = await signInBlock(ctx, account);
  if (blocked) return blocked;
  const isRemembered = (await rememberedDevice(ctx, deviceCookie, account.emailKey ?? '')) !== null;
  const signedIn = await inTransaction(ctx, async (ctx) => {
    // The account before its passkey, as everyone who holds both: else two of them could wait for each other.
    if (!(await holdEpoch(ctx, account.id, account.credentialEpoch))) return null;
    if (!(await useAssertion(ctx, right))) return null;
    return openSession(ctx, account, isRemembered, {
      accountId: account.id,
      epoch: account.credentialEpoch,
      role: account.role,
      method: 'PASSKEY',
      transport,
      persistent,
      twoFactor: true,
      usedPasskey: true,
      isProven: true,
    });
  });
  return signedIn === null || isProblem(signedIn) ? problem('INVALID_CREDENTIALS') : signedIn;
}
