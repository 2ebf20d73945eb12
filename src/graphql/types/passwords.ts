/** Passwords: the policy, the change, the reset. */
import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { MessageDelivery, NotificationChannel } from './messages.js';
import {
  ChannelUnavailableProblem,
  InvalidCredentialsProblem,
  InvalidInputProblem,
  PasswordRejectedProblem,
  PasswordRule,
  ProofRejectedProblem,
  RateLimitProblem,
  ReauthenticationProblem,
  TokenInvalidProblem,
} from './problems.js';
import { SecondFactorChallenge, SecondFactorProofInput } from './sign-in.js';
import { Viewer } from './viewer.js';
import { resultUnion } from './result-union.js';
import { DateTime, Secret } from './scalars.js';

@ObjectType({ description: 'The rules a new password must satisfy.' })
export class PasswordPolicy {
  @Field(() => Int, { description: 'The least number of characters.' })
  minLength!: number;

  @Field(() => Int, { description: 'The greatest number of characters.' })
  maxLength!: number;

  @Field(() => [PasswordRule], {
    description: 'The rules that are checked. Only the length can be checked by a client alone.',
  })
  rules!: PasswordRule[];

  @Field(() => Int, {
    description:
      'How many earlier passwords may not be used again. Zero, the default, when they may: a check against them tells the holder of a link which passwords were used before.',
  })
  historyDepth!: number;
}

@InputType({ description: 'What `requestPasswordReset` takes.' })
export class RequestPasswordResetInput {
  @Field(() => String, { description: 'The address of the account.' })
  email!: string;
}

export const RequestPasswordResetResult = resultUnion(
  'RequestPasswordResetResult',
  'The outcomes of `requestPasswordReset`. None of them depends on whether the address has an account.',
  () => [RequestPasswordResetAccepted, InvalidInputProblem, RateLimitProblem] as const,
);
export type RequestPasswordResetResult = typeof RequestPasswordResetResult;

@ObjectType({
  description: 'Accepted. If the address has an account, a message is on its way to the channel its owner chose.',
})
export class RequestPasswordResetAccepted {
  @Field(() => Int, {
    description:
      'How long a link that comes by email works. The same for everyone. A text message states its own, shorter time.',
  })
  linkLifetimeMinutes!: number;

  @Field(() => Int, { description: 'How long to wait before asking again. The same for everyone.' })
  resendAfterSeconds!: number;
}

@InputType({ description: 'What `sendPasswordResetLink` takes.' })
export class SendPasswordResetLinkInput {
  @Field(() => NotificationChannel, {
    nullable: true,
    description: 'The channel. The one chosen for security messages when absent.',
  })
  channel?: NotificationChannel | null;
}

export const SendPasswordResetLinkResult = resultUnion(
  'SendPasswordResetLinkResult',
  'The outcomes of `sendPasswordResetLink`.',
  () => [SendPasswordResetLinkSuccess, ChannelUnavailableProblem, RateLimitProblem] as const,
);
export type SendPasswordResetLinkResult = typeof SendPasswordResetLinkResult;

@ObjectType({ description: 'The link is on its way.' })
export class SendPasswordResetLinkSuccess {
  @Field(() => MessageDelivery, { description: 'How and where.' })
  delivery!: MessageDelivery;
}

@InputType({ description: 'What `inspectPasswordReset` takes.' })
export class InspectPasswordResetInput {
  @Field(() => Secret, { description: 'The token from the message.' })
  token!: string;
}

export const InspectPasswordResetResult = resultUnion(
  'InspectPasswordResetResult',
  'The outcomes of `inspectPasswordReset`.',
  () => [PasswordResetTicket, TokenInvalidProblem, RateLimitProblem] as const,
);
export type InspectPasswordResetResult = typeof InspectPasswordResetResult;

@ObjectType({ description: 'What a valid password reset token allows.' })
export class PasswordResetTicket {
  @Field(() => String, { description: 'Whose password it resets, masked, such as `a•••@example.org`.' })
  maskedEmail!: string;

  @Field(() => DateTime, { description: 'When the token lapses.' })
  expiresAt!: Date;

  @Field(() => PasswordPolicy, { description: 'The rules the new password must satisfy.' })
  passwordPolicy!: PasswordPolicy;

  @Field(() => SecondFactorChallenge, {
    nullable: true,
    description: 'The second factor to be proven along with the new password. Null when the account has none.',
  })
  secondFactor!: SecondFactorChallenge | null;
}

@InputType({ description: 'What `completePasswordReset` takes.' })
export class CompletePasswordResetInput {
  @Field(() => Secret, { description: 'The token from the message.' })
  token!: string;

  @Field(() => Secret, { description: 'The new password.' })
  newPassword!: string;

  @Field(() => Secret, {
    nullable: true,
    description: 'The challenge being answered. Needed when the account has a second factor.',
  })
  challenge?: string | null;

  @Field(() => SecondFactorProofInput, {
    nullable: true,
    description: 'The proof. Needed when the account has a second factor.',
  })
  proof?: SecondFactorProofInput | null;
}

export const CompletePasswordResetResult = resultUnion(
  'CompletePasswordResetResult',
  'The outcomes of `completePasswordReset`. The token is used up only by success.',
  () =>
    [
      CompletePasswordResetSuccess,
      SecondFactorChallenge,
      TokenInvalidProblem,
      PasswordRejectedProblem,
      ProofRejectedProblem,
      InvalidInputProblem,
      RateLimitProblem,
    ] as const,
);
export type CompletePasswordResetResult = typeof CompletePasswordResetResult;

@ObjectType({
  description: 'The password is set, every session is over, and nobody is signed in by it: go to sign-in.',
})
export class CompletePasswordResetSuccess {
  @Field(() => DateTime, { description: 'When.' })
  passwordChangedAt!: Date;
}

@InputType({ description: 'What `changePassword` takes.' })
export class ChangePasswordInput {
  @Field(() => Secret, { description: 'The current password.' })
  currentPassword!: string;

  @Field(() => Secret, { description: 'The new password.' })
  newPassword!: string;
}

export const ChangePasswordResult = resultUnion(
  'ChangePasswordResult',
  'The outcomes of `changePassword`.',
  () =>
    [
      ChangePasswordSuccess,
      InvalidCredentialsProblem,
      PasswordRejectedProblem,
      ReauthenticationProblem,
      InvalidInputProblem,
      RateLimitProblem,
    ] as const,
);
export type ChangePasswordResult = typeof ChangePasswordResult;

@ObjectType({ description: 'The password is changed. The current session goes on under a new secret.' })
export class ChangePasswordSuccess {
  @Field(() => Secret, {
    nullable: true,
    description: 'The new session token, only for a client that keeps its session as `BEARER`; null otherwise.',
  })
  sessionToken!: string | null;

  @Field(() => Viewer, { description: 'The person, with the new `passwordChangedAt` and the sessions that are left.' })
  viewer!: Viewer;

  @Field(() => Int, { description: 'How many sessions were ended.' })
  revokedSessionCount!: number;
}
