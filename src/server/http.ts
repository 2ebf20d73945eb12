/** The HTTP application: `/graphql`, health, the mailbox of development, and the pages. */
import fastifyCookie from '@fastify/cookie';
import fastifyCors from '@fastify/cors';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { describeError } from '../base/log.js';
import { randomReference } from '../base/secrets.js';
import { tally } from '../base/tally.js';
import type { EdgeContext } from '../graphql/edge-context.js';
import { startApollo } from './apollo.js';
import { callerContext, routedContext, type Capabilities } from './caller.js';
import { asRefusal } from './errors.js';
import { buildSubgraph, printSubgraph, references } from './federation.js';
import { limitRequests, refuseForeignOrigin, refuseRequest, requireJson } from './gate.js';
import { bounds } from './hardening.js';
import { missingIn, mountHealth, type Health } from './health.js';
import { mountIdentity } from './identity.js';
import { mountMailbox } from './mailbox.js';
import type { Metrics } from './metrics.js';
import { mountMetrics } from './metrics-port.js';
import { observeHttp } from './observability.js';
import { mountPages } from './pages.js';
import { boundRequests } from './request-deadline.js';
import { requireRouter, routerHeaders } from './router-gate.js';
import { apiSchema } from './schema.js';
import { securityHeaders, setSecurityHeaders } from './security-headers.js';
import { mountTestClock } from './test-clock.js';
import { trustedDocuments } from './trusted-documents.js';

export interface HttpParts {
  readonly capabilities: Capabilities;
  /** The guarded schema in full; each path serves its own form of it. */
  readonly schema: GraphQLSchema;
  readonly metrics: Metrics;
  readonly database: Health;
}

/** Builds the application. The caller listens, or injects requests. */
export async function createHttpApp({ capabilities, schema, metrics, database }: HttpParts): Promise<FastifyInstance> {
  const { config, log } = capabilities;
  const headers = securityHeaders(config.publicUrl.startsWith('https://'));
  const app = Fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: bounds.bodyBytes,
    requestTimeout: bounds.operationMs,
    // Node looks for late ones only so often, and every 30 seconds where it is not told.
    http: { connectionsCheckingInterval: 1_000 },
    connectionTimeout: 30_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: true,
    routerOptions: { ignoreTrailingSlash: true },
    // What cannot be routed, such as `/%zz`, meets no hook.
    frameworkErrors: (error, request, reply) =>
      answerError(capabilities, error, request, reply.headers({ ...headers, 'cache-control': 'no-store' })),
  });
  hangUpWhenClosing(app);
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(capabilities, error, request, reply));
  app.setNotFoundHandler((_request, reply) =>
    refuseRequest(reply, 404, 'BAD_REQUEST', 'There is nothing at this path.'),
  );
  observeHttp(app, metrics);
  setSecurityHeaders(app, headers);
  limitRequests(app, config);
  // A statement of its own is cut by the database before that.
  boundRequests(app, bounds.operationMs);
  await app.register(fastifyCookie);
  await app.register(fastifyCors, {
    origin: [new URL(config.publicUrl).origin, ...config.ALLOWED_ORIGINS],
    credentials: true,
    methods: ['POST'],
    maxAge: 600,
    strictPreflight: false,
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
  app.decorateRequest(CONTEXT, null);
  await mountGraphql(app, { capabilities, schema, metrics });
  if (config.ROUTER_SECRETS.length > 0) await mountFederation(app, { capabilities, schema, metrics });
  await mountIdentity(app, capabilities);
  mountHealth(app, missingIn(database));
  mountMetrics(app, config, metrics);
  if (config.mailboxFile !== null) mountMailbox(app, config.mailboxFile, config.PRODUCT_NAME);
  if (config.APP_ENV === 'test') mountTestClock(app, capabilities);
  await mountPages(app);
  log.debug({ event: 'http_ready' });
  return app;
}

type GraphqlParts = Omit<HttpParts, 'database'>;

/** `POST /graphql`: the API schema, for everyone. */
function mountGraphql(app: FastifyInstance, parts: GraphqlParts): Promise<void> {
  const { TRUSTED_DOCUMENTS: documents } = parts.capabilities.config;
  return mountEndpoint(app, parts, {
    path: '/graphql',
    schema: apiSchema(parts.schema),
    before: [],
    ...(documents && { preValidation: trustedDocuments(documents, parts.capabilities, parts.metrics) }),
    contextOf: (request, reply) => callerContext(parts.capabilities, request, reply),
  });
}

/** `POST /federation`: the subgraph, for routers. The end user's session counts only after the router's credential. */
function mountFederation(app: FastifyInstance, parts: GraphqlParts): Promise<void> {
  const { capabilities, schema } = parts;
  const sdl = printSubgraph(schema, { securityDirectives: capabilities.config.FEDERATION_SECURITY_DIRECTIVES });
  return mountEndpoint(app, parts, {
    path: '/federation',
    schema: buildSubgraph(schema, sdl, references),
    before: [requireRouter(capabilities)],
    contextOf: (request, reply) => routedContext(routerHeaders(request).session, capabilities, request, reply),
  });
}

interface Endpoint {
  readonly path: string;
  readonly schema: GraphQLSchema;
  /** Asked before the origin and the form of the request. */
  readonly before: readonly ((request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>)[];
  /** Asked once the body is read, and before the caller is looked up. */
  readonly preValidation?: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;
  readonly contextOf: (request: FastifyRequest, reply: FastifyReply) => Promise<EdgeContext>;
}

/** Where a request keeps it: what Node collects of a WeakMap with an entry for each request, it collects slowly. */
const CONTEXT = 'edgeContext';

async function mountEndpoint(
  app: FastifyInstance,
  { capabilities, metrics }: GraphqlParts,
  { path, schema, before, contextOf, preValidation }: Endpoint,
): Promise<void> {
  const apollo = await startApollo(schema, { ...capabilities, http: app, metrics });
  const handler = fastifyApolloHandler(apollo, { context: async (request) => request.getDecorator(CONTEXT) });
  app.post(
    path,
    {
      onRequest: [...before, refuseForeignOrigin(capabilities.config), requireJson],
      ...(preValidation && { preValidation }),
      // Here and not in Apollo's context function, so that a store that is down is 503 and not "context creation failed".
      preHandler: async (request, reply) => request.setDecorator(CONTEXT, await contextOf(request, reply)),
    },
    handler as never,
  );
  // In the hook, so that the method is judged before the body is read.
  const refuseMethod = async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    refuseRequest(reply.header('allow', 'POST'), 405, 'BAD_REQUEST', 'Send a POST request with a JSON body.');
  app.route({
    method: ['GET', 'PUT', 'PATCH', 'DELETE'],
    url: path,
    onRequest: [...before, refuseMethod],
    handler: refuseMethod,
  });
}

const STATUS = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  RATE_LIMITED: 429,
  BUSY: 503,
  UNAVAILABLE: 503,
};

function answerError(
  { log }: Capabilities,
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refusal = asRefusal(error);
  if (refusal) {
    if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', refusal.retryAfterSeconds);
    return refuseRequest(reply, STATUS[refusal.code], refusal.code, refusal.message);
  }
  const status = error.statusCode ?? (error instanceof TypeError && error.message === 'Invalid URL' ? 400 : 500);
  if (status < 500) return refuseRequest(reply, status, 'BAD_REQUEST', 'The request could not be read.');
  const reference = randomReference();
  tally('unexpected_error', 'http');
  log.error({ event: 'unexpected_error', reference, ...describeError(error) });
  return refuseRequest(reply, 500, 'INTERNAL_SERVER_ERROR', `Something went wrong here. Reference: ${reference}`);
}

/** Idle connections are closed at once; what is being answered then would be kept open for a next request that never comes. */
function hangUpWhenClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isClosing) reply.header('connection', 'close');
    done(null, payload);
  });
}
