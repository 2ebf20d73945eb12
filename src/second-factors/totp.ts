/** Codes of authenticator apps (RFC 6238): SHA-1, 6 digits, 30 seconds, as every app understands them. Pure. */
import { generateURI, ScureBase32Plugin, verifySync } from 'otplib';
import { newBytes } from '../base/secrets.js';

/** RFC 4226 R6 asks for 128 bits and recommends 160. */
const KEY_BYTES = 20;
const STEP_SECONDS = 30;

/** A new key, in base 32. */
export const newTotpKey = (): string => new ScureBase32Plugin().encode(newBytes(KEY_BYTES));

/** The `otpauth:` URI that an authenticator app reads from a QR code. */
export const provisioningUri = (facts: { issuer: string; account: string; key: string }): string =>
  generateURI({ issuer: facts.issuer, label: facts.account, secret: facts.key });

/**
 * The time step that the code belongs to: the current one or the one before, never a later one. Null when it
 * belongs to neither. Whoever accepts it must store the step and let only larger ones pass.
 */
export function totpStep(key: string, code: string, now: Date): number | null {
  const digits = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(digits)) return null;
  const epoch = Math.floor(now.getTime() / 1000);
  const found = verifySync({ secret: key, token: digits, epoch, epochTolerance: [STEP_SECONDS, 0] });
  return found.valid && 'timeStep' in found ? found.timeStep : null;
}
