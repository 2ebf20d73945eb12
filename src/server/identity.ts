/** What routers, proxies and services ask about sessions, and the keys to check the answers with. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../base/context.js';
import { asPerson } from '../graphql/edge-context.js';
import { resolveService } from '../services/clients.js';
import { assertIdentity, introspect, knownAudiences } from '../services/identity.js';
import { PUBLISHED_FOR, publishedKeys } from '../services/signing-keys.js';
import { bearerOf, originOf, routedContext, type Capabilities } from './caller.js';
import { refuseForeignOrigin, refuseRequest } from './gate.js';
import { isRouterCredential, requireRouter, routerHeaders } from './router-gate.js';

/** `/identity`, `/introspect` and `/.well-known/jwks.json`. */
export async function mountIdentity(app: FastifyInstance, capabilities: Capabilities): Promise<void> {
  await app.register(async (scope) => {
    // A proxy copies the content type of the request that it asks about, and sends no body.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    if (capabilities.config.ROUTER_SECRETS.length > 0) {
      scope.route({
        // Forward authentication sends GET (nginx, Traefik), or whatever its client sent (Envoy).
        method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        url: '/identity',
        onRequest: [requireRouter(capabilities), refuseForeignOrigin(capabilities.config, { navigation: true })],
        handler: (request, reply) => answerIdentity(capabilities, request, reply),
      });
    }
    scope.post('/introspect', {
      onRequest: requireIntrospector(capabilities),
      handler: (request, reply) => answerIntrospection(capabilities, request, reply),
    });
    scope.get('/.well-known/jwks.json', async (request, reply) => {
      void reply.header('cache-control', `public, max-age=${PUBLISHED_FOR}`);
      return { keys: await publishedKeys(anonymous(capabilities, request)) };
    });
  });
}

/** The assertion about the end user's session, as JSON and as a header for proxies; 401 where nobody is signed in. */
async function answerIdentity(
  capabilities: Capabilities,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const ctx = await routedContext(routerHeaders(request).session, capabilities, request, reply);
  const asked = audiencesAskedFor(request);
  const known = knownAudiences(ctx);
  const audiences = asked.length > 0 ? [...new Set(asked)] : known.slice(0, 1);
  if (!audiences.every((audience) => known.includes(audience))) {
    return refuseRequest(reply, 400, 'BAD_USER_INPUT', 'Ask for audiences that IDENTITY_AUDIENCES lists.');
  }
  const identity = ctx.actor.kind === 'person' ? await assertIdentity(asPerson(ctx), audiences) : null;
  if (!identity) return refuseRequest(reply, 401, 'UNAUTHENTICATED', 'Nobody is signed in.');
  return reply.header('x-rekey-identity', identity.assertion).send(identity);
}

/** Of the address, else of the body: where an operator wrote the address, a proxy may have passed its client's body on. */
function audiencesAskedFor(request: FastifyRequest): string[] {
  const inAddress = new URLSearchParams(request.url.split('?')[1] ?? '').getAll('audience');
  return inAddress.length > 0 ? inAddress : parametersOf(request).getAll('audience');
}

/** RFC 7662. Its caller has shown a credential. */
async function answerIntrospection(
  capabilities: Capabilities,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const token = parametersOf(request).get('token');
  if (token === null) return reply.code(400).send({ error: 'invalid_request' });
  return reply.send(await introspect(anonymous(capabilities, request), token));
}

/** Lets services with their credential ask, and routers with their own; refuses everyone else before the body is read. */
function requireIntrospector(capabilities: Capabilities) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (await mayIntrospect(anonymous(capabilities, request), request)) return undefined;
    const challenge = reply.code(401).header('www-authenticate', 'Bearer, Basic realm="introspect"');
    return challenge.send({ error: 'invalid_client' });
  };
}

async function mayIntrospect(ctx: Context, request: FastifyRequest): Promise<boolean> {
  if (isRouterCredential(ctx.config, routerHeaders(request).credential)) return true;
  const credential = bearerOf(request.headers.authorization) ?? basicOf(request.headers.authorization);
  return credential !== null && (await resolveService(ctx, credential)) !== null;
}

/** A service's credential as RFC 6749 section 2.3.1 sends it: what stands before the dot is the id. */
function basicOf(authorization: string | undefined): string | null {
  const encoded = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '')?.[1];
  return encoded ? Buffer.from(encoded, 'base64').toString('utf8').replace(':', '.') : null;
}

/** What the body says, as a form or as a JSON object. */
function parametersOf({ body }: FastifyRequest): URLSearchParams {
  const text = typeof body === 'string' ? body.trim() : '';
  return new URLSearchParams(text.startsWith('{') ? entriesOf(text) : text);
}

function entriesOf(json: string): [string, string][] {
  try {
    const values = Object.entries(JSON.parse(json) as Record<string, unknown>);
    return values.flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, String(one)]));
  } catch {
    return [];
  }
}

const anonymous = (capabilities: Capabilities, request: FastifyRequest): Context => ({
  ...capabilities,
  actor: { kind: 'nobody' },
  origin: originOf(capabilities.config, request),
});
