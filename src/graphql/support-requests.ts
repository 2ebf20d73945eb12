/** How manual resets speak GraphQL: asked for by anyone, decided at the desk. */
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { recordAudit } from '../audit/service.js';
import { inTransaction } from '../base/context.js';
import { claimSupportRequest, confirmSupportDecision, decideSupportRequest } from '../support-requests/decisions.js';
import { cancelManualReset } from '../support-requests/hold.js';
import {
  countRequests,
  findRequest,
  listRequests,
  type RequestFile,
  type RequestsFilter,
  type RequestsQuery,
} from '../support-requests/list.js';
import { requestManualReset } from '../support-requests/requests.js';
import { Access, Limit } from './access.js';
import { PAGED, STAFF } from './directives.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { connection, OrderedPageArguments, readPage } from './paging.js';
import {
  CancelManualResetInput,
  CancelManualResetResult,
  ClaimSupportRequestInput,
  ClaimSupportRequestResult,
  ConfirmSupportDecisionInput,
  ConfirmSupportDecisionResult,
  DecideSupportRequestInput,
  DecideSupportRequestResult,
  RequestManualResetInput,
  RequestManualResetResult,
  SupportDeliveryTarget,
  SupportRequest,
  SupportRequestConnection,
  SupportRequestFilter,
  SupportRequestOrder,
} from './types/support-requests.js';

@Resolver()
export class ManualResetResolver {
  @Access('public')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' })
  @Mutation(() => RequestManualResetResult, {
    nullable: true,
    description:
      'Ask a person to reset the password when no automatic way works. The answer is the same for every address.',
  })
  requestManualReset(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => RequestManualResetInput) input: RequestManualResetInput,
  ): Promise<RequestManualResetResult> {
    return requestManualReset(ctx, input);
  }

  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Mutation(() => CancelManualResetResult, {
    nullable: true,
    description: 'Call off a manual reset with the token from the notice that was sent to every known channel.',
  })
  cancelManualReset(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => CancelManualResetInput) input: CancelManualResetInput,
  ): Promise<CancelManualResetResult> {
    return cancelManualReset(ctx, input);
  }
}

@Resolver(() => SupportRequest)
export class SupportRequestFieldResolver {
  @Directive(STAFF)
  @FieldResolver(() => SupportDeliveryTarget, {
    nullable: true,
    description: 'Where an approved link goes. Null while nothing is approved.',
  })
  deliverTo(@Root() request: SupportRequest & RequestFile): SupportDeliveryTarget | null {
    return request.deliverTo;
  }

  @Directive(STAFF)
  @FieldResolver(() => Boolean, {
    description: 'Whether the second factors are taken off with the reset, if it is approved as it stands.',
  })
  removesSecondFactors(@Root() request: SupportRequest & RequestFile): boolean {
    return request.removesSecondFactors;
  }
}

@Resolver()
export class SupportRequestResolver {
  @Access({ scopes: [['support:review']] })
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Directive(PAGED)
  @Directive(STAFF)
  @Query(() => SupportRequestConnection, {
    nullable: true,
    description: 'Requests for a manual password reset, for staff.',
  })
  async supportRequests(
    @Ctx() ctx: EdgeContext,
    @Arg('filter', () => SupportRequestFilter, {
      description: 'Keep only requests that satisfy every condition given.',
      nullable: true,
      defaultValue: { statuses: ['OPEN', 'CLAIMED'] },
    })
    filter: SupportRequestFilter | null,
    @Arg('orderBy', () => SupportRequestOrder, {
      description: 'The order of the queue.',
      nullable: true,
      defaultValue: { field: 'DUE_AT', direction: 'ASC' },
    })
    orderBy: SupportRequestOrder | null,
    @Args(() => OrderedPageArguments) asked: OrderedPageArguments,
  ): Promise<SupportRequestConnection> {
    const order = orderBy ?? { field: 'DUE_AT', direction: 'ASC' };
    const wanted = requestsFilter(ctx, filter ?? {});
    const page = readPage(ctx, `supportRequests:${JSON.stringify([wanted, order])}`, asked);
    const [atMs, id] = (page.after ?? []) as [number, string];
    const query = { filter: wanted, order, limit: page.first + 1, after: page.after && { atMs, id } };
    const found = await (wanted.reference == null ? listRequests(ctx, query) : lookUpReference(ctx, query));
    const key = (row: RequestFile): Date => (order.field === 'DUE_AT' ? row.dueAt : row.createdAt);
    return {
      ...connection(
        ctx,
        page,
        found,
        (row) => [key(row).getTime(), row.id],
        (row) => row,
      ),
      // Counted only where it is asked for.
      get totalCount() {
        return countRequests(ctx, wanted) as unknown as number;
      },
    };
  }

  @Access({ scopes: [['support:review']] })
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Directive(STAFF)
  @Query(() => SupportRequest, {
    nullable: true,
    description: 'One request for a manual password reset, for staff. Null when there is none with this id.',
  })
  supportRequest(
    @Ctx() ctx: EdgeContext,
    @Arg('id', () => ID, { description: 'The id of the request.' }) id: string,
  ): Promise<SupportRequest | null> {
    return inTransaction(ctx, async (ctx) => {
      const request = await findRequest(ctx, id);
      if (request) await auditLookUp(ctx, 'supportRequest', request);
      return request;
    });
  }

  @Access({ scopes: [['support:review']] })
  @Directive(STAFF)
  @Mutation(() => ClaimSupportRequestResult, {
    nullable: true,
    description: "Take a request for a manual reset to work on it. Taking one's own again succeeds.",
  })
  claimSupportRequest(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ClaimSupportRequestInput) input: ClaimSupportRequestInput,
  ): Promise<ClaimSupportRequestResult> {
    return claimSupportRequest(asPerson(ctx), input);
  }

  @Access({ scopes: [['support:review']], fresh: true })
  @Directive(STAFF)
  @Mutation(() => DecideSupportRequestResult, {
    nullable: true,
    description:
      'Decide a request for a manual reset. Approval sends the owner a reset link; staff never see or set a password. A link to a channel verified before goes out at once. A link to the contact given on the request goes out only after a second staff member confirmed, every known channel was told, and the hold time passed without a cancellation.',
  })
  decideSupportRequest(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => DecideSupportRequestInput) input: DecideSupportRequestInput,
  ): Promise<DecideSupportRequestResult> {
    const { deliverTo, removeSecondFactors, ...rest } = input;
    return decideSupportRequest(asPerson(ctx), {
      ...rest,
      deliverTo: deliverTo ?? 'NOTIFICATION_CHANNEL',
      removeSecondFactors: removeSecondFactors ?? false,
    });
  }

  @Access({ scopes: [['support:review']], fresh: true })
  @Directive(STAFF)
  @Mutation(() => ConfirmSupportDecisionResult, {
    nullable: true,
    description:
      'Confirm or refuse, as a second staff member, an approval that sends a link to a contact not verified before.',
  })
  confirmSupportDecision(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ConfirmSupportDecisionInput) input: ConfirmSupportDecisionInput,
  ): Promise<ConfirmSupportDecisionResult> {
    return confirmSupportDecision(asPerson(ctx), input);
  }
}

function auditLookUp(ctx: EdgeContext, action: string, request: RequestFile | undefined): Promise<void> {
  const details = { supportRequestId: request?.id ?? null };
  return recordAudit(ctx, { action, subjectAccountId: request?.account?.id ?? null, details });
}

/** Asking for one reference is looking at one account. */
function lookUpReference(ctx: EdgeContext, query: RequestsQuery): Promise<RequestFile[]> {
  return inTransaction(ctx, async (ctx) => {
    const found = await listRequests(ctx, query);
    await auditLookUp(ctx, 'supportRequests', found[0]);
    return found;
  });
}

function requestsFilter(ctx: EdgeContext, { claimedByMe, ...filter }: SupportRequestFilter): RequestsFilter {
  return claimedByMe === true ? { ...filter, claimedBy: asPerson(ctx).actor.accountId } : filter;
}
