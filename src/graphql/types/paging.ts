/** Pages of a connection, and which way they are ordered. */
import { Directive, Field, ObjectType, registerEnumType } from 'type-graphql';

export const OrderDirection = {
  ASC: 'ASC',
  DESC: 'DESC',
} as const;
export type OrderDirection = keyof typeof OrderDirection;
registerEnumType(OrderDirection, {
  name: 'OrderDirection',
  description: 'Which way to order.',
  valuesConfig: {
    ASC: { description: 'The least, or the earliest, first.' },
    DESC: { description: 'The greatest, or the latest, first.' },
  },
});

@Directive('@shareable')
@ObjectType({ description: 'Where a page of a connection lies.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more follows.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether something comes before.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'The cursor of the first edge. Null when the page is empty.' })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'The cursor of the last edge. Null when the page is empty.' })
  endCursor!: string | null;
}
