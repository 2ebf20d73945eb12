/** Passkeys. */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { Field, ID, InputType, ObjectType } from 'type-graphql';
import {
  FeatureDisabledProblem,
  InvalidCredentialsProblem,
  InvalidInputProblem,
  LastCredentialProblem,
  NotFoundProblem,
  ProofRejectedProblem,
  RateLimitProblem,
  ReauthenticationProblem,
  SignInBlockedProblem,
  TokenInvalidProblem,
} from './problems.js';
import { SessionTransport } from './sessions.js';
import { SignInSuccess } from './sign-in.js';
import { Viewer } from './viewer.js';
import { resultUnion } from './result-union.js';
import {
  DateTime,
  Secret,
  WebAuthnAssertion,
  WebAuthnCreationOptions,
  WebAuthnRegistration,
  WebAuthnRequestOptions,
} from './scalars.js';

@ObjectType({ description: 'A passkey.' })
export class Passkey {
  @Field(() => ID, { description: 'An opaque id, unique across all types.' })
  id!: string;

  @Field(() => String, { description: 'The name the owner gave it.' })
  label!: string;

  @Field(() => Boolean, { description: 'Whether the provider says that it is backed up.' })
  isBackedUp!: boolean;

  @Field(() => DateTime, { description: 'When it was added.' })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it was last used. Null when never.' })
  lastUsedAt!: Date | null;
}

export const StartPasskeyRegistrationResult = resultUnion(
  'StartPasskeyRegistrationResult',
  'The outcomes of `startPasskeyRegistration`.',
  () => [StartPasskeyRegistrationSuccess, ReauthenticationProblem, FeatureDisabledProblem, RateLimitProblem] as const,
);
export type StartPasskeyRegistrationResult = typeof StartPasskeyRegistrationResult;

@ObjectType({ description: 'What to hand to the browser.' })
export class StartPasskeyRegistrationSuccess {
  @Field(() => Secret, { description: 'Names this attempt when finishing it.' })
  ceremony!: string;

  @Field(() => WebAuthnCreationOptions, { description: 'The options.' })
  options!: PublicKeyCredentialCreationOptionsJSON;
}

@InputType({ description: 'What `finishPasskeyRegistration` takes.' })
export class FinishPasskeyRegistrationInput {
  @Field(() => Secret, { description: 'The attempt.' })
  ceremony!: string;

  @Field(() => WebAuthnRegistration, { description: "The authenticator's answer." })
  registration!: RegistrationResponseJSON;

  @Field(() => String, {
    nullable: true,
    description: 'A name for the passkey. At most 60 characters; made from the device when absent.',
  })
  label?: string | null;
}

export const FinishPasskeyRegistrationResult = resultUnion(
  'FinishPasskeyRegistrationResult',
  'The outcomes of `finishPasskeyRegistration`.',
  () => [FinishPasskeyRegistrationSuccess, ProofRejectedProblem, TokenInvalidProblem, InvalidInputProblem] as const,
);
export type FinishPasskeyRegistrationResult = typeof FinishPasskeyRegistrationResult;

@ObjectType({ description: 'The passkey is added.' })
export class FinishPasskeyRegistrationSuccess {
  @Field(() => Passkey, { description: 'The passkey.' })
  passkey!: Passkey;

  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}

@InputType({ description: 'What `renamePasskey` takes.' })
export class RenamePasskeyInput {
  @Field(() => ID, { description: 'The id of the passkey.' })
  passkeyId!: string;

  @Field(() => String, { description: 'The new name. From 1 to 60 characters.' })
  label!: string;
}

export const RenamePasskeyResult = resultUnion(
  'RenamePasskeyResult',
  'The outcomes of `renamePasskey`.',
  () => [RenamePasskeySuccess, NotFoundProblem, InvalidInputProblem] as const,
);
export type RenamePasskeyResult = typeof RenamePasskeyResult;

@ObjectType({ description: 'Renamed.' })
export class RenamePasskeySuccess {
  @Field(() => Passkey, { description: 'The passkey.' })
  passkey!: Passkey;
}

@InputType({ description: 'What `removePasskey` takes.' })
export class RemovePasskeyInput {
  @Field(() => ID, { description: 'The id of the passkey.' })
  passkeyId!: string;
}

export const RemovePasskeyResult = resultUnion(
  'RemovePasskeyResult',
  'The outcomes of `removePasskey`.',
  () => [RemovePasskeySuccess, NotFoundProblem, LastCredentialProblem, ReauthenticationProblem] as const,
);
export type RemovePasskeyResult = typeof RemovePasskeyResult;

@ObjectType({ description: 'Removed.' })
export class RemovePasskeySuccess {
  @Field(() => ID, { description: 'The id of the passkey, to drop it from a cache.' })
  removedPasskeyId!: string;

  @Field(() => Viewer, { description: 'The person.' })
  viewer!: Viewer;
}

export const StartPasskeySignInResult = resultUnion(
  'StartPasskeySignInResult',
  'The outcomes of `startPasskeySignIn`.',
  () => [StartPasskeySignInSuccess, FeatureDisabledProblem, RateLimitProblem] as const,
);
export type StartPasskeySignInResult = typeof StartPasskeySignInResult;

@ObjectType({
  description: 'What to hand to the browser. Names no credential, so that any passkey of the site can answer.',
})
export class StartPasskeySignInSuccess {
  @Field(() => Secret, {
    description: 'Names this attempt when finishing it. Valid only in the browser that received it.',
  })
  ceremony!: string;

  @Field(() => WebAuthnRequestOptions, { description: 'The options.' })
  options!: PublicKeyCredentialRequestOptionsJSON;
}

@InputType({ description: 'What `finishPasskeySignIn` takes.' })
export class FinishPasskeySignInInput {
  @Field(() => Secret, { description: 'The attempt.' })
  ceremony!: string;

  @Field(() => WebAuthnAssertion, { description: "The authenticator's answer." })
  assertion!: AuthenticationResponseJSON;

  @Field(() => Boolean, {
    description: 'Whether to stay signed in after the browser closes.',
    defaultValue: false,
    nullable: true,
  })
  persistent?: boolean | null;

  @Field(() => SessionTransport, {
    description: 'How the client keeps the session.',
    defaultValue: 'COOKIE',
    nullable: true,
  })
  transport?: SessionTransport | null;
}

export const FinishPasskeySignInResult = resultUnion(
  'FinishPasskeySignInResult',
  'The outcomes of `finishPasskeySignIn`.',
  () =>
    [SignInSuccess, InvalidCredentialsProblem, TokenInvalidProblem, SignInBlockedProblem, RateLimitProblem] as const,
);
export type FinishPasskeySignInResult = typeof FinishPasskeySignInResult;
