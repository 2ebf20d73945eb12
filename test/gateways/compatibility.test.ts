/** The assertions of Apollo's subgraph compatibility suite that ask a router; the others are in `test/subgraph-compatibility.test.ts`. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compose, startGateway, type Gateway } from '../support/federation/gateways.js';
import { startDepots, startPeople } from '../support/federation/side-neighbours.js';
import { startMachines } from '../support/federation/side-schema.js';

describe.each(['apollo', 'hive'] as const)("through %s's gateway", (kind) => {
  let gateway: Gateway;
  let stops: (() => Promise<void>)[];

  beforeAll(async () => {
    const services = await Promise.all([startMachines(), startPeople(), startDepots()]);
    gateway = await startGateway(kind, { supergraph: await compose(kind, services) });
    stops = [gateway.stop, ...services.map(({ stop }) => stop)];
  }, 60_000);
  afterAll(() => Promise.all(stops.map((stop) => stop())));

  async function ask(query: string): Promise<unknown> {
    const body = JSON.stringify({ query });
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return response.json();
  }

  test.each([
    [
      '@requires: what a field needs of another service is brought to it',
      '{ machine(id: "m-3") { id } retiredMachine(maker: "Feld", model: "F1") { curator { email machinesPerYear } } }',
      {
        machine: { id: 'm-3' },
        retiredMachine: { curator: { email: 'grace@catalogue.example.org', machinesPerYear: 2 } },
      },
    ],
    [
      '@override: a field is taken over from the service that had it',
      '{ curator(email: "grace@catalogue.example.org") { name yearsActive } }',
      { curator: { name: 'Grace of the catalogue', yearsActive: 2 } },
    ],
    [
      '@shareable: a type of two services is answered by either',
      '{ machine(id: "m-2") { measures { length mass } } largestParcel { length mass } }',
      { machine: { measures: { length: '4 m', mass: 2.5 } }, largestParcel: { length: '1 m', mass: 1 } },
    ],
    [
      "@interfaceObject: a field is added to another service's interface",
      '{ depot(id: "d-1") { town retiredMachines { model reason } } }',
      { depot: { town: 'Ufer', retiredMachines: [{ model: 'F1', reason: 'Replaced by the F2' }] } },
    ],
  ])('%s', async (_name, query, data) => {
    expect(await ask(query)).toEqual({ data });
  });

  test('@inaccessible: a field is nobody’s business', async () => {
    expect(await ask('{ machine(id: "m-2") { measures { unit } } }')).not.toHaveProperty('data.machine');
  });
});
