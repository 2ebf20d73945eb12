/** Pages by keyset. A cursor is sealed, and opens only for the same viewer, list and filter. */
import { ArgsType, Field, Int } from 'type-graphql';
import type { Context } from '../base/context.js';
import { Refusal } from '../base/problems.js';
import { open, seal } from '../base/secrets.js';
import type { PageInfo } from './types/paging.js';

/** Where a row lies in its list: the values of the keyset, as text or numbers. */
export type Position = readonly (string | number)[];

/** Which page of a list. */
@ArgsType()
export class PageArguments {
  @Field(() => Int, { nullable: true, description: 'How many to return, from 1 to 100.', defaultValue: 20 })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Return what follows this cursor.' })
  after?: string | null;
}

/** Which page of a list whose order the caller chooses. */
@ArgsType()
export class OrderedPageArguments {
  @Field(() => Int, { nullable: true, description: 'How many to return, from 1 to 100.', defaultValue: 20 })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Return what follows this cursor. A cursor is valid for the order it was issued with.',
  })
  after?: string | null;
}

export interface Page {
  /** How many rows to answer; ask the database for one more. */
  readonly first: number;
  readonly after: Position | null;
  readonly place: string;
}

const MAX_PAGE = 100;
const DEFAULT_PAGE = 20;

/**
 * Reads `first` and `after`. `list` names the list with its filter and order, so that a cursor of another one is refused.
 * @throws Refusal `BAD_USER_INPUT` for a `first` outside 1 to 100 and for a cursor that is not of this list and viewer.
 */
export function readPage(ctx: Context, list: string, { first, after }: PageArguments): Page {
  const size = first ?? DEFAULT_PAGE;
  if (size < 1 || size > MAX_PAGE) throw new Refusal('BAD_USER_INPUT', `first must be from 1 to ${MAX_PAGE}.`);
  const viewer = ctx.actor.kind === 'person' ? ctx.actor.accountId : ctx.actor.kind;
  const place = `cursor:${viewer}:${list}`;
  return { first: size, after: after == null ? null : readCursor(ctx, place, after), place };
}

function readCursor(ctx: Context, place: string, cursor: string): Position {
  try {
    return JSON.parse(open(ctx.config.secretKeys, place, cursor)) as Position;
  } catch {
    throw new Refusal('BAD_USER_INPUT', 'after is not a cursor of this list.');
  }
}

export interface Connection<T> {
  edges: { cursor: string; node: T }[];
  nodes: T[];
  pageInfo: PageInfo;
}

/** Makes the connection of `first + 1` rows at most: the last one only tells that more follows. */
export function connection<R, T>(
  ctx: Context,
  page: Page,
  found: readonly R[],
  position: (row: R) => Position,
  toNode: (row: R) => T,
): Connection<T> {
  const edges = found.slice(0, page.first).map((row) => ({
    cursor: seal(ctx.config.secretKeys, page.place, JSON.stringify(position(row))),
    node: toNode(row),
  }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: found.length > page.first,
      hasPreviousPage: page.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
