/** How challenges speak GraphQL: the second step of signing in, the codes of it, and step-up. */
import { Arg, Ctx, Directive, Mutation, Resolver } from 'type-graphql';
import { isProblem } from '../base/problems.js';
import { sendChallengeCode } from '../second-factors/message-codes.js';
import { findSession } from '../sessions/list.js';
import { reauthenticate } from '../sign-in/reauthenticate.js';
import { completeSignIn } from '../sign-in/second-step.js';
import { Access, Limit } from './access.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { challengeAnswer, handOver, signInAnswer } from './session-cookies.js';
import { sessionOf } from './sessions.js';
import { named } from './types/result-union.js';
import {
  CompleteSignInInput,
  CompleteSignInResult,
  ReauthenticateInput,
  ReauthenticateResult,
  SendChallengeCodeInput,
  SendChallengeCodeResult,
} from './types/sign-in.js';
import { orSignedOut } from './viewer.js';

@Resolver()
export class SecondStepResolver {
  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Directive('@cost(weight: 20)')
  @Mutation(() => CompleteSignInResult, {
    nullable: true,
    description: 'Answer the second-factor challenge that `signIn` or another sign-in returned.',
  })
  async completeSignIn(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => CompleteSignInInput) input: CompleteSignInInput,
  ): Promise<CompleteSignInResult> {
    const cookies = { binding: ctx.cookies.get('pending'), deviceCookie: ctx.cookies.get('device') };
    return signInAnswer(ctx, await completeSignIn(ctx, { ...input, ...cookies }));
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' })
  @Mutation(() => SendChallengeCodeResult, {
    nullable: true,
    description: 'Send the one-time code of a challenge by SMS or email.',
  })
  sendChallengeCode(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => SendChallengeCodeInput) input: SendChallengeCodeInput,
  ): Promise<SendChallengeCodeResult> {
    return sendChallengeCode(ctx, { ...input, binding: ctx.cookies.get('pending') });
  }

  @Access('account')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Directive('@cost(weight: 50)')
  @Mutation(() => ReauthenticateResult, {
    nullable: true,
    description: 'Confirm who is at the keyboard again, for actions that ask for a recent sign-in.',
  })
  async reauthenticate(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ReauthenticateInput) input: ReauthenticateInput,
  ): Promise<ReauthenticateResult> {
    const person = asPerson(ctx);
    const cookies = { binding: ctx.cookies.get('pending'), deviceCookie: ctx.cookies.get('device') };
    const outcome = await reauthenticate(person, { ...input, ...cookies });
    if (isProblem(outcome)) return outcome;
    if (outcome.outcome === 'challenge_asked') return challengeAnswer(ctx, outcome);
    const { sessionId, transport } = person.actor;
    const session = sessionOf(orSignedOut(await findSession(ctx, sessionId)), sessionId);
    const sessionToken = handOver(ctx, outcome.token, transport, outcome.persistent);
    return named('ReauthenticateSuccess', { sessionToken, session });
  }
}
