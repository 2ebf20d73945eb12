/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What `cancelManualReset` takes. */
export type CancelManualResetInput = {
  /** The token from the notice. */
  token: string;
};

/** What `claimQrSignIn` takes. */
export type ClaimQrSignInInput = {
  /** What the device kept. */
  claimSecret: string;
  /** How the client keeps the session. */
  transport?: SessionTransport | null | undefined;
};

/** What `completePasswordReset` takes. */
export type CompletePasswordResetInput = {
  /** The challenge being answered. Needed when the account has a second factor. */
  challenge?: string | null | undefined;
  /** The new password. */
  newPassword: string;
  /** The proof. Needed when the account has a second factor. */
  proof?: SecondFactorProofInput | null | undefined;
  /** The token from the message. */
  token: string;
};

/** What `completeSignIn` takes. */
export type CompleteSignInInput = {
  /** The challenge being answered. */
  challenge: string;
  /** The proof. */
  proof: SecondFactorProofInput;
};

/** What `completeSignUp` takes. */
export type CompleteSignUpInput = {
  /** The name to show to others. At most 60 characters. */
  displayName?: string | null | undefined;
  /** The password. */
  password: string;
  /** The token from the message. */
  token: string;
  /** How the client keeps the session. */
  transport?: SessionTransport | null | undefined;
};

/** What `confirmEmailChange` takes. */
export type ConfirmEmailChangeInput = {
  /** The token from the message to the new address. */
  token: string;
};

/** What `disownSecurityEvent` takes. */
export type DisownSecurityEventInput = {
  /** The token from the notice. */
  token: string;
};

/** What `finishPasskeySignIn` takes. */
export type FinishPasskeySignInInput = {
  /** The authenticator's answer. */
  assertion: AuthenticationResponseJSON;
  /** The attempt. */
  ceremony: string;
  /** Whether to stay signed in after the browser closes. */
  persistent?: boolean | null | undefined;
  /** How the client keeps the session. */
  transport?: SessionTransport | null | undefined;
};

/** What `inspectPasswordReset` takes. */
export type InspectPasswordResetInput = {
  /** The token from the message. */
  token: string;
};

/** The ways to reach a person. */
export type NotificationChannel =
  /** A message to the verified address. */
  | 'EMAIL'
  /** A text message to the verified number. */
  | 'SMS';

/** The rules of the password policy. */
export type PasswordRule =
  /** At most `PasswordPolicy.maxLength` characters. */
  | 'MAX_LENGTH'
  /** At least `PasswordPolicy.minLength` characters. */
  | 'MIN_LENGTH'
  /** Not known from a breach elsewhere. */
  | 'NOT_BREACHED'
  /** Not a commonly used password. */
  | 'NOT_COMMON'
  /** Not made of the account's own name or address. */
  | 'NOT_PERSONAL'
  /** Not one of the last passwords of the account. */
  | 'NOT_REUSED';

/** The kinds of `Problem`. Values may be added. */
export type ProblemCode =
  /** The channel is not set up, not verified or not switched on. */
  | 'CHANNEL_UNAVAILABLE'
  /** The object is not in a state that allows the action. */
  | 'CONFLICT'
  /** This installation has the feature switched off. */
  | 'FEATURE_DISABLED'
  /** The credentials do not match. Says nothing about whether the account exists. */
  | 'INVALID_CREDENTIALS'
  /** An input field has a value of the wrong form. */
  | 'INVALID_INPUT'
  /** The action would take away the last way to sign in or to recover. */
  | 'LAST_CREDENTIAL'
  /** The object does not exist, or is not the caller's. */
  | 'NOT_FOUND'
  /** The new password does not satisfy the policy. */
  | 'PASSWORD_REJECTED'
  /** A code or an authenticator answer was not accepted. */
  | 'PROOF_REJECTED'
  /** The QR sign-in was turned away. */
  | 'QR_SIGN_IN_DENIED'
  /** Too many attempts. */
  | 'RATE_LIMITED'
  /** The action asks for a recent sign-in. */
  | 'REAUTHENTICATION_REQUIRED'
  /** The credentials match, but the account may not sign in now. */
  | 'SIGN_IN_BLOCKED'
  /** A token is unknown, used, expired or replaced. */
  | 'TOKEN_INVALID';

/** What `reauthenticate` takes. First the password, or nothing for an account without one; then, if a challenge came back, the challenge and the proof. */
export type ReauthenticateInput = {
  /** The challenge being answered. */
  challenge?: string | null | undefined;
  /** The current password. */
  password?: string | null | undefined;
  /** The proof. */
  proof?: SecondFactorProofInput | null | undefined;
};

/** What `requestManualReset` takes. */
export type RequestManualResetInput = {
  /** How to reach the person, such as a telephone number. At most 200 characters. */
  contact?: string | null | undefined;
  /** The address of the account. */
  email: string;
  /** What happened. At most 2000 characters. Must not hold a password. */
  message?: string | null | undefined;
};

/** What `requestPasswordReset` takes. */
export type RequestPasswordResetInput = {
  /** The address of the account. */
  email: string;
};

/** The kinds of proof that count as a second factor. */
export type SecondFactorMethod =
  /** A code sent by email. Off unless the operator switches it on, never marks a session as two-factor, and never counts next to a link that came by email. */
  | 'EMAIL'
  /** A passkey or a security key. */
  | 'PASSKEY'
  /** A recovery code, once each. */
  | 'RECOVERY_CODE'
  /** A code sent by SMS. */
  | 'SMS'
  /** A code from an authenticator app. */
  | 'TOTP';

/** A proof of a second factor. Exactly one field must be set; anything else is answered with `InvalidInputProblem`. (The shape of a `@oneOf` input, without the directive until composition keeps it.) */
export type SecondFactorProofInput = {
  /** The code received by email. */
  emailCode?: string | null | undefined;
  /** The authenticator's answer to `SecondFactorChallenge.passkeyOptions`. */
  passkey?: AuthenticationResponseJSON | null | undefined;
  /** A recovery code; spaces, hyphens and case do not matter. */
  recoveryCode?: string | null | undefined;
  /** The code received by SMS. */
  smsCode?: string | null | undefined;
  /** The code an authenticator app shows. */
  totpCode?: string | null | undefined;
};

/** What `sendChallengeCode` takes. */
export type SendChallengeCodeInput = {
  /** The challenge the code is for. */
  challenge: string;
  /** `SMS` or `EMAIL`, and among the methods of the challenge. */
  method: SecondFactorMethod;
};

/** How a client keeps its session. */
export type SessionTransport =
  /** A token in the answer, sent back as `Authorization: Bearer`. For native apps, which have no cookie jar to trust. */
  | 'BEARER'
  /** An HttpOnly cookie. For browsers. */
  | 'COOKIE';

/** Why an account with the right credentials may not sign in. */
export type SignInBlockReason =
  /** Staff locked the account. No automatic rule ever does: it would let a stranger shut the owner out. */
  | 'ACCOUNT_LOCKED'
  /** The password must be reset first. */
  | 'PASSWORD_RESET_REQUIRED';

/** What `signIn` takes. */
export type SignInInput = {
  /** The address. */
  email: string;
  /** The password. */
  password: string;
  /** Whether to stay signed in after the browser closes. */
  persistent?: boolean | null | undefined;
  /** How the client keeps the session. */
  transport?: SessionTransport | null | undefined;
};

/** What `signUp` takes. */
export type SignUpInput = {
  /** The address to sign in with. */
  email: string;
};

export type ConfirmEmailChangeMutationVariables = Exact<{
  input: ConfirmEmailChangeInput;
}>;


export type ConfirmEmailChangeMutation = { confirmEmailChange:
    | { __typename: 'ConfirmEmailChangeSuccess', changedAt: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type CancelManualResetMutationVariables = Exact<{
  input: CancelManualResetInput;
}>;


export type CancelManualResetMutation = { cancelManualReset:
    | { __typename: 'CancelManualResetSuccess', cancelledAt: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type DisownSecurityEventMutationVariables = Exact<{
  input: DisownSecurityEventInput;
}>;


export type DisownSecurityEventMutation = { disownSecurityEvent:
    | { __typename: 'DisownSecurityEventSuccess', securedAt: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type PolicyFragment = { __typename: 'PasswordPolicy', minLength: number, maxLength: number, rules: Array<PasswordRule>, historyDepth: number };

export type PasswordRulesQueryVariables = Exact<{ [key: string]: never; }>;


export type PasswordRulesQuery = { passwordPolicy: { __typename: 'PasswordPolicy', minLength: number, maxLength: number, rules: Array<PasswordRule>, historyDepth: number } | null };

export type RequestPasswordResetMutationVariables = Exact<{
  input: RequestPasswordResetInput;
}>;


export type RequestPasswordResetMutation = { requestPasswordReset:
    | { __typename: 'InvalidInputProblem', code: ProblemCode, message: string, fields: Array<{ __typename: 'InvalidField', path: Array<string>, message: string }> }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'RequestPasswordResetAccepted', linkLifetimeMinutes: number, resendAfterSeconds: number }
   | null };

export type InspectPasswordResetMutationVariables = Exact<{
  input: InspectPasswordResetInput;
}>;


export type InspectPasswordResetMutation = { inspectPasswordReset:
    | { __typename: 'PasswordResetTicket', maskedEmail: string, expiresAt: string, passwordPolicy: { __typename: 'PasswordPolicy', minLength: number, maxLength: number, rules: Array<PasswordRule>, historyDepth: number }, secondFactor: { __typename: 'SecondFactorChallenge', challenge: string, methods: Array<SecondFactorMethod>, passkeyOptions: PublicKeyCredentialRequestOptionsJSON | null, maskedPhoneNumber: string | null, expiresAt: string } | null }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type CompletePasswordResetMutationVariables = Exact<{
  input: CompletePasswordResetInput;
}>;


export type CompletePasswordResetMutation = { completePasswordReset:
    | { __typename: 'CompletePasswordResetSuccess', passwordChangedAt: string }
    | { __typename: 'InvalidInputProblem', code: ProblemCode, message: string, fields: Array<{ __typename: 'InvalidField', path: Array<string>, message: string }> }
    | { __typename: 'PasswordRejectedProblem', code: ProblemCode, message: string, violations: Array<{ __typename: 'PasswordViolation', rule: PasswordRule, message: string }> }
    | { __typename: 'ProofRejectedProblem', attemptsRemaining: number, code: ProblemCode, message: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'SecondFactorChallenge', challenge: string, methods: Array<SecondFactorMethod>, passkeyOptions: PublicKeyCredentialRequestOptionsJSON | null, maskedPhoneNumber: string | null, expiresAt: string }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type RequestManualResetMutationVariables = Exact<{
  input: RequestManualResetInput;
}>;


export type RequestManualResetMutation = { requestManualReset:
    | { __typename: 'InvalidInputProblem', code: ProblemCode, message: string, fields: Array<{ __typename: 'InvalidField', path: Array<string>, message: string }> }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'RequestManualResetAccepted', reference: string, dueAt: string }
   | null };

export type StartQrSignInMutationVariables = Exact<{ [key: string]: never; }>;


export type StartQrSignInMutation = { startQrSignIn:
    | { __typename: 'FeatureDisabledProblem', code: ProblemCode, message: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'StartQrSignInSuccess', qrPayload: string, claimSecret: string, comparisonNumber: string, expiresAt: string, pollAfterSeconds: number }
   | null };

export type ClaimQrSignInMutationVariables = Exact<{
  input: ClaimQrSignInInput;
}>;


export type ClaimQrSignInMutation = { claimQrSignIn:
    | { __typename: 'QrSignInDeniedProblem', code: ProblemCode, message: string }
    | { __typename: 'QrSignInPending', isScanned: boolean, pollAfterSeconds: number }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'SignInBlockedProblem', reason: SignInBlockReason, code: ProblemCode, message: string }
    | { __typename: 'SignInSuccess', viewer: { __typename: 'Viewer', id: string } }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type ChallengeFragment = { __typename: 'SecondFactorChallenge', challenge: string, methods: Array<SecondFactorMethod>, passkeyOptions: PublicKeyCredentialRequestOptionsJSON | null, maskedPhoneNumber: string | null, expiresAt: string };

export type DeliveredFragment = { __typename: 'MessageDelivery', channel: NotificationChannel, maskedDestination: string, expiresAt: string, resendAfterSeconds: number };

export type WhoIsSignedInQueryVariables = Exact<{ [key: string]: never; }>;


export type WhoIsSignedInQuery = { viewer: { __typename: 'Viewer', id: string, email: string } | null };

export type FeaturesQueryVariables = Exact<{ [key: string]: never; }>;


export type FeaturesQuery = { securityFeatures: { __typename: 'SecurityFeatures', signUp: boolean, passkeys: boolean, qrSignIn: boolean } | null };

export type SignInMutationVariables = Exact<{
  input: SignInInput;
}>;


export type SignInMutation = { signIn:
    | { __typename: 'InvalidCredentialsProblem', code: ProblemCode, message: string }
    | { __typename: 'InvalidInputProblem', code: ProblemCode, message: string, fields: Array<{ __typename: 'InvalidField', path: Array<string>, message: string }> }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'SecondFactorChallenge', challenge: string, methods: Array<SecondFactorMethod>, passkeyOptions: PublicKeyCredentialRequestOptionsJSON | null, maskedPhoneNumber: string | null, expiresAt: string }
    | { __typename: 'SignInBlockedProblem', reason: SignInBlockReason, code: ProblemCode, message: string }
    | { __typename: 'SignInSuccess', viewer: { __typename: 'Viewer', id: string } }
   | null };

export type CompleteSignInMutationVariables = Exact<{
  input: CompleteSignInInput;
}>;


export type CompleteSignInMutation = { completeSignIn:
    | { __typename: 'InvalidInputProblem', code: ProblemCode, message: string }
    | { __typename: 'ProofRejectedProblem', attemptsRemaining: number, code: ProblemCode, message: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'SignInBlockedProblem', reason: SignInBlockReason, code: ProblemCode, message: string }
    | { __typename: 'SignInSuccess', viewer: { __typename: 'Viewer', id: string } }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type SendChallengeCodeMutationVariables = Exact<{
  input: SendChallengeCodeInput;
}>;


export type SendChallengeCodeMutation = { sendChallengeCode:
    | { __typename: 'ChannelUnavailableProblem', code: ProblemCode, message: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'SendChallengeCodeSuccess', delivery: { __typename: 'MessageDelivery', channel: NotificationChannel, maskedDestination: string, expiresAt: string, resendAfterSeconds: number } }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type StartPasskeySignInMutationVariables = Exact<{ [key: string]: never; }>;


export type StartPasskeySignInMutation = { startPasskeySignIn:
    | { __typename: 'FeatureDisabledProblem', code: ProblemCode, message: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'StartPasskeySignInSuccess', ceremony: string, options: PublicKeyCredentialRequestOptionsJSON }
   | null };

export type FinishPasskeySignInMutationVariables = Exact<{
  input: FinishPasskeySignInInput;
}>;


export type FinishPasskeySignInMutation = { finishPasskeySignIn:
    | { __typename: 'InvalidCredentialsProblem', code: ProblemCode, message: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'SignInBlockedProblem', reason: SignInBlockReason, code: ProblemCode, message: string }
    | { __typename: 'SignInSuccess', viewer: { __typename: 'Viewer', id: string } }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type SignOutMutationVariables = Exact<{ [key: string]: never; }>;


export type SignOutMutation = { signOut: { __typename: 'SignOutSuccess', sessionEnded: boolean } | null };

export type ReauthenticateMutationVariables = Exact<{
  input: ReauthenticateInput;
}>;


export type ReauthenticateMutation = { reauthenticate:
    | { __typename: 'InvalidCredentialsProblem', code: ProblemCode, message: string }
    | { __typename: 'InvalidInputProblem', code: ProblemCode, message: string }
    | { __typename: 'ProofRejectedProblem', attemptsRemaining: number, code: ProblemCode, message: string }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'ReauthenticateSuccess', session: { __typename: 'Session', id: string, reauthenticatedUntil: string | null } }
    | { __typename: 'SecondFactorChallenge', challenge: string, methods: Array<SecondFactorMethod>, passkeyOptions: PublicKeyCredentialRequestOptionsJSON | null, maskedPhoneNumber: string | null, expiresAt: string }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export type SignUpMutationVariables = Exact<{
  input: SignUpInput;
}>;


export type SignUpMutation = { signUp:
    | { __typename: 'FeatureDisabledProblem', code: ProblemCode, message: string }
    | { __typename: 'InvalidInputProblem', code: ProblemCode, message: string, fields: Array<{ __typename: 'InvalidField', path: Array<string>, message: string }> }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'SignUpAccepted', linkLifetimeMinutes: number, resendAfterSeconds: number }
   | null };

export type CompleteSignUpMutationVariables = Exact<{
  input: CompleteSignUpInput;
}>;


export type CompleteSignUpMutation = { completeSignUp:
    | { __typename: 'InvalidInputProblem', code: ProblemCode, message: string, fields: Array<{ __typename: 'InvalidField', path: Array<string>, message: string }> }
    | { __typename: 'PasswordRejectedProblem', code: ProblemCode, message: string, violations: Array<{ __typename: 'PasswordViolation', rule: PasswordRule, message: string }> }
    | { __typename: 'RateLimitProblem', retryAfterSeconds: number, code: ProblemCode, message: string }
    | { __typename: 'SignInSuccess', viewer: { __typename: 'Viewer', id: string } }
    | { __typename: 'TokenInvalidProblem', code: ProblemCode, message: string }
   | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const PolicyFragmentDoc = new TypedDocumentString(`
    fragment Policy on PasswordPolicy {
  __typename
  minLength
  maxLength
  rules
  historyDepth
}
    `, {"fragmentName":"Policy"}) as unknown as TypedDocumentString<PolicyFragment, unknown>;
export const ChallengeFragmentDoc = new TypedDocumentString(`
    fragment Challenge on SecondFactorChallenge {
  __typename
  challenge
  methods
  passkeyOptions
  maskedPhoneNumber
  expiresAt
}
    `, {"fragmentName":"Challenge"}) as unknown as TypedDocumentString<ChallengeFragment, unknown>;
export const DeliveredFragmentDoc = new TypedDocumentString(`
    fragment Delivered on MessageDelivery {
  __typename
  channel
  maskedDestination
  expiresAt
  resendAfterSeconds
}
    `, {"fragmentName":"Delivered"}) as unknown as TypedDocumentString<DeliveredFragment, unknown>;
export const ConfirmEmailChangeDocument = new TypedDocumentString(`
    mutation ConfirmEmailChange($input: ConfirmEmailChangeInput!) {
  confirmEmailChange(input: $input) {
    __typename
    ... on ConfirmEmailChangeSuccess {
      __typename
      changedAt
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:fd5344bc07b0780485c1e41fd038484a926eb47b7e495947cdd40da80c5fbfbd"}) as unknown as TypedDocumentString<ConfirmEmailChangeMutation, ConfirmEmailChangeMutationVariables>;
export const CancelManualResetDocument = new TypedDocumentString(`
    mutation CancelManualReset($input: CancelManualResetInput!) {
  cancelManualReset(input: $input) {
    __typename
    ... on CancelManualResetSuccess {
      __typename
      cancelledAt
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:931362a1752c737dabffc7cd1940a6ab5568c194408e849ca4bc09c122e5f9fa"}) as unknown as TypedDocumentString<CancelManualResetMutation, CancelManualResetMutationVariables>;
export const DisownSecurityEventDocument = new TypedDocumentString(`
    mutation DisownSecurityEvent($input: DisownSecurityEventInput!) {
  disownSecurityEvent(input: $input) {
    __typename
    ... on DisownSecurityEventSuccess {
      __typename
      securedAt
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:edc62a1956983b29f3a4cc368077b83f5af51c2a19592a77bec32c1243dfafb8"}) as unknown as TypedDocumentString<DisownSecurityEventMutation, DisownSecurityEventMutationVariables>;
export const PasswordRulesDocument = new TypedDocumentString(`
    query PasswordRules {
  passwordPolicy {
    __typename
    ...Policy
  }
}
    fragment Policy on PasswordPolicy {
  __typename
  minLength
  maxLength
  rules
  historyDepth
}`, {"hash":"sha256:52359817e207efb5208086194fe0563c5a1acdf4fce05d69fe9345907f429e96"}) as unknown as TypedDocumentString<PasswordRulesQuery, PasswordRulesQueryVariables>;
export const RequestPasswordResetDocument = new TypedDocumentString(`
    mutation RequestPasswordReset($input: RequestPasswordResetInput!) {
  requestPasswordReset(input: $input) {
    __typename
    ... on RequestPasswordResetAccepted {
      __typename
      linkLifetimeMinutes
      resendAfterSeconds
    }
    ... on InvalidInputProblem {
      __typename
      fields {
        __typename
        path
        message
      }
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:6a55f23d0170fbabf8203f2f95308e3ea1283470ea5a29aa0c2179949f038918"}) as unknown as TypedDocumentString<RequestPasswordResetMutation, RequestPasswordResetMutationVariables>;
export const InspectPasswordResetDocument = new TypedDocumentString(`
    mutation InspectPasswordReset($input: InspectPasswordResetInput!) {
  inspectPasswordReset(input: $input) {
    __typename
    ... on PasswordResetTicket {
      __typename
      maskedEmail
      expiresAt
      passwordPolicy {
        __typename
        ...Policy
      }
      secondFactor {
        __typename
        ...Challenge
      }
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    fragment Policy on PasswordPolicy {
  __typename
  minLength
  maxLength
  rules
  historyDepth
}
fragment Challenge on SecondFactorChallenge {
  __typename
  challenge
  methods
  passkeyOptions
  maskedPhoneNumber
  expiresAt
}`, {"hash":"sha256:1858c9c50ca6abce8760aada677f4c4b48359883da3fd32ce99980ae57a433bc"}) as unknown as TypedDocumentString<InspectPasswordResetMutation, InspectPasswordResetMutationVariables>;
export const CompletePasswordResetDocument = new TypedDocumentString(`
    mutation CompletePasswordReset($input: CompletePasswordResetInput!) {
  completePasswordReset(input: $input) {
    __typename
    ... on CompletePasswordResetSuccess {
      __typename
      passwordChangedAt
    }
    ... on SecondFactorChallenge {
      __typename
      ...Challenge
    }
    ... on PasswordRejectedProblem {
      __typename
      violations {
        __typename
        rule
        message
      }
    }
    ... on ProofRejectedProblem {
      __typename
      attemptsRemaining
    }
    ... on InvalidInputProblem {
      __typename
      fields {
        __typename
        path
        message
      }
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    fragment Challenge on SecondFactorChallenge {
  __typename
  challenge
  methods
  passkeyOptions
  maskedPhoneNumber
  expiresAt
}`, {"hash":"sha256:7ab045eae5ab19404963e87238eeebd286b1f754165a00d3be43c9b8239116ac"}) as unknown as TypedDocumentString<CompletePasswordResetMutation, CompletePasswordResetMutationVariables>;
export const RequestManualResetDocument = new TypedDocumentString(`
    mutation RequestManualReset($input: RequestManualResetInput!) {
  requestManualReset(input: $input) {
    __typename
    ... on RequestManualResetAccepted {
      __typename
      reference
      dueAt
    }
    ... on InvalidInputProblem {
      __typename
      fields {
        __typename
        path
        message
      }
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:e0a2f8cb45327d63fcf37de7ad0af94c619d04821baae86a0d2e9388d4642f4b"}) as unknown as TypedDocumentString<RequestManualResetMutation, RequestManualResetMutationVariables>;
export const StartQrSignInDocument = new TypedDocumentString(`
    mutation StartQrSignIn {
  startQrSignIn {
    __typename
    ... on StartQrSignInSuccess {
      __typename
      qrPayload
      claimSecret
      comparisonNumber
      expiresAt
      pollAfterSeconds
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:cc2e8dee5d293d5580bce71821a7db089cc8a053cb26e238cf5507f3c23475e8"}) as unknown as TypedDocumentString<StartQrSignInMutation, StartQrSignInMutationVariables>;
export const ClaimQrSignInDocument = new TypedDocumentString(`
    mutation ClaimQrSignIn($input: ClaimQrSignInInput!) {
  claimQrSignIn(input: $input) {
    __typename
    ... on SignInSuccess {
      __typename
      viewer {
        __typename
        id
      }
    }
    ... on QrSignInPending {
      __typename
      isScanned
      pollAfterSeconds
    }
    ... on SignInBlockedProblem {
      __typename
      reason
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:0275a868df8ea7f2135639df636d5ddd8f003fd4dd70bcab3da03d3d47b90765"}) as unknown as TypedDocumentString<ClaimQrSignInMutation, ClaimQrSignInMutationVariables>;
export const WhoIsSignedInDocument = new TypedDocumentString(`
    query WhoIsSignedIn {
  viewer {
    __typename
    id
    email
  }
}
    `, {"hash":"sha256:6af2df7e4c1166c6957c037e7e20672bc13cfa54bb7e10a07598031ce5f01ea0"}) as unknown as TypedDocumentString<WhoIsSignedInQuery, WhoIsSignedInQueryVariables>;
export const FeaturesDocument = new TypedDocumentString(`
    query Features {
  securityFeatures {
    __typename
    signUp
    passkeys
    qrSignIn
  }
}
    `, {"hash":"sha256:e5cd4affacc1be334ac59c2de18560caba8d6d7f9be3565ecebc7e3d05856ccb"}) as unknown as TypedDocumentString<FeaturesQuery, FeaturesQueryVariables>;
export const SignInDocument = new TypedDocumentString(`
    mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    __typename
    ... on SignInSuccess {
      __typename
      viewer {
        __typename
        id
      }
    }
    ... on SecondFactorChallenge {
      __typename
      ...Challenge
    }
    ... on SignInBlockedProblem {
      __typename
      reason
    }
    ... on InvalidInputProblem {
      __typename
      fields {
        __typename
        path
        message
      }
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    fragment Challenge on SecondFactorChallenge {
  __typename
  challenge
  methods
  passkeyOptions
  maskedPhoneNumber
  expiresAt
}`, {"hash":"sha256:4d6a10299b853a62da27a6a48624937876f9a0a35ff7dfa32546f90e3d33e412"}) as unknown as TypedDocumentString<SignInMutation, SignInMutationVariables>;
export const CompleteSignInDocument = new TypedDocumentString(`
    mutation CompleteSignIn($input: CompleteSignInInput!) {
  completeSignIn(input: $input) {
    __typename
    ... on SignInSuccess {
      __typename
      viewer {
        __typename
        id
      }
    }
    ... on ProofRejectedProblem {
      __typename
      attemptsRemaining
    }
    ... on SignInBlockedProblem {
      __typename
      reason
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:8297c220500feb2d497032638a6a7cd608ab1f2ab4e88880f599e9466e4e025b"}) as unknown as TypedDocumentString<CompleteSignInMutation, CompleteSignInMutationVariables>;
export const SendChallengeCodeDocument = new TypedDocumentString(`
    mutation SendChallengeCode($input: SendChallengeCodeInput!) {
  sendChallengeCode(input: $input) {
    __typename
    ... on SendChallengeCodeSuccess {
      __typename
      delivery {
        __typename
        ...Delivered
      }
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    fragment Delivered on MessageDelivery {
  __typename
  channel
  maskedDestination
  expiresAt
  resendAfterSeconds
}`, {"hash":"sha256:40d15887676f542bf26788d90ea59d103183bae6342810043a07681370f9166d"}) as unknown as TypedDocumentString<SendChallengeCodeMutation, SendChallengeCodeMutationVariables>;
export const StartPasskeySignInDocument = new TypedDocumentString(`
    mutation StartPasskeySignIn {
  startPasskeySignIn {
    __typename
    ... on StartPasskeySignInSuccess {
      __typename
      ceremony
      options
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:087eb635c149372e5b5c4cc697ff2690356283f094946491c1ad2380c8d606d8"}) as unknown as TypedDocumentString<StartPasskeySignInMutation, StartPasskeySignInMutationVariables>;
export const FinishPasskeySignInDocument = new TypedDocumentString(`
    mutation FinishPasskeySignIn($input: FinishPasskeySignInInput!) {
  finishPasskeySignIn(input: $input) {
    __typename
    ... on SignInSuccess {
      __typename
      viewer {
        __typename
        id
      }
    }
    ... on SignInBlockedProblem {
      __typename
      reason
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:d599828342aa07224c9d5cb26e65aa78de8da8f184b5dbcefcc24a4220ab5d73"}) as unknown as TypedDocumentString<FinishPasskeySignInMutation, FinishPasskeySignInMutationVariables>;
export const SignOutDocument = new TypedDocumentString(`
    mutation SignOut {
  signOut {
    __typename
    ... on SignOutSuccess {
      __typename
      sessionEnded
    }
  }
}
    `, {"hash":"sha256:1c90741723da5c87c9bb6f54b3c8526f037e55602234bcf540f4857d6a590d17"}) as unknown as TypedDocumentString<SignOutMutation, SignOutMutationVariables>;
export const ReauthenticateDocument = new TypedDocumentString(`
    mutation Reauthenticate($input: ReauthenticateInput!) {
  reauthenticate(input: $input) {
    __typename
    ... on ReauthenticateSuccess {
      __typename
      session {
        __typename
        id
        reauthenticatedUntil
      }
    }
    ... on SecondFactorChallenge {
      __typename
      ...Challenge
    }
    ... on ProofRejectedProblem {
      __typename
      attemptsRemaining
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    fragment Challenge on SecondFactorChallenge {
  __typename
  challenge
  methods
  passkeyOptions
  maskedPhoneNumber
  expiresAt
}`, {"hash":"sha256:65b011429d4f0c39aec7fb11e1acab2eb77d803e12c07c4da789bea15a3eb4c6"}) as unknown as TypedDocumentString<ReauthenticateMutation, ReauthenticateMutationVariables>;
export const SignUpDocument = new TypedDocumentString(`
    mutation SignUp($input: SignUpInput!) {
  signUp(input: $input) {
    __typename
    ... on SignUpAccepted {
      __typename
      linkLifetimeMinutes
      resendAfterSeconds
    }
    ... on InvalidInputProblem {
      __typename
      fields {
        __typename
        path
        message
      }
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:6b804f75302706efb7ae4f803f0d6c0b3798ae573cc398ab8ec7f8e11465e9af"}) as unknown as TypedDocumentString<SignUpMutation, SignUpMutationVariables>;
export const CompleteSignUpDocument = new TypedDocumentString(`
    mutation CompleteSignUp($input: CompleteSignUpInput!) {
  completeSignUp(input: $input) {
    __typename
    ... on SignInSuccess {
      __typename
      viewer {
        __typename
        id
      }
    }
    ... on PasswordRejectedProblem {
      __typename
      violations {
        __typename
        rule
        message
      }
    }
    ... on InvalidInputProblem {
      __typename
      fields {
        __typename
        path
        message
      }
    }
    ... on RateLimitProblem {
      __typename
      retryAfterSeconds
    }
    ... on Problem {
      __typename
      code
      message
    }
  }
}
    `, {"hash":"sha256:bf76593314a84d11d06944bb634761c282a3412c6013e7e8e1e6d7ef2ca20fdf"}) as unknown as TypedDocumentString<CompleteSignUpMutation, CompleteSignUpMutationVariables>;