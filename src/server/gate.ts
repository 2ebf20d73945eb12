/** What a request must be before anything looks inside: allowed origin, JSON, bounded, not too many. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../base/config.js';
import { MemoryHitLog } from '../base/limits.js';
import { tally } from '../base/tally.js';
import { clientAddress, networkOf } from './client-address.js';

/** An error answer of the contract's shape, for what never reached GraphQL. */
export function refuseRequest(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send({ errors: [{ message, extensions: { code } }] });
}

/** Counts requests of one network in this process, before any parsing. */
export function limitRequests(app: FastifyInstance, config: Config): void {
  const log = new MemoryHitLog();
  const limit = config.LIMIT_REQUESTS_PER_NETWORK;
  if (limit.max === 0) return;
  app.addHook('onRequest', (request, reply, done) => {
    const network = networkOf(clientAddress(config, request));
    const { before, retryAfterSeconds } = log.hit(null, network, { ...limit, name: 'requests' });
    if (before < limit.max) return done();
    tally('limit', 'LIMIT_REQUESTS_PER_NETWORK');
    reply.header('retry-after', retryAfterSeconds);
    refuseRequest(reply, 429, 'RATE_LIMITED', 'Too many requests. Wait a little, then try again.');
  });
}

/**
 * Refuses what another site's page sends: forged sign-ins need no cookie, so `SameSite` alone does not see them.
 * A request without `Origin` and `Sec-Fetch-Site` is not a browser's. Where `navigation` is set, a link from another site is
 * followed: it names no origin.
 */
export function refuseForeignOrigin(config: Config, { navigation = false } = {}) {
  const allowed = new Set([new URL(config.publicUrl).origin, ...config.ALLOWED_ORIGINS]);
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const origin = request.headers.origin;
    const isForeign = origin !== undefined && !allowed.has(origin);
    const isCrossSite = request.headers['sec-fetch-site'] === 'cross-site' && !navigation;
    if (!isForeign && !isCrossSite) return done();
    refuseRequest(reply, 403, 'FORBIDDEN', 'Requests from this origin are not accepted.');
  };
}

/** JSON in UTF-8 and nothing else. */
export function requireJson(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const type = request.headers['content-type'] ?? '';
  if (/^application\/(?:graphql\+)?json\s*(?:;\s*charset="?utf-?8"?\s*)?$/i.test(type)) return done();
  refuseRequest(reply, 415, 'BAD_REQUEST', 'Send application/json in UTF-8.');
}
