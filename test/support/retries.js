/** In CI a test that fails is tried once more, and named in the report: machines there are shared and uneven. */
import { jest } from '@jest/globals';

if (process.env['CI']) jest.retryTimes(1);
