/** Manual resets: people asking people. */
import { Directive, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Account } from './accounts.js';
import { OrderDirection, PageInfo } from './paging.js';
import {
  ChannelUnavailableProblem,
  InvalidInputProblem,
  NotFoundProblem,
  Problem,
  ProblemCode,
  RateLimitProblem,
  ReauthenticationProblem,
  TokenInvalidProblem,
} from './problems.js';
import { resultUnion } from './result-union.js';
import { DateTime, Secret } from './scalars.js';

@Directive('@tag(name: "staff")')
@ObjectType({
  implements: Problem,
  description: 'The request is not in a state that allows the action: someone else has it, or it is decided.',
})
export class SupportRequestConflictProblem implements Problem {
  @Field(() => ProblemCode, { description: 'Always `CONFLICT`.' })
  code!: 'CONFLICT';

  @Field(() => String, { description: 'A summary.' })
  message!: string;

  @Field(() => SupportRequest, { description: 'The request as it is now.' })
  supportRequest!: SupportRequest;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A request for a manual password reset.' })
export class SupportRequest {
  @Field(() => ID, { description: 'An opaque id, unique across all types.' })
  id!: string;

  @Field(() => String, { description: 'The short reference the person was given.' })
  reference!: string;

  @Field(() => SupportRequestStatus, { description: 'Where the request stands.' })
  status!: SupportRequestStatus;

  @Field(() => String, { description: 'The address the person gave, as typed.' })
  claimedEmail!: string;

  @Field(() => Account, { nullable: true, description: 'The account with that address. Null when there is none.' })
  account!: Account | null;

  @Field(() => String, {
    nullable: true,
    description: 'How the person wants to be reached, as typed. Null when nothing was given.',
  })
  contact!: string | null;

  @Field(() => String, { nullable: true, description: 'What the person wrote. Null when nothing.' })
  message!: string | null;

  @Field(() => DateTime, { description: 'When it arrived.' })
  createdAt!: Date;

  @Field(() => DateTime, {
    description:
      'When it must be decided: 24 hours after it arrived. A hold, where one is needed, follows the decision.',
  })
  dueAt!: Date;

  @Field(() => Boolean, { description: 'Whether it is undecided and past due.' })
  isOverdue!: boolean;

  @Field(() => Account, { nullable: true, description: 'The staff member working on it. Null when nobody is.' })
  claimedBy!: Account | null;

  @Field(() => SupportRequestResolution, { nullable: true, description: 'What was decided. Null while it is not.' })
  resolution!: SupportRequestResolution | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the link goes out unless the owner cancels. Null unless the request is on hold.',
  })
  releasedAt!: Date | null;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'What was decided about a request for a manual reset.' })
export class SupportRequestResolution {
  @Field(() => SupportDecision, { description: 'The decision.' })
  decision!: SupportDecision;

  @Field(() => String, { nullable: true, description: 'What the staff member wrote. Null when nothing.' })
  note!: string | null;

  @Field(() => DateTime, { description: 'When.' })
  decidedAt!: Date;

  @Field(() => Account, { description: 'By whom.' })
  decidedBy!: Account;
}

export const SupportRequestStatus = {
  OPEN: 'OPEN',
  CLAIMED: 'CLAIMED',
  AWAITING_CONFIRMATION: 'AWAITING_CONFIRMATION',
  ON_HOLD: 'ON_HOLD',
  APPROVED: 'APPROVED',
  REJECTED: 'REJECTED',
  CANCELLED: 'CANCELLED',
} as const;
export type SupportRequestStatus = keyof typeof SupportRequestStatus;
registerEnumType(SupportRequestStatus, {
  name: 'SupportRequestStatus',
  description: 'Where a request for a manual reset stands.',
  valuesConfig: {
    OPEN: { description: 'Waiting.' },
    CLAIMED: { description: 'Someone is working on it.' },
    AWAITING_CONFIRMATION: { description: 'Approved by one staff member; a second one must confirm.' },
    ON_HOLD: { description: 'Confirmed; the owner was told on every known channel and may still cancel.' },
    APPROVED: { description: 'Decided: a reset link was sent.' },
    REJECTED: { description: 'Decided: no.' },
    CANCELLED: { description: 'The owner called it off.' },
  },
});

export const SupportDecision = {
  APPROVE: 'APPROVE',
  REJECT: 'REJECT',
} as const;
export type SupportDecision = keyof typeof SupportDecision;
registerEnumType(SupportDecision, {
  name: 'SupportDecision',
  description: 'What to do about a request for a manual reset.',
  valuesConfig: {
    APPROVE: { description: 'Send a reset link to the verified channel chosen.' },
    REJECT: { description: 'Do nothing.' },
  },
});

@Directive('@tag(name: "staff")')
@InputType({
  description: 'Which requests for a manual reset to return. Conditions are joined with and; values in a list with or.',
})
export class SupportRequestFilter {
  @Field(() => [SupportRequestStatus], { nullable: true, description: 'The states.' })
  statuses?: SupportRequestStatus[] | null;

  @Field(() => Boolean, { nullable: true, description: 'Only requests claimed by the caller.' })
  claimedByMe?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: 'Only requests that are, or are not, past due.' })
  isOverdue?: boolean | null;

  @Field(() => String, { nullable: true, description: 'Only the request with this reference.' })
  reference?: string | null;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'The order of requests for a manual reset. Ties are broken by id.' })
export class SupportRequestOrder {
  @Field(() => SupportRequestOrderField, { description: 'What to order by.' })
  field!: SupportRequestOrderField;

  @Field(() => OrderDirection, { description: 'Which way.' })
  direction!: OrderDirection;
}

export const SupportRequestOrderField = {
  DUE_AT: 'DUE_AT',
  CREATED_AT: 'CREATED_AT',
} as const;
export type SupportRequestOrderField = keyof typeof SupportRequestOrderField;
registerEnumType(SupportRequestOrderField, {
  name: 'SupportRequestOrderField',
  description: 'What requests for a manual reset can be ordered by.',
  valuesConfig: {
    DUE_AT: { description: 'When it must be decided.' },
    CREATED_AT: { description: 'When it arrived.' },
  },
});

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A page of requests for a manual reset.' })
export class SupportRequestConnection {
  @Field(() => [SupportRequestEdge], { description: 'The requests with their cursors.' })
  edges!: SupportRequestEdge[];

  @Field(() => [SupportRequest], { description: 'The requests.' })
  nodes!: SupportRequest[];

  @Field(() => PageInfo, { description: 'Where the page lies.' })
  pageInfo!: PageInfo;

  @Field(() => Int, { description: 'How many requests the filter leaves in all.' })
  totalCount!: number;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A request for a manual reset in a page.' })
export class SupportRequestEdge {
  @Field(() => String, { description: 'Where the request lies in the connection.' })
  cursor!: string;

  @Field(() => SupportRequest, { description: 'The request.' })
  node!: SupportRequest;
}

@InputType({ description: 'What `requestManualReset` takes.' })
export class RequestManualResetInput {
  @Field(() => String, { description: 'The address of the account.' })
  email!: string;

  @Field(() => String, {
    nullable: true,
    description: 'How to reach the person, such as a telephone number. At most 200 characters.',
  })
  contact?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What happened. At most 2000 characters. Must not hold a password.',
  })
  message?: string | null;
}

export const RequestManualResetResult = resultUnion(
  'RequestManualResetResult',
  'The outcomes of `requestManualReset`. None of them depends on whether the address has an account.',
  () => [RequestManualResetAccepted, InvalidInputProblem, RateLimitProblem] as const,
);
export type RequestManualResetResult = typeof RequestManualResetResult;

@ObjectType({ description: 'Accepted. A person will look at it.' })
export class RequestManualResetAccepted {
  @Field(() => String, { description: 'A short reference to give to support.' })
  reference!: string;

  @Field(() => DateTime, { description: 'When it will be decided at the latest: 24 hours from now.' })
  dueAt!: Date;
}

@InputType({ description: 'What `cancelManualReset` takes.' })
export class CancelManualResetInput {
  @Field(() => Secret, { description: 'The token from the notice.' })
  token!: string;
}

export const CancelManualResetResult = resultUnion(
  'CancelManualResetResult',
  'The outcomes of `cancelManualReset`.',
  () => [CancelManualResetSuccess, TokenInvalidProblem, RateLimitProblem] as const,
);
export type CancelManualResetResult = typeof CancelManualResetResult;

@ObjectType({ description: 'Called off. Nothing of the account was changed.' })
export class CancelManualResetSuccess {
  @Field(() => DateTime, { description: 'When.' })
  cancelledAt!: Date;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `claimSupportRequest` takes.' })
export class ClaimSupportRequestInput {
  @Field(() => ID, { description: 'The id of the request.' })
  supportRequestId!: string;
}

export const ClaimSupportRequestResult = resultUnion(
  'ClaimSupportRequestResult',
  'The outcomes of `claimSupportRequest`.',
  () => [ClaimSupportRequestSuccess, NotFoundProblem, SupportRequestConflictProblem] as const,
);
export type ClaimSupportRequestResult = typeof ClaimSupportRequestResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Claimed by the caller.' })
export class ClaimSupportRequestSuccess {
  @Field(() => SupportRequest, { description: 'The request.' })
  supportRequest!: SupportRequest;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `decideSupportRequest` takes.' })
export class DecideSupportRequestInput {
  @Field(() => ID, { description: 'The id of the request, claimed by the caller.' })
  supportRequestId!: string;

  @Field(() => SupportDecision, { description: 'The decision.' })
  decision!: SupportDecision;

  @Field(() => SupportDeliveryTarget, {
    description: 'Where an approved link goes.',
    defaultValue: 'NOTIFICATION_CHANNEL',
    nullable: true,
  })
  deliverTo?: SupportDeliveryTarget | null;

  @Field(() => Boolean, {
    description:
      'Whether the second factors are taken off with the reset, for a person who lost them. Always needs a second staff member, notices to every known channel, and the hold time, wherever the link goes.',
    defaultValue: false,
    nullable: true,
  })
  removeSecondFactors?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: 'How the person was identified, or why not. Needed to approve. At most 2000 characters.',
  })
  note?: string | null;
}

export const SupportDeliveryTarget = {
  NOTIFICATION_CHANNEL: 'NOTIFICATION_CHANNEL',
  EMAIL: 'EMAIL',
  SMS: 'SMS',
  REQUEST_CONTACT: 'REQUEST_CONTACT',
} as const;
export type SupportDeliveryTarget = keyof typeof SupportDeliveryTarget;
registerEnumType(SupportDeliveryTarget, {
  name: 'SupportDeliveryTarget',
  description: 'Where an approved reset link goes.',
  valuesConfig: {
    NOTIFICATION_CHANNEL: { description: 'The verified channel that the owner chose for security messages.' },
    EMAIL: { description: 'The verified address of the account.' },
    SMS: { description: 'The verified telephone number of the account.' },
    REQUEST_CONTACT: {
      description: 'The contact given on the request: an email address or a telephone number never verified before.',
    },
  },
});

export const DecideSupportRequestResult = resultUnion(
  'DecideSupportRequestResult',
  'The outcomes of `decideSupportRequest`.',
  () =>
    [
      DecideSupportRequestSuccess,
      NotFoundProblem,
      SupportRequestConflictProblem,
      ChannelUnavailableProblem,
      InvalidInputProblem,
      ReauthenticationProblem,
    ] as const,
);
export type DecideSupportRequestResult = typeof DecideSupportRequestResult;

@Directive('@tag(name: "staff")')
@InputType({ description: 'What `confirmSupportDecision` takes.' })
export class ConfirmSupportDecisionInput {
  @Field(() => ID, { description: 'The id of the request, approved by someone other than the caller.' })
  supportRequestId!: string;

  @Field(() => Boolean, { description: 'Whether to go on. False refuses the request.' })
  confirm!: boolean;

  @Field(() => String, { nullable: true, description: 'Why. At most 2000 characters.' })
  note?: string | null;
}

export const ConfirmSupportDecisionResult = resultUnion(
  'ConfirmSupportDecisionResult',
  'The outcomes of `confirmSupportDecision`.',
  () =>
    [
      ConfirmSupportDecisionSuccess,
      NotFoundProblem,
      SupportRequestConflictProblem,
      InvalidInputProblem,
      ReauthenticationProblem,
    ] as const,
);
export type ConfirmSupportDecisionResult = typeof ConfirmSupportDecisionResult;

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Confirmed or refused.' })
export class ConfirmSupportDecisionSuccess {
  @Field(() => SupportRequest, { description: 'The request as it is now.' })
  supportRequest!: SupportRequest;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Decided.' })
export class DecideSupportRequestSuccess {
  @Field(() => SupportRequest, { description: 'The request, with its resolution.' })
  supportRequest!: SupportRequest;
}
