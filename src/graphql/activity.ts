/** How the counts over time speak GraphQL. */
import { Arg, Ctx, Directive, Query, Resolver } from 'type-graphql';
import { activity } from '../flagged-accounts/activity.js';
import { Access, Limit } from './access.js';
import { STAFF } from './directives.js';
import type { EdgeContext } from './edge-context.js';
import { ActivityCount, ActivityPeriod } from './types/activity.js';

@Resolver()
export class ActivityResolver {
  @Access({ scopes: [['accounts:review']] })
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Directive('@listSize(assumedSize: 30)')
  @Directive(STAFF)
  @Query(() => [ActivityCount], {
    nullable: true,
    description: 'Failures, resets and flags over time, the earliest first, for staff. Names no account.',
  })
  async activity(
    @Ctx() ctx: EdgeContext,
    @Arg('period', () => ActivityPeriod, { description: 'How far back.', defaultValue: 'WEEK' })
    period: ActivityPeriod,
  ): Promise<ActivityCount[]> {
    return (await activity(ctx, period)).map((counts) => ({ ...counts, flags: [...counts.flags] }));
  }
}
