/** What concerns the whole page and not one form: the service is busy, unreachable, or failed with a reference. */
import { useSyncExternalStore } from 'react';

export interface Banner {
  tone: 'error' | 'success' | 'info';
  text: string;
  /** Whether it tells that the service cannot be had: over as soon as it answers again. */
  isOutage?: boolean;
}

let current: Banner | null = null;
const listeners = new Set<() => void>();

export function showBanner(banner: Banner | null): void {
  current = banner;
  listeners.forEach((listener) => listener());
}

/** The service answered: what was told of an outage is over. */
export function endOutage(): void {
  if (current?.isOutage) showBanner(null);
}

export const useBanner = (): Banner | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
