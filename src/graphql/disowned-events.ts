/** How "this was not me" speaks GraphQL, and the record that it is said of. */
import { Arg, Args, Ctx, Directive, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { isProblem } from '../base/problems.js';
import { disownSecurityEvent, reportSecurityEvent } from '../disowned-events/service.js';
import { describeDevice } from '../security-events/device.js';
import { listEvents, type ListedEvent } from '../security-events/list.js';
import { Access, Limit } from './access.js';
import { PAGED } from './directives.js';
import { asPerson, type EdgeContext } from './edge-context.js';
import { connection, PageArguments, readPage } from './paging.js';
import { handOver } from './session-cookies.js';
import {
  DisownSecurityEventInput,
  DisownSecurityEventResult,
  ReportSecurityEventInput,
  ReportSecurityEventResult,
  SecurityEventConnection,
  type SecurityEvent,
} from './types/security-events.js';
import { Viewer } from './types/viewer.js';
import { currentViewer, orSignedOut } from './viewer.js';

@Resolver()
export class DisownedEventResolver {
  @Access('public')
  @Limit({ limit: 'LIMIT_SIGN_IN_PER_NETWORK' })
  @Mutation(() => DisownSecurityEventResult, {
    nullable: true,
    description:
      'Say "this was not me" with the token from a security notice, without being signed in. Ends every session, makes the password void, cancels what is pending, puts address, channel, phone and second factors back as they were before the event, and puts the account in the review queue. The way back is a reset. The token outlives every change of credentials: it works once, for 7 days.',
  })
  disownSecurityEvent(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => DisownSecurityEventInput) input: DisownSecurityEventInput,
  ): Promise<DisownSecurityEventResult> {
    return disownSecurityEvent(ctx, input);
  }

  @Access('fresh')
  @Limit({ limit: 'LIMIT_MAIL_PER_NETWORK' })
  @Mutation(() => ReportSecurityEventResult, {
    nullable: true,
    description:
      'Say that something in `Viewer.securityEvents` was not you. Ends every other session, makes the password void, and puts the account in the review queue. Asks for a recent sign-in, so that a stolen session alone cannot do it.',
  })
  async reportSecurityEvent(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ReportSecurityEventInput) input: ReportSecurityEventInput,
  ): Promise<ReportSecurityEventResult> {
    const person = asPerson(ctx);
    const outcome = orSignedOut(await reportSecurityEvent(person, input));
    if (isProblem(outcome)) return outcome;
    const viewer = await currentViewer(ctx, outcome.token);
    const sessionToken = handOver(ctx, outcome.token, person.actor.transport, outcome.persistent);
    return { sessionToken, delivery: outcome.delivery, viewer };
  }
}

@Resolver(() => Viewer)
export class ViewerEventsResolver {
  @Directive(PAGED)
  @FieldResolver(() => SecurityEventConnection, { description: 'What happened to the account, the latest first.' })
  async securityEvents(
    @Root() { person }: Viewer,
    @Args(() => PageArguments) asked: PageArguments,
    @Ctx() outer: EdgeContext,
  ): Promise<SecurityEventConnection> {
    const ctx = { ...outer, actor: person };
    const page = readPage(ctx, 'security-events', asked);
    const [atMs, id] = (page.after ?? []) as [number, string];
    const query = { accountId: person.accountId, limit: page.first + 1, after: page.after && { atMs, id } };
    const position = (event: ListedEvent) => [event.occurredAt.getTime(), event.id];
    return connection(ctx, page, await listEvents(ctx, query), position, securityEventOf);
  }
}

/** An event in the contract's form. */
export const securityEventOf = ({ hasDevice, userAgent, ip, ...event }: ListedEvent): SecurityEvent => ({
  ...event,
  device: hasDevice ? describeDevice(userAgent, ip) : null,
});
