/**
 * That what our builder makes is a subgraph by every rule: the assertions of Apollo's compatibility suite that ask the subgraph
 * itself. Those that ask a router are in `test/gateways`.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildASTSchema, parse, stripIgnoredCharacters } from 'graphql';
import type { RunningService } from './support/federation/orders.js';
import { startMachines } from './support/federation/side-schema.js';

let machines: RunningService;
let sdl: string;
beforeAll(async () => {
  machines = await startMachines();
  sdl = stripIgnoredCharacters((await ask('{ _service { sdl } }')).data._service.sdl);
});
afterAll(() => machines.stop());

async function ask(query: string, variables: object = {}, headers: Record<string, string> = {}) {
  const response = await fetch(machines.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the shape of each answer is what is tested
  return (await response.json()) as { data: any; errors?: unknown; extensions?: unknown };
}

/** Asks for entities of one type; answers them. */
async function entities(selection: string, representations: object[]): Promise<unknown> {
  const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${selection} } }`;
  const { data, errors } = await ask(query, { representations });
  expect(errors).toBeUndefined();
  return data._entities;
}

test('_service: the SDL is the whole schema, and parses', () => {
  const types = parse(sdl).definitions.flatMap((node) => ('name' in node && node.name ? [node.name.value] : []));
  const expected = [
    'Curator',
    'Depot',
    'Machine',
    'Measures',
    'Query',
    'Report',
    'RetiredMachine',
    'Series',
    'Trial',
    'listed',
  ];
  expect(types.sort()).toEqual(expected);
  expect(() => buildASTSchema(parse(sdl), { assumeValidSDL: true })).not.toThrow();
});

test('the machinery of the specification is there: `_Service`, `_Entity`, `_Any`', async () => {
  const { data } = await ask(`{
    service: __type(name: "_Service") { kind fields { name } }
    entity: __type(name: "_Entity") { kind possibleTypes { name } }
    any: __type(name: "_Any") { kind }
  }`);
  expect(data.service).toEqual({ kind: 'OBJECT', fields: [{ name: 'sdl' }] });
  expect(data.entity.possibleTypes.map(({ name }: { name: string }) => name).sort()).toEqual([
    'Curator',
    'Depot',
    'Machine',
    'RetiredMachine',
    'Trial',
  ]);
  expect(data.any.kind).toBe('SCALAR');
});

describe('@link', () => {
  test('names one version of the federation specification, and imports what is used', () => {
    const links = [...sdl.matchAll(/@link\(url:"([^"]+)" ?import:\[([^\]]*)\]\)/g)].map(([, link, imports]) => [
      link,
      imports?.match(/@\w+/g),
    ]);
    expect(links).toEqual([
      [
        'https://specs.apollo.dev/federation/v2.3',
        [
          '@composeDirective',
          '@external',
          '@inaccessible',
          '@interfaceObject',
          '@key',
          '@override',
          '@provides',
          '@requires',
          '@shareable',
          '@tag',
        ],
      ],
      ['https://catalogue.example.org/listed/v1.0', ['@listed']],
    ]);
  });
});

describe('@key', () => {
  test('single: is told', () => expect(sdl).toContain('type Curator@key(fields:"email")'));
  test('single: is resolved', async () => {
    const [curator] = (await entities('... on Curator { email name }', [
      { __typename: 'Curator', email: 'grace@catalogue.example.org' },
    ])) as object[];
    expect(curator).toEqual({ email: 'grace@catalogue.example.org', name: 'Grace of the catalogue' });
  });
  test('of several fields: is told', () => expect(sdl).toContain('type RetiredMachine@key(fields:"maker model")'));
  test('of several fields: is resolved', async () => {
    const found = await entities('... on RetiredMachine { maker model reason }', [
      { __typename: 'RetiredMachine', maker: 'Feld', model: 'F1' },
    ]);
    expect(found).toEqual([{ maker: 'Feld', model: 'F1', reason: 'Replaced by the F2' }]);
  });
  test('composite: is told', () => expect(sdl).toContain('type Trial@key(fields:"report { number }")'));
  test('composite: is resolved', async () => {
    const found = await entities('... on Trial { report { number title } }', [
      { __typename: 'Trial', report: { number: 'T-7' } },
    ]);
    expect(found).toEqual([{ report: { number: 'T-7', title: 'Ploughing on clay' } }]);
  });
  test('repeated: is told', () => {
    expect(sdl).toContain(
      'type Machine@listed@key(fields:"id")@key(fields:"maker model")@key(fields:"maker series { code }")',
    );
  });
  test('repeated: is resolved by each', async () => {
    const keys = [{ id: 'm-2' }, { maker: 'Feld', model: 'F2' }, { maker: 'Ufer', series: { code: 'bank' } }];
    const found = await entities(
      '... on Machine { id maker }',
      keys.map((key) => ({ __typename: 'Machine', ...key })),
    );
    expect(found).toEqual([
      { id: 'm-2', maker: 'Feld' },
      { id: 'm-2', maker: 'Feld' },
      { id: 'm-3', maker: 'Ufer' },
    ]);
  });
});

describe('directives on fields and types', () => {
  test.each([
    ['@shareable', 'type Measures@shareable'],
    ['@tag', '@tag(name:"internal")'],
    ['@inaccessible', 'unit:String@inaccessible'],
    ['@override', 'name:String@override(from:"people")'],
    ['@provides', 'curator:Curator@provides(fields:"machinesDescribed")'],
    ['@requires', 'machinesPerYear:Int@requires(fields:"machinesDescribed yearsActive")'],
    ['@interfaceObject', 'type Depot@interfaceObject@key(fields:"id")'],
  ])('%s is told under its own name', (name, expected) => {
    expect(sdl).toContain(expected);
    expect(sdl).not.toContain(`@federation__${name.slice(1)}`);
  });

  test('@composeDirective: a directive of its own is linked, composed, defined and used', () => {
    expect(sdl).toContain('@composeDirective(name:"@listed")');
    expect(sdl).toContain('directive@listed on OBJECT');
    expect(sdl).toContain('type Machine@listed');
  });

  test('@inaccessible hides nothing from who asks the subgraph itself: that is why ours is behind a credential', async () => {
    const { data } = await ask('{ machine(id: "m-2") { measures { unit } } }');
    expect(data).toEqual({ machine: { measures: { unit: 't' } } });
  });

  test('@provides is answered from here, with a number that its owner does not know', async () => {
    const { data } = await ask('{ machine(id: "m-2") { curator { email machinesDescribed } } }');
    expect(data.machine.curator).toEqual({ email: 'grace@catalogue.example.org', machinesDescribed: 1337 });
  });

  test('@requires is computed from what a router brings along', async () => {
    const representation = {
      __typename: 'Curator',
      email: 'grace@catalogue.example.org',
      machinesDescribed: 4,
      yearsActive: 2,
    };
    expect(await entities('... on Curator { machinesPerYear }', [representation])).toEqual([{ machinesPerYear: 2 }]);
  });
});

test('ftv1: a router that asks for a trace gets one, where the plugin is not switched off as ours is', async () => {
  const answer = await ask('{ __typename }', {}, { 'apollo-federation-include-trace': 'ftv1' });
  expect(answer).toEqual({ data: { __typename: 'Query' }, extensions: { ftv1: expect.any(String) } });
});
