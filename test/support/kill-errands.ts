/** What people do with a session while the program is killed under them; what they remember of it may be out of date. */
import { generateSync } from 'otplib';
import { Authenticator } from './authenticator.js';

/** A citizen's own notes: what an answer said, as far as answers came. */
export interface Notes {
  phone: string | null;
  factor: { readonly id: string; readonly key: string; isConfirmed: boolean } | null;
  passkey: { ceremony: string; options: unknown; id: string | null } | null;
  qr: { readonly payload: string; readonly secret: string; readonly number: string; requestId: string | null } | null;
}

export const blankNotes = (): Notes => ({ phone: null, factor: null, passkey: null, qr: null });

// Answers are read by path; their shape is the contract's business.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Outcome = any;

export interface Errand {
  readonly mutation: string;
  /** The event that is written in the transaction of the change; null where none is. */
  readonly event: string | null;
  readonly selection?: string;
  /** Only who has nothing else to lose: a second factor would be asked for at every other door. */
  readonly guardedOnly?: true;
  /** Null where it takes none; undefined where there is nothing to do now. @param code the newest one that came there. */
  input(notes: Notes, random: () => number, code: (to: string) => string | undefined): object | null | undefined;
  then?(notes: Notes, outcome: Outcome): void;
}

const number = (random: () => number): string => `+4790${String(Math.floor(random() * 1e6)).padStart(6, '0')}`;

const contact: readonly Errand[] = [
  {
    mutation: 'changeDisplayName',
    event: null,
    input: (_notes, random) => ({ displayName: `Citizen ${Math.floor(random() * 1000)}` }),
  },
  {
    mutation: 'changeEmail',
    event: 'email_change_requested',
    input: (_notes, random) => ({ newEmail: `elsewhere${Math.floor(random() * 1e9)}@example.org` }),
  },
  {
    mutation: 'addPhoneNumber',
    event: 'phone_number_changed',
    input: (notes, random) => ({ phoneNumber: (notes.phone = number(random)) }),
  },
  {
    mutation: 'verifyPhoneNumber',
    event: 'phone_number_changed',
    input: ({ phone }, _random, code) => {
      const came = phone === null ? undefined : code(phone);
      return came === undefined ? undefined : { code: came };
    },
  },
  {
    mutation: 'removePhoneNumber',
    event: 'phone_number_changed',
    input: ({ phone }, random) => (phone !== null && random() < 0.3 ? null : undefined),
    then: (notes) => (notes.phone = null),
  },
];

const factors: readonly Errand[] = [
  {
    mutation: 'enrollSecondFactor',
    event: null,
    guardedOnly: true,
    selection: '... on EnrollSecondFactorSuccess { secondFactor { id } totp { manualEntryKey } }',
    input: ({ factor }) => (factor ? undefined : { method: 'TOTP' }),
    then: (notes, { secondFactor, totp }) =>
      (notes.factor = { id: secondFactor.id, key: totp.manualEntryKey, isConfirmed: false }),
  },
  {
    mutation: 'confirmSecondFactor',
    event: 'second_factor_added',
    guardedOnly: true,
    input: ({ factor }) =>
      factor && !factor.isConfirmed
        ? { secondFactorId: factor.id, code: generateSync({ secret: factor.key }) }
        : undefined,
    then: ({ factor }) => factor && (factor.isConfirmed = true),
  },
  {
    mutation: 'regenerateRecoveryCodes',
    event: 'recovery_codes_regenerated',
    guardedOnly: true,
    input: ({ factor }) => (factor?.isConfirmed ? null : undefined),
  },
  {
    mutation: 'disableSecondFactor',
    event: 'second_factor_removed',
    guardedOnly: true,
    input: ({ factor }) => (factor?.isConfirmed ? { secondFactorId: factor.id } : undefined),
    then: (notes) => (notes.factor = null),
  },
];

const passkeys: readonly Errand[] = [
  {
    mutation: 'startPasskeyRegistration',
    event: null,
    guardedOnly: true,
    selection: '... on StartPasskeyRegistrationSuccess { ceremony options }',
    input: ({ passkey }) => (passkey ? undefined : null),
    then: (notes, { ceremony, options }) => (notes.passkey = { ceremony, options, id: null }),
  },
  {
    mutation: 'finishPasskeyRegistration',
    event: 'passkey_added',
    guardedOnly: true,
    selection: '... on FinishPasskeyRegistrationSuccess { passkey { id } }',
    input: (notes) => {
      const { passkey } = notes;
      if (!passkey || passkey.id !== null) return undefined;
      // A ceremony works once: whether it did or not, there is nothing to do with it again.
      notes.passkey = null;
      const registration = new Authenticator().create(passkey.options as Parameters<Authenticator['create']>[0]);
      return { ceremony: passkey.ceremony, registration };
    },
    then: (notes, { passkey }) => (notes.passkey = { ceremony: '', options: null, id: passkey.id }),
  },
  {
    mutation: 'removePasskey',
    event: 'passkey_removed',
    guardedOnly: true,
    input: (notes) => (notes.passkey?.id ? { passkeyId: notes.passkey.id } : undefined),
    then: (notes) => (notes.passkey = null),
  },
];

const qrCodes: readonly Errand[] = [
  {
    mutation: 'startQrSignIn',
    event: null,
    selection: '... on StartQrSignInSuccess { qrPayload claimSecret comparisonNumber }',
    input: ({ qr }) => (qr ? undefined : null),
    then: (notes, { qrPayload, claimSecret, comparisonNumber }) =>
      (notes.qr = { payload: qrPayload, secret: claimSecret, number: comparisonNumber, requestId: null }),
  },
  {
    mutation: 'scanQrSignIn',
    event: null,
    selection: '... on ScanQrSignInSuccess { request { id } }',
    input: ({ qr }) => (qr && qr.requestId === null ? { qrPayload: qr.payload } : undefined),
    then: ({ qr }, { request }) => qr && (qr.requestId = request.id),
  },
  {
    mutation: 'approveQrSignIn',
    event: 'qr_sign_in_approved',
    input: (notes) => {
      const { qr } = notes;
      if (!qr?.requestId) return undefined;
      notes.qr = null;
      return { requestId: qr.requestId, comparisonNumber: qr.number };
    },
  },
  {
    mutation: 'denyQrSignIn',
    event: 'qr_sign_in_denied',
    input: (notes, random) => {
      const { qr } = notes;
      if (!qr?.requestId || random() < 0.5) return undefined;
      notes.qr = null;
      return { requestId: qr.requestId };
    },
  },
];

const ending: readonly Errand[] = [
  { mutation: 'revokeOtherSessions', event: 'session_revoked', input: () => null },
  {
    mutation: 'signOut',
    event: 'session_revoked',
    selection: '... on SignOutSuccess { sessionEnded }',
    input: (_notes, random) => (random() < 0.3 ? null : undefined),
  },
  {
    mutation: 'closeAccount',
    event: 'account_closed',
    input: (_notes, random) => (random() < 0.05 ? null : undefined),
  },
];

export const errands: readonly Errand[] = [...contact, ...factors, ...passkeys, ...qrCodes, ...ending];
