/**
 * Composes subgraphs: a JSON array of `{ name, url, sdl }` on standard input, the supergraph on standard output.
 * `node compose.js apollo|hive`
 */
import { text } from 'node:stream/consumers';
import { composeServices } from '@apollo/composition';
import { composeServices as composeWithHive } from '@theguild/federation-composition';
import { parse } from 'graphql';

/** @param {'apollo' | 'hive'} composer @param {{ name: string, url: string, sdl: string }[]} subgraphs */
export function compose(composer, subgraphs) {
  const services = subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
  const { errors, supergraphSdl } = composer === 'hive' ? composeWithHive(services) : composeServices(services);
  if (errors?.length) throw new Error(errors.map(({ message }) => message).join('\n'));
  return supergraphSdl;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  try {
    process.stdout.write(compose(process.argv[2], JSON.parse(await text(process.stdin))));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
