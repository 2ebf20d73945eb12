/** How the audit speaks GraphQL. */
import { Arg, Args, Ctx, Directive, Query, Resolver } from 'type-graphql';
import { listAudit, type ListedEntry } from '../audit/list.js';
import { recordAudit, type AuditFacts } from '../audit/service.js';
import { inTransaction } from '../base/context.js';
import { isId } from '../base/secrets.js';
import { Access, Limit } from './access.js';
import { PAGED, STAFF } from './directives.js';
import type { EdgeContext } from './edge-context.js';
import { connection, PageArguments, readPage } from './paging.js';
import { type AuditEntry, AuditEntryConnection, AuditLogFilter } from './types/audit.js';

@Resolver()
export class AuditResolver {
  @Access({ scopes: [['audit:read']] })
  @Limit({ limit: 'LIMIT_QUERIES_PER_NETWORK', store: 'process' })
  @Directive(PAGED)
  @Directive(STAFF)
  @Query(() => AuditEntryConnection, {
    nullable: true,
    description: 'What staff did, the latest first. For those who oversee staff.',
  })
  async auditLog(
    @Ctx() ctx: EdgeContext,
    @Arg('filter', () => AuditLogFilter, {
      description: 'Keep only entries that satisfy every condition given.',
      nullable: true,
    })
    filter: AuditLogFilter | null | undefined,
    @Args(() => PageArguments) asked: PageArguments,
  ): Promise<AuditEntryConnection> {
    const page = readPage(ctx, `auditLog:${JSON.stringify(filter ?? {})}`, asked);
    const [atMs, id] = (page.after ?? []) as [number, string];
    const query = { filter: filter ?? {}, limit: page.first + 1, after: page.after && { atMs, id } };
    const found = await listAudit(ctx, query);
    // Whoever watches is watched. After the reading, so that a page does not begin with itself.
    await inTransaction(ctx, (ctx) => recordAudit(ctx, lookUpOf(filter ?? {})));
    return connection(ctx, page, found, (entry) => [entry.at.getTime(), entry.id], toEntry);
  }
}

/** Whose record was read, where it was one account's. */
function lookUpOf({ byAccountId, subjectAccountId }: AuditLogFilter): AuditFacts {
  const asked = Object.entries({ byAccountId, subjectAccountId }).filter(([, id]) => id != null && isId(id, 'acct'));
  return { action: 'auditLog', ...(asked.length > 0 && { details: Object.fromEntries(asked) }) };
}

const toEntry = ({ id, action, at, byAccountId, byService, subjectAccountId, note }: ListedEntry): AuditEntry => ({
  id,
  action,
  at,
  by: byAccountId === null ? null : { id: byAccountId },
  byService,
  subject: subjectAccountId === null ? null : { id: subjectAccountId },
  note,
});
