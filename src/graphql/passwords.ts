/** How passwords speak GraphQL: the policy, the change, the reset. */
import { Arg, Ctx, Directive, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../base/context.js';
import { isProblem } from '../base/problems.js';
import { rememberRefusedReset } from '../flagged-accounts/refused-requests.js';
import { changePassword } from '../passwords/service.js';
import { MAX_CODE_POINTS } from '../passwords/hashing.js';
import { completePasswordReset, inspectPasswordReset } from '../password-resets/completion.js';
import { requestPasswordReset, sendPasswordResetLink } from '../password-resets/service.js';
import { hasSecondFactor } from '../second-factors/challenges.js';
import { Access, Limit, WhenRefused } from './access.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { challengeAnswer, handOver } from './session-cookies.js';
import { named } from './types/result-union.js';
import {
  ChangePasswordInput,
  ChangePasswordResult,
  CompletePasswordResetInput,
  CompletePasswordResetResult,
  InspectPasswordResetInput,
  InspectPasswordResetResult,
  PasswordPolicy,
  RequestPasswordResetInput,
  RequestPasswordResetResult,
  SendPasswordResetLinkInput,
  SendPasswordResetLinkResult,
} from './types/passwords.js';
import { currentViewer, orSignedOut } from './viewer.js';

const accountOf = (ctx: Context): string => (ctx.actor.kind === 'person' ? ctx.actor.accountId : '');

@Resolver()
export class PasswordResolver {
  @Access('public')
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Query(() => PasswordPolicy, {
    nullable: true,
    description: 'The rules a new password must satisfy. Readable before sign-in; the same for everyone.',
  })
  passwordPolicy(@Ctx() ctx: EdgeContext): PasswordPolicy {
    return passwordPolicyOf(ctx);
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' })
  @WhenRefused((ctx, { input }) => rememberRefusedReset(ctx, input as RequestPasswordResetInput))
  @Mutation(() => RequestPasswordResetResult, {
    nullable: true,
    description:
      'Ask for a password reset message. The answer, the work and the time are the same for every address, known or not. Every link mailed works for its whole lifetime, until one of them is used: then all of them are void.',
  })
  requestPasswordReset(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => RequestPasswordResetInput) input: RequestPasswordResetInput,
  ): Promise<RequestPasswordResetResult> {
    return requestPasswordReset(ctx, input);
  }

  @Access('account')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' }, { limit: 'LIMIT_RESET_PER_ADDRESS', by: accountOf })
  @Mutation(() => SendPasswordResetLinkResult, {
    nullable: true,
    description: 'Send a password reset link to the person signed in, over a channel of their choice.',
  })
  sendPasswordResetLink(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => SendPasswordResetLinkInput, { nullable: true })
    input: SendPasswordResetLinkInput | null | undefined,
  ): Promise<SendPasswordResetLinkResult> {
    return sendPasswordResetLink(asPerson(ctx), input ?? {});
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Mutation(() => InspectPasswordResetResult, {
    nullable: true,
    description:
      'Read what a password reset token allows, without using it up. A mutation, although it changes nothing, so that no client and no router can send the token in a URL.',
  })
  async inspectPasswordReset(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => InspectPasswordResetInput) input: InspectPasswordResetInput,
  ): Promise<InspectPasswordResetResult> {
    const outcome = await inspectPasswordReset(ctx, input);
    if (isProblem(outcome)) return outcome;
    const secondFactor = outcome.secondFactor && challengeAnswer(ctx, outcome.secondFactor);
    return named('PasswordResetTicket', { ...outcome, passwordPolicy: passwordPolicyOf(ctx), secondFactor });
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Directive('@cost(weight: 50)')
  @Mutation(() => CompletePasswordResetResult, {
    nullable: true,
    description: 'Set a new password with a reset token. Uses up the token and ends every session of the account.',
  })
  async completePasswordReset(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => CompletePasswordResetInput) input: CompletePasswordResetInput,
  ): Promise<CompletePasswordResetResult> {
    const { token, newPassword, challenge = null, proof = null } = input;
    const outcome = await completePasswordReset(ctx, { token, newPassword, challenge, proof });
    if (isProblem(outcome)) return outcome;
    if (outcome.outcome === 'challenge_asked') return challengeAnswer(ctx, outcome);
    if (outcome.deviceToken) ctx.cookies.set('device', outcome.deviceToken, ctx.config.REMEMBERED_DEVICE_TTL);
    return named('CompletePasswordResetSuccess', { passwordChangedAt: outcome.passwordChangedAt });
  }

  @Access('account')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Directive('@cost(weight: 50)')
  @Mutation(() => ChangePasswordResult, {
    nullable: true,
    description:
      'Change the password of the person signed in. Every other session on every device is over before the answer is sent, and the current one goes on under a new secret.',
  })
  async changePassword(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ChangePasswordInput) input: ChangePasswordInput,
  ): Promise<ChangePasswordResult> {
    const person = asPerson(ctx);
    const needsFactor = await hasSecondFactor(ctx, person.actor.accountId);
    const deviceCookie = ctx.cookies.get('device');
    const outcome = orSignedOut(await changePassword(person, { ...input, deviceCookie }, needsFactor));
    if (isProblem(outcome)) return outcome;
    if (outcome.deviceToken) ctx.cookies.set('device', outcome.deviceToken, ctx.config.REMEMBERED_DEVICE_TTL);
    const sessionToken = handOver(ctx, outcome.token, person.actor.transport, outcome.persistent);
    return {
      sessionToken,
      viewer: await currentViewer(ctx, outcome.token),
      revokedSessionCount: outcome.revokedSessionCount,
    };
  }
}

function passwordPolicyOf({ config }: EdgeContext): PasswordPolicy {
  return {
    minLength: config.PASSWORD_MIN_LENGTH,
    maxLength: MAX_CODE_POINTS,
    rules: [
      'MIN_LENGTH',
      'MAX_LENGTH',
      'NOT_COMMON',
      ...(config.BREACHED_RANGE_URL === null ? [] : (['NOT_BREACHED'] as const)),
      'NOT_PERSONAL',
    ],
    historyDepth: 0,
  };
}
