/** Whatever is sent, to any field of the schema and by anyone, the answer is one of the contract's (R-186). */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
} from 'graphql';
import { useApp } from './support/app.js';
import type { Client } from './support/client.js';
import { staffMember } from './support/staff.js';

const app = useApp({ LIMIT_GUESS: '0', LIMIT_REQUESTS_PER_NETWORK: '0', LIMIT_QUERIES_PER_NETWORK: '0' });
const schema = buildSchema(readFileSync('schema.graphql', 'utf8'), { assumeValid: true, assumeValidSDL: true });

/** The same numbers in every run, so that a failure can be seen again. */
function makeChoice(seed: number) {
  let state = seed;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % bound;
  };
  return { below, of: <T>(values: readonly T[]): T => values[below(values.length)] as T };
}
type Choice = ReturnType<typeof makeChoice>;

const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e',
  'a'.repeat(5_000),
  '💥'.repeat(300),
  "'; drop table accounts; --",
  '__proto__',
  'ada@example.org',
  `a@${'b.'.repeat(120)}c`,
  'acct_AAAAAAAAAAAAAAAAAAAAAA',
  'prst_AAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB',
  '9999999999999999999',
  '+4712345678',
  'null',
  'e30',
];
const ODD_NUMBERS = [0, 1, -1, 50, 101, 2_147_483_647, -2_147_483_648];
const ODD_TIMES = ['2030-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2026-02-30T00:00:00Z'];

function oddValue(choice: Choice, type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return oddValueOf(choice, type.ofType);
  return choice.below(4) === 0 ? null : oddValueOf(choice, type);
}

function oddValueOf(choice: Choice, type: GraphQLInputType): unknown {
  if (isListType(type)) {
    return Array.from({ length: choice.of([0, 1, 2, 30]) }, () => oddValue(choice, type.ofType as GraphQLInputType));
  }
  if (isInputObjectType(type)) {
    const given = Object.values(type.getFields()).filter((field) => isNonNullType(field.type) || choice.below(2) === 1);
    return Object.fromEntries(given.map((field) => [field.name, oddValue(choice, field.type)]));
  }
  if (isEnumType(type)) return choice.of(type.getValues()).name;
  const { name } = getNamedType(type);
  if (name === 'Boolean') return choice.below(2) === 1;
  if (name === 'Int') return choice.of(ODD_NUMBERS);
  return choice.of(name === 'DateTime' ? ODD_TIMES : ODD_TEXTS);
}

/** What can be asked of the type without further arguments. */
function selection(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  if (isUnionType(named)) return '{ __typename ... on Problem { code message } }';
  if (!isObjectType(named)) return '{ __typename }';
  const leaves = Object.values(named.getFields()).filter((field) => isLeafType(getNamedType(field.type)));
  return `{ __typename ${leaves.map(({ name }) => name).join(' ')} }`;
}

type Root = readonly ['query' | 'mutation', GraphQLField<unknown, unknown>];
const roots: Root[] = [
  ...Object.values(schema.getQueryType()?.getFields() ?? {}).map((field): Root => ['query', field]),
  ...Object.values(schema.getMutationType()?.getFields() ?? {}).map((field): Root => ['mutation', field]),
].filter(([, { name }]) => !name.startsWith('_'));

/** They would end what the others are asked with. */
const ENDING = ['signOut', 'closeAccount', 'revokeOtherSessions', 'reportSecurityEvent'];
const CODES = new Set([
  'BAD_USER_INPUT',
  'GRAPHQL_VALIDATION_FAILED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'BAD_REQUEST',
]);

/** Asks every field some times; answers what no client could make sense of. */
async function unexpected(client: Client, seed: number, times: number): Promise<string[]> {
  const choice = makeChoice(seed);
  const found: string[] = [];
  for (const [operation, { name, args, type }] of roots) {
    if (ENDING.includes(name)) continue;
    const declared = args.map((arg) => `$${arg.name}: ${arg.type}`).join(', ');
    const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
    const document = `${operation} ${declared && `(${declared})`} { ${name}${passed && `(${passed})`} ${selection(type)} }`;
    for (let time = 0; time < times; time += 1) {
      const variables = Object.fromEntries(args.map((arg) => [arg.name, oddValue(choice, arg.type)]));
      const { status, body, text } = await client.send(document, variables);
      const isKnown = (body.errors ?? []).every(({ extensions }) => CODES.has(extensions.code));
      if (status >= 500 || !isKnown) found.push(`${name} ${JSON.stringify(variables)} → ${status} ${text}`);
    }
  }
  return found;
}

describe('odd values in every argument of every field are answered by a code of the contract (R-186)', () => {
  let browsers: Record<string, Client>;
  beforeAll(async () => {
    const [ada, admin] = [await app().person(), await staffMember(app(), 'admin')];
    browsers = { 'a stranger': app().client(), 'a person': ada.browser, 'a member of staff': admin.client };
  });

  test.each(['a stranger', 'a person', 'a member of staff'])(
    'from %s',
    async (who) => {
      expect(roots.length).toBeGreaterThan(60);
      expect(await unexpected(browsers[who] as Client, 1 + who.length, 6)).toEqual([]);
    },
    120_000,
  );

  test('and the log holds no failure that nobody foresaw', () => {
    expect(app().logLines.filter((line) => /"level":"error"/.test(line))).toEqual([]);
  });
});

test('ten thousand bodies that are no request are refused, and the process lives on (R-186)', async () => {
  const choice = makeChoice(7);
  const whole = JSON.stringify({ query: '{ viewer { id } }', variables: { input: { email: 'ada@example.org' } } });
  const spoiled = (): string => {
    const at = choice.below(whole.length);
    const put = choice.of(['', '\u0000', '"', '{', '}', '[', '\\', 'é', '\ud83d', '1e999', 'null']);
    return whole.slice(0, at) + put + whole.slice(at + choice.below(4));
  };
  const headers = { 'content-type': 'application/json', origin: app().config.publicUrl };
  let refused = 0;
  for (let n = 0; n < 10_000; n += 1) {
    const answer = await app().http.inject({ method: 'POST', url: '/graphql', headers, payload: spoiled() });
    if (answer.statusCode >= 500 || answer.body.includes('INTERNAL')) throw new Error(`${n}: ${answer.body}`);
    if (answer.statusCode >= 400) refused += 1;
  }
  expect(refused).toBeGreaterThan(5_000);
  expect((await app().client().graphql('{ viewer { id } }'))['viewer']).toBeNull();
}, 120_000);
