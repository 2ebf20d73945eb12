/** Adding a second factor: begun by a person who proved who they are, counted once a first code was right (R-086, R-087). */
import { and, eq, isNull, sql } from 'drizzle-orm';
import { clearAttempts, reserveAttempt } from '../base/attempts.js';
import { inTransaction, type PersonContext } from '../base/context.js';
import { databaseErrorCode, rows } from '../base/database.js';
import { invalidInput, problem, type InvalidInput, type Problem, type RateLimited } from '../base/problems.js';
import { isId, matchesCodeMac, newId, seal } from '../base/secrets.js';
import { clock, currentTime, fromNow } from '../base/time.js';
import { type Channel } from '../accounts/channels.js';
import { findAccount, holdEpoch } from '../accounts/service.js';
import { defineMessage, enqueue } from '../delivery/outbox.js';
import { reserveCode } from '../delivery/text-limits.js';
import type { NewSecret } from '../sessions/service.js';
import { hasSecondFactor, type ProofRejected } from './challenges.js';
import { countAsProof, firstRecoveryCodes, mayFinish, recordAndTell } from './consequences.js';
import {
  codeEnvelopes,
  codeRecipient,
  deliveryTo,
  newMessageCode,
  secondsLeft,
  type ChannelUnavailable,
  type MessageDelivery,
} from './message-codes.js';
import { openTotpKey } from './proofs.js';
import { secondFactors, type SecondFactor, type SecondFactorMethod } from './tables.js';
import { newTotpKey, provisioningUri, totpStep } from './totp.js';

/** Wrong first codes that end an enrolment. */
const TRIES = 5;
/** The contract's bound on `Viewer.secondFactors`. */
const MAX_FACTORS = 10;
const MAX_LABEL = 60;

export interface EnrollInput {
  readonly method: SecondFactorMethod;
  readonly label?: string | null;
}

export interface Enrolled {
  readonly secondFactor: SecondFactor;
  readonly totp: { readonly uri: string; readonly manualEntryKey: string } | null;
  readonly delivery: MessageDelivery | null;
}

/**
 * Begins a second factor; it counts only after `confirmSecondFactor`. The enrolment belongs to this session and this
 * epoch, and lapses. For people whose session is fresh: the edge has seen to that. Null when a change of credentials was
 * faster, which has ended this session too.
 */
export async function enrollSecondFactor(
  ctx: PersonContext,
  { method, label }: EnrollInput,
): Promise<Enrolled | ChannelUnavailable | Problem<'FEATURE_DISABLED'> | InvalidInput | RateLimited | null> {
  if (method !== 'TOTP' && method !== 'SMS' && method !== 'EMAIL') {
    return invalidInput(['method', '`TOTP`, `SMS` or `EMAIL`']);
  }
  const name = readLabel(label);
  if (name === false) return invalidInput(['label', `at most ${MAX_LABEL} characters`]);
  if (method === 'EMAIL' && !ctx.config.EMAIL_CODES) return problem('FEATURE_DISABLED');
  const refused = await refuseMore(ctx, method);
  if (refused) return refused;
  return method === 'TOTP' ? enrollTotp(ctx, name) : enrollMessages(ctx, method, name);
}

/** A label as it is kept; false for one that may not be. */
export function readLabel(label: string | null | undefined): string | null | false {
  const name = label?.normalize('NFC').trim() ?? '';
  if (name === '') return null;
  return [...name].length <= MAX_LABEL && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u.test(name)
    ? name
    : false;
}

/** Earlier enrolments that a new one of this method replaces: lapsed, void, or of the same method. */
const isReplacedSql = (ctx: PersonContext, method: SecondFactorMethod) =>
  sql`(confirmed_at is null
    and (expires_at <= ${clock(ctx)} or epoch <> ${ctx.actor.epoch} or method = ${method}))`;

/** One number or address is one factor, and ten factors are enough. */
async function refuseMore(ctx: PersonContext, method: 'TOTP' | 'SMS' | 'EMAIL'): Promise<InvalidInput | null> {
  const has = await ctx.db
    .select({ method: secondFactors.method })
    .from(secondFactors)
    .where(sql`account_id = ${ctx.actor.accountId} and removed_at is null and not ${isReplacedSql(ctx, method)}`);
  if (has.length >= MAX_FACTORS) return invalidInput(['method', `no more than ${MAX_FACTORS} second factors`]);
  const isThere = method !== 'TOTP' && has.some((factor) => factor.method === method);
  return isThere ? invalidInput(['method', 'a method that is not there already']) : null;
}

async function enrollTotp(ctx: PersonContext, label: string | null): Promise<Enrolled | null> {
  const id = newId('fact');
  const key = newTotpKey();
  const secret = seal(ctx.config.secretKeys, `second_factors:${id}`, key);
  const wanted = { id, method: 'TOTP', label, secret } as const;
  const secondFactor = await inTransaction(ctx, (ctx) => putPending(ctx, wanted, ctx.config.CHALLENGE_TTL));
  if (!secondFactor) return null;
  const account = await findAccount(ctx, ctx.actor.accountId);
  const uri = provisioningUri({ issuer: ctx.config.PRODUCT_NAME, account: account?.email ?? '', key });
  return { secondFactor, totp: { uri, manualEntryKey: key }, delivery: null };
}

async function enrollMessages(
  ctx: PersonContext,
  method: Channel,
  label: string | null,
): Promise<Enrolled | ChannelUnavailable | RateLimited | null> {
  const { accountId, role } = ctx.actor;
  // Staff rights never rest on a code that a telephone network can be talked out of (R-093).
  const recipient = role !== null ? null : await codeRecipient(ctx, accountId, method);
  if (!recipient) return problem('CHANNEL_UNAVAILABLE', { availableChannels: [] });
  const refused = await reserveCode(ctx, accountId);
  if (refused) return refused;
  const wanted = { id: newId('fact'), method, label, secret: null };
  const secondFactor = await inTransaction(ctx, async (ctx) => {
    const pending = await putPending(ctx, wanted, ctx.config.CODE_TTL);
    if (pending) await enqueue(ctx, enrolmentCodeMessage, { secondFactorId: pending.id }, { accountId });
    return pending;
  });
  return secondFactor && { secondFactor, totp: null, delivery: deliveryTo(recipient, secondFactor.expiresAt as Date) };
}

/** In place of those that it replaces; null, and they stay, where the epoch has moved on. */
async function putPending(
  ctx: PersonContext,
  wanted: Pick<SecondFactor, 'id' | 'method' | 'label' | 'secret'>,
  seconds: number,
): Promise<SecondFactor | null> {
  const { accountId, epoch, sessionId } = ctx.actor;
  if (!(await holdEpoch(ctx, accountId, epoch))) return null;
  await ctx.db.execute(
    sql`delete from second_factors where account_id = ${accountId} and ${isReplacedSql(ctx, wanted.method)}`,
  );
  const [pending] = await ctx.db
    .insert(secondFactors)
    .values({ ...wanted, accountId, epoch, sessionId, createdAt: clock(ctx), expiresAt: fromNow(ctx, seconds) })
    .returning();
  return pending ?? null;
}

/** Composed in the worker: here the code of an enrolment is made. */
export const enrolmentCodeMessage = defineMessage<{ readonly secondFactorId: string }>({
  name: 'enrolment_code',
  priority: 0,
  usefulSeconds: (ctx) => ctx.config.CODE_TTL,
  async compose(ctx, { secondFactorId }) {
    const { code, mac } = newMessageCode(ctx);
    const [row] = await rows<{ account_id: string; method: Channel; seconds: number }>(
      ctx.db,
      sql`update second_factors f set code_mac = ${mac} from accounts
          where f.id = ${secondFactorId} and accounts.id = f.account_id and accounts.credential_epoch = f.epoch
            and f.confirmed_at is null and f.expires_at > ${clock(ctx)}
          returning f.account_id, f.method, ${secondsLeft(ctx, sql`f.expires_at`)} as seconds`,
    );
    const recipient = row ? await codeRecipient(ctx, row.account_id, row.method) : null;
    return row && recipient ? codeEnvelopes(ctx, recipient, code, row.seconds) : [];
  },
});

export interface ConfirmInput {
  readonly secondFactorId: string;
  readonly code: string;
}

export interface Confirmed {
  readonly secondFactor: SecondFactor;
  readonly recoveryCodes: string[] | null;
  /** The session's new secret; null where it keeps its own. */
  readonly newSecret: NewSecret | null;
}

/**
 * Finishes a second factor with a first code. From the first one on, this session is two-factor, and no other one that
 * showed only a password may do what is sensitive. Each code is compared at most five times, whatever comes at once.
 */
export async function confirmSecondFactor(
  ctx: PersonContext,
  { secondFactorId, code }: ConfirmInput,
): Promise<Confirmed | ProofRejected | Problem<'NOT_FOUND'> | RateLimited> {
  const pending = await findPending(ctx, secondFactorId);
  if (!pending) return problem('NOT_FOUND');
  const guess = { secret: 'phone_code', subject: ctx.actor.accountId } as const;
  const refused = await reserveAttempt(ctx, guess);
  if (refused) return refused;
  const attempts = await reserveTry(ctx, pending.id);
  if (attempts === null) return problem('NOT_FOUND');
  const step = await firstStep(ctx, pending, code);
  if (step === null) return problem('PROOF_REJECTED', { attemptsRemaining: TRIES - attempts });
  const confirmed = await confirmOnce(ctx, pending, step);
  if (!confirmed) return problem('NOT_FOUND');
  await clearAttempts(ctx, guess);
  // A factor was bound anew: one that guessing had stopped is on again (R-018).
  await clearAttempts(ctx, { secret: 'second_factor', subject: ctx.actor.accountId });
  return confirmed;
}

async function findPending(ctx: PersonContext, id: string): Promise<SecondFactor | null> {
  if (!isId(id, 'fact')) return null;
  const { accountId, epoch, sessionId } = ctx.actor;
  const [pending] = await ctx.db
    .select()
    .from(secondFactors)
    .where(
      sql`id = ${id} and account_id = ${accountId} and epoch = ${epoch} and session_id = ${sessionId}
        and confirmed_at is null and expires_at > ${clock(ctx)} and code_attempts < ${TRIES}::int`,
    );
  return pending ?? null;
}

async function reserveTry(ctx: PersonContext, id: string): Promise<number | null> {
  const [row] = await rows<{ attempts: number }>(
    ctx.db,
    sql`update second_factors set code_attempts = code_attempts + 1
        where id = ${id} and confirmed_at is null and code_attempts < ${TRIES}::int returning code_attempts as attempts`,
  );
  return row?.attempts ?? null;
}

/** The TOTP step of the code, 0 for a message's code that is right, null for a wrong one. */
async function firstStep(ctx: PersonContext, pending: SecondFactor, code: string): Promise<number | null> {
  if (pending.method !== 'TOTP') {
    return matchesCodeMac(ctx.config.secretKeys, 'code', code.replace(/\s/g, ''), pending.codeMac) ? 0 : null;
  }
  return totpStep(openTotpKey(ctx, pending.id, pending.secret as string), code, await currentTime(ctx));
}

async function confirmOnce(ctx: PersonContext, pending: SecondFactor, step: number): Promise<Confirmed | null> {
  const { accountId, epoch } = ctx.actor;
  const isReal = pending.method !== 'EMAIL';
  try {
    return await inTransaction(ctx, async (ctx) => {
      if (!(await holdEpoch(ctx, accountId, epoch))) return null;
      const isFirst = !(await hasSecondFactor(ctx, accountId));
      if (!(await mayFinish(ctx, isFirst))) return null;
      const [secondFactor] = await ctx.db
        .update(secondFactors)
        .set({ confirmedAt: clock(ctx), codeMac: null, lastStep: pending.method === 'TOTP' ? step : null })
        .where(and(eq(secondFactors.id, pending.id), isNull(secondFactors.confirmedAt)))
        .returning();
      if (!secondFactor) return null;
      const recoveryCodes = isReal ? await firstRecoveryCodes(ctx, accountId) : null;
      const newSecret = isReal ? await countAsProof(ctx, { twoFactor: true, usedPasskey: false }, isFirst) : null;
      await recordAndTell(ctx, 'second_factor_added', { method: pending.method });
      return { secondFactor, recoveryCodes, newSecret };
    });
  } catch (error) {
    // Two enrolments of one number finished at once: the unique index let one pass.
    if (databaseErrorCode(error).constraint === 'second_factors_one_message_factor') return null;
    throw error;
  }
}
