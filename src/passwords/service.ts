/** What people know: set it, check it, change it. */
import { and, eq, isNull, sql } from 'drizzle-orm';
import { clearAttempts, reserveAttempt, returnAttempt, type Guess } from '../base/attempts.js';
import { allOrNothing, type Context, type PersonContext } from '../base/context.js';
import {
  invalidInput,
  isProblem,
  problem,
  type InvalidInput,
  type Problem,
  type RateLimited,
} from '../base/problems.js';
import { clock } from '../base/time.js';
import { notify } from '../accounts/notices.js';
import { findAccount, raiseEpoch } from '../accounts/service.js';
import { accounts, type Account } from '../accounts/tables.js';
import { recordEvent } from '../security-events/service.js';
import {
  deviceToken,
  isRememberedSql,
  passwordGuess,
  provenDevice,
  rememberDevice,
  rememberedDevice,
} from '../sessions/remembered-devices.js';
import { countOtherSessions, reissueSession, type NewSecret } from '../sessions/service.js';
import { rememberedDevices } from '../sessions/tables.js';
import { breachStatus } from './breached.js';
import { BusyError } from './hash-pool.js';
import { decoyFor } from './hash-mix.js';
import { hashPassword, verifyPassword } from './hashing.js';
import { checkPassword, isWellFormedPassword, passwordRuleMessage, type PasswordRule } from './policy.js';
import { costClass, needsRehash } from './schemes.js';
import { passwords } from './tables.js';

export type PasswordRejected = Problem<'PASSWORD_REJECTED', { violations: { rule: PasswordRule; message: string }[] }>;

export interface WhoseItIs {
  readonly email: string | null;
  readonly displayName: string | null;
}

/** A text that no password can be is a mistake of the input, when setting and when checking. */
export function refuseIllFormed(password: string, field: string): InvalidInput | null {
  return isWellFormedPassword(password) ? null : invalidInput([field, 'well-formed text without a NUL character']);
}

/**
 * Why this password may not be set, or null. Checks all rules at once; never repeats the password.
 * @param field where the password stands in the input, for a text that no password can be.
 */
export async function refusePassword(
  ctx: Context,
  password: string,
  field: string,
  person: WhoseItIs,
): Promise<InvalidInput | PasswordRejected | null> {
  const illFormed = refuseIllFormed(password, field);
  if (illFormed) return illFormed;
  const minLength = ctx.config.PASSWORD_MIN_LENGTH;
  const violations = checkPassword(password, {
    minLength,
    email: person.email ?? undefined,
    displayName: person.displayName,
    productName: ctx.config.PRODUCT_NAME,
    breachStatus: await lookUpBreach(ctx, password),
  });
  if (violations.length === 0) return null;
  return problem('PASSWORD_REJECTED', {
    violations: violations.map((rule) => ({ rule, message: passwordRuleMessage(rule, minLength) })),
  });
}

async function lookUpBreach(ctx: Context, password: string) {
  if (ctx.config.BREACHED_RANGE_URL === null) return 'clear';
  const status = await breachStatus(password, ctx.config.BREACHED_RANGE_URL);
  if (status === 'unknown') ctx.log.warn({ event: 'breach_lookup_failed', requestId: ctx.origin.requestId });
  return status;
}

/** Stores a hash, in the transaction that raised the epoch. */
export async function storePassword(ctx: Context, accountId: string, hash: string): Promise<void> {
  const values = { hash, costClass: costClass(hash) ?? 'unknown', setAt: clock(ctx) };
  await ctx.db
    .insert(passwords)
    .values({ accountId, ...values })
    .onConflictDoUpdate({ target: passwords.accountId, set: values });
}

export async function storedHash(ctx: Context, accountId: string): Promise<string | null> {
  const [row] = await ctx.db.select({ hash: passwords.hash }).from(passwords).where(eq(passwords.accountId, accountId));
  return row?.hash ?? null;
}

export async function passwordSetAt(ctx: Context, accountId: string): Promise<Date | null> {
  const [row] = await ctx.db
    .select({ setAt: passwords.setAt })
    .from(passwords)
    .where(eq(passwords.accountId, accountId));
  return row?.setAt ?? null;
}

/**
 * Replaces a weaker or imported hash once the password was proven right; a change meanwhile wins over it. A machine
 * too busy to hash leaves that to the next sign-in.
 */
export async function strengthenHash(ctx: Context, accountId: string, password: string, old: string): Promise<void> {
  if (!needsRehash(old)) return;
  try {
    const hash = await hashPassword(password, ctx.origin.network);
    await ctx.db.execute(
      sql`update passwords set hash = ${hash}, cost_class = ${costClass(hash)} where account_id = ${accountId} and hash = ${old}`,
    );
  } catch (error) {
    if (!(error instanceof BusyError)) throw error;
  }
}

/**
 * The one place where a submitted password meets a stored hash: the attempt is reserved first, and given back when
 * the machine was too busy to compare. Where it was right the caller forgets the attempts, with what it writes then.
 */
export async function guessPassword(
  ctx: Context,
  guess: Guess,
  password: string,
  hash: string,
): Promise<RateLimited | boolean> {
  const refused = await reserveAttempt(ctx, guess);
  if (refused) return refused;
  try {
    return await verifyPassword(password, hash, ctx.origin.network);
  } catch (error) {
    if (error instanceof BusyError) await returnAttempt(ctx, guess);
    throw error;
  }
}

/** Whether this is the current password of the person signed in. One budget with sign-in and change. */
export async function proveCurrentPassword(
  ctx: PersonContext,
  password: string,
  deviceCookie: string | null,
): Promise<RateLimited | Problem<'INVALID_CREDENTIALS'> | null> {
  const { accountId, emailKey } = ctx.actor;
  const hash = (await storedHash(ctx, accountId)) ?? (await decoyFor(ctx, emailKey));
  const guess = passwordGuess(await rememberedDevice(ctx, deviceCookie, emailKey), emailKey);
  const verdict = await guessPassword(ctx, guess, password, hash);
  if (typeof verdict === 'object') return verdict;
  if (verdict) {
    await clearAttempts(ctx, guess);
    return null;
  }
  await recordEvent(ctx, 'sign_in_failed', { accountId, emailKey });
  return problem('INVALID_CREDENTIALS');
}

export interface ChangePasswordInput {
  readonly currentPassword: string;
  readonly newPassword: string;
  readonly deviceCookie: string | null;
}

/** The current session goes on under a new secret. */
export interface PasswordChanged extends NewSecret {
  readonly accountId: string;
  readonly revokedSessionCount: number;
  /** The current browser, remembered anew. */
  readonly deviceToken: string | null;
}

/**
 * Changes the password of the person signed in. Every other session, link and pending proof is over before the answer
 * leaves; the current session goes on under a new secret. Of parallel changes exactly one wins.
 * Null: someone changed the credentials in between, which ended this session.
 */
export async function changePassword(
  ctx: PersonContext,
  input: ChangePasswordInput,
  hasSecondFactor: boolean,
): Promise<
  | PasswordChanged
  | Problem<'INVALID_CREDENTIALS'>
  | Problem<'REAUTHENTICATION_REQUIRED'>
  | PasswordRejected
  | InvalidInput
  | RateLimited
  | null
> {
  if (hasSecondFactor && !(ctx.actor.isFresh && ctx.actor.twoFactor)) return problem('REAUTHENTICATION_REQUIRED');
  const illFormed = refuseIllFormed(input.currentPassword, 'currentPassword');
  if (illFormed) return illFormed;
  const account = await findAccount(ctx, ctx.actor.accountId);
  const refused = await refusePassword(ctx, input.newPassword, 'newPassword', {
    email: account?.email ?? null,
    displayName: account?.displayName ?? null,
  });
  if (refused) return refused;
  const unproven = await proveCurrentPassword(ctx, input.currentPassword, input.deviceCookie);
  if (isProblem(unproven)) return unproven;
  const hash = await hashPassword(input.newPassword, ctx.origin.network);
  return allOrNothing(ctx, (ctx) => putChangedPassword(ctx, hash));
}

async function putChangedPassword(ctx: PersonContext, hash: string): Promise<PasswordChanged | null> {
  const { accountId, epoch } = ctx.actor;
  const revokedSessionCount = await countOtherSessions(ctx);
  const raised = await raiseEpoch(ctx, accountId, epoch);
  if (!raised) return null;
  await storePassword(ctx, accountId, hash);
  const secret = await reissueSession(ctx, raised.epoch);
  if (!secret) return null;
  const deviceToken = ctx.actor.transport === 'COOKIE' ? await rememberDevice(ctx, accountId, raised.epoch) : null;
  const event = await recordEvent(ctx, 'password_changed', { accountId, sessionId: ctx.actor.sessionId });
  await notify(ctx, accountId, 'password_changed', event);
  return { accountId, revokedSessionCount, ...secret, deviceToken };
}

export interface Credentials {
  readonly account: Account;
  readonly hash: string;
  /** The id of the remembered device that asks, or null. */
  readonly device: string | null;
}

/** The open account behind an address and its hash, or null. One statement: what sign-in compares with. */
export async function credentialsOf(
  ctx: Context,
  emailKey: string,
  deviceCookie: string | null,
): Promise<Credentials | null> {
  const token = deviceToken(deviceCookie);
  const [found] = await ctx.db
    .select({ account: accounts, hash: passwords.hash, deviceDigest: rememberedDevices.digest })
    .from(accounts)
    .leftJoin(passwords, eq(passwords.accountId, accounts.id))
    .leftJoin(rememberedDevices, isRememberedSql(ctx, token))
    .where(and(eq(accounts.emailKey, emailKey), isNull(accounts.closedAt)));
  if (!found?.hash) return null;
  return { account: found.account, hash: found.hash, device: provenDevice(token, found.deviceDigest) };
}
