/** Signing in a new device with a QR code. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import {
  FeatureDisabledProblem,
  NotFoundProblem,
  ProofRejectedProblem,
  QrSignInDeniedProblem,
  RateLimitProblem,
  ReauthenticationProblem,
  SignInBlockedProblem,
  TokenInvalidProblem,
} from './problems.js';
import { Device } from './security-events.js';
import { SessionTransport } from './sessions.js';
import { SignInSuccess } from './sign-in.js';
import { resultUnion } from './result-union.js';
import { DateTime, Secret } from './scalars.js';

export const StartQrSignInResult = resultUnion(
  'StartQrSignInResult',
  'The outcomes of `startQrSignIn`.',
  () => [StartQrSignInSuccess, FeatureDisabledProblem, RateLimitProblem] as const,
);
export type StartQrSignInResult = typeof StartQrSignInResult;

@ObjectType({ description: 'What the device to be signed in shows and keeps.' })
export class StartQrSignInSuccess {
  @Field(() => Secret, { description: 'What the QR code holds. Enough to approve, never enough to take the session.' })
  qrPayload!: string;

  @Field(() => Secret, {
    description: 'What this device keeps to take the session. Never shown, never in the QR code.',
  })
  claimSecret!: string;

  @Field(() => String, { description: 'The number to show next to the QR code.' })
  comparisonNumber!: string;

  @Field(() => DateTime, { description: 'When it lapses.' })
  expiresAt!: Date;

  @Field(() => Int, { description: 'How long to wait before the first `claimQrSignIn`.' })
  pollAfterSeconds!: number;
}

@InputType({ description: 'What `scanQrSignIn` takes.' })
export class ScanQrSignInInput {
  @Field(() => Secret, { description: 'What the QR code holds.' })
  qrPayload!: string;
}

export const ScanQrSignInResult = resultUnion(
  'ScanQrSignInResult',
  'The outcomes of `scanQrSignIn`.',
  () => [ScanQrSignInSuccess, TokenInvalidProblem, RateLimitProblem] as const,
);
export type ScanQrSignInResult = typeof ScanQrSignInResult;

@ObjectType({ description: 'Scanned. Show what is asked for before approving it.' })
export class ScanQrSignInSuccess {
  @Field(() => QrSignInRequest, { description: 'The request.' })
  request!: QrSignInRequest;
}

@ObjectType({ description: 'A device that asks to be signed in.' })
export class QrSignInRequest {
  @Field(() => ID, {
    description: 'An opaque id, unique across all types. Of no use to anyone but the person who scanned it.',
  })
  id!: string;

  @Field(() => Device, { description: 'The device that asks.' })
  device!: Device;

  @Field(() => Boolean, {
    description:
      'Whether it reaches us from the same network address as this request. If not, it is probably not in the same room.',
  })
  isSameNetwork!: boolean;

  @Field(() => DateTime, { description: 'When it asked.' })
  requestedAt!: Date;

  @Field(() => DateTime, { description: 'When it lapses.' })
  expiresAt!: Date;
}

@InputType({ description: 'What `approveQrSignIn` takes.' })
export class ApproveQrSignInInput {
  @Field(() => ID, { description: 'The id of the request.' })
  requestId!: string;

  @Field(() => String, { description: 'The number the other device shows, typed by the person.' })
  comparisonNumber!: string;
}

export const ApproveQrSignInResult = resultUnion(
  'ApproveQrSignInResult',
  'The outcomes of `approveQrSignIn`.',
  () =>
    [ApproveQrSignInSuccess, ProofRejectedProblem, NotFoundProblem, ReauthenticationProblem, RateLimitProblem] as const,
);
export type ApproveQrSignInResult = typeof ApproveQrSignInResult;

@ObjectType({ description: 'Approved: the other device can take its session.' })
export class ApproveQrSignInSuccess {
  @Field(() => QrSignInRequest, { description: 'The request.' })
  request!: QrSignInRequest;
}

@InputType({ description: 'What `denyQrSignIn` takes.' })
export class DenyQrSignInInput {
  @Field(() => ID, { description: 'The id of the request.' })
  requestId!: string;
}

export const DenyQrSignInResult = resultUnion(
  'DenyQrSignInResult',
  'The outcomes of `denyQrSignIn`.',
  () => [DenyQrSignInSuccess, NotFoundProblem] as const,
);
export type DenyQrSignInResult = typeof DenyQrSignInResult;

@ObjectType({ description: 'Turned away.' })
export class DenyQrSignInSuccess {
  @Field(() => ID, { description: 'The id of the request.' })
  deniedRequestId!: string;
}

@InputType({ description: 'What `claimQrSignIn` takes.' })
export class ClaimQrSignInInput {
  @Field(() => Secret, { description: 'What the device kept.' })
  claimSecret!: string;

  @Field(() => SessionTransport, {
    description: 'How the client keeps the session.',
    defaultValue: 'COOKIE',
    nullable: true,
  })
  transport?: SessionTransport | null;
}

export const ClaimQrSignInResult = resultUnion(
  'ClaimQrSignInResult',
  'The outcomes of `claimQrSignIn`.',
  () =>
    [
      SignInSuccess,
      QrSignInPending,
      QrSignInDeniedProblem,
      TokenInvalidProblem,
      SignInBlockedProblem,
      RateLimitProblem,
    ] as const,
);
export type ClaimQrSignInResult = typeof ClaimQrSignInResult;

@ObjectType({ description: 'Not decided yet.' })
export class QrSignInPending {
  @Field(() => Boolean, { description: 'Whether someone has scanned the code.' })
  isScanned!: boolean;

  @Field(() => Int, { description: 'How long to wait before asking again.' })
  pollAfterSeconds!: number;
}
