/** Passkeys of an account: add, name, take off (WebAuthn, R-089 to R-092). */
import {
  generateRegistrationOptions,
  verifyRegistrationResponse,
  type PublicKeyCredentialCreationOptionsJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { sql } from 'drizzle-orm';
import { inTransaction, type PersonContext } from '../base/context.js';
import { rows } from '../base/database.js';
import { invalidInput, problem, type InvalidInput, type Problem } from '../base/problems.js';
import { isId, newId } from '../base/secrets.js';
import { clock } from '../base/time.js';
import { findAccount, holdEpoch } from '../accounts/service.js';
import { describeDevice } from '../security-events/device.js';
import type { NewSecret } from '../sessions/service.js';
import { startCeremony, useCeremony } from './ceremonies.js';
import { hasSecondFactor, type ProofRejected, type TokenInvalid } from './challenges.js';
import { countAsProof, dropCodesWithLastFactor, mayFinish, recordAndTell } from './consequences.js';
import { readLabel } from './enrolment.js';
import { passkeys, type Passkey } from './tables.js';
import {
  CREDENTIAL_ID,
  isCrossOrigin,
  newWebAuthnChallenge,
  passkeysOf,
  userHandleOf,
  WEBAUTHN_SECONDS,
  webAuthnOrigins,
} from './webauthn.js';

/** The contract's bound on `Viewer.passkeys`. */
const MAX_PASSKEYS = 20;

/** EdDSA, ES256, RS256: what authenticators speak (COSE). */
const ALGORITHMS = [-8, -7, -257];

/** A hint for the browser, as the authenticator's owner sent it: known words, and what may be added to them. */
const isTransport = (hint: unknown): boolean => typeof hint === 'string' && /^[a-z-]{1,20}$/.test(hint);

export interface PasskeyRegistration {
  readonly ceremony: string;
  readonly options: PublicKeyCredentialCreationOptionsJSON;
}

/** Begins a passkey. The ceremony belongs to this session and this epoch, for five minutes and one answer. */
export async function startPasskeyRegistration(
  ctx: PersonContext,
): Promise<PasskeyRegistration | Problem<'FEATURE_DISABLED'>> {
  if (!ctx.config.PASSKEYS) return problem('FEATURE_DISABLED');
  const { accountId } = ctx.actor;
  const account = await findAccount(ctx, accountId);
  const known = await passkeysOf(ctx, accountId);
  const options = await generateRegistrationOptions({
    rpName: ctx.config.PRODUCT_NAME,
    rpID: ctx.config.rpId,
    userName: account?.email ?? '',
    userDisplayName: account?.displayName ?? account?.email ?? '',
    userID: userHandleOf(accountId),
    challenge: newWebAuthnChallenge(),
    timeout: WEBAUTHN_SECONDS * 1000,
    attestationType: 'none',
    excludeCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  });
  const ceremony = await startCeremony(ctx, { kind: 'registration', challenge: options.challenge, person: ctx.actor });
  return { ceremony, options };
}

export interface FinishRegistrationInput {
  readonly ceremony: string;
  readonly registration: RegistrationResponseJSON;
  readonly label?: string | null;
}

export interface PasskeyAdded {
  readonly passkey: Passkey;
  /** The session's new secret; null where it keeps its own. */
  readonly newSecret: NewSecret | null;
}

/**
 * Finishes a passkey: type, challenge, origin, relying party, presence, verification and algorithm must be right, and the
 * credential new to the whole service (WebAuthn §7.1, R-089). The ceremony is used up by the first answer, right or not.
 */
export async function finishPasskeyRegistration(
  ctx: PersonContext,
  { ceremony, registration, label }: FinishRegistrationInput,
): Promise<PasskeyAdded | ProofRejected | TokenInvalid | InvalidInput> {
  const name = readLabel(label);
  if (name === false) return invalidInput(['label', 'at most 60 characters']);
  const used = await useCeremony(ctx, { kind: 'registration', ceremony, person: ctx.actor });
  if (!used) return problem('TOKEN_INVALID');
  const known = await passkeysOf(ctx, ctx.actor.accountId);
  if (known.length >= MAX_PASSKEYS) return invalidInput(['registration', `no more than ${MAX_PASSKEYS} passkeys`]);
  const credential = await checkRegistration(ctx, registration, used.challenge);
  if (!credential) return problem('PROOF_REJECTED', { attemptsRemaining: 0 });
  const shown = name ?? describeDevice(ctx.origin.userAgent, null).summary;
  const added = await inTransaction(ctx, (ctx) => insertPasskey(ctx, { ...credential, label: shown.slice(0, 60) }));
  return added ?? problem('PROOF_REJECTED', { attemptsRemaining: 0 });
}

type NewCredential = Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports' | 'isBackedUp'>;

async function checkRegistration(
  ctx: PersonContext,
  response: RegistrationResponseJSON,
  challenge: string,
): Promise<NewCredential | null> {
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: webAuthnOrigins(ctx.config),
      expectedRPID: ctx.config.rpId,
      requireUserPresence: true,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || isCrossOrigin(response)) return null;
    const { credential, credentialBackedUp } = registrationInfo;
    if (!CREDENTIAL_ID.test(credential.id)) return null;
    return {
      credentialId: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: (credential.transports ?? []).filter(isTransport).slice(0, 10),
      isBackedUp: credentialBackedUp,
    };
  } catch {
    // The library throws for each thing that is wrong; which one is nobody's business.
    return null;
  }
}

async function insertPasskey(
  ctx: PersonContext,
  values: NewCredential & { readonly label: string },
): Promise<PasskeyAdded | null> {
  const { accountId, epoch } = ctx.actor;
  if (!(await holdEpoch(ctx, accountId, epoch))) return null;
  const isFirst = !(await hasSecondFactor(ctx, accountId));
  if (!(await mayFinish(ctx, isFirst))) return null;
  const [passkey] = await ctx.db
    .insert(passkeys)
    .values({ id: newId('pkey'), accountId, createdAt: clock(ctx), ...values })
    .onConflictDoNothing()
    .returning();
  if (!passkey) return null;
  const newSecret = await countAsProof(ctx, { twoFactor: true, usedPasskey: true }, isFirst);
  await recordAndTell(ctx, 'passkey_added');
  return { passkey, newSecret };
}

/** Gives a passkey another name. */
export async function renamePasskey(
  ctx: PersonContext,
  { passkeyId, label }: { readonly passkeyId: string; readonly label: string },
): Promise<{ readonly passkey: Passkey } | Problem<'NOT_FOUND'> | InvalidInput> {
  const name = readLabel(label);
  if (!name) return invalidInput(['label', '1 to 60 characters']);
  if (!isId(passkeyId, 'pkey')) return problem('NOT_FOUND');
  const [passkey] = await ctx.db
    .update(passkeys)
    .set({ label: name })
    .where(sql`id = ${passkeyId} and account_id = ${ctx.actor.accountId} and removed_at is null`)
    .returning();
  return passkey ? { passkey } : problem('NOT_FOUND');
}

/** Takes a passkey off. The last way in stays, and so does the last factor of staff, whose rights rest on it. */
export async function removePasskey(
  ctx: PersonContext,
  { passkeyId }: { readonly passkeyId: string },
): Promise<{ readonly removedPasskeyId: string } | Problem<'NOT_FOUND'> | Problem<'LAST_CREDENTIAL'>> {
  const { accountId, epoch } = ctx.actor;
  if (!isId(passkeyId, 'pkey')) return problem('NOT_FOUND');
  return inTransaction(ctx, async (ctx) => {
    if (!(await holdEpoch(ctx, accountId, epoch))) return problem('NOT_FOUND');
    const owned = await passkeysOf(ctx, accountId);
    if (!owned.some(({ id }) => id === passkeyId)) return problem('NOT_FOUND');
    if (owned.length === 1 && (await isNeeded(ctx))) return problem('LAST_CREDENTIAL');
    await ctx.db.execute(sql`update passkeys set removed_at = ${clock(ctx)} where id = ${passkeyId}`);
    await dropCodesWithLastFactor(ctx, accountId);
    await recordAndTell(ctx, 'passkey_removed');
    return { removedPasskeyId: passkeyId };
  });
}

/** Whether the last passkey must stay: nothing else signs in, or nothing else makes staff two-factor. */
async function isNeeded(ctx: PersonContext): Promise<boolean> {
  const { accountId, role } = ctx.actor;
  const [row] = await rows<{ has_password: boolean; has_other: boolean }>(
    ctx.db,
    sql`select exists (select 1 from passwords where account_id = ${accountId}) as has_password,
          exists (select 1 from second_factors where account_id = ${accountId} and method <> 'EMAIL'
            and confirmed_at is not null and removed_at is null) as has_other`,
  );
  return !row?.has_password || (role !== null && !row.has_other);
}
