import { useCallback, useEffect, useRef, useState } from 'react';
import { showBanner } from './banners';

/**
 * Runs work that talks to the server: remembers that it is running, refuses a second start meanwhile, and swallows
 * failures, because the transport has already told the person.
 */
export function useTask(): { isBusy: boolean; run: <T>(work: () => Promise<T>) => Promise<T | undefined> } {
  const [isBusy, setBusy] = useState(false);
  const running = useRef(false);
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  const run = useCallback(async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    if (running.current) return undefined;
    running.current = true;
    setBusy(true);
    showBanner(null);
    try {
      return await work();
    } catch {
      return undefined;
    } finally {
      running.current = false;
      if (mounted.current) setBusy(false);
    }
  }, []);
  return { isBusy, run };
}
