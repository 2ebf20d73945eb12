/** What nobody caught. */
import { describeError, type Log } from '../base/log.js';
import { tally } from '../base/tally.js';

/** Has it logged and counted, and ends neither the process nor what others do. */
export function setLastResort(log: Log): void {
  const tell = (event: string) => (error: unknown) => {
    tally('unexpected_error', 'process');
    log.error({ event, ...describeError(error) });
  };
  process.on('unhandledRejection', tell('unhandled_rejection'));
  process.on('uncaughtException', tell('uncaught_exception'));
}
