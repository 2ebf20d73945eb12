/** Signing in: address and password, then a second factor where there is one, then a session. */
import { clearAttempts, type Guess } from '../base/attempts.js';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { describeError } from '../base/log.js';
import { invalidInput, problem, type InvalidInput, type Problem, type RateLimited } from '../base/problems.js';
import { notify } from '../accounts/notices.js';
import { holdEpoch, isLocked } from '../accounts/service.js';
import type { Account } from '../accounts/tables.js';
import { parseEmail } from '../base/email-address.js';
import { decoyFor } from '../passwords/hash-mix.js';
import {
  credentialsOf,
  guessPassword,
  refuseIllFormed,
  strengthenHash,
  type Credentials,
} from '../passwords/service.js';
import { confirmedMethods, issueChallenge, type IssuedChallenge } from '../second-factors/challenges.js';
import { recordEvent } from '../security-events/service.js';
import { passwordGuess, rememberDevice } from '../sessions/remembered-devices.js';
import { replaceSession, startSession, type NewSession } from '../sessions/service.js';

export interface SignInInput {
  readonly email: string;
  readonly password: string;
  readonly persistent: boolean;
  readonly transport: 'COOKIE' | 'BEARER';
  /** The browser's remembered-device cookie, if it sent one. */
  readonly deviceCookie: string | null;
}

export interface SignedIn {
  readonly outcome: 'signed_in';
  readonly accountId: string;
  readonly sessionId: string;
  readonly token: string;
  readonly persistent: boolean;
  readonly transport: 'COOKIE' | 'BEARER';
  /** Remembers this browser; null for a native app, or when it was remembered already. */
  readonly deviceToken: string | null;
}

export interface ChallengeAsked extends IssuedChallenge {
  readonly outcome: 'challenge_asked';
}

export type SignInBlocked = Problem<'SIGN_IN_BLOCKED', { reason: 'ACCOUNT_LOCKED' | 'PASSWORD_RESET_REQUIRED' }>;

export type SignInOutcome =
  SignedIn | ChallengeAsked | Problem<'INVALID_CREDENTIALS'> | SignInBlocked | InvalidInput | RateLimited;

/**
 * Signs in with a password. An unknown address, a wrong password and a closed account give the same answer after the
 * same work and the same writes; only who knows the password learns of a lock.
 */
export async function signIn(ctx: Context, input: SignInInput): Promise<SignInOutcome> {
  const address = parseEmail(input.email);
  if (!address) return invalidInput(['email', 'an e-mail address']);
  const illFormed = refuseIllFormed(input.password, 'password');
  if (illFormed) return illFormed;
  const known = await credentialsOf(ctx, address.key, input.deviceCookie);
  const guess = passwordGuess(known?.device ?? null, address.key);
  const decoy = await decoyFor(ctx, address.key);
  const verdict = await guessPassword(ctx, guess, input.password, known?.hash ?? decoy);
  if (typeof verdict === 'object') {
    // Counted too: whoever is slowed down is the one whom the rules should hear of, for any address alike.
    await recordEvent(ctx, 'sign_in_failed', { emailKey: address.key, details: { throttled: true } });
    return verdict;
  }
  if (!verdict || !known) {
    await recordEvent(ctx, 'sign_in_failed', { emailKey: address.key });
    return problem('INVALID_CREDENTIALS');
  }
  await strengthenHash(ctx, known.account.id, input.password, known.hash);
  // Beside what follows, not in its transaction: its lock would make every other guess at the address wait for the commit.
  const [outcome] = await Promise.all([afterPassword(ctx, input, known), forgetAttempts(ctx, guess)]);
  return outcome;
}

/** A counter that stays costs its owner a try; it must not take back a sign-in that happened. */
const forgetAttempts = (ctx: Context, guess: Guess): Promise<void> =>
  clearAttempts(ctx, guess).catch((error: unknown) =>
    ctx.log.warn({ event: 'attempts_not_cleared', requestId: ctx.origin.requestId, ...describeError(error) }),
  );

/**
 * The password was right: a lock, a forced reset, a second factor, or a session.
 * @param known as it was read with the hash: what changed since is seen by the account's epoch.
 */
async function afterPassword(
  ctx: Context,
  { transport, persistent }: SignInInput,
  { account, device }: Credentials,
): Promise<SignInOutcome> {
  const { id: accountId, credentialEpoch: epoch } = account;
  const blocked = await signInBlock(ctx, account);
  if (blocked) return blocked;
  const opened = await inTransaction(ctx, async (ctx) => {
    // Sent together and answered in this order, so that the factors are read under the account's lock: one that is
    // confirmed at this moment is not walked around.
    const [isHeld, methods] = await Promise.all([holdEpoch(ctx, accountId, epoch), confirmedMethods(ctx, accountId)]);
    if (!isHeld) return problem('INVALID_CREDENTIALS');
    if (methods.length > 0) return null;
    return openSession(ctx, account, device !== null, {
      accountId,
      epoch,
      role: account.role,
      method: 'PASSWORD',
      transport,
      persistent,
      twoFactor: false,
      usedPasskey: false,
      isProven: true,
    });
  });
  if (opened) return opened;
  const wanted = { accountId, epoch, purpose: 'sign_in', subjectId: null, transport, persistent } as const;
  const challenge = await issueChallenge(ctx, wanted);
  return challenge ? { outcome: 'challenge_asked', ...challenge } : problem('INVALID_CREDENTIALS');
}

/** Why an account with the right credentials may not sign in now, or null. */
export async function signInBlock(ctx: Context, account: Account): Promise<SignInBlocked | null> {
  if (await isLocked(ctx, account)) return problem('SIGN_IN_BLOCKED', { reason: 'ACCOUNT_LOCKED' as const });
  if (account.passwordResetRequired) return problem('SIGN_IN_BLOCKED', { reason: 'PASSWORD_RESET_REQUIRED' as const });
  return null;
}

/**
 * Starts the session, remembers the browser, and tells the owner of a sign-in from a new device. The last step of every
 * way in; call it in a transaction, which holds what entitles to it.
 * @param isRemembered whether the browser signed in to this account before.
 */
export async function openSession(
  ctx: Context,
  account: Account,
  isRemembered: boolean,
  wanted: NewSession,
): Promise<SignedIn | Problem<'INVALID_CREDENTIALS'>> {
  const session = await startSession(ctx, wanted);
  if (!session) return problem('INVALID_CREDENTIALS');
  if (ctx.actor.kind === 'person') await replaceSession(ctx as PersonContext);
  const isFirst = account.lastSignInAt === null;
  if (!isRemembered && !isFirst) await notify(ctx, account.id, 'signed_in', session.event);
  const remember = !isRemembered && wanted.transport === 'COOKIE';
  return {
    outcome: 'signed_in',
    accountId: account.id,
    sessionId: session.sessionId,
    token: session.token,
    persistent: wanted.persistent,
    transport: wanted.transport,
    deviceToken: remember ? await rememberDevice(ctx, account.id, wanted.epoch) : null,
  };
}
