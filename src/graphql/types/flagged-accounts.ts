/** The review queue. */
import { Directive, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Access, type AccessRule } from '../access.js';
import { Account } from './accounts.js';
import { OrderDirection, PageInfo } from './paging.js';
import { InvalidInputProblem, NotFoundProblem, Problem, ProblemCode, ReauthenticationProblem } from './problems.js';
import { resultUnion } from './result-union.js';
import { DateTime } from './scalars.js';

@Directive('@tag(name: "staff")')
@ObjectType({
  implements: Problem,
  description: 'The flag is not in a state that allows the action: someone else has it, or it is decided.',
})
export class FlagConflictProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `CONFLICT`.' })
  code!: 'CONFLICT';

  @Field(() => String, { description: 'A summary.' })
  message!: string;

  @Field(() => AccountFlag, { description: 'The flag as it is now.' })
  flag!: AccountFlag;
}

/** A service may raise a flag, and learns nothing of what staff or rules say about it. */
export const REVIEWERS: AccessRule = { scopes: [['accounts:review']] };

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A reason to look at an account.' })
export class AccountFlag {
  @Field(() => ID, { description: 'An opaque id, unique across all types.' })
  id!: string;

  @Field(() => Account, { description: 'The account.' })
  account!: Account;

  @Field(() => FlagReason, { description: 'Why it was flagged.' })
  reason!: FlagReason;

  @Field(() => FlagSeverity, { description: 'How urgent it is.' })
  severity!: FlagSeverity;

  @Field(() => FlagStatus, { description: 'Where the flag stands.' })
  status!: FlagStatus;

  @Field(() => DateTime, { description: 'When it was raised.' })
  flaggedAt!: Date;

  @Access(REVIEWERS)
  @Field(() => Account, { nullable: true, description: 'The staff member working on it. Null when nobody is.' })
  claimedBy!: Account | null;

  @Access(REVIEWERS)
  @Field(() => DateTime, { nullable: true, description: 'When it was claimed. Null when it is not.' })
  claimedAt!: Date | null;

  @Access(REVIEWERS)
  @Field(() => FlagResolution, { nullable: true, description: 'What was decided. Null while it is not.' })
  resolution!: FlagResolution | null;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'What a rule saw when it raised or last added to a flag.' })
export class FlagEvidence {
  @Field(() => Int, { description: 'How many events count towards the flag.' })
  eventCount!: number;

  @Field(() => DateTime, { description: 'The first of them.' })
  firstEventAt!: Date;

  @Field(() => DateTime, { description: 'The last of them.' })
  lastEventAt!: Date;

  @Field(() => Int, { description: 'From how many network addresses they came.' })
  distinctSources!: number;

  @Field(() => Int, { description: 'How many accounts are concerned. One, except for a campaign.' })
  affectedAccountCount!: number;

  @Field(() => Int, { description: "The rule's threshold when it fired: this many events …" })
  thresholdCount!: number;

  @Field(() => Int, { description: '… within this many seconds.' })
  thresholdWindowSeconds!: number;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Something done to a flag.' })
export class FlagAction {
  @Field(() => FlagActionKind, { description: 'What.' })
  kind!: FlagActionKind;

  @Field(() => DateTime, { description: 'When.' })
  at!: Date;

  @Field(() => Account, { nullable: true, description: 'By whom. Null when a rule did it.' })
  by!: Account | null;

  @Field(() => String, { nullable: true, description: 'What was written. Null when nothing.' })
  note!: string | null;
}

export const FlagActionKind = {
  RAISED: 'RAISED',
  ADDED_TO: 'ADDED_TO',
  CLAIMED: 'CLAIMED',
  RELEASED: 'RELEASED',
  RESOLVED: 'RESOLVED',
} as const;
export type FlagActionKind = keyof typeof FlagActionKind;
registerEnumType(FlagActionKind, {
  name: 'FlagActionKind',
  description: 'What can be done to a flag.',
  valuesConfig: {
    RAISED: { description: 'It was raised.' },
    ADDED_TO: { description: 'A rule saw more of the same.' },
    CLAIMED: { description: 'A staff member took it.' },
    RELEASED: { description: 'A staff member put it back.' },
    RESOLVED: { description: 'It was decided.' },
  },
});

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'What was decided about a flag.' })
export class FlagResolution {
  @Field(() => FlagDecision, { description: 'The decision.' })
  decision!: FlagDecision;

  @Field(() => String, { nullable: true, description: 'What the staff member wrote. Null when nothing.' })
  note!: string | null;

  @Field(() => DateTime, { description: 'When.' })
  resolvedAt!: Date;

  @Field(() => Account, { description: 'By whom.' })
  resolvedBy!: Account;
}

export const FlagReason = {
  CREDENTIAL_STUFFING: 'CREDENTIAL_STUFFING',
  IMPOSSIBLE_TRAVEL: 'IMPOSSIBLE_TRAVEL',
  REPEATED_RESET_REQUESTS: 'REPEATED_RESET_REQUESTS',
  REPEATED_PASSWORD_RESETS: 'REPEATED_PASSWORD_RESETS',
  RESET_CAMPAIGN: 'RESET_CAMPAIGN',
  SIGN_IN_CAMPAIGN: 'SIGN_IN_CAMPAIGN',
  SECOND_FACTOR_ABUSE: 'SECOND_FACTOR_ABUSE',
  OWNER_REPORT: 'OWNER_REPORT',
  MANUAL: 'MANUAL',
} as const;
export type FlagReason = keyof typeof FlagReason;
registerEnumType(FlagReason, {
  name: 'FlagReason',
  description: 'Why an account was flagged. Values may be added.',
  valuesConfig: {
    CREDENTIAL_STUFFING: { description: 'Many failed sign-ins.' },
    IMPOSSIBLE_TRAVEL: { description: 'A sign-in from an unlikely place.' },
    REPEATED_RESET_REQUESTS: { description: 'Many reset requests in a short time, by anyone, completed or not.' },
    REPEATED_PASSWORD_RESETS: { description: 'Many completed resets or changes of the password in a short time.' },
    RESET_CAMPAIGN: {
      description:
        'One network source asked for resets of many accounts. One flag for the source, on the first account it hit; `FlagEvidence.affectedAccounts` names the others.',
    },
    SIGN_IN_CAMPAIGN: {
      description:
        'One network source failed to sign in to many accounts. One flag for the source, on the first account it hit; `FlagEvidence.affectedAccounts` names the others.',
    },
    SECOND_FACTOR_ABUSE: { description: 'Many second-factor failures.' },
    OWNER_REPORT: { description: 'The owner said that a sign-in or change was not theirs.' },
    MANUAL: { description: 'Staff or another service asked for a look.' },
  },
});

export const FlagSeverity = {
  LOW: 'LOW',
  MEDIUM: 'MEDIUM',
  HIGH: 'HIGH',
  CRITICAL: 'CRITICAL',
} as const;
export type FlagSeverity = keyof typeof FlagSeverity;
registerEnumType(FlagSeverity, {
  name: 'FlagSeverity',
  description: 'How urgent a flag is, from least to most.',
  valuesConfig: {
    LOW: { description: 'Can wait.' },
    MEDIUM: { description: 'Within the day.' },
    HIGH: { description: 'Within the hour.' },
    CRITICAL: { description: 'Now.' },
  },
});

export const FlagStatus = {
  OPEN: 'OPEN',
  CLAIMED: 'CLAIMED',
  RESOLVED: 'RESOLVED',
} as const;
export type FlagStatus = keyof typeof FlagStatus;
registerEnumType(FlagStatus, {
  name: 'FlagStatus',
  description: 'Where a flag stands.',
  valuesConfig: {
    OPEN: { description: 'Waiting.' },
    CLAIMED: { description: 'Someone is working on it.' },
    RESOLVED: { description: 'Decided.' },
  },
});

export const FlagDecision = {
  DISMISS: 'DISMISS',
  REVOKE_SESSIONS: 'REVOKE_SESSIONS',
  FORCE_PASSWORD_RESET: 'FORCE_PASSWORD_RESET',
  LOCK_ACCOUNT: 'LOCK_ACCOUNT',
} as const;
export type FlagDecision = keyof typeof FlagDecision;
registerEnumType(FlagDecision, {
  name: 'FlagDecision',
  description: 'What to do about a flag.',
  valuesConfig: {
    DISMISS: { description: 'Nothing is wrong.' },
    REVOKE_SESSIONS: { description: 'End every session.' },
    FORCE_PASSWORD_RESET: { description: 'End every session and make the password void.' },
    LOCK_ACCOUNT: { description: 'End every session and lock the account.' },
  },
});

@Directive('@tag(name: "staff")')
@InputType({
  description: 'Which flags the review queue shows. Conditions are joined with and; values in a list with or.',
})
export class FlaggedAccountFilter {
  @Field(() => [FlagStatus], { nullable: true, description: 'The states.' })
  statuses?: FlagStatus[] | null;

  @Field(() => [FlagReason], { nullable: true, description: 'The reasons.' })
  reasons?: FlagReason[] | null;

  @Field(() => FlagSeverity, { nullable: true, description: 'The least severity.' })
  minSeverity?: FlagSeverity | null;

  @Field(() => Boolean, { nullable: true, description: 'Only flags claimed by the caller.' })
  claimedByMe?: boolean | null;

  @Field(() => DateTime, { nullable: true, description: 'Only flags raised at or after this instant.' })
  flaggedFrom?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Only flags raised before this instant.' })
  flaggedBefore?: Date | null;
}

@Directive('@tag(name: "staff")')
@InputType({
  description: 'The order of the review queue. Ties are broken by the time of the oldest matching flag, then by id.',
})
export class FlaggedAccountOrder {
  @Field(() => FlaggedAccountOrderField, { description: 'What to order by.' })
  field!: FlaggedAccountOrderField;

  @Field(() => OrderDirection, { description: 'Which way.' })
  direction!: OrderDirection;
}

export const FlaggedAccountOrderField = {
  SEVERITY: 'SEVERITY',
  FLAGGED_AT: 'FLAGGED_AT',
} as const;
export type FlaggedAccountOrderField = keyof typeof FlaggedAccountOrderField;
registerEnumType(FlaggedAccountOrderField, {
  name: 'FlaggedAccountOrderField',
  description: 'What the review queue can be ordered by.',
  valuesConfig: {
    SEVERITY: { description: 'The greatest severity among the matching flags.' },
    FLAGGED_AT: { description: 'The time of the oldest matching flag.' },
  },
});

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A page of the review queue.' })
export class FlaggedAccountConnection {
  @Field(() => [FlaggedAccountEdge], { description: 'The accounts, with their cursors and why they are here.' })
  edges!: FlaggedAccountEdge[];

  @Field(() => [Account], { description: 'The accounts.' })
  nodes!: Account[];

  @Field(() => PageInfo, { description: 'Where the page lies.' })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: 'How many accounts the filter leaves in all.' })
  totalCount!: number;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'An account in the review queue, and why it is there.' })
export class FlaggedAccountEdge {
  @Field(() => String, { description: 'Where the account lies in the queue.' })
  cursor!: string;

  @Field(() => Account, { description: 'The account.' })
  node!: Account;

  @Field(() => FlagSeverity, { description: 'The greatest severity among the matching flags.' })
  severity!: FlagSeverity;

  @Field(() => DateTime, { description: 'When the oldest matching flag was raised.' })
  flaggedAt!: Date;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A page of flags.' })
export class AccountFlagConnection {
  @Field(() => [AccountFlagEdge], { description: 'The flags with their cursors.' })
  edges!: AccountFlagEdge[];

  @Field(() => [AccountFlag], { description: 'The flags.' })
  nodes!: AccountFlag[];

  @Field(() => PageInfo, { description: 'Where the page lies.' })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: 'How many flags the filter leaves in all.' })
  totalCount!: number;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A flag in a page.' })
export class AccountFlagEdge {
  @Field(() => String, { description: 'Where the flag lies in the connection.' })
  cursor!: string;

  @Field(() => AccountFlag, { description: 'The flag.' })
  node!: AccountFlag;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `flagAccount` takes.' })
export class FlagAccountInput {
  @Field(() => ID, { description: 'The id of the account.' })
  accountId!: string;

  @Field(() => FlagReason, { description: 'Why.' })
  reason!: FlagReason;

  @Field(() => FlagSeverity, { description: 'How urgent it is.' })
  severity!: FlagSeverity;

  @Field(() => String, { nullable: true, description: 'What to tell the reviewer. At most 2000 characters.' })
  note?: string | null;
}

export const FlagAccountResult = resultUnion(
  'FlagAccountResult',
  'The outcomes of `flagAccount`.',
  () => [FlagAccountSuccess, NotFoundProblem, InvalidInputProblem] as const,
);
export type FlagAccountResult = typeof FlagAccountResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Flagged.' })
export class FlagAccountSuccess {
  @Field(() => AccountFlag, { description: 'The flag.' })
  flag!: AccountFlag;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `claimFlag` takes.' })
export class ClaimFlagInput {
  @Field(() => ID, { description: 'The id of the flag.' })
  flagId!: string;
}

export const ClaimFlagResult = resultUnion(
  'ClaimFlagResult',
  'The outcomes of `claimFlag`.',
  () => [ClaimFlagSuccess, NotFoundProblem, FlagConflictProblem] as const,
);
export type ClaimFlagResult = typeof ClaimFlagResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Claimed by the caller.' })
export class ClaimFlagSuccess {
  @Field(() => AccountFlag, { description: 'The flag.' })
  flag!: AccountFlag;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `releaseFlag` takes.' })
export class ReleaseFlagInput {
  @Field(() => ID, { description: 'The id of the flag.' })
  flagId!: string;
}

export const ReleaseFlagResult = resultUnion(
  'ReleaseFlagResult',
  'The outcomes of `releaseFlag`.',
  () => [ReleaseFlagSuccess, NotFoundProblem, FlagConflictProblem] as const,
);
export type ReleaseFlagResult = typeof ReleaseFlagResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Back in the queue.' })
export class ReleaseFlagSuccess {
  @Field(() => AccountFlag, { description: 'The flag.' })
  flag!: AccountFlag;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `resolveFlag` takes.' })
export class ResolveFlagInput {
  @Field(() => ID, { description: 'The id of the flag, claimed by the caller.' })
  flagId!: string;

  @Field(() => FlagDecision, { description: 'The decision.' })
  decision!: FlagDecision;

  @Field(() => String, {
    nullable: true,
    description: 'Why. Needed for every decision but `DISMISS`. At most 2000 characters.',
  })
  note?: string | null;
}

export const ResolveFlagResult = resultUnion(
  'ResolveFlagResult',
  'The outcomes of `resolveFlag`.',
  () =>
    [ResolveFlagSuccess, NotFoundProblem, FlagConflictProblem, InvalidInputProblem, ReauthenticationProblem] as const,
);
export type ResolveFlagResult = typeof ResolveFlagResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Decided, and the decision carried out.' })
export class ResolveFlagSuccess {
  @Field(() => AccountFlag, { description: 'The flag, with its resolution and the account as it is now.' })
  flag!: AccountFlag;
}
