/** The two subgraphs beside the catalogue of machines: people, who own curators, and depots, which own their interface. */
import type { RunningService } from './orders.js';
import { serveSubgraph } from './orders.js';

const PEOPLE = /* GraphQL */ `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

  type Query {
    curator(email: ID!): Curator
  }

  type Curator @key(fields: "email") {
    email: ID!
    name: String
    machinesDescribed: Int @shareable
    yearsActive: Int!
  }
`;

const DEPOTS = /* GraphQL */ `
  extend schema
    @link(
      url: "https://specs.apollo.dev/federation/v2.3"
      import: ["@key", "@shareable", "@inaccessible", "@interfaceObject"]
    )

  type Query {
    depot(id: ID!): Depot
    largestParcel: Measures
  }

  interface Depot @key(fields: "id") {
    id: ID!
    town: String
  }

  type RiverDepot implements Depot @key(fields: "id") {
    id: ID!
    town: String
    quayLength: Int
  }

  type Measures @shareable {
    length: String
    mass: Float
    unit: String @inaccessible
  }
`;

const person = {
  email: 'grace@catalogue.example.org',
  name: 'Grace of the people',
  machinesDescribed: 4,
  yearsActive: 2,
};
const depot = { __typename: 'RiverDepot', id: 'd-1', town: 'Ufer', quayLength: 40 };

export const startPeople = (): Promise<RunningService> =>
  serveSubgraph('people', PEOPLE, { Query: { curator: () => person }, Curator: { __resolveReference: () => person } });

export const startDepots = (): Promise<RunningService> =>
  serveSubgraph('depots', DEPOTS, {
    Query: { depot: () => depot, largestParcel: () => ({ length: '1 m', mass: 1, unit: 't' }) },
    Depot: { __resolveReference: () => depot },
    RiverDepot: { __resolveReference: () => depot },
  });
