/** What the kill loop does (`npm run kills`) is all that the schema offers. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { errands, evidenceOf } from './support/kill-errands.js';

test('every mutation of the schema is done while the program is killed', () => {
  const schema = buildSchema(readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'), {
    assumeValid: true,
  });
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {});
  expect([...evidenceOf.keys()].sort()).toEqual(mutations.sort());
});

test('every errand is named once, and someone runs it', () => {
  expect(evidenceOf.size - errands.length).toBe(6);
  expect(errands.filter(({ kinds }) => kinds.length === 0)).toEqual([]);
});
