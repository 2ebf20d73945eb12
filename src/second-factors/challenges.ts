/**
 * One more proof is asked for: at sign-in, at step-up, beside a reset link. A challenge belongs to one account, one
 * purpose, one epoch and one browser; it is good for nothing else.
 */
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { eq, sql } from 'drizzle-orm';
import { clearAttempts, reserveAttempt } from '../base/attempts.js';
import { inTransaction, type Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { invalidInput, problem, type InvalidInput, type Problem, type RateLimited } from '../base/problems.js';
import { digest, formatToken, matchesDigest, newSecret, newToken, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { verifiedPhone, type Channel } from '../accounts/channels.js';
import { notify } from '../accounts/notices.js';
import { holdEpoch } from '../accounts/service.js';
import { maskPhoneNumber } from '../delivery/addresses.js';
import { recordEvent } from '../security-events/service.js';
import { checkProof, givenProof, guessOf, useProof, type Proof, type RightProof } from './proofs.js';
import { challenges, type Challenge, type SecondFactorMethod } from './tables.js';
import { passkeyRequestOptions } from './webauthn.js';

export type { Proof } from './proofs.js';
export type ProofRejected = Problem<'PROOF_REJECTED', { attemptsRemaining: number }>;
export type TokenInvalid = Problem<'TOKEN_INVALID'>;
export type ChallengePurpose = Challenge['purpose'];

/** Wrong proofs that end a challenge. */
const TRIES = 5;

/**
 * The proofs that will be accepted, the strongest first; empty for an account without a second factor. What the operator
 * has switched off is not offered, but a factor that cannot be used now still bars the way: then recovery codes are left.
 *
 * @param linkChannel beside a reset link, the channel it came by: what proves only that channel again does not count.
 */
export async function confirmedMethods(
  ctx: Context,
  accountId: string,
  linkChannel: Channel | null = null,
): Promise<SecondFactorMethod[]> {
  const [has] = await rows<Record<'passkey' | 'totp' | 'sms' | 'email' | 'recovery_code', boolean>>(
    ctx.db,
    sql`with f as (
          select method from second_factors
          where account_id = ${accountId} and confirmed_at is not null and removed_at is null)
        select exists (select 1 from passkeys where account_id = ${accountId} and removed_at is null) as passkey,
          exists (select 1 from f where method = 'TOTP') as totp, exists (select 1 from f where method = 'SMS') as sms,
          exists (select 1 from f where method = 'EMAIL') as email,
          exists (select 1 from recovery_codes
            where account_id = ${accountId} and used_at is null and removed_at is null) as recovery_code`,
  );
  if (!has) return [];
  // A code by e-mail would let whoever reads the mail walk around a real factor: it only counts where there is none.
  const isReal = has.passkey || has.totp || has.sms;
  if (!isReal) return has.email && ctx.config.EMAIL_CODES && linkChannel !== 'EMAIL' ? ['EMAIL'] : [];
  const usable: SecondFactorMethod[] = [];
  if (has.passkey && ctx.config.PASSKEYS) usable.push('PASSKEY');
  if (has.totp) usable.push('TOTP');
  if (has.sms && linkChannel !== 'SMS') usable.push('SMS');
  if (has.recovery_code || usable.length === 0) usable.push('RECOVERY_CODE');
  return usable;
}

/** Whether a proof is on the account that makes a session two-factor. */
export async function hasSecondFactor(ctx: Context, accountId: string): Promise<boolean> {
  return (await confirmedMethods(ctx, accountId)).some((method) => method !== 'EMAIL');
}

export interface ChallengeWanted {
  readonly accountId: string;
  /** The epoch read when the work began. */
  readonly epoch: number;
  readonly purpose: ChallengePurpose;
  /** The session that proves itself again, or the reset link that the proof goes with. */
  readonly subjectId: string | null;
  readonly transport: 'COOKIE' | 'BEARER';
  readonly persistent: boolean;
  /** For `password_reset`: the channel that the link came by. */
  readonly linkChannel?: Channel;
}

/** A challenge as the client gets it, once; the fields of `SecondFactorChallenge`, and the cookie that binds it. */
export interface IssuedChallenge {
  readonly challenge: string;
  readonly methods: SecondFactorMethod[];
  readonly passkeyOptions: PublicKeyCredentialRequestOptionsJSON | null;
  readonly maskedPhoneNumber: string | null;
  readonly expiresAt: Date;
  /** The value of the `pending` cookie; null for a client without cookies. */
  readonly binding: string | null;
}

/** Asks for a proof. Null when the epoch has moved on, decided by the inserting statement. */
export async function issueChallenge(ctx: Context, wanted: ChallengeWanted): Promise<IssuedChallenge | null> {
  const methods = await confirmedMethods(ctx, wanted.accountId, channelOf(wanted));
  const passkeyOptions = methods.includes('PASSKEY') ? await passkeyRequestOptions(ctx, wanted.accountId) : null;
  const phone = methods.includes('SMS') ? await verifiedPhone(ctx, wanted.accountId) : null;
  const token = newToken('chal');
  const binding = wanted.transport === 'COOKIE' ? newSecret() : null;
  const [row] = await rows<{ ms: string | number }>(
    ctx.db,
    sql`insert into challenges (id, digest, account_id, epoch, purpose, subject_id, link_channel, binding_digest, persistent,
          transport, passkey_challenge, created_at, expires_at)
        select ${token.id}, ${digest('challenge', token.secret)}, id, credential_epoch, ${wanted.purpose}, ${wanted.subjectId},
          ${channelOf(wanted)}, ${binding === null ? null : digest('binding', binding)}, ${wanted.persistent},
          ${wanted.transport}, ${passkeyOptions?.challenge ?? null}, ${clock(ctx)}, ${fromNow(ctx, ctx.config.CHALLENGE_TTL)}
        from accounts where id = ${wanted.accountId} and credential_epoch = ${wanted.epoch} and closed_at is null
        returning (extract(epoch from expires_at) * 1000)::bigint as ms`,
  );
  if (!row) return null;
  return {
    challenge: formatToken(token),
    methods,
    passkeyOptions,
    maskedPhoneNumber: phone ? maskPhoneNumber(phone.number) : null,
    expiresAt: new Date(Number(row.ms)),
    binding,
  };
}

/** A reset link whose channel nobody named counts as one by e-mail. */
const channelOf = ({ purpose, linkChannel }: ChallengeWanted): Channel | null =>
  purpose === 'password_reset' ? (linkChannel ?? 'EMAIL') : null;

export interface ChallengeAnswer {
  readonly challenge: string;
  /** The `pending` cookie of the request. */
  readonly binding: string | null;
  readonly purpose: ChallengePurpose;
  /** Where given, the challenge must be about this session or link. */
  readonly subjectId?: string;
  readonly proof: Proof;
}

/** What a right proof says. */
export interface Answered {
  readonly accountId: string;
  readonly epoch: number;
  readonly purpose: ChallengePurpose;
  readonly subjectId: string | null;
  readonly persistent: boolean;
  readonly transport: 'COOKIE' | 'BEARER';
  readonly method: SecondFactorMethod;
  /** False for a code by e-mail, which never makes a session two-factor. */
  readonly isTwoFactor: boolean;
}

/** A right proof that is not used up yet: `spendChallenge` does that, in the transaction of what the proof is for. */
export interface CheckedChallenge extends Answered {
  readonly challengeId: string;
  readonly rightProof: RightProof;
}

export type ChallengeRefused = ProofRejected | TokenInvalid | RateLimited | InvalidInput;

/**
 * Checks the proof without using it up, for work that must hash before its transaction opens. Call it outside any
 * transaction, after every check that needs no proof: each call costs a try, reserved before anything is compared
 * . A wrong, missing or foreign challenge, cookie or purpose is `TOKEN_INVALID`.
 */
export async function checkChallenge(
  ctx: Context,
  answer: ChallengeAnswer,
): Promise<CheckedChallenge | ChallengeRefused> {
  const given = givenProof(answer.proof);
  if (!given) return invalidInput(['proof', 'exactly one proof']);
  const challenge = await liveChallenge(ctx, answer);
  if (!challenge) return problem('TOKEN_INVALID');
  const guess = guessOf(given.method, challenge.accountId);
  const refused = guess && (await reserveAttempt(ctx, guess));
  if (refused) return refused;
  const attempts = await reserveTry(ctx, challenge.id);
  if (attempts === null) return problem('TOKEN_INVALID');
  const accepted = await confirmedMethods(ctx, challenge.accountId, challenge.linkChannel);
  const rightProof = accepted.includes(given.method) ? await checkProof(ctx, challenge, given) : null;
  if (!rightProof) {
    await tellOfFailure(ctx, challenge);
    return problem('PROOF_REJECTED', { attemptsRemaining: TRIES - attempts });
  }
  const { accountId, epoch, purpose, subjectId, persistent, transport } = challenge;
  const answered = { accountId, epoch, purpose, subjectId, persistent, transport };
  const isTwoFactor = given.method !== 'EMAIL';
  return { ...answered, method: given.method, isTwoFactor, challengeId: challenge.id, rightProof };
}

/**
 * Uses a checked proof and its challenge up, in the caller's transaction; call it first there. False when someone was
 * faster or the epoch has moved on: then the caller must write nothing, and take back what was written (`allOrNothing`).
 */
export async function spendChallenge(ctx: Context, checked: CheckedChallenge): Promise<boolean> {
  if (!(await holdEpoch(ctx, checked.accountId, checked.epoch))) return false;
  if (!(await useProof(ctx, checked.accountId, checked.rightProof))) return false;
  const spent = await rows(
    ctx.db,
    sql`update challenges set used_at = ${clock(ctx)}, code_mac = null
        where id = ${checked.challengeId} and used_at is null and expires_at > ${clock(ctx)} returning id`,
  );
  const guess = guessOf(checked.method, checked.accountId);
  if (spent.length > 0 && guess) await clearAttempts(ctx, guess);
  return spent.length > 0;
}

/** The challenge behind the token, while it can be answered by this browser for this purpose. */
export async function liveChallenge(
  ctx: Context,
  wanted: Omit<ChallengeAnswer, 'proof' | 'purpose'> & { readonly purpose?: ChallengePurpose },
): Promise<Challenge | null> {
  const token = parseToken(wanted.challenge, 'chal');
  if (!token) return null;
  const [challenge] = await ctx.db
    .select()
    .from(challenges)
    .where(
      sql`${eq(challenges.id, token.id)} and used_at is null and expires_at > ${clock(ctx)} and attempts < ${TRIES}::int
        and exists (select 1 from accounts where accounts.id = ${challenges.accountId}
          and credential_epoch = ${challenges.epoch} and closed_at is null)`,
    );
  if (!challenge || !matchesDigest('challenge', token.secret, challenge.digest)) return null;
  const isBoundHere =
    challenge.bindingDigest === null || matchesDigest('binding', wanted.binding ?? '', challenge.bindingDigest);
  const isForThis =
    (wanted.purpose === undefined || wanted.purpose === challenge.purpose) &&
    (wanted.subjectId === undefined || wanted.subjectId === challenge.subjectId);
  return isBoundHere && isForThis ? challenge : null;
}

async function reserveTry(ctx: Context, challengeId: string): Promise<number | null> {
  const [row] = await rows<{ attempts: number }>(
    ctx.db,
    sql`update challenges set attempts = attempts + 1
        where id = ${challengeId} and attempts < ${TRIES}::int and used_at is null and expires_at > ${clock(ctx)}
        returning attempts`,
  );
  return row?.attempts ?? null;
}

/** One letter an hour is enough to say that someone knows the password. */
const TOLD_SECONDS = 3600;

async function tellOfFailure(ctx: Context, { accountId, purpose }: Challenge): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    const told = await rows(
      ctx.db,
      sql`select 1 as ok from security_events where account_id = ${accountId} and kind = 'second_factor_failed'
          and occurred_at > ${fromNow(ctx, -TOLD_SECONDS)} limit 1`,
    );
    const event = await recordEvent(ctx, 'second_factor_failed', { accountId, details: { purpose } });
    if (told.length === 0 && purpose === 'sign_in') await notify(ctx, accountId, 'second_factor_failed', event);
  });
}
