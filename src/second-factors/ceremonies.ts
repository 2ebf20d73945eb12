/** WebAuthn ceremonies: one challenge, one answer, five minutes, one session or browser. */
import { sql } from 'drizzle-orm';
import type { Context, Person } from '../base/context.js';
import { rows } from '../base/database.js';
import { digest, formatToken, matchesDigest, newToken, parseToken } from '../base/secrets.js';
import { clock, fromNow } from '../base/time.js';
import { WEBAUTHN_SECONDS } from './webauthn.js';

type Bound =
  /** A registration belongs to the person's session, under its epoch. */
  | { readonly kind: 'registration'; readonly person: Person }
  /** A sign-in belongs to the browser with this cookie; a native app may be without. */
  | { readonly kind: 'sign_in' | 'native_sign_in'; readonly binding: string };

/** Begins a ceremony. @returns the token that names it. */
export async function startCeremony(ctx: Context, begun: Bound & { readonly challenge: string }): Promise<string> {
  const token = newToken('cer');
  const person = begun.kind === 'registration' ? begun.person : null;
  const bindingDigest = begun.kind === 'registration' ? null : digest('binding', begun.binding);
  await ctx.db.execute(
    sql`insert into passkey_ceremonies (id, digest, kind, challenge, account_id, session_id, epoch, binding_digest,
          created_at, expires_at)
        values (${token.id}, ${digest('passkey_ceremony', token.secret)}, ${begun.kind}, ${begun.challenge},
          ${person?.accountId ?? null}, ${person?.sessionId ?? null}, ${person?.epoch ?? null}, ${bindingDigest},
          ${clock(ctx)}, ${fromNow(ctx, WEBAUTHN_SECONDS)})`,
  );
  return formatToken(token);
}

type Answering =
  | { readonly kind: 'registration'; readonly person: Person }
  /** `binding` is null for a native app; what a browser began only that browser ends, whatever it asks for. */
  | { readonly kind: 'sign_in'; readonly binding: string | null; readonly transport: 'COOKIE' | 'BEARER' };

/**
 * Uses the ceremony up, before anything is verified: of many answers at once one is looked at. Null for one that is
 * unknown, used, lapsed, of another kind, or not of this session or browser; a foreign answer uses nothing up.
 */
export async function useCeremony(
  ctx: Context,
  answer: Answering & { readonly ceremony: string },
): Promise<{ readonly challenge: string } | null> {
  const token = parseToken(answer.ceremony, 'cer');
  if (!token) return null;
  const [row] = await rows<CeremonyRow>(
    ctx.db,
    sql`select kind, digest, challenge, account_id, session_id, epoch, binding_digest from passkey_ceremonies
        where id = ${token.id} and used_at is null and expires_at > ${clock(ctx)}`,
  );
  if (!row || !matchesDigest('passkey_ceremony', token.secret, row.digest) || !isBoundTo(row, answer)) return null;
  const used = await rows(
    ctx.db,
    sql`update passkey_ceremonies set used_at = ${clock(ctx)} where id = ${token.id} and used_at is null returning id`,
  );
  return used.length > 0 ? { challenge: row.challenge } : null;
}

type CeremonyRow = {
  kind: Bound['kind'];
  digest: string;
  challenge: string;
  account_id: string | null;
  session_id: string | null;
  epoch: number | null;
  binding_digest: string | null;
};

function isBoundTo(row: CeremonyRow, answer: Answering): boolean {
  if (answer.kind === 'registration') {
    const { accountId, sessionId, epoch } = answer.person;
    const isTheirs = row.account_id === accountId && row.session_id === sessionId && row.epoch === epoch;
    return row.kind === 'registration' && isTheirs;
  }
  if (row.kind === 'registration') return false;
  if (answer.binding === null) return row.kind === 'native_sign_in' && answer.transport === 'BEARER';
  return matchesDigest('binding', answer.binding, row.binding_digest);
}
