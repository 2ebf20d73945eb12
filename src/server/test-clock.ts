/** `POST /test/clock`, in `APP_ENV=test` alone: moves the one clock, so that lifetimes are crossed without waiting. */
import type { FastifyInstance } from 'fastify';
import { advanceTestClock } from '../base/time.js';
import type { Capabilities } from './caller.js';
import { refuseRequest } from './gate.js';

export function mountTestClock(app: FastifyInstance, capabilities: Capabilities): void {
  app.post<{ Body: { advanceSeconds?: unknown } | null }>('/test/clock', async (request, reply) => {
    const seconds = request.body?.advanceSeconds ?? 0;
    if (typeof seconds !== 'number' || !Number.isFinite(seconds)) {
      return refuseRequest(reply, 400, 'BAD_USER_INPUT', 'advanceSeconds must be a number.');
    }
    return { now: (await advanceTestClock(capabilities, seconds)).toISOString() };
  });
}
