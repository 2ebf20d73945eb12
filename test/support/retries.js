/** In CI a test that fails is tried twice more, with every failure in the log: machines there are shared and uneven. */
import { jest } from '@jest/globals';

if (process.env['CI']) jest.retryTimes(2, { logErrorsBeforeRetry: true });
