/** Who is signed in. Nothing is cached: each request reads its row, so that a session is over the moment it ends. */
import { sql } from 'drizzle-orm';
import { inTransaction, type Context, type Person, type PersonContext, type StaffRole } from '../base/context.js';
import { rows } from '../base/database.js';
import { problem, type Problem } from '../base/problems.js';
import { digest, isId, newId, newSecret } from '../base/secrets.js';
import { statement } from '../base/statements.js';
import { clock } from '../base/time.js';
import { isLockedSql, raiseEpoch } from '../accounts/service.js';
import { recordEvent, recordEventWhere, type RecordedEvent } from '../security-events/service.js';
import type { SignInMethod } from './tables.js';

export interface NewSession {
  readonly accountId: string;
  /** The epoch read when the work began: a session is not born under another. */
  readonly epoch: number;
  readonly role: StaffRole | null;
  readonly method: SignInMethod;
  readonly transport: 'COOKIE' | 'BEARER';
  readonly persistent: boolean;
  readonly twoFactor: boolean;
  readonly usedPasskey: boolean;
  /** Whether the person proved who they are now. False for a session born from a QR code. */
  readonly isProven: boolean;
}

/** A session as its bearer gets it, once. */
export interface IssuedSession {
  readonly sessionId: string;
  readonly token: string;
  /** The `signed_in` that was written with it. */
  readonly event: RecordedEvent;
}

/**
 * Starts a session, and writes that it began. Null when the credentials changed since `epoch` was read, or the account may
 * no longer act: the inserting statement decides, so that a sign-in in flight with the old password does not slip
 * through. Call it in a transaction: its statements are sent together.
 */
export async function startSession(ctx: Context, wanted: NewSession): Promise<IssuedSession | null> {
  const [sessionId, token] = [newId('sess'), newSecret()];
  const facts = { accountId: wanted.accountId, sessionId, details: { method: wanted.method } };
  const [, , event] = await Promise.all([
    insertSession(ctx, wanted, sessionId, token),
    endBeyondBound(ctx, { accountId: wanted.accountId, most: ctx.config.MAX_SESSIONS }),
    recordIfStarted(ctx, 'signed_in', facts),
  ]);
  return event && { sessionId, token, event };
}

const recordIfStarted = recordEventWhere(
  (_ctx, value) => sql`exists (select 1 from sessions where id = ${value('sessionId')})`,
);

function insertSession(ctx: Context, wanted: NewSession, id: string, token: string): Promise<unknown> {
  const { ip, network, userAgent } = ctx.origin;
  const { accountId, epoch, method, transport, persistent, twoFactor, usedPasskey, isProven } = wanted;
  const born = { ip, network, userAgent: userAgent?.slice(0, 300) ?? null, ...lifetime(ctx, wanted) };
  const facts = { accountId, epoch, method, transport, persistent, twoFactor, usedPasskey, isProven };
  return insertSessionRow(ctx, { id, digest: digest('session', token), ...facts, ...born });
}

const insertSessionRow = statement<
  Record<string, never>,
  | 'id'
  | 'digest'
  | Exclude<keyof NewSession, 'role'>
  | keyof ReturnType<typeof lifetime>
  | 'ip'
  | 'network'
  | 'userAgent'
>(
  (ctx, value) => sql`with account as (
      update accounts set last_sign_in_at = ${clock(ctx)}
      where id = ${value('accountId')} and credential_epoch = ${value('epoch')} and closed_at is null
        and not ${isLockedSql(ctx)}
      returning id, credential_epoch
    )
    insert into sessions (id, digest, account_id, epoch, method, transport, persistent, two_factor, used_passkey, ip,
      network, user_agent, created_at, last_used_at, idle_seconds, expires_at, proven_at)
    select ${value('id')}, ${value('digest')}, id, credential_epoch, ${value('method')}, ${value('transport')},
      ${value('persistent')}, ${value('twoFactor')}, ${value('usedPasskey')}, ${value('ip')}, ${value('network')},
      ${value('userAgent')}, ${clock(ctx)}, ${clock(ctx)}, ${value('idle')}::int,
      ${clock(ctx)} + ${value('absolute')}::double precision * interval '1 second',
      case when ${value('isProven')}::boolean then ${clock(ctx)} end
    from account`,
);

/**
 * Beyond `MAX_SESSIONS` the least recently used ends. One that is over already counts for nothing. Written so that the
 * rows to end are found by their key, whatever the server knows of the table: as `id in (…) and revoked_at is null` it read the
 * index of all living sessions where it had no statistics yet (run: 690 pages).
 */
const endBeyondBound = statement<Record<string, never>, 'accountId' | 'most'>(
  (ctx, value) => sql`update sessions set revoked_at = coalesce(revoked_at, ${clock(ctx)}) where id = any (array(
      select s.id from sessions s join accounts on accounts.id = s.account_id
      where s.account_id = ${value('accountId')} and ${isAliveSql(ctx)}
      order by s.last_used_at desc, s.created_at desc, s.id offset ${value('most')}::int))`,
);

/** Staff sessions are the shortest, two-factor ones follow AAL2, the others AAL1. Seconds. */
function lifetime(ctx: Context, { role, twoFactor }: Pick<NewSession, 'role' | 'twoFactor'>) {
  const { config } = ctx;
  if (role !== null) return { idle: config.SESSION_STAFF_IDLE_TTL, absolute: config.SESSION_STAFF_ABSOLUTE_TTL };
  if (twoFactor) return { idle: config.SESSION_2FA_IDLE_TTL, absolute: config.SESSION_2FA_ABSOLUTE_TTL };
  return { idle: config.SESSION_IDLE_TTL, absolute: config.SESSION_ABSOLUTE_TTL };
}

/** What makes a session row count. The one definition: `s` is the session, `accounts` its account. */
export const isAliveSql = (ctx: Pick<Context, 'clock'>) =>
  sql`(s.revoked_at is null and s.epoch = accounts.credential_epoch and s.expires_at > ${clock(ctx)}
    and s.last_used_at + s.idle_seconds * interval '1 second' > ${clock(ctx)}
    and accounts.closed_at is null and not ${isLockedSql(ctx)})`;

/**
 * The person behind a session token, or null: unknown, ended, lapsed and malformed tokens are alike. Notes the
 * use at most every min(60, idle / 10) seconds, and only while the session is alive.
 */
export async function resolveSession(ctx: Context, token: string): Promise<Person | null> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return null;
  const [row] = await findSession(ctx, { digest: digest('session', token), freshFor: ctx.config.REAUTH_TTL });
  if (!row) return null;
  if (row.is_use_due) await noteUse(ctx, row.id);
  return {
    kind: 'person',
    accountId: row.account_id,
    sessionId: row.id,
    epoch: row.epoch,
    emailKey: row.email_key,
    transport: row.transport,
    twoFactor: row.two_factor,
    usedPasskey: row.used_passkey,
    isFresh: row.is_fresh,
    role: row.role,
    contact: { email: row.email ?? '', channel: row.notification_channel },
  };
}

const findSession = statement<SessionRow, 'digest' | 'freshFor'>(
  (
    ctx,
    value,
  ) => sql`select s.id, s.account_id, s.epoch, s.transport, s.two_factor, s.used_passkey, accounts.role, accounts.email_key,
      accounts.email, accounts.notification_channel,
      coalesce(s.proven_at > ${clock(ctx)} - ${value('freshFor')}::double precision * interval '1 second', false) as is_fresh,
      s.last_used_at + least(60, s.idle_seconds / 10.0) * interval '1 second' <= ${clock(ctx)} as is_use_due
    from sessions s join accounts on accounts.id = s.account_id
    where s.digest = ${value('digest')} and ${isAliveSql(ctx)}`,
);

type SessionRow = {
  id: string;
  account_id: string;
  epoch: number;
  transport: 'COOKIE' | 'BEARER';
  two_factor: boolean;
  used_passkey: boolean;
  role: StaffRole | null;
  email_key: string;
  email: string | null;
  notification_channel: 'EMAIL' | 'SMS';
  is_fresh: boolean;
  is_use_due: boolean;
};

async function noteUse(ctx: Context, sessionId: string): Promise<void> {
  const { ip, network } = ctx.origin;
  await ctx.db.execute(
    sql`update sessions s set last_used_at = ${clock(ctx)}, ip = ${ip}, network = ${network}
        from accounts where s.id = ${sessionId} and accounts.id = s.account_id and ${isAliveSql(ctx)}`,
  );
}

/** The secret that a session goes on under. */
export interface NewSecret {
  readonly token: string;
  /** Whether its cookie outlives the browser. */
  readonly persistent: boolean;
}

/**
 * Lets the current session go on under a new epoch and a new secret; every other one is over. Call it in the
 * transaction that raised the epoch. Null where the session was ended meanwhile: then that epoch must not be raised either.
 */
export async function reissueSession(ctx: PersonContext, epoch: number): Promise<NewSecret | null> {
  const token = newSecret();
  const [session] = await rows<{ persistent: boolean }>(
    ctx.db,
    sql`update sessions set epoch = ${epoch}, digest = ${digest('session', token)}, last_used_at = ${clock(ctx)}
        where id = ${ctx.actor.sessionId} and revoked_at is null returning persistent`,
  );
  return session ? { token, persistent: session.persistent } : null;
}

/** How many sessions of the account are alive, besides the current one. */
export async function countOtherSessions(ctx: PersonContext): Promise<number> {
  const [row] = await rows<{ n: number }>(
    ctx.db,
    sql`select count(*)::int as n from sessions s join accounts on accounts.id = s.account_id
        where s.account_id = ${ctx.actor.accountId} and s.id <> ${ctx.actor.sessionId} and ${isAliveSql(ctx)}`,
  );
  return row?.n ?? 0;
}

/** Ends the session that a sign-in was made with: the new one takes its place, whoever it is of. */
export async function replaceSession(ctx: PersonContext): Promise<void> {
  await ctx.db.execute(
    sql`update sessions set revoked_at = ${clock(ctx)} where id = ${ctx.actor.sessionId} and revoked_at is null`,
  );
}

/** Ends the current session. False when nobody was signed in. */
export async function signOut(ctx: Context): Promise<boolean> {
  if (ctx.actor.kind !== 'person') return false;
  return endSession(ctx as PersonContext, ctx.actor.sessionId);
}

/** Ends one session of the person signed in; one that is over already counts as ended, a foreign one does not exist. */
export async function revokeSession(
  ctx: PersonContext,
  sessionId: string,
): Promise<{ readonly revokedSessionId: string } | Problem<'NOT_FOUND'>> {
  if (!isId(sessionId, 'sess')) return problem('NOT_FOUND');
  const [owned] = await rows(
    ctx.db,
    sql`select 1 as ok from sessions where id = ${sessionId} and account_id = ${ctx.actor.accountId}`,
  );
  if (!owned) return problem('NOT_FOUND');
  await endSession(ctx, sessionId);
  return { revokedSessionId: sessionId };
}

function endSession(ctx: PersonContext, sessionId: string): Promise<boolean> {
  return inTransaction(ctx, async (ctx) => {
    const ended = await rows(
      ctx.db,
      sql`update sessions set revoked_at = ${clock(ctx)}
          where id = ${sessionId} and account_id = ${ctx.actor.accountId} and revoked_at is null returning id`,
    );
    if (ended.length === 0) return false;
    await recordEvent(ctx, 'session_revoked', { accountId: ctx.actor.accountId, sessionId });
    return true;
  });
}

export interface EndedSessions {
  readonly revokedSessionCount: number;
  /** The epoch that the current session goes on under. */
  readonly epoch: number;
}

/**
 * Ends every session but the current one: in O(1), by the epoch. The current one keeps its secret, since nothing that was
 * known to others changed. Null when a change of credentials was faster, which has ended this session too.
 */
export async function revokeOtherSessions(ctx: PersonContext): Promise<EndedSessions | null> {
  const { accountId, sessionId } = ctx.actor;
  const revokedSessionCount = await countOtherSessions(ctx);
  const raised = await raiseEpoch(ctx, accountId, ctx.actor.epoch);
  if (!raised) return null;
  await ctx.db.execute(sql`update sessions set epoch = ${raised.epoch} where id = ${sessionId} and revoked_at is null`);
  await recordEvent(ctx, 'session_revoked', { accountId, details: { sessions: revokedSessionCount } });
  return { revokedSessionCount, epoch: raised.epoch };
}
