/** Apollo Server as this product wants it: nothing hangs on NODE_ENV, nothing is told that is not meant to be. */
import {
  ApolloServer,
  type ApolloServerPlugin,
  type GraphQLRequestContextWillSendResponse,
  type GraphQLRequestListener,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import type { Config } from '../base/config.js';
import type { Log } from '../base/log.js';
import type { EdgeContext } from '../graphql/edge-context.js';
import { formatError } from './errors.js';
import { bounds, hasOversizedList, validationRules } from './hardening.js';
import type { Metrics } from './metrics.js';
import { observeRefusals } from './observability.js';

/** Starts an Apollo Server for one form of the schema. The caller mounts it; it drains with the HTTP server. */
export async function startApollo(
  schema: GraphQLSchema,
  { config, log, http, metrics }: { config: Config; log: Log; http: FastifyInstance; metrics: Metrics },
): Promise<ApolloServer<EdgeContext>> {
  const server = new ApolloServer<EdgeContext>({
    schema,
    introspection: config.APP_ENV !== 'production',
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    hideSchemaDetailsFromClientErrors: true,
    parseOptions: { maxTokens: bounds.tokens },
    maxRecursiveSelections: bounds.selections,
    validationOptions: { maxErrors: bounds.errors },
    executionOptions: { maxCoercionErrors: bounds.errors },
    validationRules,
    formatError: formatError(log),
    logger: quietLogger(log),
    plugins: [
      fastifyApolloDrainPlugin(http),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      // Nothing here is cacheable; the plugin costs a sixth of the speed.
      ApolloServerPluginCacheControlDisabled(),
      observeRefusals(metrics),
      contract,
    ],
  });
  await server.start();
  return server;
}

const STATUS: Record<string, number> = { RATE_LIMITED: 429, BUSY: 503, UNAVAILABLE: 503 };
const REQUEST_ERRORS = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT']);

type Answer = GraphQLRequestContextWillSendResponse<EdgeContext>;

/** Where nothing came of a request, its status says why, and when to come back (R-026; RFC 6585, RFC 9110). */
function statusOfRefusal({ response }: Answer, errors: readonly GraphQLFormattedError[], data: unknown): void {
  const refused = errors.find(({ extensions }) => String(extensions?.['code']) in STATUS);
  if (!refused) return;
  response.http.headers.set('retry-after', String(refused.extensions?.['retryAfterSeconds'] ?? 1));
  const nothingRan = !data || Object.values(data).every((value) => value === null);
  if (nothingRan) response.http.status = STATUS[String(refused.extensions?.['code'])] ?? 503;
}

/** A client that takes only `application/json` gets 200 for request errors, as the GraphQL-over-HTTP draft says. */
function legacyStatus({ request, response }: Answer, errors: readonly GraphQLFormattedError[], data: unknown): void {
  if (response.http.status !== 400) return;
  const accept = request.http?.headers.get('accept') ?? '';
  const isRequestError = errors.every(({ extensions }) => REQUEST_ERRORS.has(String(extensions?.['code'])));
  const isLegacyClient = accept.includes('application/json') && !accept.includes('application/graphql-response+json');
  if (isLegacyClient && data === undefined && isRequestError) response.http.status = 200;
}

/** One listener for all requests: it keeps nothing of them, and Apollo waits for each plugin at each step. */
const listener: GraphQLRequestListener<EdgeContext> = {
  // Refuses lists in variables that are too long, before they are coerced.
  didResolveOperation: async ({ request }) => {
    if (!hasOversizedList(request.variables)) return;
    throw new GraphQLError(`A list may hold at most ${bounds.listItems} items.`, {
      extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
    });
  },
  willSendResponse: async (answer) => {
    const { body } = answer.response;
    if (body.kind !== 'single' || !body.singleResult.errors?.length) return;
    const { errors, data } = body.singleResult;
    statusOfRefusal(answer, errors, data);
    legacyStatus(answer, errors, data);
  },
};

const contract: ApolloServerPlugin<EdgeContext> = { requestDidStart: async () => listener };

/** Apollo's own lines may quote a request; only that something happened is kept. */
function quietLogger(log: Log) {
  const note = (level: 'debug' | 'info' | 'warn' | 'error') => () => log[level]({ event: `apollo_${level}` });
  return { debug: () => undefined, info: () => undefined, warn: note('warn'), error: note('error') };
}
