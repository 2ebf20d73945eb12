/** Accounts that come from another system, with the hashes they had there. It stands here since it stores passwords. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Context, StaffRole } from '../base/context.js';
import { rows } from '../base/database.js';
import { isProblem } from '../base/problems.js';
import { newId } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { readDisplayName } from '../accounts/display-name.js';
import { phoneKey, sealPhone } from '../accounts/phone-store.js';
import { parseEmail } from '../base/email-address.js';
import { isAllowedPrefix, parsePhoneNumber } from '../delivery/addresses.js';
import { costClass, importRefusal } from './schemes.js';

/** One account, checked and ready to be stored. */
export interface ImportedAccount {
  readonly id: string;
  readonly email: string;
  readonly email_key: string;
  readonly display_name: string | null;
  readonly role: StaffRole | null;
  /** Null: the password must be reset before the first sign-in. */
  readonly hash: string | null;
  readonly cost_class: string | null;
  /** Sealed. */
  readonly number: string | null;
  readonly number_key: string | null;
}

const shape = z.strictObject({
  email: z.string(),
  displayName: z.string().nullish(),
  passwordHash: z.string().nullish(),
  phoneNumber: z.string().nullish(),
  role: z.enum(['support', 'reviewer', 'admin']).nullish(),
});

/** Reads one line of JSON. @returns the account, or why the line is refused; the reason repeats no value. */
export function readImportedAccount(ctx: Context, line: string): ImportedAccount | string {
  const value = readJson(line);
  if (value === undefined) return 'not a line of JSON; the file may be cut off here';
  const parsed = shape.safeParse(value);
  if (!parsed.success) return parsed.error.issues.map(describeIssue).join('; ');
  const { email, displayName, passwordHash, phoneNumber, role = null } = parsed.data;
  const address = parseEmail(email);
  if (!address) return 'email: not an address that letters can be sent to';
  const name = displayName ? readDisplayName(displayName) : null;
  if (isProblem(name)) return `displayName: must be ${name.fields[0]?.message ?? 'a name'}`;
  const unfit = passwordHash == null ? null : importRefusal(passwordHash);
  if (unfit !== null) return `passwordHash: ${unfit}`;
  const number = phoneNumber ? parsePhoneNumber(phoneNumber) : null;
  if (phoneNumber && number === null) return 'phoneNumber: not a number with its country code that can receive texts';
  if (number !== null && !isAllowedPrefix(number, ctx.config.SMS_COUNTRY_PREFIXES)) {
    return 'phoneNumber: of a country that SMS_COUNTRY_PREFIXES does not allow';
  }
  const id = newId('acct');
  return {
    id,
    email: address.email,
    email_key: address.key,
    display_name: name,
    role,
    hash: passwordHash ?? null,
    cost_class: passwordHash == null ? null : costClass(passwordHash),
    number: number && sealPhone(ctx, id, number),
    number_key: number && phoneKey(ctx, number),
  };
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Zod names keys, types and options, and no value. */
const describeIssue = ({ path, message }: { path: PropertyKey[]; message: string }): string =>
  path.length > 0 ? `${path.join('.')}: ${message}` : message;

export interface Imported {
  readonly count: number;
  readonly staff: readonly { readonly id: string; readonly role: StaffRole }[];
}

/**
 * Stores accounts in one statement, all of them or none. Whoever has an open account with the address already, here or
 * earlier in the file, stays as they are: so an import that was cut off is run again from the start. The operator vouches for
 * addresses and numbers; a number waits as every new one does before links go to it.
 * @returns how many are new, and who of them is staff.
 */
export async function importAccounts(ctx: Context, accounts: readonly ImportedAccount[]): Promise<Imported> {
  const [made] = await rows<{ count: number; staff: Imported['staff'] }>(
    ctx.db,
    sql`with wanted as (
          select * from jsonb_to_recordset(${JSON.stringify(accounts)}::jsonb) as x(id text, email text, email_key text,
            display_name text, role text, hash text, cost_class text, number text, number_key text)
        ), made as (
          insert into accounts (id, email, email_key, display_name, role, sessions_valid_after, password_reset_required,
            created_at)
          select id, email, email_key, display_name, role, ${clock(ctx)}, hash is null, ${clock(ctx)} from wanted
          order by email_key
          on conflict do nothing returning id, role
        ), hashed as (
          insert into passwords (account_id, hash, cost_class, set_at)
          select id, hash, cost_class, ${clock(ctx)} from wanted join made using (id) where hash is not null
        ), numbered as (
          insert into phone_numbers (account_id, number, number_key, verified_at, recovery_from, created_at)
          select id, number, number_key, ${clock(ctx)}, ${fromNow(ctx, ctx.config.PHONE_RECOVERY_DELAY)}, ${clock(ctx)}
          from wanted join made using (id) where number is not null
        )
        select count(*)::int as count,
          coalesce(jsonb_agg(jsonb_build_object('id', id, 'role', role)) filter (where role is not null), '[]') as staff
        from made`,
  );
  return made ?? { count: 0, staff: [] };
}
