/** Sessions: who is signed in, where. */
import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PageInfo } from './paging.js';
import { NotFoundProblem } from './problems.js';
import { Device } from './security-events.js';
import { Viewer } from './viewer.js';
import { resultUnion } from './result-union.js';
import { DateTime } from './scalars.js';

export const SessionTransport = {
  COOKIE: 'COOKIE',
  BEARER: 'BEARER',
} as const;
export type SessionTransport = keyof typeof SessionTransport;
registerEnumType(SessionTransport, {
  name: 'SessionTransport',
  description: 'How a client keeps its session.',
  valuesConfig: {
    COOKIE: { description: 'An HttpOnly cookie. For browsers.' },
    BEARER: {
      description:
        'A token in the answer, sent back as `Authorization: Bearer`. For native apps, which have no cookie jar to trust.',
    },
  },
});

@ObjectType({ description: 'A sign-in on one device.' })
export class Session {
  @Field(() => ID, {
    description: 'An opaque id, unique across all types. Not the session secret, and no way to derive it.',
  })
  id!: string;

  @Field(() => Boolean, { description: 'Whether it is the session of this request.' })
  isCurrent!: boolean;

  @Field(() => SignInMethod, { description: 'How the person signed in.' })
  signInMethod!: SignInMethod;

  @Field(() => Device, { description: 'The device, as far as it can be told.' })
  device!: Device;

  @Field(() => DateTime, { description: 'When the person signed in.' })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When it was last used, to the minute.' })
  lastUsedAt!: Date;

  @Field(() => DateTime, { description: 'When it lapses at the latest.' })
  expiresAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Until when actions that ask for a recent sign-in are open. Null when they are not.',
  })
  reauthenticatedUntil!: Date | null;
}

export const SignInMethod = {
  PASSWORD: 'PASSWORD',
  PASSWORD_AND_SECOND_FACTOR: 'PASSWORD_AND_SECOND_FACTOR',
  PASSKEY: 'PASSKEY',
  QR_CODE: 'QR_CODE',
  SIGN_UP: 'SIGN_UP',
} as const;
export type SignInMethod = keyof typeof SignInMethod;
registerEnumType(SignInMethod, {
  name: 'SignInMethod',
  description: 'The ways to sign in.',
  valuesConfig: {
    PASSWORD: { description: 'A password alone.' },
    PASSWORD_AND_SECOND_FACTOR: { description: 'A password and a second factor.' },
    PASSKEY: { description: 'A passkey.' },
    QR_CODE: { description: 'A QR code approved on another device.' },
    SIGN_UP: { description: 'The link that created the account.' },
  },
});

@ObjectType({ description: 'A page of sessions.' })
export class SessionConnection {
  @Field(() => [SessionEdge], { description: 'The sessions with their cursors.' })
  edges!: SessionEdge[];

  @Field(() => [Session], { description: 'The sessions.' })
  nodes!: Session[];

  @Field(() => PageInfo, { description: 'Where the page lies.' })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: 'How many sessions there are in all.' })
  totalCount!: number;
}

@ObjectType({ description: 'A session in a page.' })
export class SessionEdge {
  @Field(() => String, { description: 'Where the session lies in the connection.' })
  cursor!: string;

  @Field(() => Session, { description: 'The session.' })
  node!: Session;
}

export const SignOutResult = resultUnion(
  'SignOutResult',
  'The outcomes of `signOut`.',
  () => [SignOutSuccess] as const,
);
export type SignOutResult = typeof SignOutResult;

@ObjectType({
  description:
    "Nobody is signed in any more. The session cookie was cleared with this response; clear the client's cache too.",
})
export class SignOutSuccess {
  @Field(() => Boolean, { description: 'Whether a session was ended by this call.' })
  sessionEnded!: boolean;
}

@InputType({ description: 'What `revokeSession` takes.' })
export class RevokeSessionInput {
  @Field(() => ID, { description: 'The id of the session.' })
  sessionId!: string;
}

export const RevokeSessionResult = resultUnion(
  'RevokeSessionResult',
  'The outcomes of `revokeSession`.',
  () => [RevokeSessionSuccess, NotFoundProblem] as const,
);
export type RevokeSessionResult = typeof RevokeSessionResult;

@ObjectType({ description: 'The session is over.' })
export class RevokeSessionSuccess {
  @Field(() => ID, { description: 'The id of the session, to drop it from a cache.' })
  revokedSessionId!: string;

  @Field(() => Viewer, {
    nullable: true,
    description: 'The person, with the sessions that are left. Null when the current session was the one ended.',
  })
  viewer!: Viewer | null;
}

export const RevokeOtherSessionsResult = resultUnion(
  'RevokeOtherSessionsResult',
  'The outcomes of `revokeOtherSessions`.',
  () => [RevokeOtherSessionsSuccess] as const,
);
export type RevokeOtherSessionsResult = typeof RevokeOtherSessionsResult;

@ObjectType({ description: 'The other sessions are over.' })
export class RevokeOtherSessionsSuccess {
  @Field(() => Int, { description: 'How many were ended.' })
  revokedSessionCount!: number;

  @Field(() => Viewer, { description: 'The person, with the one session that is left.' })
  viewer!: Viewer;
}
