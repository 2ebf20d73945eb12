/**
 * Notices that the session was ended on another device while this page lies open. Every question to the server counts
 * as use of the session and puts off its idle end, so the page asks only while someone is there: visible, and touched
 * within the last minutes. An unattended page stops asking and its session ends by itself.
 */
import { useEffect } from 'react';

const askEvery = 20_000;
const presentFor = 120_000;

export function usePresencePolling(question: () => Promise<unknown>): void {
  useEffect(() => {
    // Failures have been told by then.
    const ask = () => void question().catch(() => {});
    let lastSign = Date.now();
    const sign = () => {
      lastSign = Date.now();
    };
    const askIfPresent = () => {
      if (document.visibilityState === 'visible' && Date.now() - lastSign < presentFor) ask();
    };
    const comeBack = () => {
      if (document.visibilityState !== 'visible') return;
      sign();
      ask();
    };
    const timer = setInterval(askIfPresent, askEvery);
    const signs = ['pointerdown', 'keydown', 'scroll'] as const;
    signs.forEach((name) => window.addEventListener(name, sign, { passive: true, capture: true }));
    document.addEventListener('visibilitychange', comeBack);
    return () => {
      clearInterval(timer);
      signs.forEach((name) => window.removeEventListener(name, sign, { capture: true }));
      document.removeEventListener('visibilitychange', comeBack);
    };
  }, [question]);
}
