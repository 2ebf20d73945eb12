/** Who is calling, told to other services: a signed word that ages fast, or an answer from the session's own row. */
import { sql, type SQL } from 'drizzle-orm';
import { createLocalJWKSet, errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { scopesOf } from '../accounts/roles.js';
import type { Context, PersonContext, StaffRole } from '../base/context.js';
import { rows } from '../base/database.js';
import { digest, newId } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { isAliveSql } from '../sessions/service.js';
import type { SignInMethod } from '../sessions/tables.js';
import { ALGORITHM, publishedKeys, signingKey } from './signing-keys.js';

/** The `typ` of an assertion: it is no session, no access token, and nothing of ours accepts it as one (RFC 8725 section 3.11). */
export const ASSERTION_TYPE = 'rekey-identity+jwt';

/** How long an assertion is believed: the most that a revoked session lives on elsewhere (R-161). Seconds. */
export const ASSERTION_TTL = 60;

/** What other services are told about a session, by the names of the JWT registry where it has one (RFC 7519, RFC 8176, OIDC). */
export interface IdentityClaims {
  /** The account's id. */
  readonly sub: string;
  /** The session's id; no secret. */
  readonly sid: string;
  /** The credential epoch: whatever was issued under a lower one is void. */
  readonly epoch: number;
  readonly amr: readonly string[];
  readonly auth_time: number;
  /** The rights of staff, separated by spaces; absent for everyone else. */
  readonly scope?: string;
}

export interface Assertion {
  readonly assertion: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly claims: JWTPayload;
}

/** The audiences that may be asked for; the installation's own address where none is configured. */
export const knownAudiences = ({ config }: Pick<Context, 'config'>): readonly string[] =>
  config.IDENTITY_AUDIENCES.length > 0 ? config.IDENTITY_AUDIENCES : [config.publicUrl];

/** Signs who the person is, for these audiences. Null when the session ended meanwhile. */
export async function assertIdentity(ctx: PersonContext, audiences: readonly string[]): Promise<Assertion | null> {
  const session = await readSession(ctx, sql`s.id = ${ctx.actor.sessionId}`);
  if (!session) return null;
  const expiresAt = Math.min(session.now + ASSERTION_TTL, session.endsAt);
  const { id, privateKey } = await signingKey(ctx);
  const claims = {
    ...session.claims,
    iss: ctx.config.publicUrl,
    aud: audiences.length === 1 ? (audiences[0] as string) : [...audiences],
    iat: session.now,
    exp: expiresAt,
    jti: newId('ida'),
  };
  const header = { alg: ALGORITHM, typ: ASSERTION_TYPE, kid: id };
  const assertion = await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
  return { assertion, expiresAt, claims };
}

/** An answer of RFC 7662; what is not active is told nothing about. */
export type Introspection = { readonly active: false } | ({ readonly active: true } & JWTPayload);

/**
 * Whether a session token or an assertion counts at this moment: one whose session has ended does not, however young it is.
 * Looking does not count as using the session.
 */
export async function introspect(ctx: Context, token: string): Promise<Introspection> {
  const inactive = { active: false } as const;
  if (/^[A-Za-z0-9_-]{43}$/.test(token)) {
    const session = await readSession(ctx, sql`s.digest = ${digest('session', token)}`);
    if (!session) return inactive;
    const { claims, startedAt, endsAt } = session;
    return { active: true, token_type: 'session', iss: ctx.config.publicUrl, iat: startedAt, exp: endsAt, ...claims };
  }
  const assertion = await verifyAssertion(ctx, token);
  const session =
    assertion && (await readSession(ctx, sql`s.id = ${assertion['sid']} and s.epoch = ${assertion['epoch']}`));
  if (!assertion || !session) return inactive;
  return { active: true, token_type: ASSERTION_TYPE, ...assertion, ...session.claims };
}

/** The claims of an assertion of ours that has not lapsed; else null. Only our own keys count, whatever its header names. */
async function verifyAssertion(ctx: Context, token: string): Promise<JWTPayload | null> {
  const [row] = await rows<{ ms: string }>(
    ctx.db,
    sql`select (extract(epoch from ${clock(ctx)}) * 1000)::bigint as ms`,
  );
  const keys = createLocalJWKSet({ keys: await publishedKeys(ctx) });
  const rules = {
    algorithms: [ALGORITHM],
    typ: ASSERTION_TYPE,
    issuer: ctx.config.publicUrl,
    audience: [...knownAudiences(ctx)],
    requiredClaims: ['sub', 'sid', 'epoch', 'iat', 'exp'],
    currentDate: new Date(Number(row?.ms)),
  };
  try {
    return (await jwtVerify(token, keys, rules)).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

interface SessionFacts {
  readonly claims: IdentityClaims;
  /** Seconds since 1970. */
  readonly startedAt: number;
  readonly endsAt: number;
  readonly now: number;
}

type Row = {
  id: string;
  account_id: string;
  epoch: number;
  email_key: string;
  role: StaffRole | null;
  transport: 'COOKIE' | 'BEARER';
  method: SignInMethod;
  two_factor: boolean;
  used_passkey: boolean;
  auth_time: string;
  started_at: string;
  ends_at: string;
  now: string;
};

const seconds = (moment: SQL): SQL => sql`floor(extract(epoch from ${moment}))::bigint`;

/** The session, while it is alive. */
async function readSession(ctx: Context, which: SQL): Promise<SessionFacts | null> {
  const [row] = await rows<Row>(
    ctx.db,
    sql`select s.id, s.account_id, s.epoch, s.transport, s.method, s.two_factor, s.used_passkey, accounts.role, accounts.email_key,
          ${seconds(sql`coalesce(s.proven_at, s.created_at)`)} as auth_time, ${seconds(sql`s.created_at`)} as started_at,
          ${seconds(sql`least(s.expires_at, s.last_used_at + s.idle_seconds * interval '1 second')`)} as ends_at,
          ${seconds(clock(ctx))} as now
        from sessions s join accounts on accounts.id = s.account_id
        where ${which} and ${isAliveSql(ctx)}`,
  );
  if (!row) return null;
  return {
    claims: claimsOf(ctx, row),
    startedAt: Number(row.started_at),
    endsAt: Number(row.ends_at),
    now: Number(row.now),
  };
}

function claimsOf(ctx: Context, row: Row): IdentityClaims {
  const scopes = scopesOf(
    {
      kind: 'person',
      accountId: row.account_id,
      sessionId: row.id,
      epoch: row.epoch,
      emailKey: row.email_key,
      transport: row.transport,
      twoFactor: row.two_factor,
      usedPasskey: row.used_passkey,
      isFresh: false,
      role: row.role,
    },
    ctx.config,
  );
  return {
    sub: row.account_id,
    sid: row.id,
    epoch: row.epoch,
    amr: methodsOf(row),
    auth_time: Number(row.auth_time),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  };
}

/** RFC 8176, and `qr` for a session that another device vouched for, which the registry has no name for. */
function methodsOf({ method, two_factor, used_passkey }: Row): string[] {
  const base = method === 'QR_CODE' ? ['qr'] : method === 'PASSKEY' ? [] : ['pwd'];
  return [...base, ...(used_passkey ? ['pop', 'user'] : []), ...(two_factor ? ['mfa'] : [])];
}
