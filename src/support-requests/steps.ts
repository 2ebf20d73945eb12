/** What every step on a request has in common: the account is held, the outcome is shown, the audit is written last. */
import { eq } from 'drizzle-orm';
import { inTransaction, type PersonContext } from '../base/context.js';
import { problem, type Problem } from '../base/problems.js';
import { isId } from '../base/secrets.js';
import { findAccountByEmailKey } from '../accounts/service.js';
import { recordAudit } from '../audit/service.js';
import { holdTarget, type Target } from '../flagged-accounts/account-actions.js';
import { findRequest, type RequestFile } from './list.js';
import { supportRequests, type SupportRequest } from './tables.js';

export interface Requested {
  readonly supportRequest: RequestFile;
}

export type RequestOutcome = Requested | Problem<'NOT_FOUND'> | Problem<'CONFLICT', Requested>;

/**
 * Runs a step on a request, with the account it concerns held: the one decided on, else the one that has the address now.
 * @throws Refusal `FORBIDDEN` where the caller may not act on that account.
 */
export function onRequest<T>(
  ctx: PersonContext,
  id: string,
  step: (ctx: PersonContext, request: SupportRequest, target: Target | null) => Promise<T>,
): Promise<T | Problem<'NOT_FOUND'>> {
  return inTransaction(ctx, async (ctx) => {
    // Held against being forgotten (`purgeRequests`) before its outcome is shown, and against nothing else.
    const [request] = isId(id, 'supp')
      ? await ctx.db.select().from(supportRequests).where(eq(supportRequests.id, id)).for('key share')
      : [];
    if (!request) return problem('NOT_FOUND');
    const accountId = request.accountId ?? (await findAccountByEmailKey(ctx, request.emailKey))?.id ?? null;
    return step(ctx, request, accountId === null ? null : await holdTarget(ctx, accountId));
  });
}

export const seen = async (ctx: PersonContext, { id }: SupportRequest): Promise<Requested> => {
  const supportRequest = await findRequest(ctx, id);
  if (!supportRequest) throw new Error('a request is gone that was there a moment ago');
  return { supportRequest };
};

/** The request is not in a state that allows the step: shown as it is now. */
export const conflict = async (ctx: PersonContext, request: SupportRequest) =>
  problem('CONFLICT', await seen(ctx, request));

export interface Step {
  readonly action: string;
  readonly note: string | null;
  readonly details?: Record<string, unknown>;
}

/** Ends a step: what it did is in the audit, or the caller lost and sees who won. */
export async function finish(
  ctx: PersonContext,
  request: SupportRequest,
  target: Target | null,
  isDone: boolean,
  { action, note, details }: Step,
): Promise<Requested | Problem<'CONFLICT', Requested>> {
  if (!isDone) return conflict(ctx, request);
  const outcome = await seen(ctx, request);
  await recordAudit(ctx, {
    action,
    subjectAccountId: target?.id ?? null,
    note,
    details: { supportRequestId: request.id, ...details },
  });
  return outcome;
}
