/** Where requests, root fields and refusals are seen: counted, traced, and logged where the log inventory says so. */
import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import type { FastifyInstance } from 'fastify';
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { defaultFieldResolver } from 'graphql';
import { isProblem } from '../base/problems.js';
import { beginSpan, isTracing, type Span } from '../base/tracing.js';
import type { EdgeContext } from '../graphql/edge-context.js';
import { asRefusal } from './errors.js';
import type { Metrics } from './metrics.js';

/** Counts and traces every HTTP request, by the route it met: never by the path a client wrote. */
export function observeHttp(app: FastifyInstance, metrics: Metrics): void {
  const spans = new WeakMap<object, Span>();
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isTracing()) return done();
    const route = request.routeOptions.url ?? 'none';
    const { span, within } = beginSpan(
      `${request.method} ${route}`,
      'server',
      String(request.headers.traceparent ?? ''),
    );
    spans.set(request, span);
    return within(done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.countRequest(route, reply.statusCode, reply.elapsedTime / 1000);
    spans
      .get(request)
      ?.end(
        { 'http.request.method': request.method, 'http.route': route, 'http.response.status_code': reply.statusCode },
        reply.statusCode >= 500,
      );
    done();
  });
}

/** Puts an observer before every root field. Not Apollo's hook for fields: that would run for each field of each object. */
export function observeSchema(schema: GraphQLSchema, metrics: Metrics): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const kind = type === schema.getMutationType() ? 'mutation' : 'query';
      field.resolve = observed(field.resolve ?? defaultFieldResolver, kind, field.name, metrics);
    }
  }
  return schema;
}

type Resolve = GraphQLFieldResolver<unknown, EdgeContext>;

function observed(resolve: Resolve, type: string, field: string, metrics: Metrics): Resolve {
  return async (source, args, ctx, info) => {
    const startedAt = performance.now();
    const { span, within } = beginSpan(`graphql ${type} ${field}`, 'internal');
    const settle = (outcome: string, isError: boolean): void => {
      metrics.countField(type, field, outcome, (performance.now() - startedAt) / 1000);
      span.end({ 'graphql.operation.type': type, 'rekey.field': field, 'rekey.outcome': outcome }, isError);
    };
    try {
      const result: unknown = await within(() => resolve(source, args, ctx, info));
      const outcome = outcomeOf(result);
      settle(outcome, false);
      if (isProblem(result)) logRefusal(ctx, field, outcome, result);
      return result;
    } catch (error) {
      const code = asRefusal(error)?.code ?? 'INTERNAL_SERVER_ERROR';
      settle(code, code === 'INTERNAL_SERVER_ERROR');
      if (code !== 'INTERNAL_SERVER_ERROR') logRefusal(ctx, field, code);
      throw error;
    }
  };
}

/** The problem's code, or which of several successes it was. Both come from lists in the code. */
function outcomeOf(result: unknown): string {
  if (isProblem(result)) return result.code;
  const name = (result as { __typename?: unknown } | null | undefined)?.__typename;
  return typeof name === 'string' ? name : 'ok';
}

/**
 * Outcomes that R-176 wants a line for and no other line tells of: who was turned away at which door, and why. Fields that were
 * refused are named by their place in the schema; what was submitted is not repeated.
 */
function logRefusal(ctx: EdgeContext, field: string, reason: string, result?: object): void {
  const { actor, origin, log } = ctx;
  const fields = (result as { fields?: readonly { path: readonly string[] }[] } | undefined)?.fields;
  log.warn({
    event: 'refused',
    result: 'failure',
    reason,
    operation: field,
    requestId: origin.requestId,
    actor: actor.kind === 'person' ? actor.accountId : actor.kind === 'nobody' ? null : `${actor.kind}:${actor.name}`,
    target: null,
    client: origin.ip,
    ...(fields && { fields: fields.map(({ path }) => path.join('.')) }),
  });
}

/** Counts and logs documents that never ran: unreadable, not valid, too large. */
export function observeRefusals(metrics: Metrics): ApolloServerPlugin<EdgeContext> {
  const listener: GraphQLRequestListener<EdgeContext> = {
    didEncounterErrors: async ({ errors, operation, source, contextValue: ctx }) => {
      // With an operation the document was valid: what failed then is told by the field itself.
      if (operation && errors.every(({ path }) => path !== undefined)) return;
      const code = String(errors[0]?.extensions['code'] ?? 'BAD_REQUEST');
      metrics.countRefused(code);
      ctx.log.warn({
        event: 'request_refused',
        result: 'failure',
        reason: code,
        bytes: source?.length ?? 0,
        requestId: ctx.origin.requestId,
        actor: ctx.actor.kind === 'person' ? ctx.actor.accountId : null,
        target: null,
        client: ctx.origin.ip,
      });
    },
  };
  return { requestDidStart: async () => listener };
}
