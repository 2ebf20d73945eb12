/** Who calls, and from where: cookie or bearer → actor; connection → origin. Identity headers count for nothing. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../base/config.js';
import type { Actor, Context, Origin } from '../base/context.js';
import { Refusal } from '../base/problems.js';
import { newRequestId } from '../base/secrets.js';
import type { EdgeContext } from '../graphql/edge-context.js';
import { isServiceToken, resolveService } from '../services/clients.js';
import { resolveSession } from '../sessions/service.js';
import { clientAddress, networkOf } from './client-address.js';
import { openCookies } from './cookies.js';

export type Capabilities = Pick<Context, 'config' | 'db' | 'clock' | 'log'>;

/** The context of one request: the capabilities, the actor behind its session, and its origin. */
export function callerContext(
  capabilities: Capabilities,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<EdgeContext> {
  const bearer = bearerOf(request.headers.authorization);
  return contextWith(bearer === null ? null : { token: bearer, transport: 'BEARER' }, capabilities, request, reply);
}

/** The same for a request of a router, which names the end user's token where it does not pass the cookie on. */
export function routedContext(
  session: string | null,
  capabilities: Capabilities,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<EdgeContext> {
  return contextWith(session === null ? null : { token: session, transport: 'ROUTED' }, capabilities, request, reply);
}

async function contextWith(
  named: SessionToken | null,
  capabilities: Capabilities,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<EdgeContext> {
  const cookies = openCookies(capabilities.config, request, reply);
  const anonymous: EdgeContext = {
    ...capabilities,
    cookies,
    isBrowser: request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined,
    actor: { kind: 'nobody' },
    origin: originOf(capabilities.config, request),
  };
  const token = sessionToken(cookies.get('session'), named);
  return token === null ? anonymous : { ...anonymous, actor: await actorOf(anonymous, token) };
}

async function actorOf(ctx: Context, { token, transport }: SessionToken): Promise<Actor> {
  const nobody = { kind: 'nobody' } as const;
  if (transport !== 'COOKIE' && isServiceToken(token)) return (await resolveService(ctx, token)) ?? nobody;
  const person = await resolveSession(ctx, token);
  // A cookie's session is of no use as a bearer token, nor the other way round: a stolen one has one door at most. A router
  // has shown who it is, and has taken the token from whichever its client used.
  return person && (transport === 'ROUTED' || person.transport === transport) ? person : nobody;
}

interface SessionToken {
  readonly token: string;
  readonly transport: 'COOKIE' | 'BEARER' | 'ROUTED';
}

export const bearerOf = (authorization: string | undefined): string | null =>
  /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? null;

/** From the cookie or from the one header, and never from two different ones at once. */
function sessionToken(cookie: string | null, named: SessionToken | null): SessionToken | null {
  if (cookie !== null && named !== null && cookie !== named.token) {
    throw new Refusal('BAD_USER_INPUT', 'A cookie and a bearer token of different sessions came together.');
  }
  if (named !== null) return named;
  return cookie === null ? null : { token: cookie, transport: 'COOKIE' };
}

/** The request's origin as this server saw it. */
export function originOf(config: Config, request: FastifyRequest): Origin {
  const ip = clientAddress(config, request);
  const userAgent = request.headers['user-agent'] ?? null;
  return { requestId: newRequestId(), ip, network: networkOf(ip), userAgent: userAgent && userAgent.slice(0, 300) };
}
