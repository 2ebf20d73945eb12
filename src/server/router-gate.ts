/** The credential of a router or proxy: what opens `/federation`, `/identity` and `/introspect`, and nothing else. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../base/config.js';
import { constantTimeEqual, digest } from '../base/secrets.js';
import { bearerOf, type Capabilities } from './caller.js';
import { clientAddress } from './client-address.js';
import { refuseRequest } from './gate.js';

export interface RouterHeaders {
  /** What is offered as the router's credential. */
  readonly credential: string | null;
  /** The session of the end user, besides the cookie. */
  readonly session: string | null;
}

/**
 * The credential comes as `Authorization: Bearer`, and the end user's token as `X-Rekey-Session`; a proxy that passes
 * the end user's `Authorization` on puts its own credential into `X-Rekey-Router`.
 */
export function routerHeaders({ headers }: FastifyRequest): RouterHeaders {
  const bearer = bearerOf(headers.authorization);
  const credential = headers['x-rekey-router'];
  const session = headers['x-rekey-session'];
  return typeof credential === 'string'
    ? { credential, session: typeof session === 'string' ? session : bearer }
    : { credential: bearer, session: typeof session === 'string' ? session : null };
}

/** Whether the credential is one of the installation's, in constant time: of several, so that one can replace another. */
export function isRouterCredential({ ROUTER_SECRETS }: Config, credential: string | null): boolean {
  const offered = digest('router', credential ?? '');
  return ROUTER_SECRETS.filter((secret) => constantTimeEqual(digest('router', secret), offered)).length > 0;
}

/** Refuses whoever is not a router, before anything is parsed. */
export function requireRouter({ config, log }: Pick<Capabilities, 'config' | 'log'>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (isRouterCredential(config, routerHeaders(request).credential)) return undefined;
    log.warn({ event: 'router_refused', result: 'failure', client: clientAddress(config, request) });
    return refuseRequest(
      reply.header('www-authenticate', 'Bearer'),
      401,
      'UNAUTHENTICATED',
      'This path is for routers.',
    );
  };
}
