/** The subgraph: the schema as other services compose it, and as `/federation` executes it. */
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  concatAST,
  isInterfaceType,
  isObjectType,
  parse,
  print,
  type DocumentNode,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { createResolversMap } from 'type-graphql';
import { isId } from '../base/secrets.js';
import { accountLoaders, referredAccount } from '../graphql/account-loaders.js';
import type { EdgeContext } from '../graphql/edge-context.js';
import { checkRepresentations } from './representations.js';
import { subgraphDocument, usedDirectives, withSecurityDirectives } from './schema-forms.js';

/** What `@link` can import; any other directive is graphql-js's own, or comes with a link of its own. */
const FEDERATION_DIRECTIVES = new Set([
  ...['authenticated', 'composeDirective', 'cost', 'external', 'inaccessible', 'interfaceObject', 'key', 'listSize'],
  ...['override', 'provides', 'requires', 'requiresScopes', 'shareable', 'tag'],
]);

export interface PrintOptions {
  /**
   * Whether `@authenticated` and `@requiresScopes` are printed. Some gateways refuse a supergraph that has them; what we
   * enforce is the same either way.
   */
  readonly securityDirectives?: boolean;
  /** Of the federation specification; 2.9 is the lowest that has `@cost` and `@listSize`. */
  readonly version?: string;
  /** Further definitions, such as a directive of one's own that is to be composed. */
  readonly preamble?: string;
}

/** The subgraph form in SDL, sorted: what `schema.graphql` holds, and what `_service` answers. */
export function printSubgraph(schema: GraphQLSchema, options: PrintOptions = {}): string {
  const { securityDirectives = false, version = '2.9', preamble } = options;
  const plain = subgraphDocument(schema);
  const document = securityDirectives ? withSecurityDirectives(plain, schema) : plain;
  const head = preamble ? parse(preamble) : { ...document, definitions: [] };
  const whole = concatAST([head, document]);
  return `${link(version, usedDirectives(whole))}\n\n${print(whole)}\n`;
}

/** Imports what is used, and nothing else. */
const link = (version: string, used: ReadonlySet<string>): string => `extend schema
  @link(
    url: "https://specs.apollo.dev/federation/v${version}"
    import: [${[...FEDERATION_DIRECTIVES]
      .filter((name) => used.has(name))
      .map((name) => `"@${name}"`)
      .join(', ')}]
  )`;

/** Finds what a representation stands for; null for what does not exist. Never throws on a key of a wrong form. */
export type ReferenceResolver = (
  reference: Readonly<Record<string, unknown>>,
  ctx: EdgeContext,
  info: GraphQLResolveInfo,
) => unknown;

/** Our one entity. An account is found for whoever has a router's credential; each of its fields asks who is behind the request. */
export const references: Readonly<Record<string, ReferenceResolver>> = {
  Account: async ({ id }, ctx) => {
    if (typeof id !== 'string' || !isId(id, 'acct')) return null;
    return (await accountLoaders(ctx).face.load(id)) && referredAccount(ctx, id);
  },
};

/**
 * Makes the schema executable as the subgraph that `sdl` describes: with `_service`, and with `_entities` for the types that
 * have a key. Resolvers keep the guards that `schema` has around them.
 */
export function buildSubgraph(
  schema: GraphQLSchema,
  sdl: string,
  references: Readonly<Record<string, ReferenceResolver>>,
): GraphQLSchema {
  const resolvers: Record<string, object> = createResolversMap(schema);
  for (const [type, resolveReference] of Object.entries(references)) {
    resolvers[type] = { ...resolvers[type], __resolveReference: resolveReference };
  }
  resolvers['Query'] = { ...resolvers['Query'], _service: () => ({ sdl }) };
  const typeDefs = parse(sdl);
  const subgraph = buildSubgraphSchema([{ typeDefs, resolvers: resolvers as never }]);
  copyExtensions(schema, subgraph);
  guardEntities(subgraph, typeDefs);
  return subgraph;
}

/** The rebuilt schema is made from SDL, which says nothing of extensions. */
function copyExtensions(from: GraphQLSchema, to: GraphQLSchema): void {
  for (const [name, source] of Object.entries(from.getTypeMap())) {
    const target = to.getType(name);
    if (!target || name.startsWith('__')) continue;
    target.extensions = { ...source.extensions, ...target.extensions };
    if (!(isObjectType(source) || isInterfaceType(source)) || !(isObjectType(target) || isInterfaceType(target)))
      continue;
    for (const [fieldName, field] of Object.entries(source.getFields())) {
      const rebuilt = target.getFields()[fieldName];
      if (rebuilt) rebuilt.extensions = { ...field.extensions, ...rebuilt.extensions };
    }
  }
}

function guardEntities(subgraph: GraphQLSchema, typeDefs: DocumentNode): void {
  const field = (subgraph.getQueryType() as GraphQLObjectType).getFields()['_entities'];
  if (!field?.resolve) return;
  const check = checkRepresentations(typeDefs);
  const resolve: GraphQLFieldResolver<unknown, EdgeContext> = field.resolve;
  field.resolve = (source, args: { representations: unknown[] }, ctx: EdgeContext, info) => {
    check(args.representations);
    return resolve(source, args, ctx, info);
  };
}
