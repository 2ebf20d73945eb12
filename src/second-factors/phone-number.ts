/**
 * The telephone number of an account. It stands here and not with the accounts, because a number that codes go to as a
 * second factor cannot be taken away.
 */
import { sql } from 'drizzle-orm';
import { clearAttempts, reserveAttempt } from '../base/attempts.js';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { invalidInput, problem, type InvalidInput, type Problem, type RateLimited } from '../base/problems.js';
import { matchesCodeMac } from '../base/secrets.js';
import { clock, currentTime, fromNow } from '../base/time.js';
import { canSendSms, smsRecipient } from '../accounts/channels.js';
import { openPhone, phoneKey, readPhone, sealPhone, writePhone } from '../accounts/phone-store.js';
import { holdEpoch } from '../accounts/service.js';
import { takeSnapshot } from '../accounts/snapshots.js';
import { isAllowedPrefix, parsePhoneNumber } from '../delivery/addresses.js';
import { defineMessage, enqueue } from '../delivery/outbox.js';
import { reserveCode } from '../delivery/text-limits.js';
import { recordEvent } from '../security-events/service.js';
import { hasSecondFactor, type ProofRejected } from './challenges.js';
import { mayFinish, recordAndTell } from './consequences.js';
import { codeEnvelopes, deliveryTo, newMessageCode, secondsLeft, type MessageDelivery } from './message-codes.js';

/** Wrong codes that end a verification. */
const TRIES = 5;

/** The number a person sees: the verified one, else the one that waits for its code. */
export async function shownPhone(
  ctx: Context,
  accountId: string,
): Promise<{ readonly number: string; readonly isVerified: boolean } | null> {
  const verified = await readPhone(ctx, accountId);
  if (verified) return { number: verified.number, isVerified: true };
  const waiting = await findVerification(ctx, accountId);
  return waiting && { number: waiting.number, isVerified: false };
}

/**
 * Sends a code to a number. A number on the account stays in force until the code comes back. Nothing here depends on
 * whether another account has the number. Null when a change of credentials was faster, which has ended this session too.
 */
export async function addPhoneNumber(
  ctx: PersonContext,
  input: { readonly phoneNumber: string },
): Promise<{ readonly delivery: MessageDelivery } | InvalidInput | Problem<'FEATURE_DISABLED'> | RateLimited | null> {
  if (!canSendSms(ctx.config)) return problem('FEATURE_DISABLED');
  const number = parsePhoneNumber(input.phoneNumber);
  if (number === null || !isAllowedPrefix(number, ctx.config.SMS_COUNTRY_PREFIXES)) {
    return invalidInput(['phoneNumber', 'a telephone number with its country code that can receive texts']);
  }
  const { accountId, epoch, sessionId } = ctx.actor;
  const refused = await reserveCode(ctx, accountId);
  if (refused) return refused;
  const expiresAt = await inTransaction(ctx, async (ctx) => {
    const [row] = await rows<{ ms: string | number }>(
      ctx.db,
      sql`insert into phone_verifications (account_id, epoch, number, number_key, created_at, expires_at)
          select id, credential_epoch, ${sealPhone(ctx, accountId, number)}, ${phoneKey(ctx, number)}, ${clock(ctx)},
            ${fromNow(ctx, ctx.config.CODE_TTL)}
          from accounts where id = ${accountId} and credential_epoch = ${epoch}
          on conflict (account_id) do update set epoch = excluded.epoch, number = excluded.number,
            number_key = excluded.number_key, code_mac = null, attempts = 0, created_at = excluded.created_at,
            expires_at = excluded.expires_at
          returning (extract(epoch from expires_at) * 1000)::bigint as ms`,
    );
    if (!row) return null;
    await recordEvent(ctx, 'phone_number_changed', { accountId, sessionId, details: { step: 'set' } });
    await enqueue(ctx, phoneCodeMessage, { accountId }, { accountId });
    return new Date(Number(row.ms));
  });
  return expiresAt && { delivery: deliveryTo(smsRecipient(number), expiresAt) };
}

/** Composed in the worker: here the code is made. */
export const phoneCodeMessage = defineMessage<{ readonly accountId: string }>({
  name: 'phone_code',
  priority: 0,
  usefulSeconds: (ctx) => ctx.config.CODE_TTL,
  async compose(ctx, { accountId }) {
    const { code, mac } = newMessageCode(ctx);
    const [row] = await rows<{ number: string; seconds: number }>(
      ctx.db,
      sql`update phone_verifications v set code_mac = ${mac} from accounts
          where v.account_id = ${accountId} and accounts.id = v.account_id and accounts.credential_epoch = v.epoch
            and v.expires_at > ${clock(ctx)}
          returning v.number, ${secondsLeft(ctx, sql`v.expires_at`)} as seconds`,
    );
    if (!row) return [];
    const recipient = smsRecipient(openPhone(ctx, accountId, row.number));
    return codeEnvelopes(ctx, recipient, code, row.seconds, 'verification');
  },
});

interface Verification {
  readonly number: string;
  readonly codeMac: string | null;
}

/** The number that waits for its code, under the present epoch. */
async function findVerification(ctx: Context, accountId: string): Promise<Verification | null> {
  const [row] = await rows<{ number: string; code_mac: string | null }>(
    ctx.db,
    sql`select v.number, v.code_mac from phone_verifications v join accounts on accounts.id = v.account_id
        where v.account_id = ${accountId} and v.epoch = accounts.credential_epoch and v.expires_at > ${clock(ctx)}`,
  );
  return row ? { number: openPhone(ctx, accountId, row.number), codeMac: row.code_mac } : null;
}

/**
 * Proves the number with the code sent to it. Failures add up over codes (R-070). Every channel is told, the number
 * before it too; reset links may go to it only after `PHONE_RECOVERY_DELAY` (R-067).
 */
export async function verifyPhoneNumber(
  ctx: PersonContext,
  { code }: { readonly code: string },
): Promise<{ readonly verified: true } | ProofRejected | Problem<'NOT_FOUND'> | RateLimited> {
  const { accountId } = ctx.actor;
  if (!(await findVerification(ctx, accountId))) return problem('NOT_FOUND');
  const guess = { secret: 'phone_code', subject: accountId } as const;
  const refused = await reserveAttempt(ctx, guess);
  if (refused) return refused;
  const tried = await reserveTry(ctx);
  if (!tried) return problem('NOT_FOUND');
  if (!matchesCodeMac(ctx.config.secretKeys, 'code', code.replace(/\s/g, ''), tried.codeMac)) {
    return problem('PROOF_REJECTED', { attemptsRemaining: TRIES - tried.attempts });
  }
  const isDone = await inTransaction(ctx, (ctx) => putVerified(ctx, tried.codeMac));
  if (!isDone) return problem('NOT_FOUND');
  await clearAttempts(ctx, guess);
  return { verified: true };
}

async function reserveTry(ctx: PersonContext): Promise<{ attempts: number; codeMac: string | null } | null> {
  const [row] = await rows<{ attempts: number; code_mac: string | null }>(
    ctx.db,
    sql`update phone_verifications set attempts = attempts + 1
        where account_id = ${ctx.actor.accountId} and epoch = ${ctx.actor.epoch} and attempts < ${TRIES}::int
          and expires_at > ${clock(ctx)}
        returning attempts, code_mac`,
  );
  return row ? { attempts: row.attempts, codeMac: row.code_mac } : null;
}

async function putVerified(ctx: PersonContext, codeMac: string | null): Promise<boolean> {
  const { accountId, epoch } = ctx.actor;
  if (!(await holdEpoch(ctx, accountId, epoch))) return false;
  if (!(await mayFinish(ctx, !(await hasSecondFactor(ctx, accountId))))) return false;
  const [taken] = await rows<{ number: string }>(
    ctx.db,
    sql`delete from phone_verifications where account_id = ${accountId} and epoch = ${epoch} and code_mac = ${codeMac}
        returning number`,
  );
  if (!taken) return false;
  const number = openPhone(ctx, accountId, taken.number);
  const before = await readPhone(ctx, accountId);
  const now = (await currentTime(ctx)).getTime();
  const recoveryFrom = before?.number === number ? before.recoveryFrom : now + ctx.config.PHONE_RECOVERY_DELAY * 1000;
  await takeSnapshot(ctx, accountId);
  await writePhone(ctx, accountId, { number, verifiedAt: now, recoveryFrom });
  await recordAndTell(ctx, 'phone_number_changed', { step: 'verified' });
  return true;
}

/**
 * Forgets the number; security messages go by e-mail again. Not while codes go to it as a second factor. Null when a change of
 * credentials was faster, which has ended this session too.
 */
export async function removePhoneNumber(
  ctx: PersonContext,
): Promise<{ readonly removed: true } | Problem<'LAST_CREDENTIAL'> | null> {
  const { accountId, epoch } = ctx.actor;
  return inTransaction(ctx, async (ctx) => {
    if (!(await holdEpoch(ctx, accountId, epoch))) return null;
    const [isFactor] = await rows(
      ctx.db,
      sql`select 1 as ok from second_factors where account_id = ${accountId} and method = 'SMS'
            and confirmed_at is not null and removed_at is null`,
    );
    if (isFactor) return problem('LAST_CREDENTIAL');
    await ctx.db.execute(sql`delete from phone_verifications where account_id = ${accountId}`);
    const before = await readPhone(ctx, accountId);
    if (!before) return { removed: true };
    await takeSnapshot(ctx, accountId);
    await writePhone(ctx, accountId, null);
    await ctx.db.execute(sql`update accounts set notification_channel = 'EMAIL' where id = ${accountId}`);
    await recordAndTell(ctx, 'phone_number_changed', { step: 'removed' });
    return { removed: true };
  });
}
