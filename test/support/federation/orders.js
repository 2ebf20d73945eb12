// @ts-check
/**
 * Two small services beside Rekey: orders, which belong to accounts, and reviews, which accounts wrote. They extend `Account`
 * by its id, know no session, and learn who is calling from the assertion that the gateway brings: this is what another team's
 * code looks like.
 */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLError, parse } from 'graphql';
import { createRemoteJWKSet, jwtVerify } from 'jose';

/** @typedef {{ id: string, item: string, accountId: string }} Order */
/** @typedef {{ accountId: string | null }} Caller who the assertion names; null for nobody */
/** @typedef {{ name: string, url: string, sdl: string, stop: () => Promise<void> }} RunningService */

export const ORDERS = /* GraphQL */ `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])

  type Query {
    orders: [Order!]!
    myOrders: [Order!]
  }

  type Mutation {
    placeOrder(item: String!): Order
  }

  type Order @key(fields: "id") {
    id: ID!
    item: String!
    customer: Account!
  }

  type Account @key(fields: "id") {
    id: ID!
    orders: [Order!]!
  }
`;

export const REVIEWS = /* GraphQL */ `
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires", "@shareable"])

  type Query {
    reviews(first: Int = 20, after: String): ReviewConnection!
  }

  type ReviewConnection {
    nodes: [Review!]!
    pageInfo: PageInfo!
  }

  type PageInfo @shareable {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  type Review {
    text: String!
    author: Account!
  }

  type Account @key(fields: "id") {
    id: ID!
    isActive: Boolean @external
    mayReview: Boolean! @requires(fields: "isActive")
  }
`;

/**
 * @param {{ port?: number, jwksUrl: string, issuer: string, orders?: Order[], now?: () => Date }} options
 * @returns {Promise<RunningService>}
 */
export async function startOrders({ port = 0, jwksUrl, issuer, orders = [], now }) {
  const verify = assertionReader({ jwksUrl, issuer, audience: 'orders', ...(now && { now }) });
  const ordersOf = (/** @type {string} */ accountId) => orders.filter((order) => order.accountId === accountId);
  const resolvers = {
    Query: {
      orders: () => orders,
      myOrders: (/** @type {unknown} */ _, /** @type {unknown} */ __, /** @type {Caller} */ caller) =>
        ordersOf(signedIn(caller)),
    },
    Mutation: {
      placeOrder(/** @type {unknown} */ _, /** @type {{ item: string }} */ { item }, /** @type {Caller} */ caller) {
        const order = { id: String(orders.length + 1), item, accountId: signedIn(caller) };
        orders.push(order);
        return order;
      },
    },
    Order: { customer: (/** @type {Order} */ { accountId }) => ({ id: accountId }) },
    Account: {
      __resolveReference: (/** @type {{ id: string }} */ { id }) => ({ id }),
      orders: (/** @type {{ id: string }} */ { id }) => ordersOf(id),
    },
  };
  return serveSubgraph('orders', ORDERS, resolvers, port, verify);
}

/**
 * @param {{ port?: number, reviews?: { text: string, accountId: string }[] }} options
 * @returns {Promise<RunningService>}
 */
export async function startReviews({ port = 0, reviews = [] } = {}) {
  const resolvers = {
    Query: { reviews: () => ({ nodes: reviews, pageInfo: { hasNextPage: false, hasPreviousPage: false } }) },
    Review: { author: (/** @type {{ accountId: string }} */ { accountId }) => ({ id: accountId }) },
    Account: {
      __resolveReference: (/** @type {object} */ reference) => reference,
      mayReview: (/** @type {{ isActive: boolean | null }} */ { isActive }) => isActive === true,
    },
  };
  return serveSubgraph('reviews', REVIEWS, resolvers, port);
}

/** @param {Caller} caller */
function signedIn({ accountId }) {
  if (accountId === null) throw new GraphQLError('Sign in first.', { extensions: { code: 'UNAUTHENTICATED' } });
  return accountId;
}

/**
 * Reads assertions as every service should: one algorithm, one kind, one issuer, itself as the audience, keys from one address.
 * @param {{ jwksUrl: string, issuer: string, audience: string, now?: () => Date }} expected
 * @returns {(assertion: string | undefined) => Promise<string | null>} the account's id
 */
function assertionReader({ jwksUrl, issuer, audience, now = () => new Date() }) {
  const keys = createRemoteJWKSet(new URL(jwksUrl));
  return async (assertion) => {
    if (assertion === undefined) return null;
    const rules = {
      algorithms: ['EdDSA'],
      typ: 'rekey-identity+jwt',
      issuer,
      audience,
      requiredClaims: ['sub', 'exp'],
      currentDate: now(),
    };
    try {
      return (await jwtVerify(assertion, keys, rules)).payload.sub ?? null;
    } catch {
      return null;
    }
  };
}

/**
 * @param {string} name
 * @param {string} sdl
 * @param {Record<string, Record<string, unknown>>} resolvers
 * @param {number} [port]
 * @param {(assertion: string | undefined) => Promise<string | null>} [verify]
 * @returns {Promise<RunningService>}
 */
export async function serveSubgraph(name, sdl, resolvers, port = 0, verify = async () => null) {
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: /** @type {never} */ (resolvers) }]);
  const server = new ApolloServer({ schema, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const { url } = await startStandaloneServer(server, {
    listen: { port, host: '127.0.0.1' },
    context: async ({ req }) => ({ accountId: await verify(req.headers['x-rekey-identity']?.toString()) }),
  });
  return { name, url, sdl, stop: () => server.stop() };
}
