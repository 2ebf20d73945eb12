/** How sessions speak GraphQL. */
import { Arg, Args, Ctx, Directive, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { inTransaction } from '../base/context.js';
import { isProblem } from '../base/problems.js';
import { describeDevice } from '../security-events/device.js';
import { countSessions, findSession, listSessions, type ListedSession } from '../sessions/list.js';
import { revokeOtherSessions, revokeSession } from '../sessions/service.js';
import { Access } from './access.js';
import { PAGED } from './directives.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { connection, PageArguments, readPage } from './paging.js';
import {
  RevokeOtherSessionsResult,
  RevokeSessionInput,
  RevokeSessionResult,
  Session,
  SessionConnection,
} from './types/sessions.js';
import { Viewer } from './types/viewer.js';
import { loadViewer, orSignedOut } from './viewer.js';

@Resolver()
export class SessionResolver {
  @Access('account')
  @Mutation(() => RevokeSessionResult, {
    nullable: true,
    description: 'End one session of the person signed in. Ending a session that is already over succeeds.',
  })
  async revokeSession(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => RevokeSessionInput) input: RevokeSessionInput,
  ): Promise<RevokeSessionResult> {
    const person = asPerson(ctx);
    const outcome = await revokeSession(person, input.sessionId);
    if (isProblem(outcome)) return outcome;
    const endedSelf = outcome.revokedSessionId === person.actor.sessionId;
    if (endedSelf) ctx.cookies.clear('session');
    return { ...outcome, viewer: endedSelf ? null : await loadViewer(ctx, person.actor) };
  }

  @Access('account')
  @Mutation(() => RevokeOtherSessionsResult, {
    nullable: true,
    description: 'End every session of the person signed in, except the current one.',
  })
  async revokeOtherSessions(@Ctx() ctx: EdgeContext): Promise<RevokeOtherSessionsResult> {
    const person = asPerson(ctx);
    const { epoch, revokedSessionCount } = orSignedOut(await inTransaction(person, revokeOtherSessions));
    return { revokedSessionCount, viewer: await loadViewer(ctx, { ...person.actor, epoch }) };
  }
}

@Resolver(() => Viewer)
export class ViewerSessionsResolver {
  @FieldResolver(() => Session, { description: 'The session of this request.' })
  async currentSession(@Root() { person }: Viewer, @Ctx() ctx: EdgeContext): Promise<Session> {
    return sessionOf(orSignedOut(await findSession(ctx, person.sessionId)), person.sessionId);
  }

  @Directive(PAGED)
  @FieldResolver(() => SessionConnection, {
    description: 'The sessions that are not over, the most recently used first.',
  })
  async sessions(
    @Root() { person }: Viewer,
    @Args(() => PageArguments) asked: PageArguments,
    @Ctx() outer: EdgeContext,
  ): Promise<SessionConnection> {
    const ctx = { ...outer, actor: person };
    const page = readPage(ctx, 'sessions', asked);
    const [lastUsedMs, id] = (page.after ?? []) as [number, string];
    const found = await listSessions(ctx, {
      accountId: person.accountId,
      limit: page.first + 1,
      after: page.after && { lastUsedMs, id },
    });
    const position = (row: ListedSession) => [row.lastUsedAt.getTime(), row.id];
    const toNode = (row: ListedSession) => sessionOf(row, person.sessionId);
    return {
      ...connection(ctx, page, found, position, toNode),
      totalCount: await countSessions(ctx, person.accountId),
    };
  }
}

export function sessionOf(row: ListedSession, currentId: string): Session {
  const { id, signInMethod, createdAt, lastUsedAt, expiresAt, reauthenticatedUntil } = row;
  const device = describeDevice(row.userAgent, row.ip);
  return {
    id,
    isCurrent: id === currentId,
    signInMethod,
    device,
    createdAt,
    lastUsedAt,
    expiresAt,
    reauthenticatedUntil,
  };
}
