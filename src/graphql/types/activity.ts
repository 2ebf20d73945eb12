/** How much happens, over time. */
import { Directive, Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { FlagSeverity } from './flagged-accounts.js';
import { DateTime } from './scalars.js';

export const ActivityPeriod = { DAY: 'DAY', WEEK: 'WEEK', MONTH: 'MONTH' } as const;
export type ActivityPeriod = keyof typeof ActivityPeriod;
registerEnumType(ActivityPeriod, {
  name: 'ActivityPeriod',
  description: 'How far back to count.',
  valuesConfig: {
    DAY: { description: 'The last 24 hours, by the hour.' },
    WEEK: { description: 'The last 7 days, by six hours.' },
    MONTH: { description: 'The last 30 days, by the day in UTC.' },
  },
});

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'How much happened in a stretch of time, on all accounts and on addresses without one.' })
export class ActivityCount {
  @Field(() => DateTime, { description: 'When the stretch begins. It ends where the next one begins.' })
  startsAt!: Date;

  @Field(() => Int, { description: 'Sign-ins that failed, at the password or at the second factor.' })
  failures!: number;

  @Field(() => Int, { description: 'Password resets asked for.' })
  resetRequests!: number;

  @Field(() => Int, { description: 'Passwords that were set anew, by a link or by their owner.' })
  resets!: number;

  @Directive('@listSize(assumedSize: 4)')
  @Field(() => [FlagCount], { description: 'Flags raised, by severity. A severity without any is left out.' })
  flags!: FlagCount[];
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'How many flags of one severity.' })
export class FlagCount {
  @Field(() => FlagSeverity, { description: 'How urgent they are.' })
  severity!: FlagSeverity;

  @Field(() => Int, { description: 'How many.' })
  count!: number;
}
