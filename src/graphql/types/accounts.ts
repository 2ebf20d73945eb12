/** The account: the entity that other services refer to, and what staff do to it. */
import { Directive, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PageInfo } from './paging.js';
import { InvalidInputProblem, NotFoundProblem, Problem, ProblemCode, ReauthenticationProblem } from './problems.js';
import { resultUnion } from './result-union.js';
import { DateTime } from './scalars.js';

@Directive('@tag(name: "staff")')
@ObjectType({ implements: Problem, description: 'The account is not in a state that allows the action.' })
export class AccountConflictProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `CONFLICT`.' })
  code!: 'CONFLICT';

  @Field(() => String, { description: 'A summary.' })
  message!: string;

  @Field(() => Account, { description: 'The account as it is now.' })
  account!: Account;
}

@Directive('@key(fields: "id")')
@ObjectType({
  description:
    'An account. Other subgraphs refer to it by `id`. Every field but the key may be null, because a reference can outlive its account: a missing account must not take the referring object down with it.',
})
export class Account {
  @Field(() => ID, { description: 'An opaque id, unique across all types, such as `acct_…`. Never reused.' })
  id!: string;
}

export const AccountStatus = {
  ACTIVE: 'ACTIVE',
  LOCKED: 'LOCKED',
  PASSWORD_RESET_REQUIRED: 'PASSWORD_RESET_REQUIRED',
  CLOSED: 'CLOSED',
} as const;
export type AccountStatus = keyof typeof AccountStatus;
registerEnumType(AccountStatus, {
  name: 'AccountStatus',
  description: 'The state of an account.',
  valuesConfig: {
    ACTIVE: { description: 'In use.' },
    LOCKED: { description: 'Barred from signing in.' },
    PASSWORD_RESET_REQUIRED: { description: 'Must reset the password before signing in.' },
    CLOSED: { description: 'Closed for good.' },
  },
});

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A lock on an account.' })
export class AccountLock {
  @Field(() => LockReason, { description: 'Why.' })
  reason!: LockReason;

  @Field(() => String, { nullable: true, description: 'What staff wrote. Null when nothing was.' })
  note!: string | null;

  @Field(() => DateTime, { description: 'When it was locked.' })
  lockedAt!: Date;

  @Field(() => Account, {
    nullable: true,
    description: 'The staff member who locked it. Null when an operator did, from the command line.',
  })
  lockedBy!: Account | null;

  @Field(() => DateTime, { nullable: true, description: 'When the lock ends by itself. Null when it does not.' })
  expiresAt!: Date | null;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A letter or text to the owner of an account that was given up.' })
export class UndeliverableMessage {
  @Field(() => String, { description: 'What kind of message it was, such as `password_reset`.' })
  message!: string;

  @Field(() => String, { description: 'Why it was given up, in short.' })
  reason!: string;

  @Field(() => DateTime, { description: 'When it was given up.' })
  failedAt!: Date;
}

export const LockReason = {
  SUSPECTED_TAKEOVER: 'SUSPECTED_TAKEOVER',
  ABUSE: 'ABUSE',
  OWNER_REQUEST: 'OWNER_REQUEST',
} as const;
export type LockReason = keyof typeof LockReason;
registerEnumType(LockReason, {
  name: 'LockReason',
  description: 'Why an account was locked.',
  valuesConfig: {
    SUSPECTED_TAKEOVER: { description: 'Signs that someone else has access.' },
    ABUSE: { description: 'Misuse by the owner.' },
    OWNER_REQUEST: { description: 'The owner asked for it.' },
  },
});

@Directive('@tag(name: "staff")')
@InputType({ description: 'Which accounts to return. Conditions are joined with and.' })
export class AccountFilter {
  @Field(() => String, { nullable: true, description: 'The whole address, whatever its case.' })
  email?: string | null;

  @Field(() => [AccountStatus], { nullable: true, description: 'The states.' })
  statuses?: AccountStatus[] | null;

  @Field(() => DateTime, { nullable: true, description: 'Only accounts created at or after this instant.' })
  createdFrom?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Only accounts created before this instant.' })
  createdBefore?: Date | null;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A page of accounts.' })
export class AccountConnection {
  @Field(() => [AccountEdge], { description: 'The accounts with their cursors.' })
  edges!: AccountEdge[];

  @Field(() => [Account], { description: 'The accounts.' })
  nodes!: Account[];

  @Field(() => PageInfo, { description: 'Where the page lies.' })
  pageInfo!: PageInfo;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'An account in a page.' })
export class AccountEdge {
  @Field(() => String, { description: 'Where the account lies in the connection.' })
  cursor!: string;

  @Field(() => Account, { description: 'The account.' })
  node!: Account;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `lockAccount` takes.' })
export class LockAccountInput {
  @Field(() => ID, { description: 'The id of the account.' })
  accountId!: string;

  @Field(() => LockReason, { description: 'Why.' })
  reason!: LockReason;

  @Field(() => DateTime, { nullable: true, description: 'When the lock ends by itself. Never when absent.' })
  expiresAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'What to record. At most 2000 characters.' })
  note?: string | null;
}

export const LockAccountResult = resultUnion(
  'LockAccountResult',
  'The outcomes of `lockAccount`.',
  () =>
    [
      LockAccountSuccess,
      NotFoundProblem,
      AccountConflictProblem,
      InvalidInputProblem,
      ReauthenticationProblem,
    ] as const,
);
export type LockAccountResult = typeof LockAccountResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Locked.' })
export class LockAccountSuccess {
  @Field(() => Account, { description: 'The account.' })
  account!: Account;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `unlockAccount` takes.' })
export class UnlockAccountInput {
  @Field(() => ID, { description: 'The id of the account.' })
  accountId!: string;

  @Field(() => String, { nullable: true, description: 'What to record. At most 2000 characters.' })
  note?: string | null;
}

export const UnlockAccountResult = resultUnion(
  'UnlockAccountResult',
  'The outcomes of `unlockAccount`.',
  () => [UnlockAccountSuccess, NotFoundProblem, AccountConflictProblem, ReauthenticationProblem] as const,
);
export type UnlockAccountResult = typeof UnlockAccountResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Unlocked.' })
export class UnlockAccountSuccess {
  @Field(() => Account, { description: 'The account.' })
  account!: Account;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `forcePasswordReset` takes.' })
export class ForcePasswordResetInput {
  @Field(() => ID, { description: 'The id of the account.' })
  accountId!: string;

  @Field(() => String, { nullable: true, description: 'What to record. At most 2000 characters.' })
  note?: string | null;
}

export const ForcePasswordResetResult = resultUnion(
  'ForcePasswordResetResult',
  'The outcomes of `forcePasswordReset`.',
  () => [ForcePasswordResetSuccess, NotFoundProblem, AccountConflictProblem, ReauthenticationProblem] as const,
);
export type ForcePasswordResetResult = typeof ForcePasswordResetResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Void. The owner was told.' })
export class ForcePasswordResetSuccess {
  @Field(() => Account, { description: 'The account.' })
  account!: Account;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `revokeAllSessions` takes.' })
export class RevokeAllSessionsInput {
  @Field(() => ID, { description: 'The id of the account.' })
  accountId!: string;
}

export const RevokeAllSessionsResult = resultUnion(
  'RevokeAllSessionsResult',
  'The outcomes of `revokeAllSessions`.',
  () => [RevokeAllSessionsSuccess, NotFoundProblem, ReauthenticationProblem] as const,
);
export type RevokeAllSessionsResult = typeof RevokeAllSessionsResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Ended.' })
export class RevokeAllSessionsSuccess {
  @Field(() => Account, { description: 'The account.' })
  account!: Account;

  @Field(() => Int, { description: 'How many sessions were ended.' })
  revokedSessionCount!: number;
}
