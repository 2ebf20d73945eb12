/** Who is staff: decided by operators at the command line alone. No mutation and no input field gives a role. */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context, type StaffRole } from '../base/context.js';
import { invalidInput, problem, type InvalidInput, type Problem } from '../base/problems.js';
import { notify } from '../accounts/notices.js';
import { findAccountByEmailKey, raiseEpoch } from '../accounts/service.js';
import { recordAudit } from '../audit/service.js';
import { parseEmail } from '../base/email-address.js';
import { enqueue } from '../delivery/outbox.js';
import { recordEvent } from '../security-events/service.js';
import { signUpMessage } from './sign-up.js';

export interface RoleChanged {
  readonly accountId: string;
  readonly before: StaffRole | null;
  readonly after: StaffRole | null;
}

/**
 * Makes a staff member. An address that has an account gets the role and a notice; a new one gets a letter whose link
 * creates the account with the role.
 */
export async function createStaff(
  ctx: Context,
  email: string,
  role: StaffRole,
): Promise<RoleChanged | { readonly invited: string } | InvalidInput> {
  const address = parseEmail(email);
  if (!address) return invalidInput(['email', 'an e-mail address']);
  return inTransaction(ctx, async (ctx) => {
    const changed = await changeRole(ctx, address.key, role, 'createStaff');
    if (changed) return changed;
    await enqueue(ctx, signUpMessage, { email: address.email, emailKey: address.key, role });
    await recordAudit(ctx, { action: 'createStaff', details: { role, invited: true } });
    return { invited: address.email };
  });
}

/** Gives an account a role, or another one. Its sessions end: what they were issued for was another person's rights. */
export const grantRole = (ctx: Context, email: string, role: StaffRole) => setRole(ctx, email, role, 'grantRole');

/** Takes the role away, at once: rights are read at every request, and the sessions end besides. */
export const revokeRole = (ctx: Context, email: string) => setRole(ctx, email, null, 'revokeRole');

async function setRole(
  ctx: Context,
  email: string,
  role: StaffRole | null,
  action: string,
): Promise<RoleChanged | InvalidInput | Problem<'NOT_FOUND'>> {
  const address = parseEmail(email);
  if (!address) return invalidInput(['email', 'an e-mail address']);
  return inTransaction(ctx, async (ctx) => (await changeRole(ctx, address.key, role, action)) ?? problem('NOT_FOUND'));
}

async function changeRole(
  ctx: Context,
  emailKey: string,
  role: StaffRole | null,
  action: string,
): Promise<RoleChanged | null> {
  const account = await findAccountByEmailKey(ctx, emailKey);
  if (!account) return null;
  const raised = await raiseEpoch(ctx, account.id, 'any', sql`role = ${role}`);
  if (!raised) return null;
  const event = await recordEvent(ctx, 'role_changed', { accountId: account.id, byStaff: true });
  await notify(ctx, account.id, 'role_changed', event);
  await recordAudit(ctx, { action, subjectAccountId: account.id, details: { before: account.role, after: role } });
  return { accountId: account.id, before: account.role, after: role };
}
