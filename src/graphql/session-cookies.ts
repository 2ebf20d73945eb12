/** How a session, a challenge and a remembered browser reach the client: by cookie, or in the answer for native apps. */
import type { Problem } from '../base/problems.js';
import { isProblem } from '../base/problems.js';
import type { IssuedChallenge } from '../second-factors/challenges.js';
import type { ChallengeAsked, SignedIn } from '../sign-in/service.js';
import type { NewSecret } from '../sessions/service.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { named } from './types/result-union.js';
import type { Viewer } from './types/viewer.js';
import { currentViewer, loadViewer } from './viewer.js';
import type { SignInSuccess, SecondFactorChallenge } from './types/sign-in.js';

type Answered<O> =
  | Exclude<O, SignedIn | ChallengeAsked>
  | (SignedIn extends O ? SignInSuccess : never)
  | (ChallengeAsked extends O ? SecondFactorChallenge : never);

/** Turns the outcome of a sign-in into its answer, and sets the cookies that go with it. */
export async function signInAnswer<O extends SignedIn | ChallengeAsked | Problem>(
  ctx: EdgeContext,
  outcome: O,
): Promise<Answered<O>> {
  if (isProblem(outcome)) return outcome as Answered<O>;
  if (outcome.outcome === 'challenge_asked') return challengeAnswer(ctx, outcome) as Answered<O>;
  if (outcome.deviceToken !== null) ctx.cookies.set('device', outcome.deviceToken, ctx.config.REMEMBERED_DEVICE_TTL);
  const { token, transport, persistent } = outcome;
  const sessionToken = handOver(ctx, token, transport, persistent);
  return named('SignInSuccess', { sessionToken, issued: token }) as Answered<O>;
}

/** The challenge's answer; its other half is a cookie of the browser that got it. */
export function challengeAnswer(ctx: EdgeContext, challenge: IssuedChallenge): SecondFactorChallenge {
  if (challenge.binding !== null) ctx.cookies.set('pending', challenge.binding, ctx.config.CHALLENGE_TTL);
  const { methods, passkeyOptions, maskedPhoneNumber, expiresAt } = challenge;
  return named('SecondFactorChallenge', {
    challenge: challenge.challenge,
    methods: [...methods],
    passkeyOptions,
    maskedPhoneNumber,
    expiresAt,
  });
}

/** Sets the cookie, or returns the token for the answer: never both. */
export function handOver(
  ctx: EdgeContext,
  token: string,
  transport: 'COOKIE' | 'BEARER',
  persistent: boolean,
): string | null {
  if (transport === 'BEARER') return token;
  ctx.cookies.set('session', token, persistent ? ctx.config.SESSION_ABSOLUTE_TTL : undefined);
  return null;
}

/** The viewer after a proof raised the session: a browser's goes on under its new secret, a native app's under its own. */
export async function viewerUnder(ctx: EdgeContext, secret: NewSecret | null): Promise<Viewer> {
  if (secret === null) return loadViewer(ctx, asPerson(ctx).actor);
  handOver(ctx, secret.token, 'COOKIE', secret.persistent);
  return currentViewer(ctx, secret.token);
}
