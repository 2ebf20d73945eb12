/**
 * The new device's half of a QR sign-in: start, then claim, asking at the server's pace until a phone has decided in
 * `approval.ts`. What can still go wrong, and what stands against it, is in `SECURITY.md`.
 */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { problem, rateLimited, type Problem, type RateLimited } from '../base/problems.js';
import { codeMac, digest, formatToken, matchesDigest, newCode, newId, newSecret, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { findAccount } from '../accounts/service.js';
import type { TokenInvalid } from '../second-factors/challenges.js';
import { isAliveSql, replaceSession, startSession, type IssuedSession } from '../sessions/service.js';
import { signInBlock, type SignedIn, type SignInBlocked } from '../sign-in/service.js';

/** How often the new device may ask: quick enough for a person who waits, and sixty writes at most for one code. */
const POLL_SECONDS = 2;

/** What a person carries from one screen to the other without a mistake. */
const NUMBER_DIGITS = 2;

/** What may be open at once, where the limit at the door was raised; and in all, so that no botnet fills the table. */
const OPEN_PER_NETWORK = 100;
const OPEN_IN_ALL = 10_000;

/** Each start clears away more than it adds, so that the table stays as small as what is open. */
const SWEPT_PER_START = 20;

export interface QrSignInStarted {
  readonly qrPayload: string;
  readonly claimSecret: string;
  readonly comparisonNumber: string;
  readonly expiresAt: Date;
  readonly pollAfterSeconds: number;
  /** The value of the `qr` cookie. */
  readonly binding: string;
}

export interface StartQrSignInInput {
  /** The `qr` cookie, if the browser has one: other tabs of it go on. */
  readonly binding: string | null;
  /** Whether it is no browser that asks. */
  readonly isNative: boolean;
}

/**
 * On the new device: one secret to show, another to keep, and a number for the person to carry over. What
 * is shown is a link, so that a phone's own camera opens the approval page; its secret stands in the fragment.
 */
export async function startQrSignIn(
  ctx: Context,
  input: StartQrSignInInput,
): Promise<QrSignInStarted | Problem<'FEATURE_DISABLED'> | RateLimited> {
  if (!ctx.config.QR_SIGN_IN) return problem('FEATURE_DISABLED');
  const id = newId('qr');
  const shown = newSecret();
  const kept = newSecret();
  const binding = isSecret(input.binding) ? input.binding : newSecret();
  const comparisonNumber = newCode(NUMBER_DIGITS);
  const expiresAt = await insertRequest(ctx, id, [
    digest('qr_payload', shown),
    digest('qr_claim', kept),
    digest('binding', binding),
    input.isNative,
    codeMac(ctx.config.secretKeys, 'qr_number', numberText(id, comparisonNumber)),
  ]);
  if (!expiresAt) {
    ctx.log.warn({ event: 'qr_cap_hit', requestId: ctx.origin.requestId, client: ctx.origin.ip, result: 'failure' });
    return rateLimited(ctx.config.QR_TTL);
  }
  return {
    qrPayload: `${approvalLink(ctx)}${formatToken({ id, secret: shown })}`,
    claimSecret: formatToken({ id, secret: kept }),
    comparisonNumber,
    expiresAt,
    pollAfterSeconds: POLL_SECONDS,
    binding,
  };
}

const isSecret = (text: string | null): text is string => text !== null && /^[A-Za-z0-9_-]{43}$/.test(text);

/** What stands before the secret in the picture. */
export const approvalLink = (ctx: Context): string => `${ctx.config.publicUrl}/qr#`;

/** What the number's digest is of: bound to its request, so that equal numbers look different at rest. */
export const numberText = (requestId: string, number: string): string => `${requestId}:${number}`;

/** Null when too much is open. A burst may pass the caps by as many statements as run at once; the door's limit is exact. */
async function insertRequest(
  ctx: Context,
  id: string,
  secrets: readonly [payload: string, claim: string, binding: string, isNative: boolean, number: string],
): Promise<Date | null> {
  const { ip, network, userAgent } = ctx.origin;
  const [row] = await rows<{ ms: string }>(
    ctx.db,
    sql`with dead as (
          select id from qr_requests where expires_at <= ${clock(ctx)} order by expires_at
          limit ${SWEPT_PER_START}::int for update skip locked
        ), swept as (
          delete from qr_requests q using dead where q.id = dead.id
        ), open as (
          select count(*) filter (where network = ${network})::int as here, count(*)::int as in_all
          from qr_requests where expires_at > ${clock(ctx)} and denied_at is null and claimed_at is null
        )
        insert into qr_requests (id, payload_digest, claim_digest, binding_digest, is_native, number_mac, ip, network,
          user_agent, created_at, expires_at, next_poll_at)
        select ${id}, ${secrets[0]}, ${secrets[1]}, ${secrets[2]}, ${secrets[3]}::boolean, ${secrets[4]}, ${ip}, ${network},
          ${userAgent?.slice(0, 300) ?? null}, ${clock(ctx)}, ${fromNow(ctx, ctx.config.QR_TTL)},
          ${fromNow(ctx, POLL_SECONDS)}
        from open where here < ${OPEN_PER_NETWORK}::int and in_all < ${OPEN_IN_ALL}::int
        returning (extract(epoch from expires_at) * 1000)::bigint as ms`,
  );
  return row ? new Date(Number(row.ms)) : null;
}

export interface ClaimQrSignInInput {
  readonly claimSecret: string;
  readonly transport: 'COOKIE' | 'BEARER';
  /** The `qr` cookie. */
  readonly binding: string | null;
}

export interface QrSignInPending {
  readonly outcome: 'pending';
  readonly isScanned: boolean;
  readonly pollAfterSeconds: number;
}

/**
 * On the new device: asks whether it was let in, and takes the session, once. A wrong secret, a foreign browser, and what
 * is unknown, lapsed, void or claimed are all alike, and cost the rightful device nothing.
 */
export async function claimQrSignIn(
  ctx: Context,
  input: ClaimQrSignInInput,
): Promise<SignedIn | QrSignInPending | Problem<'QR_SIGN_IN_DENIED'> | TokenInvalid | SignInBlocked | RateLimited> {
  const token = ctx.config.QR_SIGN_IN ? parseToken(input.claimSecret, 'qr') : null;
  if (!token) return problem('TOKEN_INVALID');
  const [known] = await rows<{ claim_digest: string; binding_digest: string; is_native: boolean }>(
    ctx.db,
    sql`select claim_digest, binding_digest, is_native from qr_requests where id = ${token.id}`,
  );
  const isRight = matchesDigest('qr_claim', token.secret, known?.claim_digest ?? null);
  if (!known || !isRight || !isBoundTo(known, input)) return problem('TOKEN_INVALID');
  const turn = await takeTurn(ctx, token.id);
  if (!turn) return tooEarlyOrGone(ctx, token.id);
  if (turn.is_denied) return problem('QR_SIGN_IN_DENIED');
  if (!turn.is_approved) {
    return { outcome: 'pending', isScanned: turn.is_scanned, pollAfterSeconds: POLL_SECONDS };
  }
  return takeSession(ctx, token.id, turn.account_id as string, input.transport);
}

/** A native app has no cookies; what a browser started only that browser ends, whatever it asks for. */
function isBoundTo(
  known: { readonly binding_digest: string; readonly is_native: boolean },
  { binding, transport }: ClaimQrSignInInput,
): boolean {
  if (binding === null) return known.is_native && transport === 'BEARER';
  return matchesDigest('binding', binding, known.binding_digest);
}

type Turn = { is_scanned: boolean; is_approved: boolean; is_denied: boolean; account_id: string | null };

/** The pace is kept here: of many that ask at once, one is answered. */
async function takeTurn(ctx: Context, id: string): Promise<Turn | null> {
  const [turn] = await rows<Turn>(
    ctx.db,
    sql`update qr_requests set next_poll_at = ${fromNow(ctx, POLL_SECONDS)}
        where id = ${id} and next_poll_at <= ${clock(ctx)} and claimed_at is null and expires_at > ${clock(ctx)}
        returning scanned_at is not null as is_scanned, approved_at is not null as is_approved,
          denied_at is not null as is_denied, account_id`,
  );
  return turn ?? null;
}

async function tooEarlyOrGone(ctx: Context, id: string): Promise<RateLimited | TokenInvalid> {
  const [open] = await rows<{ wait: number }>(
    ctx.db,
    sql`select greatest(1, ceil(extract(epoch from next_poll_at - ${clock(ctx)})))::int as wait from qr_requests
        where id = ${id} and claimed_at is null and expires_at > ${clock(ctx)}`,
  );
  return open ? rateLimited(open.wait) : problem('TOKEN_INVALID');
}

/**
 * The approval is used up and the session begins together: of 50 at once one session is born. It is as strong as the one
 * that approved it and no stronger, marked as `QR_CODE`, and proves nothing by itself: what is sensitive asks for step-up
 * . The browser is not remembered, since no password was shown in it.
 */
async function takeSession(
  ctx: Context,
  id: string,
  accountId: string,
  transport: 'COOKIE' | 'BEARER',
): Promise<SignedIn | TokenInvalid | SignInBlocked> {
  const account = await findAccount(ctx, accountId);
  const blocked = account && (await signInBlock(ctx, account));
  if (blocked) return blocked;
  const session = await inTransaction(ctx, async (ctx) => {
    const approval = await useApproval(ctx, id);
    return approval && beginSession(ctx, approval, transport);
  });
  if (!session) return problem('TOKEN_INVALID');
  return { outcome: 'signed_in', accountId, ...session, persistent: false, transport, deviceToken: null };
}

type Approval = { account_id: string; epoch: number; two_factor: boolean };

/** Null when another claim was faster, the phone's session is over, or the credentials have changed since it scanned. */
async function useApproval(ctx: Context, id: string): Promise<Approval | null> {
  const [approval] = await rows<Approval>(
    ctx.db,
    sql`update qr_requests set claimed_at = ${clock(ctx)}
        from sessions s join accounts on accounts.id = s.account_id
        where qr_requests.id = ${id} and qr_requests.approved_at is not null and qr_requests.denied_at is null
          and qr_requests.claimed_at is null and qr_requests.expires_at > ${clock(ctx)}
          and s.id = qr_requests.session_id and ${isAliveSql(ctx)}
          and accounts.credential_epoch = qr_requests.epoch and accounts.role is null
        returning qr_requests.account_id, qr_requests.epoch, qr_requests.two_factor`,
  );
  return approval ?? null;
}

async function beginSession(
  ctx: Context,
  { account_id: accountId, epoch, two_factor: twoFactor }: Approval,
  transport: 'COOKIE' | 'BEARER',
): Promise<IssuedSession | null> {
  const session = await startSession(ctx, {
    accountId,
    epoch,
    role: null,
    method: 'QR_CODE',
    transport,
    persistent: false,
    twoFactor,
    usedPasskey: false,
    isProven: false,
  });
  if (!session) return null;
  if (ctx.actor.kind === 'person') await replaceSession(ctx as PersonContext);
  // No notice of its own: the owner was told when the phone approved.
  return session;
}
