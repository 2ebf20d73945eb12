/** Errands of the guarded: second factors and passkeys come and go. */
import { generateSync } from 'otplib';
import { Authenticator } from './authenticator.js';
import type { Errand } from './kill-errand.js';
import type { Citizen } from './kill-people.js';

/** A factor that waits for its first code. */
const pending = ({ notes }: Citizen) => [notes.totp, notes.sms].find((factor) => factor?.isConfirmed === false) ?? null;

const secondFactors: readonly Errand[] = [
  {
    mutation: 'enrollSecondFactor',
    soon: true,
    evidence: [],
    kinds: ['guarded'],
    needs: 'session',
    selection: '... on EnrollSecondFactorSuccess { secondFactor { id method } totp { manualEntryKey } }',
    input(citizen, { letters }) {
      const { notes } = citizen;
      if (pending(citizen)) return undefined;
      if (notes.phone?.isVerified && !notes.sms) {
        notes.codeBefore = letters.code(notes.phone.number) ?? '';
        return { method: 'SMS' };
      }
      return notes.totp ? undefined : { method: 'TOTP' };
    },
    then({ notes }, { secondFactor, totp }) {
      const factor = { id: secondFactor.id as string, key: totp?.manualEntryKey ?? null, isConfirmed: false };
      notes[secondFactor.method === 'SMS' ? 'sms' : 'totp'] = factor;
    },
  },
  {
    mutation: 'confirmSecondFactor',
    soon: true,
    evidence: ['second_factor_added'],
    kinds: ['guarded'],
    needs: 'session',
    atOnce: 2,
    selection: '... on ConfirmSecondFactorSuccess { recoveryCodes }',
    input(citizen, { letters }) {
      const { notes } = citizen;
      const factor = pending(citizen);
      if (!factor) return undefined;
      const code = factor.key ? generateSync({ secret: factor.key }) : letters.code(notes.phone?.number ?? '');
      return !code || code === notes.codeBefore ? undefined : { secondFactorId: factor.id, code };
    },
    then(citizen, { recoveryCodes }) {
      const factor = pending(citizen);
      if (factor) factor.isConfirmed = true;
      if (recoveryCodes) citizen.notes.recoveryCodes = recoveryCodes as string[];
    },
    // It was enrolled in another session, or under another epoch.
    refused(citizen) {
      const { notes } = citizen;
      if (notes.totp === pending(citizen)) notes.totp = null;
      else notes.sms = null;
    },
    lost(citizen) {
      const factor = pending(citizen);
      if (factor) factor.isConfirmed = null;
    },
  },
  {
    mutation: 'regenerateRecoveryCodes',
    evidence: ['recovery_codes_regenerated'],
    kinds: ['guarded', 'staff'],
    needs: 'session',
    selection: '... on RegenerateRecoveryCodesSuccess { recoveryCodes }',
    input: ({ notes }, { random }) =>
      notes.totp?.isConfirmed && random() < 6 / (10 + notes.recoveryCodes.length ** 2) ? null : undefined,
    then: ({ notes }, { recoveryCodes }) => (notes.recoveryCodes = recoveryCodes as string[]),
    lost: ({ notes }) => (notes.recoveryCodes = []),
  },
  {
    mutation: 'disableSecondFactor',
    evidence: ['second_factor_removed'],
    kinds: ['guarded'],
    needs: 'session',
    atOnce: 2,
    input({ notes }, { random }) {
      const factor = notes.sms?.isConfirmed ? notes.sms : notes.totp;
      return factor?.isConfirmed && random() < 0.3 ? { secondFactorId: factor.id } : undefined;
    },
    then: forget,
    refused: forget,
  },
];

/** The factor that `disableSecondFactor` took. */
function forget({ notes }: Citizen): void {
  if (notes.sms?.isConfirmed) notes.sms = null;
  else notes.totp = null;
}

const passkeys: readonly Errand[] = [
  {
    mutation: 'startPasskeyRegistration',
    evidence: [],
    kinds: ['guarded'],
    needs: 'session',
    selection: '... on StartPasskeyRegistrationSuccess { ceremony options }',
    input: ({ notes }) => ((notes.passkeyId ?? notes.registration) ? undefined : null),
    then: ({ notes }, { ceremony, options }) => (notes.registration = { ceremony, options }),
  },
  {
    mutation: 'finishPasskeyRegistration',
    soon: true,
    evidence: ['passkey_added'],
    kinds: ['guarded'],
    needs: 'session',
    atOnce: 2,
    selection: '... on FinishPasskeyRegistrationSuccess { passkey { id } }',
    input({ notes }) {
      const { registration } = notes;
      if (!registration) return undefined;
      // A ceremony works once: whether it did or not, there is nothing to do with it again.
      notes.registration = null;
      const authenticator = new Authenticator();
      notes.authenticators.unshift(authenticator);
      return { ceremony: registration.ceremony, registration: authenticator.create(registration.options) };
    },
    then: ({ notes }, { passkey }) => (notes.passkeyId = passkey.id as string),
    refused: ({ notes }) => notes.authenticators.shift(),
  },
  {
    mutation: 'renamePasskey',
    evidence: [],
    kinds: ['guarded'],
    needs: 'session',
    input: ({ notes }, { random }) =>
      notes.passkeyId && random() < 0.4
        ? { passkeyId: notes.passkeyId, label: `Key ${Math.floor(random() * 1000)}` }
        : undefined,
    holds: ({ passkeyId, label }: { passkeyId: string; label: string }) => [passkeyId, label],
  },
  {
    mutation: 'removePasskey',
    evidence: ['passkey_removed'],
    kinds: ['guarded'],
    needs: 'session',
    atOnce: 2,
    input: ({ notes }, { random }) => (notes.passkeyId && random() < 0.4 ? { passkeyId: notes.passkeyId } : undefined),
    then: ({ notes }) => {
      notes.passkeyId = null;
      notes.authenticators.shift();
    },
    refused: ({ notes }) => (notes.passkeyId = null),
  },
];

export const factorErrands: readonly Errand[] = [...secondFactors, ...passkeys];
