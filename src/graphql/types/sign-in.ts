/** Signing up, signing in, and proving it again. */
import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { MessageDelivery } from './messages.js';
import {
  ChannelUnavailableProblem,
  FeatureDisabledProblem,
  InvalidCredentialsProblem,
  InvalidInputProblem,
  PasswordRejectedProblem,
  ProofRejectedProblem,
  RateLimitProblem,
  SignInBlockedProblem,
  TokenInvalidProblem,
} from './problems.js';
import { Session, SessionTransport } from './sessions.js';
import { resultUnion } from './result-union.js';
import { DateTime, Secret, WebAuthnAssertion, WebAuthnRequestOptions } from './scalars.js';

@ObjectType({
  description:
    "Signed in. With `COOKIE` the session cookie was set with this response; clear the client's cache before going on.",
})
export class SignInSuccess {
  @Field(() => Secret, {
    nullable: true,
    description: 'The session token, only when `BEARER` was asked for; null otherwise. Shown only here.',
  })
  sessionToken!: string | null;

  /** The session's token, which `viewer` is read by; no field of the schema. */
  issued!: string;
}

@ObjectType({
  description: 'One more proof is needed. Answer with `completeSignIn`, or with the mutation that returned it.',
})
export class SecondFactorChallenge {
  @Field(() => Secret, {
    description: 'Names the challenge in the answer. Valid only in the browser that received it.',
  })
  challenge!: string;

  @Field(() => [SecondFactorMethod], {
    description: "The proofs that will be accepted, the owner's preferred one first.",
  })
  methods!: SecondFactorMethod[];

  @Field(() => WebAuthnRequestOptions, {
    nullable: true,
    description: 'What to hand to the browser for `PASSKEY`. Null when that is not among the methods.',
  })
  passkeyOptions!: PublicKeyCredentialRequestOptionsJSON | null;

  @Field(() => String, {
    nullable: true,
    description: 'Where a code sent by SMS goes, masked, such as `••• ••78`. Null when `SMS` is not among the methods.',
  })
  maskedPhoneNumber!: string | null;

  @Field(() => DateTime, { description: 'When the challenge lapses.' })
  expiresAt!: Date;
}

export const SecondFactorMethod = {
  TOTP: 'TOTP',
  SMS: 'SMS',
  EMAIL: 'EMAIL',
  PASSKEY: 'PASSKEY',
  RECOVERY_CODE: 'RECOVERY_CODE',
} as const;
export type SecondFactorMethod = keyof typeof SecondFactorMethod;
registerEnumType(SecondFactorMethod, {
  name: 'SecondFactorMethod',
  description: 'The kinds of proof that count as a second factor.',
  valuesConfig: {
    TOTP: { description: 'A code from an authenticator app.' },
    SMS: { description: 'A code sent by SMS.' },
    EMAIL: {
      description:
        'A code sent by email. Off unless the operator switches it on, never marks a session as two-factor, and never counts next to a link that came by email.',
    },
    PASSKEY: { description: 'A passkey or a security key.' },
    RECOVERY_CODE: { description: 'A recovery code, once each.' },
  },
});

@InputType({
  description:
    'A proof of a second factor. Exactly one field must be set; anything else is answered with `InvalidInputProblem`. (The shape of a `@oneOf` input, without the directive until composition keeps it.)',
})
export class SecondFactorProofInput {
  @Field(() => Secret, { nullable: true, description: 'The code an authenticator app shows.' })
  totpCode?: string | null;

  @Field(() => Secret, { nullable: true, description: 'The code received by SMS.' })
  smsCode?: string | null;

  @Field(() => Secret, { nullable: true, description: 'The code received by email.' })
  emailCode?: string | null;

  @Field(() => Secret, { nullable: true, description: 'A recovery code; spaces, hyphens and case do not matter.' })
  recoveryCode?: string | null;

  @Field(() => WebAuthnAssertion, {
    nullable: true,
    description: "The authenticator's answer to `SecondFactorChallenge.passkeyOptions`.",
  })
  passkey?: AuthenticationResponseJSON | null;
}

@InputType({ description: 'What `signUp` takes.' })
export class SignUpInput {
  @Field(() => String, { description: 'The address to sign in with.' })
  email!: string;
}

export const SignUpResult = resultUnion(
  'SignUpResult',
  'The outcomes of `signUp`. None of them depends on whether the address is taken.',
  () => [SignUpAccepted, InvalidInputProblem, FeatureDisabledProblem, RateLimitProblem] as const,
);
export type SignUpResult = typeof SignUpResult;

@ObjectType({
  description: 'Accepted. If the address is free, a link is on its way to it; if not, a notice to its owner.',
})
export class SignUpAccepted {
  @Field(() => Int, { description: 'How long the link works. The same for everyone.' })
  linkLifetimeMinutes!: number;

  @Field(() => Int, { description: 'How long to wait before asking again. The same for everyone.' })
  resendAfterSeconds!: number;
}

@InputType({ description: 'What `completeSignUp` takes.' })
export class CompleteSignUpInput {
  @Field(() => Secret, { description: 'The token from the message.' })
  token!: string;

  @Field(() => Secret, { description: 'The password.' })
  password!: string;

  @Field(() => String, { nullable: true, description: 'The name to show to others. At most 60 characters.' })
  displayName?: string | null;

  @Field(() => SessionTransport, {
    description: 'How the client keeps the session.',
    defaultValue: 'COOKIE',
    nullable: true,
  })
  transport?: SessionTransport | null;
}

export const CompleteSignUpResult = resultUnion(
  'CompleteSignUpResult',
  'The outcomes of `completeSignUp`. The token is used up only by success.',
  () => [SignInSuccess, TokenInvalidProblem, PasswordRejectedProblem, InvalidInputProblem, RateLimitProblem] as const,
);
export type CompleteSignUpResult = typeof CompleteSignUpResult;

@InputType({ description: 'What `signIn` takes.' })
export class SignInInput {
  @Field(() => String, { description: 'The address.' })
  email!: string;

  @Field(() => Secret, { description: 'The password.' })
  password!: string;

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

export const SignInResult = resultUnion(
  'SignInResult',
  'The outcomes of `signIn`. Until the password is proven right, only the first problem and the last two occur.',
  () =>
    [
      SignInSuccess,
      SecondFactorChallenge,
      InvalidCredentialsProblem,
      SignInBlockedProblem,
      InvalidInputProblem,
      RateLimitProblem,
    ] as const,
);
export type SignInResult = typeof SignInResult;

@InputType({ description: 'What `completeSignIn` takes.' })
export class CompleteSignInInput {
  @Field(() => Secret, { description: 'The challenge being answered.' })
  challenge!: string;

  @Field(() => SecondFactorProofInput, { description: 'The proof.' })
  proof!: SecondFactorProofInput;
}

export const CompleteSignInResult = resultUnion(
  'CompleteSignInResult',
  'The outcomes of `completeSignIn`.',
  () =>
    [
      SignInSuccess,
      ProofRejectedProblem,
      TokenInvalidProblem,
      SignInBlockedProblem,
      InvalidInputProblem,
      RateLimitProblem,
    ] as const,
);
export type CompleteSignInResult = typeof CompleteSignInResult;

@InputType({ description: 'What `sendChallengeCode` takes.' })
export class SendChallengeCodeInput {
  @Field(() => Secret, { description: 'The challenge the code is for.' })
  challenge!: string;

  @Field(() => SecondFactorMethod, { description: '`SMS` or `EMAIL`, and among the methods of the challenge.' })
  method!: SecondFactorMethod;
}

export const SendChallengeCodeResult = resultUnion(
  'SendChallengeCodeResult',
  'The outcomes of `sendChallengeCode`.',
  () => [SendChallengeCodeSuccess, TokenInvalidProblem, ChannelUnavailableProblem, RateLimitProblem] as const,
);
export type SendChallengeCodeResult = typeof SendChallengeCodeResult;

@ObjectType({ description: 'The code is on its way.' })
export class SendChallengeCodeSuccess {
  @Field(() => MessageDelivery, { description: 'How and where.' })
  delivery!: MessageDelivery;
}

@InputType({
  description:
    'What `reauthenticate` takes. First the password, or nothing for an account without one; then, if a challenge came back, the challenge and the proof.',
})
export class ReauthenticateInput {
  @Field(() => Secret, { nullable: true, description: 'The current password.' })
  password?: string | null;

  @Field(() => Secret, { nullable: true, description: 'The challenge being answered.' })
  challenge?: string | null;

  @Field(() => SecondFactorProofInput, { nullable: true, description: 'The proof.' })
  proof?: SecondFactorProofInput | null;
}

export const ReauthenticateResult = resultUnion(
  'ReauthenticateResult',
  'The outcomes of `reauthenticate`.',
  () =>
    [
      ReauthenticateSuccess,
      SecondFactorChallenge,
      InvalidCredentialsProblem,
      ProofRejectedProblem,
      TokenInvalidProblem,
      InvalidInputProblem,
      RateLimitProblem,
    ] as const,
);
export type ReauthenticateResult = typeof ReauthenticateResult;

@ObjectType({ description: 'Confirmed.' })
export class ReauthenticateSuccess {
  @Field(() => Secret, {
    nullable: true,
    description: 'The new session token, only for a client that keeps its session as `BEARER`; null otherwise.',
  })
  sessionToken!: string | null;

  @Field(() => Session, { description: 'The session, with its new `reauthenticatedUntil`.' })
  session!: Session;
}
