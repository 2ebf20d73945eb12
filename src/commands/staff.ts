/** `rekey create-staff`, `grant` and `revoke`: who is staff is decided here and nowhere else. */
import type { StaffRole } from '../base/context.js';
import { isProblem } from '../base/problems.js';
import { createStaff as create, grantRole, revokeRole, type RoleChanged } from '../sign-in/staff-members.js';
import { CommandError, readArguments, UsageError, type Command } from './command.js';
import { addressNamed, onDatabase } from './run.js';

const ROLES: readonly StaffRole[] = ['support', 'reviewer', 'admin'];

export const createStaff: Command = {
  arguments: `EMAIL --role ${ROLES.join('|')}`,
  about: 'makes a staff member: an account gets the role, a new address a letter that leads to one',
  run: (args) => {
    const { email, role } = readRole(args);
    return onDatabase(async (ctx) => {
      const outcome = await create(ctx, email, role);
      if (isProblem(outcome)) throw new UsageError(outcome.message);
      const isNew = 'invited' in outcome;
      say(isNew ? `A letter goes to ${email}: its link creates the account as ${role}.` : sentence(email, outcome));
      return 0;
    });
  },
};

export const grant: Command = {
  arguments: `EMAIL --role ${ROLES.join('|')}`,
  about: 'gives an account a role, or another one; its sessions end, and its owner is told',
  run: (args) => {
    const { email, role } = readRole(args);
    return onDatabase(async (ctx) => tell(email, await grantRole(ctx, email, role)));
  },
};

export const revoke: Command = {
  arguments: 'EMAIL',
  about: 'takes the role of an account away, at once; its sessions end, and its owner is told',
  run: (args) => {
    const { email } = addressNamed(readArguments(args, 'EMAIL').subject);
    return onDatabase(async (ctx) => tell(email, await revokeRole(ctx, email)));
  },
};

function readRole(args: readonly string[]): { readonly email: string; readonly role: StaffRole } {
  const { subject, options } = readArguments(args, 'EMAIL', ['role']);
  const role = ROLES.find((name) => name === options.role);
  if (!role) throw new UsageError(`Say which role: --role ${ROLES.join('|')}.`);
  return { email: addressNamed(subject).email, role };
}

function tell(email: string, outcome: Awaited<ReturnType<typeof revokeRole>>): number {
  if (isProblem(outcome))
    throw new CommandError('No open account has this address. For a new one: rekey create-staff.');
  say(sentence(email, outcome));
  return 0;
}

const sentence = (email: string, { before, after }: RoleChanged): string =>
  `${email} is ${after ?? 'no staff member'} now, and was ${before ?? 'no staff member'}. Signed out everywhere.`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
