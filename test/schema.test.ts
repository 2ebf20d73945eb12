/** What holds for the schema as a whole: that it is committed as it is, guarded, and keeps the rules that clients build on. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
  lexicographicSortSchema,
  printSchema,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLUnionType,
} from 'graphql';
import { MemoryHitLog } from '../src/base/limits.js';
import { createLimiter } from '../src/graphql/limiter.js';
import { printSubgraph } from '../src/server/federation.js';
import { printApi, printPublic } from '../src/server/schema-forms.js';
import { buildGuardedSchema } from '../src/server/schema.js';

let schema: GraphQLSchema;
let types: GraphQLNamedType[];
beforeAll(async () => {
  const log = new MemoryHitLog();
  schema = await buildGuardedSchema(createLimiter({ shared: log, process: log }));
  types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
});

type Field = GraphQLField<unknown, unknown>;
const query = (): GraphQLObjectType => schema.getQueryType() as GraphQLObjectType;
const mutation = (): GraphQLObjectType => schema.getMutationType() as GraphQLObjectType;
const fieldsOf = (type: GraphQLObjectType): Field[] => Object.values(type.getFields());
const objects = (): GraphQLObjectType[] => types.filter(isObjectType);
const pascal = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`;
const directiveNames = (node: { directives?: readonly { name: { value: string } }[] } | null | undefined): string[] =>
  node?.directives?.map(({ name }) => name.value) ?? [];
const isSecret = (name: string): boolean => name === 'Secret' || name.startsWith('WebAuthn');

/** The names of all types that a path leads to from here, through fields that `follow` takes. */
function reachable(from: GraphQLNamedType, follow: (field: Field, owner: string) => boolean = () => true): Set<string> {
  const seen = new Set<string>();
  const visit = (type: GraphQLNamedType): void => {
    if (seen.has(type.name)) return;
    seen.add(type.name);
    if (isUnionType(type)) type.getTypes().forEach(visit);
    if (isInterfaceType(type)) schema.getPossibleTypes(type).forEach(visit);
    if (!isObjectType(type) && !isInterfaceType(type)) return;
    for (const field of Object.values(type.getFields())) {
      if (follow(field, type.name)) visit(getNamedType(field.type));
    }
  };
  visit(from);
  return seen;
}

test('schema.graphql is what the code prints: `npm run schema` brings it up to date', () => {
  const committed = readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8');
  expect(committed === printSubgraph(schema)).toBe(true);
});

describe('the printed forms', () => {
  const namesIn = (sdl: string): string[] =>
    Object.values(buildSchema(sdl).getTypeMap()).flatMap((type) => [
      type.name,
      ...(isObjectType(type) ? Object.keys(type.getFields()).map((name) => `${type.name}.${name}`) : []),
    ]);
  const fieldsWhere = (isMeant: (field: Field) => boolean): string[] =>
    objects().flatMap((type) =>
      fieldsOf(type)
        .filter(isMeant)
        .map(({ name }) => `${type.name}.${name}`),
    );
  const asksForScopes = ({ extensions }: Field): boolean => typeof extensions['access'] === 'object';
  const isForServices = ({ astNode }: Field): boolean => directiveNames(astNode).includes('inaccessible');

  test.each([
    ['API', printApi],
    ['public', printPublic],
  ])('are sorted and whole: the %s', (_name, print) => {
    const sdl = print(schema);
    expect(sdl.trim()).toBe(printSchema(lexicographicSortSchema(buildSchema(sdl))).trim());
  });

  test('tell nobody outside of what services alone may read', () => {
    expect(fieldsWhere(isForServices)).toEqual(['Account.isActive', 'Account.sessionsValidAfter']);
    for (const print of [printApi, printPublic]) {
      expect(namesIn(print(schema)).filter((name) => fieldsWhere(isForServices).includes(name))).toEqual([]);
    }
  });

  test('tell the public neither a field that asks for a scope nor a type that only such fields lead to', () => {
    const names = namesIn(printPublic(schema));
    expect(names.filter((name) => fieldsWhere(asksForScopes).includes(name))).toEqual([]);
    const open = (field: Field): boolean => !asksForScopes(field) && !isForServices(field);
    const forEveryone = new Set([...reachable(query(), open), ...reachable(mutation(), open)]);
    expect(names.filter((name) => types.some((type) => isObjectType(type) && type.name === name))).toEqual(
      [...forEveryone].filter((name) => isObjectType(schema.getType(name))).sort(),
    );
    expect(names).toEqual(expect.arrayContaining(['Query.viewer', 'Mutation.signIn', 'Account.displayName']));
  });

  test('tell a router of every scope and every sign-in that the guard asks for, only where it is asked to', () => {
    const count = (sdl: string, directive: string): number =>
      sdl.split('\n').filter((line) => line.includes(` @${directive}`)).length;
    const withDirectives = printSubgraph(schema, { securityDirectives: true });
    const personal = fieldsWhere(({ extensions }) => ['account', 'fresh'].includes(extensions['access'] as string));
    expect(count(withDirectives, 'requiresScopes')).toBe(fieldsWhere(asksForScopes).length);
    expect(count(withDirectives, 'authenticated')).toBe(personal.length);
    expect(printSubgraph(schema)).not.toMatch(/@(?:requiresScopes|authenticated)/);
  });
});

test('every root field says who may call it; one that says nothing is refused to all (R-139)', () => {
  const silent = [query(), mutation()].flatMap((type) =>
    fieldsOf(type).filter(({ extensions }) => !extensions['access']),
  );
  expect(silent.map(({ name }) => name)).toEqual([]);
});

test('every public mutation is limited at its door (R-183), but those whose caller holds what they end', () => {
  const free = ['signOut', 'cancelQrSignIn', 'denyQrSignIn'];
  const open = fieldsOf(mutation()).filter(({ extensions }) => extensions['access'] === 'public');
  const unlimited = open.filter(({ extensions }) => !(extensions['limits'] as unknown[] | undefined)?.length);
  expect(unlimited.map(({ name }) => name).filter((name) => !free.includes(name))).toEqual([]);
});

describe('the rules of the contract', () => {
  test('1: a mutation takes `input: <Name>Input!` or nothing, and answers a union `<Name>Result`', () => {
    for (const { name, args, type } of fieldsOf(mutation())) {
      expect(args.length).toBeLessThanOrEqual(1);
      expect(args.map((arg) => `${arg.name}: ${getNamedType(arg.type)}`)).toEqual(
        args.map(() => `input: ${pascal(name)}Input`),
      );
      expect(`${isUnionType(type) ? 'union' : 'other'} ${type}`).toBe(`union ${pascal(name)}Result`);
    }
  });

  test('2: a member of a result is a problem exactly when it is called one, and comes after at least one outcome', () => {
    for (const { type } of fieldsOf(mutation())) {
      const members = (type as GraphQLUnionType).getTypes();
      const areProblems = members.map((member) => member.getInterfaces().some(({ name }) => name === 'Problem'));
      expect(areProblems).toEqual(members.map(({ name }) => name.endsWith('Problem')));
      expect(areProblems[0]).toBe(false);
      expect(areProblems).toEqual([...areProblems].sort());
    }
  });

  test('3: no query takes a secret or leads to one', () => {
    const args = fieldsOf(query()).flatMap((field) => field.args.map((arg) => getNamedType(arg.type).name));
    expect(args.filter(isSecret)).toEqual([]);
    expect([...reachable(query())].filter(isSecret)).toEqual([]);
  });

  test('4: no path leads from an account to what is private to its person', () => {
    const found = reachable(schema.getType('Account') as GraphQLNamedType);
    expect(['Viewer', 'Session', 'Passkey', 'SecondFactor'].filter((name) => found.has(name))).toEqual([]);
  });

  test('5: what strangers may ask for an address answers constants, random values and times alone', () => {
    const allowed: Record<string, string[]> = {
      SignUpResult: ['FeatureDisabledProblem', 'InvalidInputProblem', 'RateLimitProblem', 'SignUpAccepted'],
      RequestPasswordResetResult: ['InvalidInputProblem', 'RateLimitProblem', 'RequestPasswordResetAccepted'],
      RequestManualResetResult: ['InvalidInputProblem', 'RateLimitProblem', 'RequestManualResetAccepted'],
    };
    const fields: Record<string, string[]> = {
      SignUpAccepted: ['linkLifetimeMinutes', 'resendAfterSeconds'],
      RequestPasswordResetAccepted: ['linkLifetimeMinutes', 'resendAfterSeconds'],
      RequestManualResetAccepted: ['dueAt', 'reference'],
    };
    for (const union of types.filter(isUnionType).filter(({ name }) => name in allowed)) {
      const members = union.getTypes();
      expect(members.map(({ name }) => name).sort()).toEqual(allowed[union.name]);
      for (const member of members.filter(({ name }) => name in fields)) {
        expect(Object.keys(member.getFields()).sort()).toEqual(fields[member.name]);
      }
    }
  });

  test('6: a type is tagged for staff exactly when only staff fields lead to it', () => {
    const isTagged = (node: Parameters<typeof directiveNames>[0]): boolean => directiveNames(node).includes('tag');
    const forAll = new Set<string>();
    for (const root of [query(), mutation()]) {
      reachable(root, (field) => !isTagged(field.astNode)).forEach((name) => forAll.add(name));
    }
    const reached = new Set([query(), mutation()].flatMap((root) => [...reachable(root)]));
    for (const type of objects().filter(({ name }) => reached.has(name))) {
      expect(`${type.name} ${isTagged(type.astNode)}`).toBe(`${type.name} ${!forAll.has(type.name)}`);
    }
  });

  test('7: every type, field, argument and enum value is described', () => {
    const undescribed = types
      .filter((type) => !isSpecifiedScalarType(type) && ![query(), mutation()].includes(type as GraphQLObjectType))
      .flatMap((type) => [
        ...(type.description ? [] : [type.name]),
        ...(isEnumType(type) ? type.getValues() : [])
          .filter(({ description }) => !description)
          .map(({ name }) => `${type.name}.${name}`),
      ]);
    const members = types
      .filter((type) => isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))
      .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })));
    for (const { type, field } of members) {
      if (!field.description) undescribed.push(`${type.name}.${field.name}`);
      for (const arg of 'args' in field ? field.args : []) {
        if (!arg.description && arg.name !== 'input') undescribed.push(`${type.name}.${field.name}(${arg.name})`);
      }
    }
    expect(undescribed).toEqual([]);
  });

  test('8: connections page forwards by `first` and `after`; their edges have a node and a cursor', () => {
    for (const connection of objects().filter(({ name }) => name.endsWith('Connection'))) {
      expect(Object.keys(connection.getFields())).toEqual(expect.arrayContaining(['edges', 'nodes', 'pageInfo']));
      const edge = getNamedType((connection.getFields()['edges'] as Field).type) as GraphQLObjectType;
      expect(edge.name).toBe(connection.name.replace(/Connection$/, 'Edge'));
      expect(Object.keys(edge.getFields())).toEqual(expect.arrayContaining(['cursor', 'node']));
    }
    const paged = objects()
      .flatMap(fieldsOf)
      .filter(({ type }) => getNamedType(type).name.endsWith('Connection'));
    for (const { args } of paged) {
      const names = args.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['first', 'after']));
      expect(names).not.toEqual(expect.arrayContaining(['last']));
      expect(args.find(({ name }) => name === 'first')?.defaultValue).toBe(20);
    }
  });

  test('9: root fields are nullable, so that a failure of one leaves the others; lists hold no null', () => {
    const roots = [query(), mutation()].flatMap(fieldsOf);
    expect(roots.filter(({ type }) => isNonNullType(type)).map(({ name }) => name)).toEqual([]);
    const isLoose = ({ type }: Field): boolean => {
      const list = isNonNullType(type) ? (type.ofType as unknown) : type;
      return isListType(list) && !isNonNullType(list.ofType);
    };
    expect(
      objects()
        .flatMap(fieldsOf)
        .filter(isLoose)
        .map(({ name }) => name),
    ).toEqual([]);
  });

  test('nothing in it keeps a hint, or asks a question whose answer is a secret (R-013)', () => {
    const fields = types.flatMap((type) => ('getFields' in type ? Object.keys(type.getFields()) : []));
    const named = [...types.map(({ name }) => name), ...fields];
    expect(named.length).toBeGreaterThan(500);
    expect(named.filter((name) => /hint|question|answer|reminder/i.test(name))).toEqual([]);
  });

  test('it has no subscriptions: no connection outlives the session that opened it (R-156)', () => {
    expect(schema.getSubscriptionType() ?? null).toBeNull();
  });
});
