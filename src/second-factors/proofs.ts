/** One proof of a second factor: which kind it is, whether it is right, and using it up. */
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Guess } from '../base/attempts.js';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { matchesCodeMac, open } from '../base/secrets.js';
import { clock, currentTime } from '../base/time.js';
import { notify } from '../accounts/notices.js';
import { recordEvent } from '../security-events/service.js';
import { isRecoveryCode, recoveryCodeDigest, useRecoveryCode } from './recovery-codes.js';
import { secondFactors, type Challenge, type SecondFactorMethod } from './tables.js';
import { totpStep } from './totp.js';
import { checkAssertion, useAssertion, WEBAUTHN_SECONDS, type Assertion } from './webauthn.js';

/** What a person sends. Exactly one must be set. */
export interface Proof {
  readonly totpCode?: string | null;
  readonly smsCode?: string | null;
  readonly emailCode?: string | null;
  readonly recoveryCode?: string | null;
  readonly passkey?: AuthenticationResponseJSON | null;
}

/** The one proof that is set. */
export type GivenProof =
  | { readonly method: 'TOTP' | 'SMS' | 'EMAIL' | 'RECOVERY_CODE'; readonly code: string }
  | { readonly method: 'PASSKEY'; readonly passkey: AuthenticationResponseJSON };

/** A proof that was right, and what must be used up with it. */
export type RightProof =
  | { readonly method: 'TOTP'; readonly factorId: string; readonly step: number }
  | { readonly method: 'SMS' | 'EMAIL' }
  | { readonly method: 'RECOVERY_CODE'; readonly codeDigest: string }
  | { readonly method: 'PASSKEY'; readonly assertion: Assertion };

/** Null unless exactly one field is set. */
export function givenProof(proof: Proof): GivenProof | null {
  const given: GivenProof[] = [];
  if (proof.totpCode != null) given.push({ method: 'TOTP', code: proof.totpCode });
  if (proof.smsCode != null) given.push({ method: 'SMS', code: proof.smsCode });
  if (proof.emailCode != null) given.push({ method: 'EMAIL', code: proof.emailCode });
  if (proof.recoveryCode != null) given.push({ method: 'RECOVERY_CODE', code: proof.recoveryCode });
  if (proof.passkey != null) given.push({ method: 'PASSKEY', passkey: proof.passkey });
  return given.length === 1 ? (given[0] as GivenProof) : null;
}

/**
 * Whose budget the guess counts against: one for all codes of an account, whatever the door. Recovery codes have
 * their own, so that the way out of a stopped authenticator stays open. A passkey cannot be guessed.
 */
export function guessOf(method: SecondFactorMethod, accountId: string): Guess | null {
  if (method === 'PASSKEY') return null;
  return { secret: method === 'RECOVERY_CODE' ? 'recovery_code' : 'second_factor', subject: accountId };
}

/** Whether the proof is right, for this challenge of this account. Changes nothing. */
export async function checkProof(ctx: Context, challenge: Challenge, given: GivenProof): Promise<RightProof | null> {
  switch (given.method) {
    case 'TOTP':
      return matchTotp(ctx, challenge.accountId, given.code);
    case 'RECOVERY_CODE':
      return matchRecoveryCode(ctx, challenge.accountId, given.code);
    case 'PASSKEY':
      return matchPasskey(ctx, challenge, given.passkey);
    default:
      return matchMessageCode(ctx, challenge, given.method, given.code);
  }
}

async function matchTotp(ctx: Context, accountId: string, code: string): Promise<RightProof | null> {
  const now = await currentTime(ctx);
  const factors = await ctx.db
    .select({ id: secondFactors.id, secret: secondFactors.secret, lastStep: secondFactors.lastStep })
    .from(secondFactors)
    .where(
      and(
        eq(secondFactors.accountId, accountId),
        eq(secondFactors.method, 'TOTP'),
        isNotNull(secondFactors.confirmedAt),
        isNull(secondFactors.removedAt),
      ),
    );
  for (const { id, secret, lastStep } of factors) {
    const step = secret === null ? null : totpStep(openTotpKey(ctx, id, secret), code, now);
    if (step !== null && (lastStep === null || step > lastStep)) return { method: 'TOTP', factorId: id, step };
  }
  return null;
}

export const openTotpKey = (ctx: Context, factorId: string, sealed: string): string =>
  open(ctx.config.secretKeys, `second_factors:${factorId}`, sealed);

async function matchRecoveryCode(ctx: Context, accountId: string, code: string): Promise<RightProof | null> {
  const codeDigest = recoveryCodeDigest(code);
  if (codeDigest === null || !(await isRecoveryCode(ctx, accountId, codeDigest))) return null;
  return { method: 'RECOVERY_CODE', codeDigest };
}

async function matchPasskey(
  ctx: Context,
  challenge: Challenge,
  response: AuthenticationResponseJSON,
): Promise<RightProof | null> {
  const now = await currentTime(ctx);
  const isOpen = now.getTime() < challenge.createdAt.getTime() + WEBAUTHN_SECONDS * 1000;
  if (challenge.passkeyChallenge === null || !isOpen) return null;
  const assertion = await checkAssertion(ctx, response, challenge.passkeyChallenge);
  return assertion?.accountId === challenge.accountId ? { method: 'PASSKEY', assertion } : null;
}

async function matchMessageCode(
  ctx: Context,
  challenge: Challenge,
  method: 'SMS' | 'EMAIL',
  code: string,
): Promise<RightProof | null> {
  if (challenge.codeMethod !== method || challenge.codeExpiresAt === null) return null;
  const isLive = (await currentTime(ctx)) < challenge.codeExpiresAt;
  const typed = code.replace(/\s/g, '');
  return matchesCodeMac(ctx.config.secretKeys, 'code', typed, challenge.codeMac) && isLive ? { method } : null;
}

/**
 * Uses the proof up, in the caller's transaction: one conditional statement, so that of 50 at once, through whatever
 * doors, one succeeds. A message's code is used up with its challenge.
 */
export async function useProof(ctx: Context, accountId: string, proof: RightProof): Promise<boolean> {
  switch (proof.method) {
    case 'TOTP':
      return useTotpStep(ctx, proof.factorId, proof.step);
    case 'PASSKEY':
      return useAssertion(ctx, proof.assertion);
    case 'RECOVERY_CODE':
      return useRecoveryCodeAndTell(ctx, accountId, proof.codeDigest);
    default:
      await ctx.db.execute(
        sql`update second_factors set last_used_at = ${clock(ctx)}
            where account_id = ${accountId} and method = ${proof.method} and confirmed_at is not null and removed_at is null`,
      );
      return true;
  }
}

/** Accepts a step of an authenticator app at most once: only larger steps than the stored one pass. */
export async function useTotpStep(ctx: Context, factorId: string, step: number): Promise<boolean> {
  const used = await rows(
    ctx.db,
    sql`update second_factors set last_step = ${step}::bigint, last_used_at = ${clock(ctx)}
        where id = ${factorId} and removed_at is null and (last_step is null or last_step < ${step}::bigint)
        returning id`,
  );
  return used.length > 0;
}

async function useRecoveryCodeAndTell(ctx: Context, accountId: string, codeDigest: string): Promise<boolean> {
  if (!(await useRecoveryCode(ctx, accountId, codeDigest))) return false;
  const event = await recordEvent(ctx, 'recovery_code_used', { accountId });
  await notify(ctx, accountId, 'recovery_code_used', event);
  return true;
}
