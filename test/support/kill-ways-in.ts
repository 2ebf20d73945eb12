/** Errands that lead into an account, or out of it, besides the password. */
import { generateSync } from 'otplib';
import { awaitsText, owners, type Errand, type World } from './kill-errand.js';
import { emailOf, type Asked, type Citizen } from './kill-people.js';

export const CHALLENGE = '... on SecondFactorChallenge { challenge methods passkeyOptions }';
/** What a new session tells: its secret, its id, and what has happened. */
export const SIGNED_IN = `... on SignInSuccess {
  sessionToken viewer { account { id } currentSession { id } securityEvents(first: 3) { nodes { id } } } }`;
/** Without it no answer holds a session to act with. */
export const BEARER = { transport: 'BEARER' };

/** A proof that the challenge takes and that they can give; each recovery code once, whatever becomes of it. */
export function proofFor({ notes }: Citizen, asked: Asked, { letters, random }: World): object | undefined {
  const { methods, passkeyOptions } = asked;
  const code = notes.phone ? letters.code(notes.phone.number) : undefined;
  if (asked.codeBefore !== undefined && code !== undefined && code !== asked.codeBefore) return { smsCode: code };
  const [authenticator] = notes.authenticators;
  if (passkeyOptions && authenticator && random() < 0.5) return { passkey: authenticator.get(passkeyOptions) };
  const recoveryCode = methods.includes('RECOVERY_CODE') && random() < 0.8 ? notes.recoveryCodes.pop() : undefined;
  if (recoveryCode) return { recoveryCode };
  return notes.totp?.key && methods.includes('TOTP')
    ? { totpCode: generateSync({ secret: notes.totp.key }) }
    : undefined;
}

const reset: readonly Errand[] = [
  {
    mutation: 'sendPasswordResetLink',
    evidence: ['password_reset_link_asked'],
    kinds: ['plain', 'guarded', 'watched'],
    needs: 'session',
    input: (_citizen, { random }) => (random() < 0.2 ? { channel: 'EMAIL' } : undefined),
  },
  {
    mutation: 'inspectPasswordReset',
    evidence: [],
    kinds: owners,
    needs: 'nothing',
    selection: `... on PasswordResetTicket { secondFactor { challenge methods passkeyOptions } }`,
    input(citizen, { letters, random }) {
      const found = random() < 0.3 && !citizen.notes.reset ? letters.token(citizen, 'reset-password') : undefined;
      return found && { token: found.token };
    },
    then({ notes }, { secondFactor }, _world, { token }: { token: string }) {
      notes.reset = secondFactor && { ...secondFactor, token };
    },
  },
];

const secondStep: readonly Errand[] = [
  {
    mutation: 'sendChallengeCode',
    soon: true,
    evidence: ['challenge_code'],
    kinds: ['guarded'],
    needs: 'no session',
    input({ notes }, { letters }) {
      const { signIn, phone } = notes;
      if (!signIn?.methods.includes('SMS') || !phone || signIn.codeBefore !== undefined) return undefined;
      signIn.codeBefore = letters.code(phone.number) ?? '';
      return { challenge: signIn.challenge, method: 'SMS' };
    },
  },
  {
    mutation: 'completeSignIn',
    soon: true,
    evidence: ['signed_in'],
    kinds: ['guarded', 'staff'],
    needs: 'no session',
    atOnce: 2,
    selection: SIGNED_IN,
    input(citizen, world) {
      const { notes } = citizen;
      const asked = notes.signIn;
      if (asked && awaitsText(citizen, asked, world) && world.random() < 0.9) return undefined;
      const proof = asked && proofFor(citizen, asked, world);
      notes.signIn = null;
      return proof ? { challenge: asked.challenge, proof } : undefined;
    },
  },
  {
    mutation: 'reauthenticate',
    evidence: [],
    kinds: owners,
    needs: 'session',
    selection: `... on ReauthenticateSuccess { sessionToken } ${CHALLENGE}`,
    input(citizen, world) {
      const { notes, ways } = citizen;
      const asked = notes.stepUp;
      notes.stepUp = null;
      const proof = asked && proofFor(citizen, asked, world);
      if (proof) return { challenge: asked.challenge, proof };
      const isWanted = ways.length === 1 && (notes.isStale || world.random() < 0.1);
      return isWanted ? { password: ways[0]?.password } : undefined;
    },
    then: ({ notes }) => (notes.isStale = false),
    refused({ notes }, outcome) {
      if (outcome.__typename === 'SecondFactorChallenge') notes.stepUp = outcome as unknown as Asked;
    },
  },
];

const passkey: readonly Errand[] = [
  {
    mutation: 'startPasskeySignIn',
    evidence: [],
    kinds: ['guarded'],
    needs: 'no session',
    selection: '... on StartPasskeySignInSuccess { ceremony options }',
    input: ({ notes }) => (notes.authenticators.length > 0 && !notes.passkeySignIn ? null : undefined),
    then: ({ notes }, { ceremony, options }) => (notes.passkeySignIn = { ceremony, options }),
  },
  {
    mutation: 'finishPasskeySignIn',
    soon: true,
    evidence: ['signed_in'],
    kinds: ['guarded'],
    needs: 'no session',
    atOnce: 2,
    selection: SIGNED_IN,
    input({ notes }) {
      const { passkeySignIn, authenticators } = notes;
      notes.passkeySignIn = null;
      if (!passkeySignIn || !authenticators[0]) return undefined;
      return { ceremony: passkeySignIn.ceremony, assertion: authenticators[0].get(passkeySignIn.options), ...BEARER };
    },
    // One that was taken off; another may be there.
    refused: ({ notes }) => notes.authenticators.shift(),
  },
];

const qrCodes: readonly Errand[] = [
  {
    mutation: 'startQrSignIn',
    evidence: [],
    kinds: owners,
    needs: 'nothing',
    selection: '... on StartQrSignInSuccess { qrPayload claimSecret comparisonNumber }',
    input: ({ notes, session }) => (notes.qr || !session ? undefined : null),
    then: ({ notes }, { qrPayload: payload, claimSecret: secret, comparisonNumber: number }) =>
      (notes.qr = { payload, secret, number, requestId: null, isApproved: false }),
  },
  {
    mutation: 'scanQrSignIn',
    soon: true,
    evidence: [],
    kinds: owners,
    needs: 'session',
    selection: '... on ScanQrSignInSuccess { request { id } }',
    input: ({ notes: { qr } }) => (qr?.requestId === null ? { qrPayload: qr.payload } : undefined),
    then: ({ notes: { qr } }, { request }) => qr && (qr.requestId = request.id as string),
    refused: forgetQr,
  },
  {
    mutation: 'approveQrSignIn',
    soon: true,
    evidence: ['qr_sign_in_approved'],
    kinds: owners,
    needs: 'session',
    atOnce: 2,
    input: ({ notes: { qr } }) =>
      qr?.requestId && !qr.isApproved ? { requestId: qr.requestId, comparisonNumber: qr.number } : undefined,
    then: approved,
    refused: forgetQr,
    lost: approved,
  },
  {
    mutation: 'denyQrSignIn',
    evidence: ['qr_sign_in_denied'],
    kinds: owners,
    needs: 'session',
    atOnce: 2,
    input({ notes }, { random }) {
      const { qr } = notes;
      if (!qr?.requestId || random() < 0.5) return undefined;
      notes.qr = null;
      return { requestId: qr.requestId };
    },
  },
  {
    mutation: 'claimQrSignIn',
    soon: true,
    evidence: ['signed_in'],
    kinds: owners,
    needs: 'nothing',
    atOnce: 2,
    selection: SIGNED_IN,
    input: ({ notes: { qr } }) => (qr?.isApproved ? { claimSecret: qr.secret, ...BEARER } : undefined),
    then(citizen) {
      citizen.notes.isStale = true;
      forgetQr(citizen);
    },
    // Asked too early it says when to come again.
    refused: (citizen, { __typename }) => __typename === 'RateLimitProblem' || forgetQr(citizen),
    lost: forgetQr,
  },
];

function approved({ notes: { qr } }: Citizen): void {
  if (qr) qr.isApproved = true;
}

function forgetQr({ notes }: Citizen): void {
  notes.qr = null;
}

const out: readonly Errand[] = [
  {
    mutation: 'revokeSession',
    evidence: ['session_revoked'],
    kinds: owners,
    needs: 'session',
    input(citizen, { random }) {
      const other = random() < 0.5 ? citizen.notes.others.pop() : undefined;
      if (!other) return undefined;
      citizen.over.push(other.token);
      return { sessionId: other.id };
    },
    // Only what an answer said is over must be over.
    refused: (citizen) => citizen.over.pop(),
    lost: (citizen) => citizen.over.pop(),
  },
  {
    mutation: 'revokeOtherSessions',
    evidence: ['session_revoked'],
    kinds: owners,
    needs: 'session',
    input: (_citizen, { random }) => (random() < 0.2 ? null : undefined),
    then(citizen) {
      citizen.over.push(...citizen.notes.others.map(({ token }) => token));
    },
  },
  {
    mutation: 'signOut',
    evidence: ['session_revoked'],
    kinds: owners,
    needs: 'session',
    selection: '... on SignOutSuccess { sessionEnded }',
    // The guarded have more ways back in.
    input: ({ kind }, { random }) => (random() < (kind === 'guarded' ? 0.6 : 0.2) ? null : undefined),
    then: leave,
    lost: (citizen) => (citizen.session = null),
  },
  {
    mutation: 'closeAccount',
    evidence: ['account_closed'],
    kinds: ['plain', 'guarded', 'watched'],
    needs: 'session',
    input: (_citizen, { random }) => (random() < 0.2 ? null : undefined),
    then(citizen) {
      leave(citizen);
      Object.assign(citizen, { isGone: true, exists: false });
    },
    lost: (citizen) => Object.assign(citizen, { session: null, isGone: true, exists: false }),
  },
];

function leave(citizen: Citizen): void {
  if (citizen.session) citizen.over.push(citizen.session);
  citizen.session = null;
}

/** Where they ask, there is always a reason: the password is void, or they have lost it again. */
const help: readonly Errand[] = [
  {
    mutation: 'requestManualReset',
    evidence: ['manual_reset_filed'],
    kinds: ['watched'],
    needs: 'nothing',
    selection: '... on RequestManualResetAccepted { reference }',
    input(citizen, { random }) {
      if (random() > 0.2) return undefined;
      const contact = `${citizen.name}@example.com`;
      if (!citizen.addresses.includes(contact)) citizen.addresses.push(contact);
      return { email: emailOf(citizen), contact, message: 'My telephone is gone.' };
    },
    then: ({ references }, { reference }) => references.push(reference as string),
  },
  {
    mutation: 'cancelManualReset',
    soon: true,
    evidence: ['manual_reset_cancelled'],
    kinds: ['watched'],
    needs: 'nothing',
    atOnce: 2,
    input(citizen, { letters, random }) {
      const found = random() < 0.5 ? letters.token(citizen, 'cancel-reset') : undefined;
      if (!found) return undefined;
      citizen.usedTokens.add(found.token);
      return { token: found.token };
    },
  },
];

export const wayErrands: readonly Errand[] = [...reset, ...secondStep, ...passkey, ...qrCodes, ...out, ...help];
