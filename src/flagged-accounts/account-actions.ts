/**
 * What staff do to an account: lock, unlock, make the password void, end the sessions. Each raises the epoch, so that
 * nothing issued before outlives it; is in the owner's record and the audit; and is told to the owner, all in one transaction.
 */
import { sql, type SQL } from 'drizzle-orm';
import { inTransaction, type Context, type StaffRole } from '../base/context.js';
import { rows } from '../base/database.js';
import { plainText } from '../base/plain-text.js';
import { invalidInput, problem, Refusal, type InvalidInput, type Problem } from '../base/problems.js';
import { isId } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { notify } from '../accounts/notices.js';
import { mayActOn } from '../accounts/roles.js';
import { isLockedSql, raiseEpoch } from '../accounts/service.js';
import { recordAudit } from '../audit/service.js';
import { enqueueResetLink } from '../password-resets/service.js';
import { recordEvent, type EventKind } from '../security-events/service.js';
import { countAllSessions } from './standing.js';

export type LockReason = 'SUSPECTED_TAKEOVER' | 'ABUSE' | 'OWNER_REQUEST';

interface AccountRef {
  readonly account: { readonly id: string };
}

export type ActionOutcome = AccountRef | Problem<'NOT_FOUND'> | Problem<'CONFLICT', AccountRef>;

/** The longest note on an action or decision, in characters. */
export const MAX_NOTE = 2000;

export interface Target {
  readonly id: string;
  readonly role: StaffRole | null;
  readonly isClosed: boolean;
  readonly isLocked: boolean;
}

/**
 * The account to act on, held until the transaction ends, so that what is judged here is still true when it is done. Null
 * when there is none.
 * @throws Refusal `FORBIDDEN` for one's own account and for an equal or higher role.
 */
export async function holdTarget(ctx: Context, accountId: string): Promise<Target | null> {
  if (!isId(accountId, 'acct')) return null;
  const [row] = await rows<{ id: string; role: StaffRole | null; is_closed: boolean; is_locked: boolean }>(
    ctx.db,
    sql`select id, role, closed_at is not null as is_closed, ${isLockedSql(ctx)} as is_locked
        from accounts where id = ${accountId} for no key update`,
  );
  if (!row) return null;
  if (!mayActOn(ctx.actor, row))
    throw new Refusal('FORBIDDEN', 'Nobody acts on themselves, nor on an equal or higher role.');
  return { id: row.id, role: row.role, isClosed: row.is_closed, isLocked: row.is_locked };
}

export interface LockAccountInput {
  readonly accountId: string;
  readonly reason: LockReason;
  readonly expiresAt?: Date | null | undefined;
  readonly note?: string | null | undefined;
}

/** Bars an account from signing in, for good or until `expiresAt`, and ends its sessions. */
export function lockAccount(ctx: Context, input: LockAccountInput): Promise<ActionOutcome | InvalidInput> {
  return inTransaction(ctx, async (ctx) => {
    const note = plainText(input.note, MAX_NOTE);
    if (note === undefined) return invalidInput(['note', `at most ${MAX_NOTE} characters`]);
    if (input.expiresAt && !(await isAhead(ctx, input.expiresAt))) return invalidInput(['expiresAt', 'a time to come']);
    const target = await holdTarget(ctx, input.accountId);
    if (!target) return problem('NOT_FOUND');
    if (target.isClosed || target.isLocked) return conflict(target);
    const { reason, expiresAt = null } = input;
    await applyLock(ctx, target.id, { reason, expiresAt, note });
    await recordAudit(ctx, {
      action: 'lockAccount',
      subjectAccountId: target.id,
      note,
      details: { reason, expiresAt: expiresAt?.toISOString() ?? null },
    });
    return { account: { id: target.id } };
  });
}

async function isAhead(ctx: Context, time: Date): Promise<boolean> {
  if (Number.isNaN(time.getTime())) return false;
  const [row] = await rows<{ ahead: boolean }>(
    ctx.db,
    sql`select ${time.toISOString()}::timestamptz > ${clock(ctx)} as ahead`,
  );
  return row?.ahead ?? false;
}

export interface Lock {
  readonly reason: LockReason;
  readonly expiresAt: Date | null;
  readonly note: string | null;
}

/** The effect of a lock, for a target that is held. */
export async function applyLock(ctx: Context, accountId: string, { reason, expiresAt, note }: Lock): Promise<void> {
  await change(
    ctx,
    accountId,
    'account_locked',
    sql`locked_at = ${clock(ctx)}, lock_reason = ${reason}, lock_note = ${note}, lock_expires_at = ${expiresAt?.toISOString() ?? null}::timestamptz,
      locked_by = ${ctx.actor.kind === 'person' ? ctx.actor.accountId : null}`,
  );
}

export interface NotedInput {
  readonly accountId: string;
  readonly note?: string | null | undefined;
}

/** Lets a locked account sign in again. */
export function unlockAccount(ctx: Context, input: NotedInput): Promise<ActionOutcome> {
  const note = noteOf(input);
  return inTransaction(ctx, async (ctx) => {
    const target = await holdTarget(ctx, input.accountId);
    if (!target) return problem('NOT_FOUND');
    if (target.isClosed || !target.isLocked) return conflict(target);
    await change(
      ctx,
      target.id,
      'account_unlocked',
      sql`locked_at = null, lock_reason = null, lock_note = null, locked_by = null, lock_expires_at = null`,
    );
    await recordAudit(ctx, { action: 'unlockAccount', subjectAccountId: target.id, note });
    return { account: { id: target.id } };
  });
}

/** Makes the password void, ends the sessions, and sends the owner a reset link. Staff never see it. */
export function forcePasswordReset(ctx: Context, input: NotedInput): Promise<ActionOutcome> {
  const note = noteOf(input);
  return inTransaction(ctx, async (ctx) => {
    const target = await holdTarget(ctx, input.accountId);
    if (!target) return problem('NOT_FOUND');
    if (target.isClosed) return conflict(target);
    await applyForcedReset(ctx, target.id);
    await recordAudit(ctx, { action: 'forcePasswordReset', subjectAccountId: target.id, note });
    return { account: { id: target.id } };
  });
}

/** The effect of a forced reset, for a target that is held. A locked account gets no link while the lock holds. */
export async function applyForcedReset(ctx: Context, accountId: string): Promise<void> {
  await change(ctx, accountId, 'password_reset_forced', sql`password_reset_required = true`);
  await enqueueResetLink(ctx, { accountId, channel: null, source: 'staff' });
}

/** Ends every session of an account. One that is closed has none. */
export function revokeAllSessions(
  ctx: Context,
  input: { readonly accountId: string },
): Promise<(AccountRef & { readonly revokedSessionCount: number }) | Problem<'NOT_FOUND'>> {
  return inTransaction(ctx, async (ctx) => {
    const target = await holdTarget(ctx, input.accountId);
    if (!target) return problem('NOT_FOUND');
    const revokedSessionCount = await countAllSessions(ctx, target.id);
    if (!target.isClosed) await applyRevocation(ctx, target.id);
    await recordAudit(ctx, {
      action: 'revokeAllSessions',
      subjectAccountId: target.id,
      details: { revokedSessionCount },
    });
    return { account: { id: target.id }, revokedSessionCount };
  });
}

/** The effect of ending all sessions, for a target that is held. */
export const applyRevocation = (ctx: Context, accountId: string): Promise<void> =>
  change(ctx, accountId, 'session_revoked');

/** Raises the epoch with the change, and tells: in the owner's record, and in a notice. */
async function change(ctx: Context, accountId: string, kind: EventKind, columns?: SQL): Promise<void> {
  const raised = await raiseEpoch(ctx, accountId, 'any', columns);
  if (!raised) throw new Error('an account that was held could not be changed');
  const event = await recordEvent(ctx, kind, { accountId, byStaff: true });
  await notify(withoutDevice(ctx), accountId, kind, event);
}

/** A notice tells of the device that acted: a staff member's own is not for the owner to know. */
export const withoutDevice = <C extends Context>(ctx: C): C => ({
  ...ctx,
  origin: { ...ctx.origin, ip: null, userAgent: null },
});

const conflict = (target: Target) => problem('CONFLICT', { account: { id: target.id } });

/** @throws Refusal for a note that is too long: these results have no member for it. */
function noteOf({ note }: NotedInput): string | null {
  const text = plainText(note, MAX_NOTE);
  if (text === undefined) throw new Refusal('BAD_USER_INPUT', `note must have at most ${MAX_NOTE} characters.`);
  return text;
}
