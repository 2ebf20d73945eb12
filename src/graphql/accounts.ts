/** How accounts speak GraphQL: a face for everyone, a file for staff. */
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { listAccounts, type AccountsQuery, type ListedAccount } from '../accounts/directory.js';
import { findAccount } from '../accounts/service.js';
import { recordAudit } from '../audit/service.js';
import { inTransaction } from '../base/context.js';
import { isId } from '../base/secrets.js';
import {
  forcePasswordReset,
  lockAccount,
  revokeAllSessions,
  unlockAccount,
} from '../flagged-accounts/account-actions.js';
import { countFlagsOfAccount, flagsOfAccount, type FlagFacts } from '../flagged-accounts/flags.js';
import { undeliverableMessages } from '../flagged-accounts/standing.js';
import { listEvents } from '../security-events/list.js';
import { Access, Limit } from './access.js';
import { accountLoaders } from './account-loaders.js';
import { PAGED, STAFF } from './directives.js';
import type { EdgeContext } from './edge-context.js';
import { connection, PageArguments, readPage } from './paging.js';
import { afterEvent, eventConnection } from './security-events.js';
import {
  Account,
  AccountConnection,
  AccountFilter,
  AccountLock,
  AccountStatus,
  ForcePasswordResetInput,
  ForcePasswordResetResult,
  LockAccountInput,
  LockAccountResult,
  RevokeAllSessionsInput,
  RevokeAllSessionsResult,
  UndeliverableMessage,
  UnlockAccountInput,
  UnlockAccountResult,
} from './types/accounts.js';
import { AccountFlagConnection, FlagStatus } from './types/flagged-accounts.js';
import { DateTime, EmailAddress } from './types/scalars.js';
import { SecondFactorMethod } from './types/sign-in.js';
import { SecurityEventConnection } from './types/security-events.js';

@Resolver(() => Account)
export class AccountFaceResolver {
  @FieldResolver(() => String, {
    nullable: true,
    description: 'The name the owner chose to show. Null when none was chosen, or the account is gone.',
  })
  async displayName(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<string | null> {
    return (await accountLoaders(ctx).face.load(id))?.displayName ?? null;
  }

  @Directive('@inaccessible')
  @FieldResolver(() => Boolean, {
    nullable: true,
    description:
      'For other subgraphs, with `@requires`: whether the account may act now. Treat null as no. Not part of the public API.',
  })
  async isActive(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<boolean | null> {
    return (await accountLoaders(ctx).face.load(id))?.isActive ?? null;
  }

  @Directive('@inaccessible')
  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      'For other subgraphs, with `@requires`: credentials issued before this instant are void. Not part of the public API.',
  })
  async sessionsValidAfter(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<Date | null> {
    return (await accountLoaders(ctx).face.load(id))?.sessionsValidAfter ?? null;
  }
}

@Resolver(() => Account)
export class AccountFileResolver {
  @Access({ scopes: [['accounts:read']] })
  @Directive(STAFF)
  @FieldResolver(() => EmailAddress, { nullable: true, description: 'The address used to sign in. For staff.' })
  async email(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<string | null> {
    return (await accountLoaders(ctx).file.load(id))?.account.email ?? null;
  }

  @Access({ scopes: [['accounts:read']] })
  @Directive(STAFF)
  @FieldResolver(() => AccountStatus, { nullable: true, description: 'The state of the account. For staff.' })
  async status(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<AccountStatus | null> {
    return (await accountLoaders(ctx).file.load(id))?.status ?? null;
  }

  @Access({ scopes: [['accounts:read']] })
  @Directive(STAFF)
  @FieldResolver(() => AccountLock, {
    nullable: true,
    description: 'The lock in force. Null when there is none. For staff.',
  })
  async lock(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<AccountLock | null> {
    return (await accountLoaders(ctx).file.load(id))?.lock ?? null;
  }

  @Access({ scopes: [['accounts:read']] })
  @Directive(STAFF)
  @FieldResolver(() => DateTime, { nullable: true, description: 'When it was created. For staff.' })
  async createdAt(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<Date | null> {
    return (await accountLoaders(ctx).file.load(id))?.account.createdAt ?? null;
  }

  @Access({ scopes: [['accounts:read']] })
  @Directive(STAFF)
  @FieldResolver(() => DateTime, { nullable: true, description: 'When someone last signed in. For staff.' })
  async lastSignInAt(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<Date | null> {
    return (await accountLoaders(ctx).file.load(id))?.account.lastSignInAt ?? null;
  }

  @Access({ scopes: [['accounts:read']] })
  @Directive(STAFF)
  @FieldResolver(() => [SecondFactorMethod], {
    nullable: true,
    description: 'The kinds of second factor that are confirmed. For staff.',
  })
  secondFactorMethods(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<SecondFactorMethod[]> {
    return accountLoaders(ctx).factors.load(id);
  }

  @Access({ scopes: [['accounts:read']] })
  @Directive(STAFF)
  @FieldResolver(() => Int, { nullable: true, description: 'How many sessions are not over. For staff.' })
  activeSessionCount(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<number> {
    return accountLoaders(ctx).sessionCount.load(id);
  }

  @Access({ scopes: [['accounts:read']] })
  @Directive('@listSize(assumedSize: 20)')
  @Directive(STAFF)
  @FieldResolver(() => [UndeliverableMessage], {
    nullable: true,
    description: 'The letters and texts to its owner that were given up, the latest first. At most 20. For staff.',
  })
  undeliverableMessages(@Root() { id }: Account, @Ctx() ctx: EdgeContext): Promise<UndeliverableMessage[]> {
    return undeliverableMessages(ctx, id);
  }

  @Access({ scopes: [['accounts:review']] })
  @Directive(PAGED)
  @Directive(STAFF)
  @FieldResolver(() => AccountFlagConnection, {
    nullable: true,
    description: 'The flags of the account, the latest first. For staff.',
  })
  async flags(
    @Root() { id: accountId }: Account,
    @Arg('statuses', () => [FlagStatus], {
      description: 'Keep only flags in one of these states. All when absent.',
      nullable: true,
    })
    statuses: FlagStatus[] | null | undefined,
    @Args(() => PageArguments) asked: PageArguments,
    @Ctx() ctx: EdgeContext,
  ): Promise<AccountFlagConnection> {
    const filter = { accountId, statuses: statuses ?? null };
    const page = readPage(ctx, `account.flags:${JSON.stringify(filter)}`, asked);
    const [flaggedMs, id] = (page.after ?? []) as [number, string];
    const place = page.after && { flaggedMs, id };
    const found = await flagsOfAccount(ctx, { ...filter, limit: page.first + 1, after: place });
    const position = (flag: FlagFacts) => [flag.flaggedAt.getTime(), flag.id];
    const totalCount = await countFlagsOfAccount(ctx, filter);
    return { ...connection(ctx, page, found, position, (flag) => flag), totalCount };
  }

  @Access({ scopes: [['accounts:read']] })
  @Directive(PAGED)
  @Directive(STAFF)
  @FieldResolver(() => SecurityEventConnection, {
    nullable: true,
    description: 'What happened to the account, the latest first. For staff.',
  })
  async securityEvents(
    @Root() { id: accountId }: Account,
    @Args(() => PageArguments) asked: PageArguments,
    @Ctx() ctx: EdgeContext,
  ): Promise<SecurityEventConnection> {
    const page = readPage(ctx, `account.securityEvents:${accountId}`, asked);
    const found = await listEvents(ctx, { accountId, limit: page.first + 1, after: afterEvent(page) });
    return eventConnection(ctx, page, found);
  }
}

@Resolver()
export class AccountResolver {
  @Access({ scopes: [['accounts:read']] })
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Directive(STAFF)
  @Query(() => Account, {
    nullable: true,
    description: 'One account, for staff. Null when there is none with this id.',
  })
  async account(
    @Ctx() ctx: EdgeContext,
    @Arg('id', () => ID, { description: 'The id of the account.' }) id: string,
  ): Promise<Account | null> {
    if (!isId(id, 'acct')) return null;
    return inTransaction(ctx, async (ctx) => {
      if (!(await findAccount(ctx, id))) return null;
      await recordAudit(ctx, { action: 'account', subjectAccountId: id });
      return { id };
    });
  }

  @Access({ scopes: [['accounts:read']] })
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Directive(PAGED)
  @Directive(STAFF)
  @Query(() => AccountConnection, { nullable: true, description: 'Accounts, for staff, newest first.' })
  async accounts(
    @Ctx() ctx: EdgeContext,
    @Arg('filter', () => AccountFilter, {
      description: 'Keep only accounts that satisfy every condition given.',
      nullable: true,
    })
    filter: AccountFilter | null | undefined,
    @Args(() => PageArguments) asked: PageArguments,
  ): Promise<AccountConnection> {
    const page = readPage(ctx, `accounts:${JSON.stringify(filter ?? {})}`, asked);
    const [createdMs, id] = (page.after ?? []) as [number, string];
    const query = { filter: filter ?? {}, limit: page.first + 1, after: page.after && { createdMs, id } };
    const found = await (filter?.email == null ? listAccounts(ctx, query) : lookUpAddress(ctx, query));
    const position = (row: ListedAccount) => [row.createdAt.getTime(), row.id];
    return connection(ctx, page, found, position, (row) => ({ id: row.id }));
  }

  @Access({ scopes: [['accounts:review']], fresh: true })
  @Directive(STAFF)
  @Mutation(() => LockAccountResult, {
    nullable: true,
    description: 'Bar an account from signing in and end its sessions.',
  })
  lockAccount(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => LockAccountInput) input: LockAccountInput,
  ): Promise<LockAccountResult> {
    return lockAccount(ctx, input);
  }

  @Access({ scopes: [['accounts:review']], fresh: true })
  @Directive(STAFF)
  @Mutation(() => UnlockAccountResult, { nullable: true, description: 'Let a locked account sign in again.' })
  unlockAccount(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => UnlockAccountInput) input: UnlockAccountInput,
  ): Promise<UnlockAccountResult> {
    return unlockAccount(ctx, input);
  }

  @Access({ scopes: [['accounts:review']], fresh: true })
  @Directive(STAFF)
  @Mutation(() => ForcePasswordResetResult, {
    nullable: true,
    description: 'Make the current password of an account void, end its sessions, and send its owner a reset link.',
  })
  forcePasswordReset(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => ForcePasswordResetInput) input: ForcePasswordResetInput,
  ): Promise<ForcePasswordResetResult> {
    return forcePasswordReset(ctx, input);
  }

  @Access({ scopes: [['accounts:review']], fresh: true })
  @Directive(STAFF)
  @Mutation(() => RevokeAllSessionsResult, { nullable: true, description: 'End every session of an account.' })
  revokeAllSessions(
    @Ctx() ctx: EdgeContext,
    @Arg('input', () => RevokeAllSessionsInput) input: RevokeAllSessionsInput,
  ): Promise<RevokeAllSessionsResult> {
    return revokeAllSessions(ctx, input);
  }
}

/** Asking for one address is looking at one account. */
function lookUpAddress(ctx: EdgeContext, query: AccountsQuery): Promise<ListedAccount[]> {
  return inTransaction(ctx, async (ctx) => {
    const found = await listAccounts(ctx, query);
    const facts = { action: 'accounts', subjectAccountId: found[0]?.id ?? null, details: { found: found.length } };
    await recordAudit(ctx, facts);
    return found;
  });
}
