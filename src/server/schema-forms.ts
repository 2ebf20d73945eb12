/** The forms the schema is printed in. All are cut from one document, so that no form says what another does not. */
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import {
  buildASTSchema,
  isObjectType,
  Kind,
  lexicographicSortSchema,
  parse,
  printSchema,
  visit,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  type TypeDefinitionNode,
  type TypeNode,
} from 'graphql';
import type { AccessRule } from '../graphql/access.js';
import { apiSchema, isInaccessible, type Marked } from './schema.js';

/** What `/graphql` serves, for clients. */
export const printApi = (schema: GraphQLSchema): string =>
  `${printSchema(lexicographicSortSchema(apiSchema(schema)))}\n`;

/** The API without what staff and services alone may see: for the teams who write the clients of everyone else. */
export function printPublic(schema: GraphQLSchema): string {
  const kept = withoutMarked(subgraphDocument(schema));
  return `${printSchema(lexicographicSortSchema(buildASTSchema(kept, { assumeValidSDL: true })))}\n`;
}

/** The schema's own definitions with their directives, sorted; what only staff can reach bears the tag. */
export function subgraphDocument(schema: GraphQLSchema): DocumentNode {
  const document = parse(printSchemaWithDirectives(lexicographicSortSchema(schema)), { noLocation: true });
  const own = document.definitions.filter(({ kind }) => kind !== Kind.SCHEMA_DEFINITION);
  return tagStaffTypes({ ...document, definitions: own });
}

/** With what a router enforces itself: `@authenticated` and `@requiresScopes`, from the same rules as our own guard. */
export function withSecurityDirectives(document: DocumentNode, schema: GraphQLSchema): DocumentNode {
  return visit(document, {
    ObjectTypeDefinition(node) {
      const type = schema.getType(node.name.value);
      if (!isObjectType(type)) return undefined;
      const fields = node.fields?.map((field): FieldDefinitionNode => {
        const rule = type.getFields()[field.name.value]?.extensions['access'] as AccessRule | undefined;
        return { ...field, directives: [...(field.directives ?? []), ...securityDirectives(rule)] };
      });
      return fields ? { ...node, fields } : undefined;
    },
  });
}

function securityDirectives(rule: AccessRule | undefined): ConstDirectiveNode[] {
  if (rule === undefined || rule === 'public') return [];
  return directivesOf(
    typeof rule === 'string' ? '@authenticated' : `@requiresScopes(scopes: ${JSON.stringify(rule.scopes)})`,
  );
}

/** The names of the directives that stand anywhere in the document. */
export function usedDirectives(document: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>();
  visit(document, { Directive: (node) => void names.add(node.name.value) });
  return names;
}

function directivesOf(text: string): ConstDirectiveNode[] {
  const [scalar] = parse(`scalar X ${text}`, { noLocation: true }).definitions;
  return scalar?.kind === Kind.SCALAR_TYPE_DEFINITION ? [...(scalar.directives ?? [])] : [];
}

const isStaffOnly = ({ directives }: Marked): boolean =>
  directives?.some(
    ({ name, arguments: [argument] = [] }) =>
      name.value === 'tag' && argument?.value.kind === Kind.STRING && argument.value.value === 'staff',
  ) ?? false;

/** By reachability and not by hand: decorators reach neither unions nor enums, and a tag that was forgotten would publish a type. */
function tagStaffTypes(document: DocumentNode): DocumentNode {
  const open = openTypes(document);
  const tag = directivesOf('@tag(name: "staff")');
  const definitions = document.definitions.map((node): DefinitionNode => {
    if (!isTypeDefinition(node) || open.has(node.name.value) || isStaffOnly(node)) return node;
    return { ...node, directives: [...(node.directives ?? []), ...tag] };
  });
  return { ...document, definitions };
}

/** The types that a path of fields for everyone leads to, from a root or from an entity. */
function openTypes({ definitions }: DocumentNode): ReadonlySet<string> {
  const types = new Map(definitions.filter(isTypeDefinition).map((node) => [node.name.value, node]));
  const seen = new Set<string>();
  const reach = (name: string): void => {
    const node = types.get(name);
    if (!node || seen.has(name)) return;
    seen.add(name);
    referencesOf(node).forEach(reach);
  };
  const isEntity = ({ directives }: Marked) => directives?.some(({ name }) => name.value === 'key') ?? false;
  const entities = [...types.values()].filter((node) => isEntity(node) && !isStaffOnly(node));
  ['Query', 'Mutation', ...entities.map(({ name }) => name.value)].forEach(reach);
  return seen;
}

function referencesOf(node: TypeDefinitionNode): string[] {
  if (node.kind === Kind.UNION_TYPE_DEFINITION) return (node.types ?? []).map(({ name }) => name.value);
  if (node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) return (node.fields ?? []).map(({ type }) => namedType(type));
  if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_DEFINITION) return [];
  const fields = (node.fields ?? []).filter((field) => !isStaffOnly(field));
  return [
    ...(node.interfaces ?? []).map(({ name }) => name.value),
    ...fields.flatMap(({ type, arguments: args = [] }) => [type, ...args.map((arg) => arg.type)].map(namedType)),
  ];
}

const namedType = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type));

const isTypeDefinition = (node: DefinitionNode): node is TypeDefinitionNode =>
  node.kind.endsWith('TypeDefinition') && node.kind !== Kind.SCHEMA_DEFINITION;

/** Without what is tagged for staff or inaccessible, and without the mention of it in unions. */
function withoutMarked(document: DocumentNode): DocumentNode {
  const isDropped = (node: Marked): boolean => isStaffOnly(node) || isInaccessible(node);
  const dropped = new Set(
    document.definitions.filter((node) => isTypeDefinition(node) && isDropped(node)).map((node) => nameOf(node)),
  );
  const drop = (node: Marked): null | undefined => (isDropped(node) ? null : undefined);
  return visit(document, {
    ObjectTypeDefinition: drop,
    InterfaceTypeDefinition: drop,
    EnumTypeDefinition: drop,
    InputObjectTypeDefinition: drop,
    ScalarTypeDefinition: drop,
    FieldDefinition: drop,
    InputValueDefinition: drop,
    EnumValueDefinition: drop,
    UnionTypeDefinition: (node) =>
      isDropped(node) ? null : { ...node, types: node.types?.filter(({ name }) => !dropped.has(name.value)) },
  });
}

const nameOf = (node: DefinitionNode): string => ('name' in node && node.name ? node.name.value : '');
