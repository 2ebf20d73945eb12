/** What this installation asks of every passkey: its origin, its relying party, and that the person was verified. */
import {
  generateAuthenticationOptions,
  verifyAuthenticationResponse,
  type AuthenticationResponseJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Config } from '../base/config.js';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { newBytes } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { passkeys } from './tables.js';

/** A WebAuthn challenge lives five minutes, whatever the life of what carries it. */
export const WEBAUTHN_SECONDS = 300;

/** Where a ceremony may run. */
export const webAuthnOrigins = (config: Config): string[] => [
  new URL(config.publicUrl).origin,
  ...config.ALLOWED_ORIGINS,
];

/** 32 random bytes; 16 are the least (WebAuthn §13.4.3). */
export const newWebAuthnChallenge = () => new Uint8Array(newBytes(32));

/**
 * Options for using a passkey. With an account its passkeys are named; without one any passkey of the site can answer,
 * so that the options tell nothing about any account.
 */
export async function passkeyRequestOptions(
  ctx: Context,
  accountId: string | null,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const known = accountId === null ? [] : await passkeysOf(ctx, accountId);
  return generateAuthenticationOptions({
    rpID: ctx.config.rpId,
    challenge: newWebAuthnChallenge(),
    timeout: WEBAUTHN_SECONDS * 1000,
    userVerification: 'required',
    ...(accountId !== null && {
      allowCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports })),
    }),
  });
}

/** The passkeys of an account, the oldest first. */
export const passkeysOf = (ctx: Context, accountId: string) =>
  ctx.db
    .select()
    .from(passkeys)
    .where(and(eq(passkeys.accountId, accountId), isNull(passkeys.removedAt)))
    .orderBy(passkeys.createdAt, passkeys.id);

/** A passkey that answered rightly. Nothing is stored of it until `useAssertion`. */
export interface Assertion {
  readonly passkeyId: string;
  readonly accountId: string;
  readonly counterBefore: number;
  readonly counter: number;
  readonly isBackedUp: boolean;
}

/**
 * Checks an assertion against its stored passkey: challenge, origin, relying party, presence, verification, signature,
 * counter (WebAuthn §7.2, R-090). Null for anything wrong, whatever it is.
 */
export async function checkAssertion(
  ctx: Context,
  response: AuthenticationResponseJSON,
  challenge: string,
): Promise<Assertion | null> {
  const id: unknown = response.id;
  if (typeof id !== 'string' || !CREDENTIAL_ID.test(id)) return null;
  const [stored] = await ctx.db
    .select()
    .from(passkeys)
    .where(and(eq(passkeys.credentialId, id), isNull(passkeys.removedAt)));
  if (!stored) return null;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: webAuthnOrigins(ctx.config),
      expectedRPID: ctx.config.rpId,
      requireUserVerification: true,
      credential: {
        id: stored.credentialId,
        publicKey: new Uint8Array(Buffer.from(stored.publicKey, 'base64url')),
        counter: stored.counter,
      },
    });
    if (!verified || isCrossOrigin(response) || !namesAccount(response, stored.accountId)) return null;
    return {
      passkeyId: stored.id,
      accountId: stored.accountId,
      counterBefore: stored.counter,
      counter: authenticationInfo.newCounter,
      isBackedUp: authenticationInfo.credentialBackedUp,
    };
  } catch {
    // The library throws for each thing that is wrong; which one is nobody's business.
    return null;
  }
}

/** WebAuthn §7.1: at most 1023 bytes. In base64url, which also keeps from the database what it would choke on. */
export const CREDENTIAL_ID = /^[A-Za-z0-9_-]{1,1364}$/;

/** What passkeys keep as the owner: the account's id, which is opaque and no personal datum. */
export const userHandleOf = (accountId: string) => new Uint8Array(Buffer.from(accountId));

/** Where the authenticator says whose passkey it is, it must be the account that the passkey is stored for. */
function namesAccount({ response }: AuthenticationResponseJSON, accountId: string): boolean {
  const { userHandle } = response;
  return !userHandle || userHandle === Buffer.from(accountId).toString('base64url');
}

/** We are never framed, so an answer from inside another site's frame is not ours. */
export function isCrossOrigin(response: { readonly response: { readonly clientDataJSON: string } }): boolean {
  const client = JSON.parse(Buffer.from(response.response.clientDataJSON, 'base64url').toString()) as {
    crossOrigin?: unknown;
  };
  return client.crossOrigin === true;
}

/** Moves the stored counter by compare-and-set: of two uses of one assertion at most one succeeds. */
export async function useAssertion(ctx: Context, assertion: Assertion): Promise<boolean> {
  const used = await rows(
    ctx.db,
    sql`update passkeys set counter = ${assertion.counter}, is_backed_up = ${assertion.isBackedUp}, last_used_at = ${clock(ctx)}
        where id = ${assertion.passkeyId} and counter = ${assertion.counterBefore} and removed_at is null returning id`,
  );
  return used.length > 0;
}
