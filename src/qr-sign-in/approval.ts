/**
 * The phone's half of a QR sign-in: scan, then approve or deny. Only the session that scanned a code first decides, under
 * the epoch it had then; for everyone else that code is as unknown as any other.
 */
import { sql, type SQL } from 'drizzle-orm';
import { clearAttempts, reserveAttempt } from '../base/attempts.js';
import { inTransaction, type Context, type PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { problem, type Problem, type RateLimited } from '../base/problems.js';
import { isId, matchesCodeMac, matchesDigest, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { notify } from '../accounts/notices.js';
import type { ProofRejected, TokenInvalid } from '../second-factors/challenges.js';
import { describeDevice, type DeviceFacts } from '../security-events/device.js';
import { regionOf } from '../security-events/region.js';
import { recordEvent } from '../security-events/service.js';
import { isAliveSql } from '../sessions/service.js';
import { approvalLink, numberText } from './service.js';

/** Wrong numbers that end an attempt: chance opens 3 in 100 at most. */
const TRIES = 3;

/** A device that asks to be signed in, as this server saw it: nothing here comes from the picture. */
export interface QrSignInRequest {
  readonly id: string;
  readonly device: DeviceFacts;
  readonly isSameNetwork: boolean;
  readonly requestedAt: Date;
  readonly expiresAt: Date;
}

/**
 * On the phone: who asks. The first session that scans a code binds it; for everyone else it is from then on as unknown as
 * any other. Scanning again, as a reloaded page does, is harmless.
 */
export async function scanQrSignIn(
  ctx: PersonContext,
  input: { readonly qrPayload: string },
): Promise<{ readonly request: QrSignInRequest } | TokenInvalid> {
  const token = mayApprove(ctx) ? parsePayload(ctx, input.qrPayload) : null;
  if (!token) return problem('TOKEN_INVALID');
  const [known] = await rows<{ payload_digest: string }>(
    ctx.db,
    sql`select payload_digest from qr_requests where id = ${token.id}`,
  );
  if (!matchesDigest('qr_payload', token.secret, known?.payload_digest ?? null)) return problem('TOKEN_INVALID');
  const { accountId, sessionId, epoch } = ctx.actor;
  const [row] = await rows<RequestRow>(
    ctx.db,
    sql`update qr_requests set scanned_at = coalesce(scanned_at, ${clock(ctx)}), account_id = ${accountId},
          session_id = ${sessionId}, epoch = ${epoch}
        where id = ${token.id} and (scanned_at is null or ${isMine(ctx)}) and ${isUndecided(ctx)}
        returning ${requestColumns}`,
  );
  return row ? { request: toRequest(ctx, row) } : problem('TOKEN_INVALID');
}

/** The link as the picture holds it, or its fragment alone, which is all that the approval page gets to see. */
function parsePayload(ctx: Context, payload: string) {
  const start = approvalLink(ctx);
  return parseToken(payload.startsWith(start) ? payload.slice(start.length) : payload, 'qr');
}

/** Staff have no way in by QR code, so that their rights always rest on a proof of their own. */
const mayApprove = ({ config, actor }: PersonContext): boolean => config.QR_SIGN_IN && actor.role === null;

/** Scanned by the session at hand, under the epoch that it still has. */
const isMine = ({ actor }: PersonContext): SQL =>
  sql`(qr_requests.account_id = ${actor.accountId} and qr_requests.session_id = ${actor.sessionId}
    and qr_requests.epoch = ${actor.epoch})`;

const isUndecided = (ctx: Context): SQL =>
  sql`(qr_requests.approved_at is null and qr_requests.denied_at is null and qr_requests.claimed_at is null
    and qr_requests.expires_at > ${clock(ctx)})`;

export interface ApproveQrSignInInput {
  readonly requestId: string;
  /** As the person typed it. */
  readonly comparisonNumber: string;
}

/**
 * On the phone: lets the other device in, once, for whoever has its screen before their eyes. For people whose
 * session is fresh, which one born from a QR code is not until it proved itself: the edge has seen to that, and the
 * approving statement judges it again.
 */
export async function approveQrSignIn(
  ctx: PersonContext,
  { requestId, comparisonNumber }: ApproveQrSignInInput,
): Promise<{ readonly request: QrSignInRequest } | ProofRejected | Problem<'NOT_FOUND'> | RateLimited> {
  if (!mayApprove(ctx) || !isId(requestId, 'qr')) return problem('NOT_FOUND');
  const [open] = await rows(
    ctx.db,
    sql`select 1 as ok from qr_requests where id = ${requestId} and ${isMine(ctx)} and ${isUndecided(ctx)}`,
  );
  if (!open) return problem('NOT_FOUND');
  const guess = { secret: 'qr_number', subject: ctx.actor.accountId } as const;
  const refused = await reserveAttempt(ctx, guess);
  if (refused) return refused;
  const tried = await reserveTry(ctx, requestId);
  if (!tried) return problem('NOT_FOUND');
  const typed = numberText(requestId, comparisonNumber.replace(/\s/g, ''));
  if (!matchesCodeMac(ctx.config.secretKeys, 'qr_number', typed, tried.numberMac)) {
    if (tried.attempts === TRIES) await endUndecided(ctx, requestId);
    return problem('PROOF_REJECTED', { attemptsRemaining: TRIES - tried.attempts });
  }
  const approved = await inTransaction(ctx, (ctx) => approveOnce(ctx, requestId));
  if (!approved) return problem('NOT_FOUND');
  await clearAttempts(ctx, guess);
  return { request: toRequest(ctx, approved) };
}

/** Reserved before the number is compared, so that 50 parallel guesses are three. */
async function reserveTry(
  ctx: PersonContext,
  requestId: string,
): Promise<{ readonly attempts: number; readonly numberMac: string } | null> {
  const [row] = await rows<{ attempts: number; number_mac: string }>(
    ctx.db,
    sql`update qr_requests set number_attempts = number_attempts + 1
        where id = ${requestId} and ${isMine(ctx)} and ${isUndecided(ctx)} and number_attempts < ${TRIES}::int
        returning number_attempts as attempts, number_mac`,
  );
  return row ? { attempts: row.attempts, numberMac: row.number_mac } : null;
}

/** Too many wrong numbers: the request is as if its time were over, on both devices. */
async function endUndecided(ctx: PersonContext, requestId: string): Promise<void> {
  await ctx.db.execute(
    sql`update qr_requests set expires_at = ${clock(ctx)} where id = ${requestId} and ${isUndecided(ctx)}`,
  );
}

async function approveOnce(ctx: PersonContext, requestId: string): Promise<RequestRow | null> {
  const { accountId, sessionId } = ctx.actor;
  const [row] = await rows<RequestRow>(
    ctx.db,
    sql`update qr_requests set approved_at = ${clock(ctx)}, two_factor = s.two_factor
        from sessions s join accounts on accounts.id = s.account_id
        where qr_requests.id = ${requestId} and ${isMine(ctx)} and ${isUndecided(ctx)}
          and s.id = qr_requests.session_id and ${isAliveSql(ctx)} and accounts.role is null
          and s.proven_at > ${fromNow(ctx, -ctx.config.REAUTH_TTL)}
        returning ${requestColumns}`,
  );
  if (!row) return null;
  const event = await recordEvent(ctx, 'qr_sign_in_approved', { accountId, sessionId, details: { requestId } });
  // The owner wants to know who was let in, not which of their own devices they held.
  const asker = { ...ctx.origin, ip: row.ip, userAgent: row.user_agent };
  await notify({ ...ctx, origin: asker }, accountId, 'qr_sign_in_approved', event);
  return row;
}

/** On the phone: turns the other device away, until the moment it takes its session. As easy as approving. */
export async function denyQrSignIn(
  ctx: PersonContext,
  { requestId }: { readonly requestId: string },
): Promise<{ readonly deniedRequestId: string } | Problem<'NOT_FOUND'>> {
  if (!mayApprove(ctx) || !isId(requestId, 'qr')) return problem('NOT_FOUND');
  const { accountId, sessionId } = ctx.actor;
  return inTransaction(ctx, async (ctx) => {
    const denied = await rows(
      ctx.db,
      sql`update qr_requests set denied_at = ${clock(ctx)}
          where id = ${requestId} and ${isMine(ctx)} and denied_at is null and claimed_at is null
            and expires_at > ${clock(ctx)} returning id`,
    );
    if (denied.length === 0) return problem('NOT_FOUND');
    await recordEvent(ctx, 'qr_sign_in_denied', { accountId, sessionId, details: { requestId } });
    return { deniedRequestId: requestId };
  });
}

const requestColumns = sql`qr_requests.id, qr_requests.ip, qr_requests.network, qr_requests.user_agent,
  (extract(epoch from qr_requests.created_at) * 1000)::bigint as created_ms,
  (extract(epoch from qr_requests.expires_at) * 1000)::bigint as expires_ms`;

type RequestRow = {
  id: string;
  ip: string | null;
  network: string;
  user_agent: string | null;
  created_ms: string;
  expires_ms: string;
};

const toRequest = (ctx: Context, row: RequestRow): QrSignInRequest => ({
  id: row.id,
  device: describeDevice(row.user_agent, row.ip, regionOf(ctx, row.ip)),
  isSameNetwork: row.ip !== null && row.network === ctx.origin.network,
  requestedAt: new Date(Number(row.created_ms)),
  expiresAt: new Date(Number(row.expires_ms)),
});
