/**
 * Tokens from letters and QR codes. They arrive in the fragment of the address, which no server sees, and leave it at
 * once: this module runs before everything else, takes the token into memory and clears the address bar and the
 * history entry. A reload therefore forgets the token, and the page asks to open the link again.
 */
import { useSyncExternalStore } from 'react';

export type TokenPath = '/reset-password' | '/sign-up' | '/confirm-email' | '/cancel-reset' | '/not-me' | '/qr';

const tokenPaths: readonly string[] = [
  '/reset-password',
  '/sign-up',
  '/confirm-email',
  '/cancel-reset',
  '/not-me',
  '/qr',
] satisfies TokenPath[];

const held = new Map<string, string>();
const listeners = new Set<() => void>();

function takeFragment(): void {
  const fragment = window.location.hash.slice(1);
  if (!fragment) return;
  const path = window.location.pathname.replace(/\/$/, '');
  if (tokenPaths.includes(path)) held.set(path, fragment);
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  listeners.forEach((listener) => listener());
}

takeFragment();
// A second link opened in the same tab changes only the fragment and loads nothing anew.
window.addEventListener('hashchange', takeFragment);

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The token that came with this page's link, or undefined. */
export function useFragmentToken(path: TokenPath): string | undefined {
  return useSyncExternalStore(subscribe, () => held.get(path));
}

/** Forget a token that was used up. */
export function dropFragmentToken(path: TokenPath): void {
  held.delete(path);
}
