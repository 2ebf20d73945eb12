/** What concerns the whole page and not one form: the service is busy, unreachable, or failed with a reference. */
import { useSyncExternalStore } from 'react';

export interface Banner {
  tone: 'error' | 'success' | 'info';
  text: string;
}

let current: Banner | null = null;
const listeners = new Set<() => void>();

export function showBanner(banner: Banner | null): void {
  current = banner;
  listeners.forEach((listener) => listener());
}

export const useBanner = (): Banner | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
