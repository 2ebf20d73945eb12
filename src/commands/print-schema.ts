/** `rekey print-schema`: the schema in its forms, sorted. */
import type { GraphQLSchema } from 'graphql';
import { MemoryHitLog } from '../base/limits.js';
import { createLimiter } from '../graphql/limiter.js';
import { printSubgraph } from '../server/federation.js';
import { printApi, printPublic } from '../server/schema-forms.js';
import { buildGuardedSchema } from '../server/schema.js';
import { UsageError, type Command } from './command.js';

const FORMS: Record<string, (schema: GraphQLSchema) => string> = {
  '--subgraph': (schema) => printSubgraph(schema),
  '--api': printApi,
  '--public': printPublic,
};

export const printSchema: Command = {
  arguments: '[--subgraph|--api|--public] [--security-directives]',
  about: "writes the schema: for composing (with or without the router's directives), for clients, for the public",
  run: async (args) => {
    const print = formOf(args);
    const log = new MemoryHitLog();
    process.stdout.write(print(await buildGuardedSchema(createLimiter({ shared: log, process: log }))));
    return 0;
  },
};

function formOf(args: readonly string[]): (schema: GraphQLSchema) => string {
  const securityDirectives = args.includes('--security-directives');
  const [form = '--subgraph', ...more] = args.filter((arg) => arg !== '--security-directives');
  const print = Object.hasOwn(FORMS, form) ? FORMS[form] : undefined;
  if (!print || more.length > 0) throw new UsageError('Ask for one form: --subgraph, --api or --public.');
  if (!securityDirectives) return print;
  if (form !== '--subgraph') throw new UsageError('--security-directives belongs to the subgraph form alone.');
  return (schema) => printSubgraph(schema, { securityDirectives });
}
