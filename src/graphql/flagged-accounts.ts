/** How the review queue speaks GraphQL: the queue, the case, and what is decided. */
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { recordAudit } from '../audit/service.js';
import { inTransaction } from '../base/context.js';
import {
  affectedAccounts,
  eventsOfFlag,
  findFlag,
  type EvidenceFacts,
  type FlagFacts,
} from '../flagged-accounts/flags.js';
import { flagHistory } from '../flagged-accounts/history.js';
import {
  countFlaggedAccounts,
  flaggedAccounts,
  matchingFlags,
  type QueueFilter,
  type QueuePosition,
} from '../flagged-accounts/queue.js';
import { claimFlag, flagAccount, releaseFlag, resolveFlag } from '../flagged-accounts/service.js';
import { Access, authorize, Limit, type AccessRule } from './access.js';
import { PAGED, STAFF } from './directives.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { connection, OrderedPageArguments, PageArguments, readPage } from './paging.js';
import { afterEvent, eventConnection } from './security-events.js';
import { Account } from './types/accounts.js';
import {
  AccountFlag,
  ClaimFlagInput,
  ClaimFlagResult,
  FlagAccountInput,
  FlagAccountResult,
  FlagAction,
  FlagEvidence,
  FlaggedAccountConnection,
  FlaggedAccountEdge,
  FlaggedAccountFilter,
  FlaggedAccountOrder,
  ReleaseFlagInput,
  ReleaseFlagResult,
  ResolveFlagInput,
  ResolveFlagResult,
  REVIEWERS,
} from './types/flagged-accounts.js';
import { SecurityEventConnection } from './types/security-events.js';

const RAISERS: AccessRule = { scopes: [['accounts:review'], ['accounts:flag']] };

/** What the queue hands to its fields: they are loaded for the whole page when the first one is asked for. */
interface QueueEdge extends FlaggedAccountEdge {
  readonly flags: () => Promise<FlagFacts[]>;
}

@Resolver()
export class FlaggedAccountResolver {
  @Access({ scopes: [['accounts:review']] })
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Directive(PAGED)
  @Directive(STAFF)
  @Query(() => FlaggedAccountConnection, {
    nullable: true,
    description: 'The review queue: accounts that have at least one flag satisfying the filter.',
  })
  async flaggedAccounts(
    @Ctx() ctx: EdgeContext,
    @Arg('filter', () => FlaggedAccountFilter, {
      description: 'Keep only accounts with a flag that satisfies every condition given.',
      nullable: true,
      defaultValue: { statuses: ['OPEN', 'CLAIMED'] },
    })
    filter: FlaggedAccountFilter | null,
    @Arg('orderBy', () => FlaggedAccountOrder, {
      description: 'The order of the queue.',
      nullable: true,
      defaultValue: { field: 'SEVERITY', direction: 'DESC' },
    })
    orderBy: FlaggedAccountOrder | null,
    @Args(() => OrderedPageArguments) asked: OrderedPageArguments,
  ): Promise<FlaggedAccountConnection> {
    const order = orderBy ?? { field: 'SEVERITY', direction: 'DESC' };
    const wanted = queueFilter(ctx, filter ?? {});
    const page = readPage(ctx, `flaggedAccounts:${JSON.stringify([wanted, order])}`, asked);
    const place = page.after as QueuePosition | null;
    const found = await flaggedAccounts(ctx, { filter: wanted, order, limit: page.first + 1, after: place });
    const matching = once(() =>
      matchingFlags(
        ctx,
        found.map(({ accountId }) => accountId),
        wanted,
      ),
    );
    const { edges, ...rest } = connection(
      ctx,
      page,
      found,
      ({ position }) => position,
      ({ accountId: id }) => ({ id }),
    );
    return {
      ...rest,
      edges: edges.map((edge, index): QueueEdge => ({
        ...edge,
        severity: found[index]?.severity ?? 'LOW',
        flaggedAt: found[index]?.flaggedAt as Date,
        flags: async () => (await matching()).get(edge.node.id) ?? [],
      })),
      // Counted only where it is asked for.
      get totalCount() {
        return countFlaggedAccounts(ctx, wanted) as unknown as number;
      },
    };
  }

  @Access({ scopes: [['accounts:review']] })
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Directive(STAFF)
  @Query(() => AccountFlag, {
    nullable: true,
    description: 'One flag, for staff. Null when there is none with this id.',
  })
  flag(
    @Ctx() ctx: EdgeContext,
    @Arg('id', () => ID, { description: 'The id of the flag.' }) id: string,
  ): Promise<AccountFlag | null> {
    return inTransaction(ctx, async (ctx) => {
      const flag = await findFlag(ctx, id);
      if (flag) await recordAudit(ctx, { action: 'flag', subjectAccountId: flag.account.id, details: { flagId: id } });
      return flag;
    });
  }

  @Access(RAISERS)
  @Directive(STAFF)
  @Mutation(() => FlagAccountResult, { nullable: true, description: 'Put an account in the review queue.' })
  flagAccount(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => FlagAccountInput) input: FlagAccountInput,
  ): Promise<FlagAccountResult> {
    return flagAccount(ctx, input);
  }

  @Access({ scopes: [['accounts:review']] })
  @Directive(STAFF)
  @Mutation(() => ClaimFlagResult, {
    nullable: true,
    description: "Take a flag to work on it. Taking one's own again succeeds.",
  })
  claimFlag(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ClaimFlagInput) input: ClaimFlagInput,
  ): Promise<ClaimFlagResult> {
    return claimFlag(asPerson(ctx), input);
  }

  @Access({ scopes: [['accounts:review']] })
  @Directive(STAFF)
  @Mutation(() => ReleaseFlagResult, { nullable: true, description: 'Put a claimed flag back in the queue.' })
  releaseFlag(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ReleaseFlagInput) input: ReleaseFlagInput,
  ): Promise<ReleaseFlagResult> {
    return releaseFlag(asPerson(ctx), input);
  }

  @Access({ scopes: [['accounts:review']], fresh: true })
  @Directive(STAFF)
  @Mutation(() => ResolveFlagResult, {
    nullable: true,
    description: 'Decide a flag and carry out the decision, both or neither.',
  })
  resolveFlag(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ResolveFlagInput) input: ResolveFlagInput,
  ): Promise<ResolveFlagResult> {
    return resolveFlag(asPerson(ctx), input);
  }
}

@Resolver(() => FlaggedAccountEdge)
export class FlaggedAccountEdgeResolver {
  @Directive('@listSize(assumedSize: 20)')
  @FieldResolver(() => [AccountFlag], {
    description:
      'The flags that match the filter, the most severe first. At most 20; the rest through `Account.flags`.',
  })
  matchingFlags(@Root() edge: QueueEdge): Promise<AccountFlag[]> {
    return edge.flags();
  }
}

/** @throws Refusal `FORBIDDEN` for a service that did not raise it itself. */
function wordsOf(flag: FlagFacts, ctx: EdgeContext): Pick<FlagFacts, 'note' | 'flaggedBy'> {
  const { actor } = ctx;
  const isOwn = actor.kind === 'service' && actor.name === flag.flaggedByService;
  if (!isOwn) authorize(REVIEWERS, ctx);
  return flag;
}

@Resolver(() => AccountFlag)
export class AccountFlagResolver {
  @Access(RAISERS)
  @FieldResolver(() => String, {
    nullable: true,
    description: 'What the person or the rule that raised it wrote. Null when nothing.',
  })
  note(@Root() flag: AccountFlag & FlagFacts, @Ctx() ctx: EdgeContext): string | null {
    return wordsOf(flag, ctx).note;
  }

  @Access(RAISERS)
  @FieldResolver(() => Account, {
    nullable: true,
    description: 'The staff member who raised it. Null when a rule or a service did.',
  })
  flaggedBy(@Root() flag: AccountFlag & FlagFacts, @Ctx() ctx: EdgeContext): Account | null {
    return wordsOf(flag, ctx).flaggedBy;
  }

  @Access(REVIEWERS)
  @FieldResolver(() => FlagEvidence, {
    nullable: true,
    description: 'What the rule saw. Null for a flag that a person or a service raised.',
  })
  evidence(@Root() flag: AccountFlag & FlagFacts): FlagEvidence | null {
    return flag.evidence;
  }

  @Access(REVIEWERS)
  @Directive('@listSize(assumedSize: 50)')
  @FieldResolver(() => [FlagAction], { description: 'Everything done to the flag, the latest first. At most 50.' })
  history(@Root() { id }: AccountFlag, @Ctx() ctx: EdgeContext): Promise<FlagAction[]> {
    return flagHistory(ctx, id);
  }
}

@Resolver(() => FlagEvidence)
export class FlagEvidenceResolver {
  @Directive('@listSize(assumedSize: 100)')
  @FieldResolver(() => [Account], { description: 'The accounts concerned. At most 100.' })
  affectedAccounts(@Root() { flagId }: FlagEvidence & EvidenceFacts, @Ctx() ctx: EdgeContext): Promise<Account[]> {
    return affectedAccounts(ctx, flagId);
  }

  @Directive(PAGED)
  @FieldResolver(() => SecurityEventConnection, { description: 'The events, the latest first.' })
  async events(
    @Root() { flagId }: FlagEvidence & EvidenceFacts,
    @Args(() => PageArguments) asked: PageArguments,
    @Ctx() ctx: EdgeContext,
  ): Promise<SecurityEventConnection> {
    const page = readPage(ctx, `flag.events:${flagId}`, asked);
    const found = await eventsOfFlag(ctx, { flagId, limit: page.first + 1, after: afterEvent(page) });
    return eventConnection(ctx, page, found);
  }
}

function queueFilter(ctx: EdgeContext, { claimedByMe, ...filter }: FlaggedAccountFilter): QueueFilter {
  return claimedByMe === true ? { ...filter, claimedBy: asPerson(ctx).actor.accountId } : filter;
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => (loaded ??= load());
}
