/** What happened to an account, and on which device. */
import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { MessageDelivery } from './messages.js';
import { PageInfo } from './paging.js';
import { NotFoundProblem, RateLimitProblem, ReauthenticationProblem, TokenInvalidProblem } from './problems.js';
import { Viewer } from './viewer.js';
import { resultUnion } from './result-union.js';
import { DateTime, IPAddress, Secret } from './scalars.js';

@ObjectType({ description: 'A device, as far as the request told. For people to recognise; not proof of anything.' })
export class Device {
  @Field(() => String, { description: 'A short description, such as `Firefox on Linux`.' })
  summary!: string;

  @Field(() => IPAddress, { nullable: true, description: 'The network address last seen.' })
  ipAddress!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The region of that address, such as `Oslo, Norway`. Null when unknown.',
  })
  approximateLocation!: string | null;
}

@ObjectType({ description: 'Something that happened to an account.' })
export class SecurityEvent {
  @Field(() => ID, { description: 'An opaque id, unique across all types.' })
  id!: string;

  @Field(() => SecurityEventKind, { description: 'What happened.' })
  kind!: SecurityEventKind;

  @Field(() => DateTime, { description: 'When.' })
  occurredAt!: Date;

  @Field(() => Device, { nullable: true, description: 'The device that caused it. Null when no request did.' })
  device!: Device | null;

  @Field(() => Boolean, { description: 'Whether staff did it.' })
  byStaff!: boolean;
}

export const SecurityEventKind = {
  ACCOUNT_CREATED: 'ACCOUNT_CREATED',
  SIGNED_IN: 'SIGNED_IN',
  SIGN_IN_FAILED: 'SIGN_IN_FAILED',
  SESSION_REVOKED: 'SESSION_REVOKED',
  PASSWORD_RESET_REQUESTED: 'PASSWORD_RESET_REQUESTED',
  PASSWORD_RESET: 'PASSWORD_RESET',
  PASSWORD_CHANGED: 'PASSWORD_CHANGED',
  SECOND_FACTOR_ADDED: 'SECOND_FACTOR_ADDED',
  SECOND_FACTOR_REMOVED: 'SECOND_FACTOR_REMOVED',
  RECOVERY_CODES_REGENERATED: 'RECOVERY_CODES_REGENERATED',
  RECOVERY_CODE_USED: 'RECOVERY_CODE_USED',
  PASSKEY_ADDED: 'PASSKEY_ADDED',
  PASSKEY_REMOVED: 'PASSKEY_REMOVED',
  EMAIL_CHANGED: 'EMAIL_CHANGED',
  PHONE_NUMBER_CHANGED: 'PHONE_NUMBER_CHANGED',
  NOTIFICATION_CHANNEL_CHANGED: 'NOTIFICATION_CHANNEL_CHANGED',
  QR_SIGN_IN_APPROVED: 'QR_SIGN_IN_APPROVED',
  QR_SIGN_IN_DENIED: 'QR_SIGN_IN_DENIED',
  ACCOUNT_LOCKED: 'ACCOUNT_LOCKED',
  ACCOUNT_UNLOCKED: 'ACCOUNT_UNLOCKED',
  MANUAL_RESET_DECIDED: 'MANUAL_RESET_DECIDED',
} as const;
export type SecurityEventKind = keyof typeof SecurityEventKind;
registerEnumType(SecurityEventKind, {
  name: 'SecurityEventKind',
  description: 'What can happen to an account. Values may be added.',
  valuesConfig: {
    ACCOUNT_CREATED: { description: 'The account was created.' },
    SIGNED_IN: { description: 'Someone signed in.' },
    SIGN_IN_FAILED: { description: 'Someone tried to sign in and failed.' },
    SESSION_REVOKED: { description: 'A session was ended.' },
    PASSWORD_RESET_REQUESTED: { description: 'A password reset was asked for.' },
    PASSWORD_RESET: { description: 'The password was set with a reset token.' },
    PASSWORD_CHANGED: { description: 'The password was changed by its owner.' },
    SECOND_FACTOR_ADDED: { description: 'A second factor was added.' },
    SECOND_FACTOR_REMOVED: { description: 'A second factor was removed.' },
    RECOVERY_CODES_REGENERATED: { description: 'The recovery codes were replaced.' },
    RECOVERY_CODE_USED: { description: 'A recovery code was used.' },
    PASSKEY_ADDED: { description: 'A passkey was added.' },
    PASSKEY_REMOVED: { description: 'A passkey was removed.' },
    EMAIL_CHANGED: { description: 'The address was changed.' },
    PHONE_NUMBER_CHANGED: { description: 'The telephone number was set, verified or removed.' },
    NOTIFICATION_CHANNEL_CHANGED: { description: 'The channel for security messages was changed.' },
    QR_SIGN_IN_APPROVED: { description: 'A QR sign-in was approved.' },
    QR_SIGN_IN_DENIED: { description: 'A QR sign-in was denied.' },
    ACCOUNT_LOCKED: { description: 'The account was locked.' },
    ACCOUNT_UNLOCKED: { description: 'The account was unlocked.' },
    MANUAL_RESET_DECIDED: { description: 'A request for a manual reset was decided.' },
  },
});

@ObjectType({ description: 'A page of security events.' })
export class SecurityEventConnection {
  @Field(() => [SecurityEventEdge], { description: 'The events with their cursors.' })
  edges!: SecurityEventEdge[];

  @Field(() => [SecurityEvent], { description: 'The events.' })
  nodes!: SecurityEvent[];

  @Field(() => PageInfo, { description: 'Where the page lies.' })
  pageInfo!: PageInfo;
}

@ObjectType({ description: 'A security event in a page.' })
export class SecurityEventEdge {
  @Field(() => String, { description: 'Where the event lies in the connection.' })
  cursor!: string;

  @Field(() => SecurityEvent, { description: 'The event.' })
  node!: SecurityEvent;
}

@InputType({ description: 'What `disownSecurityEvent` takes.' })
export class DisownSecurityEventInput {
  @Field(() => Secret, { description: 'The token from the notice.' })
  token!: string;
}

export const DisownSecurityEventResult = resultUnion(
  'DisownSecurityEventResult',
  'The outcomes of `disownSecurityEvent`.',
  () => [DisownSecurityEventSuccess, TokenInvalidProblem, RateLimitProblem] as const,
);
export type DisownSecurityEventResult = typeof DisownSecurityEventResult;

@ObjectType({ description: 'The account is safe for now: nobody is signed in, and the password no longer works.' })
export class DisownSecurityEventSuccess {
  @Field(() => DateTime, { description: 'When.' })
  securedAt!: Date;
}

@InputType({ description: 'What `reportSecurityEvent` takes.' })
export class ReportSecurityEventInput {
  @Field(() => ID, { description: 'The id of the event.' })
  eventId!: string;
}

export const ReportSecurityEventResult = resultUnion(
  'ReportSecurityEventResult',
  'The outcomes of `reportSecurityEvent`.',
  () => [ReportSecurityEventSuccess, NotFoundProblem, ReauthenticationProblem, RateLimitProblem] as const,
);
export type ReportSecurityEventResult = typeof ReportSecurityEventResult;

@ObjectType({ description: 'Reported. A reset link is on its way to the person.' })
export class ReportSecurityEventSuccess {
  @Field(() => Secret, {
    nullable: true,
    description: 'The new session token, only for a client that keeps its session as `BEARER`; null otherwise.',
  })
  sessionToken!: string | null;

  @Field(() => MessageDelivery, { description: 'How and where the reset link was sent.' })
  delivery!: MessageDelivery;

  @Field(() => Viewer, { description: 'The person, with the one session that is left.' })
  viewer!: Viewer;
}
