/** How long a request may take as a whole. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Deadlines, type Deadline } from '../base/deadlines.js';
import { Refusal } from '../base/problems.js';
import { UNAVAILABLE_SECONDS } from './errors.js';

/**
 * Answers UNAVAILABLE where nothing was answered within `ms`; what the request began runs to its own end. Call it before hooks
 * that wait for anything.
 *
 * Not Fastify's `handlerTimeout`: it forgets its timer when Node closes the request, which with a body is when that was read, so
 * that no POST was ever cut (5.12.8, run); and its signal, with an error for each, took 8 % of `{ __typename }` (run).
 */
export function boundRequests(app: FastifyInstance, ms: number): void {
  const deadlines = new Deadlines(ms);
  app.decorateRequest(DEADLINE, null);
  app.addHook('onRequest', (request, reply, done) => {
    const deadline = deadlines.begin(() => cutShort(reply));
    request.setDecorator<Deadline>(DEADLINE, deadline);
    done();
  });
  app.addHook('onResponse', (request, _reply, done) => {
    const deadline = request.getDecorator<Deadline | null>(DEADLINE);
    if (deadline) deadlines.end(deadline);
    done();
  });
}

const DEADLINE = 'deadline';

function cutShort(reply: FastifyReply): void {
  // Sent already, though perhaps not yet taken; or nobody is there any more.
  if (reply.sent || reply.raw.headersSent || reply.raw.destroyed) return;
  reply.send(new Refusal('UNAVAILABLE', 'This took too long. Try again in a moment.', UNAVAILABLE_SECONDS));
}
