/** Second factors and recovery codes. */
import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { MessageDelivery } from './messages.js';
import {
  ChannelUnavailableProblem,
  FeatureDisabledProblem,
  InvalidInputProblem,
  LastCredentialProblem,
  NotFoundProblem,
  ProofRejectedProblem,
  RateLimitProblem,
  ReauthenticationProblem,
} from './problems.js';
import { SecondFactorMethod } from './sign-in.js';
import { Viewer } from './viewer.js';
import { resultUnion } from './result-union.js';
import { DateTime, Secret } from './scalars.js';

@ObjectType({ description: 'A second factor.' })
export class SecondFactor {
  @Field(() => ID, { description: 'An opaque id, unique across all types.' })
  id!: string;

  @Field(() => SecondFactorMethod, { description: 'The kind of proof.' })
  method!: SecondFactorMethod;

  @Field(() => String, { nullable: true, description: 'The name the owner gave it. Null when none was given.' })
  label!: string | null;

  @Field(() => Boolean, { description: 'Whether it was confirmed and so counts.' })
  isConfirmed!: boolean;

  @Field(() => DateTime, { description: 'When it was added.' })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it was last used. Null when never.' })
  lastUsedAt!: Date | null;
}

@InputType({ description: 'What `enrollSecondFactor` takes.' })
export class EnrollSecondFactorInput {
  @Field(() => SecondFactorMethod, {
    description: '`TOTP`, `SMS` or `EMAIL`. Passkeys have their own mutations; recovery codes come by themselves.',
  })
  method!: SecondFactorMethod;

  @Field(() => String, { nullable: true, description: 'A name for it. At most 60 characters.' })
  label?: string | null;
}

export const EnrollSecondFactorResult = resultUnion(
  'EnrollSecondFactorResult',
  'The outcomes of `enrollSecondFactor`.',
  () =>
    [
      EnrollSecondFactorSuccess,
      ReauthenticationProblem,
      ChannelUnavailableProblem,
      FeatureDisabledProblem,
      InvalidInputProblem,
      RateLimitProblem,
    ] as const,
);
export type EnrollSecondFactorResult = typeof EnrollSecondFactorResult;

@ObjectType({ description: 'Begun. Confirm it with a first code.' })
export class EnrollSecondFactorSuccess {
  @Field(() => SecondFactor, { description: 'The second factor, not confirmed yet.' })
  secondFactor!: SecondFactor;

  @Field(() => TotpProvisioning, {
    nullable: true,
    description: 'What to load into the authenticator app. Null for other methods. Shown only here.',
  })
  totp!: TotpProvisioning | null;

  @Field(() => MessageDelivery, { nullable: true, description: 'How and where the code was sent. Null for `TOTP`.' })
  delivery!: MessageDelivery | null;
}

@ObjectType({ description: 'What an authenticator app needs.' })
export class TotpProvisioning {
  @Field(() => Secret, { description: 'The `otpauth:` URI to show as a QR code.' })
  uri!: string;

  @Field(() => Secret, { description: 'The key alone, in base 32, to be typed.' })
  manualEntryKey!: string;
}

@InputType({ description: 'What `confirmSecondFactor` takes.' })
export class ConfirmSecondFactorInput {
  @Field(() => ID, { description: 'The id of the second factor.' })
  secondFactorId!: string;

  @Field(() => Secret, { description: 'The first code.' })
  code!: string;
}

export const ConfirmSecondFactorResult = resultUnion(
  'ConfirmSecondFactorResult',
  'The outcomes of `confirmSecondFactor`.',
  () =>
    [
      ConfirmSecondFactorSuccess,
      ProofRejectedProblem,
      NotFoundProblem,
      ReauthenticationProblem,
      RateLimitProblem,
    ] as const,
);
export type ConfirmSecondFactorResult = typeof ConfirmSecondFactorResult;

@ObjectType({ description: 'Confirmed: it counts from now on.' })
export class ConfirmSecondFactorSuccess {
  @Field(() => SecondFactor, { description: 'The second factor.' })
  secondFactor!: SecondFactor;

  @Field(() => [Secret], {
    nullable: true,
    description: 'The recovery codes, when this was the first one; null otherwise. Shown only here.',
  })
  recoveryCodes!: string[] | null;

  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}

@InputType({ description: 'What `disableSecondFactor` takes.' })
export class DisableSecondFactorInput {
  @Field(() => ID, { description: 'The id of the second factor.' })
  secondFactorId!: string;
}

export const DisableSecondFactorResult = resultUnion(
  'DisableSecondFactorResult',
  'The outcomes of `disableSecondFactor`.',
  () => [DisableSecondFactorSuccess, NotFoundProblem, LastCredentialProblem, ReauthenticationProblem] as const,
);
export type DisableSecondFactorResult = typeof DisableSecondFactorResult;

@ObjectType({ description: 'Removed. Recovery codes go with the last one.' })
export class DisableSecondFactorSuccess {
  @Field(() => ID, { description: 'The id of the second factor, to drop it from a cache.' })
  disabledSecondFactorId!: string;

  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}

export const RegenerateRecoveryCodesResult = resultUnion(
  'RegenerateRecoveryCodesResult',
  'The outcomes of `regenerateRecoveryCodes`.',
  () => [RegenerateRecoveryCodesSuccess, ReauthenticationProblem, NotFoundProblem, RateLimitProblem] as const,
);
export type RegenerateRecoveryCodesResult = typeof RegenerateRecoveryCodesResult;

@ObjectType({ description: 'Replaced.' })
export class RegenerateRecoveryCodesSuccess {
  @Field(() => [Secret], { description: 'The new codes. Shown only here.' })
  recoveryCodes!: string[];

  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}
