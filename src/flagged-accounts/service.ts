/**
 * Working on a case: raise it, take it, put it back, decide it. Each step is one conditional statement, so that of two who
 * come at once one wins and the other is shown how it stands.
 */
import { eq, sql } from 'drizzle-orm';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { plainText } from '../base/plain-text.js';
import { invalidInput, problem, type InvalidInput, type Problem } from '../base/problems.js';
import { isId } from '../base/secrets.js';
import { clock, instant } from '../base/time.js';
import { recordAudit } from '../audit/service.js';
import { applyForcedReset, applyLock, applyRevocation, holdTarget, MAX_NOTE } from './account-actions.js';
import { toFlag, type FlagFacts } from './flags.js';
import { recordActions } from './history.js';
import { lockOpenFlags, raiseFlag, refreshAccountSince } from './raise.js';
import type { FlagReason, Severity } from './rules.js';
import { accountFlags, type AccountFlag } from './tables.js';

export type FlagDecision = NonNullable<AccountFlag['decision']>;

interface Flagged {
  readonly flag: FlagFacts;
}

export type FlagOutcome = Flagged | Problem<'NOT_FOUND'> | Problem<'CONFLICT', Flagged>;

export interface FlagAccountInput {
  readonly accountId: string;
  readonly reason: FlagReason;
  readonly severity: Severity;
  readonly note?: string | null | undefined;
}

/** Puts an account in the queue, by a staff member or another service. */
export function flagAccount(
  ctx: Context,
  input: FlagAccountInput,
): Promise<Flagged | Problem<'NOT_FOUND'> | InvalidInput> {
  return inTransaction(ctx, async (ctx) => {
    const note = plainText(input.note, MAX_NOTE);
    if (note === undefined) return invalidInput(['note', `at most ${MAX_NOTE} characters`]);
    const target = await holdTarget(ctx, input.accountId);
    if (!target) return problem('NOT_FOUND');
    const { reason, severity } = input;
    const { actor } = ctx;
    const by =
      actor.kind === 'person' ? { accountId: actor.accountId } : actor.kind === 'nobody' ? {} : { service: actor.name };
    const { id } = await raiseFlag(ctx, { accountId: target.id, reason, severity, note, by });
    await recordAudit(ctx, {
      action: 'flagAccount',
      subjectAccountId: target.id,
      note,
      details: { flagId: id, reason, severity },
    });
    return { flag: toFlag(await read(ctx, id)) };
  });
}

/**
 * Takes a flag to work on it. Taking one's own again succeeds. A flag whose holder is no longer staff can be taken over: it
 * would otherwise lie there for ever.
 */
export function claimFlag(ctx: PersonContext, input: { readonly flagId: string }): Promise<FlagOutcome> {
  return onFlag(ctx, input.flagId, async (ctx, flag) => {
    const me = ctx.actor.accountId;
    if (flag.status === 'CLAIMED' && flag.claimedBy === me) return { flag: toFlag(flag) };
    const done = await rows(
      ctx.db,
      sql`update account_flags f set status = 'CLAIMED', claimed_by = ${me}, claimed_at = ${clock(ctx)}
          where id = ${flag.id} and (status = 'OPEN' or (status = 'CLAIMED' and not exists (
            select 1 from accounts a where a.id = f.claimed_by and a.role is not null and a.closed_at is null)))
          returning id`,
    );
    return finish(ctx, flag, done.length > 0, { kind: 'CLAIMED', action: 'claimFlag', note: null });
  });
}

/** Puts a claimed flag back in the queue. */
export function releaseFlag(ctx: PersonContext, input: { readonly flagId: string }): Promise<FlagOutcome> {
  return onFlag(ctx, input.flagId, async (ctx, flag) => {
    const done = await rows(
      ctx.db,
      sql`update account_flags set status = 'OPEN', claimed_by = null, claimed_at = null
          where id = ${flag.id} and status = 'CLAIMED' and claimed_by = ${ctx.actor.accountId} returning id`,
    );
    return finish(ctx, flag, done.length > 0, { kind: 'RELEASED', action: 'releaseFlag', note: null });
  });
}

export interface ResolveFlagInput {
  readonly flagId: string;
  readonly decision: FlagDecision;
  readonly note?: string | null | undefined;
}

/**
 * Decides a flag that the caller has claimed, and carries the decision out: both or neither. On a closed account there is
 * nothing left to carry out, so it can only be dismissed.
 */
export async function resolveFlag(ctx: PersonContext, input: ResolveFlagInput): Promise<FlagOutcome | InvalidInput> {
  const { decision } = input;
  const note = plainText(input.note, MAX_NOTE);
  if (note === undefined) return invalidInput(['note', `at most ${MAX_NOTE} characters`]);
  if (note === null && decision !== 'DISMISS')
    return invalidInput(['note', 'why: needed for every decision but DISMISS']);
  return onFlag(ctx, input.flagId, async (ctx, flag, isClosed) => {
    // Held before it is decided: what the worker adds meanwhile is part of what was decided upon.
    await lockOpenFlags(ctx, [flag.accountId]);
    const done =
      isClosed && decision !== 'DISMISS'
        ? []
        : await rows(
            ctx.db,
            sql`update account_flags set status = 'RESOLVED', decision = ${decision}, resolution_note = ${note},
                  resolved_at = ${instant(ctx)}, resolved_by = ${ctx.actor.accountId}
                where id = ${flag.id} and status = 'CLAIMED' and claimed_by = ${ctx.actor.accountId} returning id`,
          );
    if (done.length > 0) {
      await refreshAccountSince(ctx, flag.accountId);
      await carryOut(ctx, flag.accountId, decision, note);
    }
    return finish(ctx, flag, done.length > 0, { kind: 'RESOLVED', action: 'resolveFlag', note, details: { decision } });
  });
}

async function carryOut(ctx: Context, accountId: string, decision: FlagDecision, note: string | null): Promise<void> {
  if (decision === 'REVOKE_SESSIONS') await applyRevocation(ctx, accountId);
  if (decision === 'FORCE_PASSWORD_RESET') await applyForcedReset(ctx, accountId);
  if (decision === 'LOCK_ACCOUNT')
    await applyLock(ctx, accountId, { reason: 'SUSPECTED_TAKEOVER', expiresAt: null, note });
}

/** Runs a step on a flag, with its account held. @throws Refusal `FORBIDDEN` where the caller may not act on it. */
function onFlag(
  ctx: PersonContext,
  flagId: string,
  step: (ctx: PersonContext, flag: AccountFlag, isClosed: boolean) => Promise<FlagOutcome>,
): Promise<FlagOutcome> {
  return inTransaction(ctx, async (ctx) => {
    const flag = isId(flagId, 'flag') ? await find(ctx, flagId) : null;
    // The account first, then its flags: in the order in which everyone takes them.
    const target = flag && (await holdTarget(ctx, flag.accountId));
    return flag && target ? step(ctx, flag, target.isClosed) : problem('NOT_FOUND');
  });
}

interface Step {
  readonly kind: 'CLAIMED' | 'RELEASED' | 'RESOLVED';
  readonly action: string;
  readonly note: string | null;
  readonly details?: Record<string, unknown>;
}

async function finish(ctx: PersonContext, flag: AccountFlag, isDone: boolean, step: Step): Promise<FlagOutcome> {
  if (!isDone) return problem('CONFLICT', { flag: toFlag(await read(ctx, flag.id)) });
  const { kind, action, note, details } = step;
  await recordActions(ctx, [{ flagId: flag.id, kind, by: ctx.actor.accountId, note }]);
  const outcome = { flag: toFlag(await read(ctx, flag.id)) };
  await recordAudit(ctx, { action, subjectAccountId: flag.accountId, note, details: { flagId: flag.id, ...details } });
  return outcome;
}

async function find(ctx: Context, flagId: string): Promise<AccountFlag | null> {
  const [row] = await ctx.db.select().from(accountFlags).where(eq(accountFlags.id, flagId));
  return row ?? null;
}

async function read(ctx: Context, flagId: string): Promise<AccountFlag> {
  const row = await find(ctx, flagId);
  if (!row) throw new Error('a flag is gone that was there a moment ago');
  return row;
}
