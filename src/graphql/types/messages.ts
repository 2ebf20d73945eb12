/** How people are reached. */
import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import {
  ChannelUnavailableProblem,
  FeatureDisabledProblem,
  InvalidInputProblem,
  LastCredentialProblem,
  NotFoundProblem,
  ProofRejectedProblem,
  RateLimitProblem,
  ReauthenticationProblem,
  TokenInvalidProblem,
} from './problems.js';
import { Viewer } from './viewer.js';
import { resultUnion } from './result-union.js';
import { DateTime, Secret } from './scalars.js';

@ObjectType({ description: 'A code or a link is on its way.' })
export class MessageDelivery {
  @Field(() => NotificationChannel, { description: 'The channel used.' })
  channel!: NotificationChannel;

  @Field(() => String, { description: 'Where it goes, masked, such as `a•••@example.org`.' })
  maskedDestination!: string;

  @Field(() => DateTime, {
    description: 'When the code or the link lapses, fixed by this request and not by when the message leaves.',
  })
  expiresAt!: Date;

  @Field(() => Int, { description: 'How long to wait before asking for another.' })
  resendAfterSeconds!: number;
}

export const NotificationChannel = {
  EMAIL: 'EMAIL',
  SMS: 'SMS',
} as const;
export type NotificationChannel = keyof typeof NotificationChannel;
registerEnumType(NotificationChannel, {
  name: 'NotificationChannel',
  description: 'The ways to reach a person.',
  valuesConfig: {
    EMAIL: { description: 'A message to the verified address.' },
    SMS: { description: 'A text message to the verified number.' },
  },
});

@InputType({ description: 'What `changeEmail` takes.' })
export class ChangeEmailInput {
  @Field(() => String, { description: 'The new address.' })
  newEmail!: string;
}

export const ChangeEmailResult = resultUnion(
  'ChangeEmailResult',
  'The outcomes of `changeEmail`. None of them depends on whether another account has the address.',
  () => [ChangeEmailAccepted, InvalidInputProblem, ReauthenticationProblem, RateLimitProblem] as const,
);
export type ChangeEmailResult = typeof ChangeEmailResult;

@ObjectType({
  description:
    'Accepted. A link is on its way to the new address, and a notice to the old one, which stays in force until then.',
})
export class ChangeEmailAccepted {
  @Field(() => Int, { description: 'How long the link works.' })
  linkLifetimeMinutes!: number;
}

@InputType({ description: 'What `confirmEmailChange` takes.' })
export class ConfirmEmailChangeInput {
  @Field(() => Secret, { description: 'The token from the message to the new address.' })
  token!: string;
}

export const ConfirmEmailChangeResult = resultUnion(
  'ConfirmEmailChangeResult',
  'The outcomes of `confirmEmailChange`.',
  () => [ConfirmEmailChangeSuccess, TokenInvalidProblem, RateLimitProblem] as const,
);
export type ConfirmEmailChangeResult = typeof ConfirmEmailChangeResult;

@ObjectType({ description: 'The new address is in force. Links sent to the old one are void.' })
export class ConfirmEmailChangeSuccess {
  @Field(() => DateTime, { description: 'When.' })
  changedAt!: Date;
}

@InputType({ description: 'What `chooseNotificationChannel` takes.' })
export class ChooseNotificationChannelInput {
  @Field(() => NotificationChannel, { description: 'The channel.' })
  channel!: NotificationChannel;
}

export const ChooseNotificationChannelResult = resultUnion(
  'ChooseNotificationChannelResult',
  'The outcomes of `chooseNotificationChannel`.',
  () => [ChooseNotificationChannelSuccess, ChannelUnavailableProblem, ReauthenticationProblem] as const,
);
export type ChooseNotificationChannelResult = typeof ChooseNotificationChannelResult;

@ObjectType({ description: 'Chosen. A notice went to the earlier channel.' })
export class ChooseNotificationChannelSuccess {
  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}

@InputType({ description: 'What `addPhoneNumber` takes.' })
export class AddPhoneNumberInput {
  @Field(() => String, { description: 'The number, with the country code.' })
  phoneNumber!: string;
}

export const AddPhoneNumberResult = resultUnion(
  'AddPhoneNumberResult',
  'The outcomes of `addPhoneNumber`. None of them depends on whether another account has the number.',
  () =>
    [
      AddPhoneNumberSuccess,
      InvalidInputProblem,
      ReauthenticationProblem,
      FeatureDisabledProblem,
      RateLimitProblem,
    ] as const,
);
export type AddPhoneNumberResult = typeof AddPhoneNumberResult;

@ObjectType({ description: 'The code is on its way.' })
export class AddPhoneNumberSuccess {
  @Field(() => MessageDelivery, { description: 'How and where.' })
  delivery!: MessageDelivery;

  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}

@InputType({ description: 'What `verifyPhoneNumber` takes.' })
export class VerifyPhoneNumberInput {
  @Field(() => Secret, { description: 'The code.' })
  code!: string;
}

export const VerifyPhoneNumberResult = resultUnion(
  'VerifyPhoneNumberResult',
  'The outcomes of `verifyPhoneNumber`.',
  () => [VerifyPhoneNumberSuccess, ProofRejectedProblem, NotFoundProblem, RateLimitProblem] as const,
);
export type VerifyPhoneNumberResult = typeof VerifyPhoneNumberResult;

@ObjectType({ description: 'Verified.' })
export class VerifyPhoneNumberSuccess {
  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}

export const RemovePhoneNumberResult = resultUnion(
  'RemovePhoneNumberResult',
  'The outcomes of `removePhoneNumber`.',
  () => [RemovePhoneNumberSuccess, LastCredentialProblem, ReauthenticationProblem] as const,
);
export type RemovePhoneNumberResult = typeof RemovePhoneNumberResult;

@ObjectType({ description: 'Forgotten. Security messages go by email again.' })
export class RemovePhoneNumberSuccess {
  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}
