/** The person signed in, and what this installation offers. */
import type { Person } from '../../base/context.js';
import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { NotificationChannel } from './messages.js';
import { InvalidInputProblem, ReauthenticationProblem } from './problems.js';
import { SecondFactorMethod } from './sign-in.js';
import { resultUnion } from './result-union.js';
import { DateTime, EmailAddress } from './scalars.js';

@ObjectType({
  description:
    "The person signed in, and what is private to them. Only `Query.viewer` and the results of the person's own mutations lead here; no other type does, so no join from another service reaches it.",
})
export class Viewer {
  /** Whom its fields are about: after a sign-in that is not yet the actor of the request. Not part of the schema. */
  person!: Person;

  @Field(() => ID, { description: 'An opaque id, unique across all types and stable for the account. For caches.' })
  id!: string;

  @Field(() => EmailAddress, { description: 'The address used to sign in.' })
  email!: string;

  @Field(() => NotificationChannel, { description: 'Where security messages go.' })
  notificationChannel!: NotificationChannel;
}

@ObjectType({ description: 'What this installation has switched on.' })
export class SecurityFeatures {
  @Field(() => Boolean, { description: 'Whether people may create accounts.' })
  signUp!: boolean;

  @Field(() => Boolean, { description: 'Whether passkeys can be added and used.' })
  passkeys!: boolean;

  @Field(() => Boolean, { description: 'Whether a QR code can be used to sign in.' })
  qrSignIn!: boolean;

  @Field(() => [SecondFactorMethod], { description: 'The second factors that can be added.' })
  secondFactorMethods!: SecondFactorMethod[];

  @Field(() => [NotificationChannel], { description: 'The channels for security messages.' })
  notificationChannels!: NotificationChannel[];
}

@InputType({ description: 'What `changeDisplayName` takes.' })
export class ChangeDisplayNameInput {
  @Field(() => String, {
    nullable: true,
    description: 'The name to show to others. From 1 to 60 characters; null for none.',
  })
  displayName?: string | null;
}

export const ChangeDisplayNameResult = resultUnion(
  'ChangeDisplayNameResult',
  'The outcomes of `changeDisplayName`.',
  () => [ChangeDisplayNameSuccess, InvalidInputProblem] as const,
);
export type ChangeDisplayNameResult = typeof ChangeDisplayNameResult;

@ObjectType({ description: 'Changed.' })
export class ChangeDisplayNameSuccess {
  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}

export const CloseAccountResult = resultUnion(
  'CloseAccountResult',
  'The outcomes of `closeAccount`.',
  () => [CloseAccountSuccess, ReauthenticationProblem] as const,
);
export type CloseAccountResult = typeof CloseAccountResult;

@ObjectType({ description: 'Closed. The session cookie was cleared with this response.' })
export class CloseAccountSuccess {
  @Field(() => DateTime, { description: 'When.' })
  closedAt!: Date;
}
