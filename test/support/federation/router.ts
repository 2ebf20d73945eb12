/** A router as far as the service sees it: its credential, and what it passes on of its own client. */
import type { Response } from 'light-my-request';
import type { App } from '../app.js';
import type { Client, GraphqlBody } from '../client.js';

/** Two at a time: the one in use, and the one that is to replace it. */
export const ROUTER_SECRETS = [
  'router-secret-that-is-in-use-today-1',
  'router-secret-that-comes-next-month-2',
] as const;

/** For `useApp`. */
export const ROUTER_ENV = { ROUTER_SECRETS: ROUTER_SECRETS.join(',') };

export interface Routed {
  readonly path?: string;
  readonly method?: 'POST' | 'GET' | 'PUT' | 'PATCH' | 'DELETE';
  /** Null for none. */
  readonly secret?: string | null;
  /** Whose cookies are passed on. */
  readonly client?: Client;
  readonly headers?: Record<string, string>;
}

/** Sends one request as a router does. */
export function route(app: App, payload: string | undefined, options: Routed = {}): Promise<Response> {
  const { path = '/federation', method = 'POST', secret = ROUTER_SECRETS[0], client, headers = {} } = options;
  const cookie = [...(client?.cookies ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
  return app.http.inject({
    method,
    url: path,
    headers: {
      ...(path === '/federation' && { 'content-type': 'application/json' }),
      ...(secret !== null && { authorization: `Bearer ${secret}` }),
      ...(cookie && { cookie }),
      ...headers,
    },
    ...(payload !== undefined && { payload }),
  });
}

/** Asks the subgraph; answers the body. */
export async function askSubgraph(
  app: App,
  query: string,
  variables: Record<string, unknown> = {},
  options: Routed = {},
): Promise<GraphqlBody> {
  return (await route(app, JSON.stringify({ query, variables }), options)).json<GraphqlBody>();
}

export const ENTITIES = (selection: string): string =>
  `query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename ... on Account { ${selection} } } }`;

/** Asks for entities by their keys, as a router joins. */
export function askEntities(
  app: App,
  ids: readonly unknown[],
  selection: string,
  options?: Routed,
): Promise<GraphqlBody> {
  return askSubgraph(app, ENTITIES(selection), { representations: ids.map(account) }, options);
}

export const account = (id: unknown) => ({ __typename: 'Account', id });
