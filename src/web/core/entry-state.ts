/**
 * What one entry page hands to the next: the address typed so far, where to return, and why we are here. It travels in
 * the state of the history entry and never in the address, which ends up in logs.
 */
import { useLocation } from 'react-router';

export type EntryReason =
  'ended' | 'signed-out' | 'password-reset' | 'signed-in-elsewhere' | 'email-changed' | 'closed';

export interface EntryState {
  email?: string | undefined;
  returnTo?: string | undefined;
  reason?: EntryReason | undefined;
  /** At sign-in: the address is given, the password comes next. An entry of its own, so that Back leads to the address. */
  step?: 'password' | undefined;
}

export function useEntryState(): EntryState {
  const state: unknown = useLocation().state;
  if (typeof state !== 'object' || state === null) return {};
  const { email, returnTo, reason, step } = state as Record<string, unknown>;
  return {
    email: typeof email === 'string' ? email : undefined,
    returnTo: typeof returnTo === 'string' ? returnTo : undefined,
    reason: typeof reason === 'string' ? (reason as EntryReason) : undefined,
    step: step === 'password' && typeof email === 'string' ? step : undefined,
  };
}
