/** What nobody caught. */
import { describeError, type Log } from '../base/log.js';

/** Has it logged, and ends neither the process nor what others do. */
export function setLastResort(log: Log): void {
  process.on('unhandledRejection', (error) => log.error({ event: 'unhandled_rejection', ...describeError(error) }));
  process.on('uncaughtException', (error) => log.error({ event: 'uncaught_exception', ...describeError(error) }));
}
