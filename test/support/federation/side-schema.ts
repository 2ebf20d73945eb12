/**
 * A subgraph that uses everything a subgraph may: a catalogue of machines, with decorators like ours, built by the function
 * that builds ours. What holds for it holds for whatever our own schema will use one day. After Apollo's subgraph
 * compatibility suite, in words and data of our own.
 */
import 'reflect-metadata';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import {
  Arg,
  buildSchema,
  Directive,
  Field,
  FieldResolver,
  Float,
  ID,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { buildSubgraph, printSubgraph, type ReferenceResolver } from '../../../src/server/federation.js';
import type { RunningService } from './orders.js';

/** A directive of its own, which a supergraph keeps. */
const PREAMBLE = `
  extend schema
    @link(url: "https://catalogue.example.org/listed/v1.0", import: ["@listed"])
    @composeDirective(name: "@listed")
  directive @listed on OBJECT`;

@ObjectType()
class Series {
  @Field(() => ID) code!: string;
}

@Directive('@shareable')
@ObjectType()
class Measures {
  @Field(() => String, { nullable: true }) length!: string | null;
  @Field(() => Float, { nullable: true }) mass!: number | null;
  @Directive('@inaccessible')
  @Field(() => String, { nullable: true })
  unit!: string | null;
}

@ObjectType()
class Report {
  @Field(() => ID) number!: string;
  @Field(() => String, { nullable: true }) title!: string | null;
}

@Directive('@key(fields: "report { number }")')
@ObjectType()
class Trial {
  @Field(() => Report) report!: Report;
  @Field(() => String, { nullable: true }) verdict!: string | null;
}

@Directive('@key(fields: "email")')
@ObjectType()
class Curator {
  @Field(() => ID) email!: string;
  @Directive('@override(from: "people")')
  @Field(() => String, { nullable: true })
  name!: string | null;
  @Directive('@external')
  @Field(() => Int, { nullable: true })
  machinesDescribed?: number | null;
  @Directive('@external')
  @Field(() => Int)
  yearsActive!: number;
}

@Directive('@key(fields: "maker model")')
@ObjectType()
class RetiredMachine {
  @Field(() => String) maker!: string;
  @Field(() => String) model!: string;
  @Field(() => String, { nullable: true }) reason!: string | null;
  @Field(() => Curator, { nullable: true }) curator!: Partial<Curator> | null;
}

@Directive('@listed')
@Directive('@key(fields: "id")')
@Directive('@key(fields: "maker model")')
@Directive('@key(fields: "maker series { code }")')
@ObjectType()
class Machine {
  @Field(() => ID) id!: string;
  @Field(() => String, { nullable: true }) maker!: string | null;
  @Field(() => String, { nullable: true }) model!: string | null;
  @Field(() => Series, { nullable: true }) series!: Series | null;
  @Field(() => Measures, { nullable: true }) measures!: Measures | null;
  @Directive('@provides(fields: "machinesDescribed")')
  @Field(() => Curator, { nullable: true })
  curator!: Partial<Curator> | null;
  @Directive('@tag(name: "internal")')
  @Field(() => String, { nullable: true })
  remarks!: string | null;
  @Field(() => [Trial]) trials!: Trial[];
}

@Directive('@interfaceObject')
@Directive('@key(fields: "id")')
@ObjectType()
class Depot {
  @Field(() => ID) id!: string;
}

const grace = { email: 'grace@catalogue.example.org', name: 'Grace of the catalogue' };
const trials: Trial[] = [{ report: { number: 'T-7', title: 'Ploughing on clay' }, verdict: 'Sound' }];
const retired: RetiredMachine[] = [{ maker: 'Feld', model: 'F1', reason: 'Replaced by the F2', curator: { ...grace } }];
const machines: Machine[] = [
  {
    id: 'm-2',
    maker: 'Feld',
    model: 'F2',
    series: { code: 'field' },
    measures: { length: '4 m', mass: 2.5, unit: 't' },
    curator: { ...grace, machinesDescribed: 1337 },
    remarks: 'Paint flakes',
    trials,
  },
  {
    id: 'm-3',
    maker: 'Ufer',
    model: 'U9',
    series: { code: 'bank' },
    measures: null,
    curator: null,
    remarks: null,
    trials: [],
  },
];

@Resolver(() => Machine)
class MachineResolver {
  @Query(() => Machine, { nullable: true })
  machine(@Arg('id', () => ID) id: string): Machine | null {
    return machines.find((machine) => machine.id === id) ?? null;
  }

  @Query(() => RetiredMachine, { nullable: true, deprecationReason: 'Ask for a machine.' })
  retiredMachine(@Arg('maker', () => String) maker: string, @Arg('model', () => String) model: string) {
    return findRetired({ maker, model });
  }
}

@Resolver(() => Curator)
class CuratorResolver {
  @Directive('@requires(fields: "machinesDescribed yearsActive")')
  @FieldResolver(() => Int, { nullable: true })
  machinesPerYear(@Root() { machinesDescribed, yearsActive }: Curator): number | null {
    return machinesDescribed == null || !yearsActive ? null : Math.round(machinesDescribed / yearsActive);
  }
}

@Resolver(() => Depot)
class DepotResolver {
  @FieldResolver(() => [RetiredMachine])
  retiredMachines(): RetiredMachine[] {
    return retired;
  }
}

const findRetired = ({ maker, model }: Record<string, unknown>): RetiredMachine | null =>
  retired.find((machine) => machine.maker === maker && machine.model === model) ?? null;

const findMachine = ({ id, maker, model, series }: Record<string, unknown>): Machine | null =>
  machines.find((machine) =>
    id !== undefined
      ? machine.id === id
      : machine.maker === maker &&
        (model !== undefined ? machine.model === model : machine.series?.code === (series as Series).code),
  ) ?? null;

const references: Record<string, ReferenceResolver> = {
  Machine: findMachine,
  RetiredMachine: findRetired,
  Trial: ({ report }) => trials.find((trial) => trial.report.number === (report as Report).number) ?? null,
  Curator: (reference) => (reference['email'] === grace.email ? { ...reference, name: grace.name } : null),
  Depot: ({ id }) => ({ id }),
};

/** Printed and built as our own is, for an older version of the specification; served plainly. */
export async function startMachines(): Promise<RunningService> {
  const schema = await buildSchema({
    resolvers: [MachineResolver, CuratorResolver, DepotResolver],
    orphanedTypes: [Depot],
    validate: false,
  });
  const sdl = printSubgraph(schema, { version: '2.3', preamble: PREAMBLE });
  const subgraph = buildSubgraph(schema, sdl, references);
  const server = new ApolloServer({ schema: subgraph, introspection: true, logger: silent });
  const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
  return { name: 'machines', url, sdl, stop: () => server.stop() };
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };
