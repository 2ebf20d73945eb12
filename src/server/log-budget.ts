/** How many lines bad requests may write: logs must not become the way to fill a disk. */
import type { Log } from '../base/log.js';

/** Lines of one kind in one minute and process: enough to see what happens, and from where. */
const PER_MINUTE = 300;
const WINDOW_MS = 60_000;

/**
 * The same log, whose warnings and errors are bounded by the name of their event. What is withheld is counted, and told in
 * one line when the minute is over. Security events are never withheld: limits bound them, and the database keeps them.
 */
export function boundedLog(log: Log, perMinute = PER_MINUTE, now: () => number = () => performance.now()): Log {
  const windows = new Map<string, { startedAt: number; lines: number }>();

  const mayWrite = (event: string): boolean => {
    const window = windows.get(event);
    if (!window || now() - window.startedAt >= WINDOW_MS) {
      if (window && window.lines > perMinute) tellWithheld(event, window.lines - perMinute);
      windows.set(event, { startedAt: now(), lines: 1 });
      return true;
    }
    window.lines += 1;
    if (window.lines === perMinute + 1) log.warn({ event: 'lines_withheld_from_now', of: event, perMinute });
    return window.lines <= perMinute;
  };
  const tellWithheld = (of: string, lines: number): void => log.warn({ event: 'lines_withheld', of, lines });

  const bounded =
    (level: 'warn' | 'error') =>
    (facts: object, ...rest: [] | [string]): void => {
      // Names of events come from the code, so there are few.
      if (mayWrite(String((facts as { event?: unknown }).event))) log[level](facts, ...rest);
    };
  return {
    debug: log.debug.bind(log),
    info: log.info.bind(log),
    fatal: log.fatal.bind(log),
    warn: bounded('warn') as Log['warn'],
    error: bounded('error') as Log['error'],
  };
}
