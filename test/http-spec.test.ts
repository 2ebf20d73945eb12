/** The GraphQL-over-HTTP specification, as the `graphql-http` package audits it: 61 audits, each a test of its own. */
import type { AddressInfo } from 'node:net';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { buildSchema } from 'graphql';
import { auditServer, serverAudits } from 'graphql-http';
import { newBytes } from '../src/base/secrets.js';
import type { EdgeContext } from '../src/graphql/edge-context.js';
import { startApollo } from '../src/server/apollo.js';
import { openMetrics } from '../src/server/metrics.js';
import { openApp, useApp } from './support/app.js';

const app = useApp();

/** What we decline, and why: the endpoint takes no GET, since an address with a query ends in logs and histories. */
const DECLINED: Record<string, string> = {
  '5A70': 'MAY accept application/x-www-form-urlencoded formatted GET requests',
  D6D5: 'MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json',
  '6A70': 'MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json',
};

/** The address of a server that listens. */
async function listen(http: FastifyInstance): Promise<string> {
  await http.listen({ port: 0, host: '127.0.0.1' });
  return `http://127.0.0.1:${(http.server.address() as AddressInfo).port}/graphql`;
}

const outcomes = async (url: string, fetchFn: typeof fetch = fetch): Promise<Record<string, string[]>> => {
  const found: Record<string, string[]> = {};
  for (const { id, status } of await auditServer({ url, fetchFn })) (found[status] ??= []).push(id);
  for (const ids of Object.values(found)) ids.sort();
  return found;
};

describe('/graphql keeps the specification', () => {
  let url: string;
  beforeAll(async () => {
    url = await listen(app().http);
  });

  const audits = serverAudits({ url: 'http://set.below', fetchFn: fetch });
  test.each(audits.map(({ id, name }) => [id, name]))('%s: %s', async (id) => {
    const audit = serverAudits({ url, fetchFn: fetch }).find((one) => one.id === id);
    const result = await audit?.fn();
    expect([result?.status, 'reason' in (result ?? {}) ? result : null]).toMatchObject(
      id in DECLINED ? ['notice', { name: DECLINED[id] }] : ['ok', null],
    );
  });
});

test('what is declined is our choice: the same server with GET allowed passes all 61', async () => {
  const http = Fastify();
  const { config, log } = app().ctx;
  const apollo = await startApollo(buildSchema('type Query { hello: String }'), {
    config,
    log,
    http,
    metrics: openMetrics(app().ctx),
  });
  const handler = fastifyApolloHandler(apollo, { context: async () => ({ ...app().ctx }) as EdgeContext });
  http.route({ method: ['GET', 'POST'], url: '/graphql', handler: handler as never });
  const url = await listen(http);
  const preflighted: typeof fetch = (input, init) =>
    fetch(input, {
      ...init,
      headers: { ...(init?.headers as Record<string, string>), 'apollo-require-preflight': 'true' },
    });
  const { ok = [], ...rest } = await outcomes(url, preflighted);
  await http.close();
  expect([ok.length, rest]).toEqual([61, {}]);
});

describe('in production, where introspection is off', () => {
  let close: () => Promise<void>;
  let url: string;
  beforeAll(async () => {
    const production = await openApp({
      APP_ENV: 'production',
      PUBLIC_URL: 'https://id.example.org',
      DATABASE_URL: 'postgres://not-used-here.example.org/rekey',
      SMTP_URL: 'smtp://127.0.0.1:9',
      MAIL_FROM: 'rekey@example.org',
      SECRET_KEYS: `a:${newBytes(32).toString('base64')}`,
    });
    close = () => production.close();
    url = await listen(production.http);
  });
  afterAll(() => close());

  test('only the audits that ask for a type by introspection cannot pass', async () => {
    const { ok = [], ...rest } = await outcomes(url);
    expect(rest).toEqual({ notice: Object.keys(DECLINED).sort(), error: ['28B9', 'BF61'], warn: ['2EA1'] });
    expect(ok).toHaveLength(55);
  });
});
