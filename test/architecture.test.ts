/** The house rules that no compiler knows: what may import what, and what happens in one file alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

/** Each entry may import those above it, and itself. README.md shows the same list. */
const ORDER = [
  'base',
  'security-events',
  'audit',
  'delivery',
  'accounts',
  'sessions',
  'passwords',
  'second-factors',
  'sign-in',
  'qr-sign-in',
  'password-resets',
  'email-changes',
  'flagged-accounts',
  'disowned-events',
  'support-requests',
  'services',
  'graphql',
  'server',
  'worker.ts',
  'commands',
  'main.ts',
];

/** Stand alone: the builder runs before anything is built; the pages are another program. */
const APART = ['build.js', 'web'];

/** What a file length says nothing about: types as the contract lists them, and the pages' catalogue of words. */
const LISTS = [/^src\/graphql\/types\//, /^src\/web\/texts/, /^src\/web\/generated\//, /^src\/passwords\/common-words/];

const sources = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(?:[cm]?[jt]s|tsx)$/.test(entry.name))
  .map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const path = relative(ROOT, file);
    return { file, path, entry: path.split('/')[1] as string, text: readFileSync(file, 'utf8') };
  });
const service = sources.filter(({ entry }) => !APART.includes(entry));

const importsOf = (text: string): string[] =>
  [
    ...text.matchAll(
      /^(?:import|export)\b[^'";]*?\bfrom ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm,
    ),
  ].map((match) => (match[1] ?? match[2] ?? match[3]) as string);

const offenders = (files: typeof sources, pattern: RegExp, ...but: string[]): string[] =>
  files.filter(({ path, text }) => !but.includes(path) && pattern.test(text)).map(({ path }) => path);

describe('the sources', () => {
  test('are all in the written list', () => {
    const found = new Set(service.map(({ entry }) => entry));
    expect([...found].filter((entry) => !ORDER.includes(entry))).toEqual([]);
  });

  test('import downwards alone', () => {
    const upward = service.flatMap(({ file, path, entry, text }) =>
      importsOf(text)
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(SRC, resolve(dirname(file), target)).split('/')[0] as string)
        .map((target) => (target === 'worker.js' ? 'worker.ts' : target))
        .filter(
          (target) => target !== entry && !(ORDER.indexOf(target) < ORDER.indexOf(entry) && ORDER.includes(target)),
        )
        .map((target) => `${path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  test('of the domain know no GraphQL and no HTTP', () => {
    const domain = service.filter(({ entry }) => ORDER.indexOf(entry) < ORDER.indexOf('graphql'));
    const edge = /^(?:graphql|type-graphql|@apollo\/|fastify|@fastify\/|graphql-)/;
    const found = domain.filter(({ text }) => importsOf(text).some((target) => edge.test(target)));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('of the pages import nothing of the service', () => {
    const web = join(SRC, 'web');
    const found = sources.filter(
      ({ file, entry, text }) =>
        entry === 'web' &&
        importsOf(text).some((target) => target.startsWith('.') && !resolve(dirname(file), target).startsWith(web)),
    );
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  test('read the environment in one file', () => {
    expect(offenders(service, /\bprocess\.env\b/, 'src/base/config.ts')).toEqual([]);
  });

  test('make what is random in one file (R-165)', () => {
    const random = /\b(?:randomBytes|randomInt|randomUUID|randomFill\w*|getRandomValues|Math\.random)\b/;
    expect(offenders(service, random, 'src/base/secrets.ts')).toEqual([]);
  });

  test('compare secrets in constant time, in the files made for it (R-167)', () => {
    expect(offenders(service, /\btimingSafeEqual\b/, 'src/base/secrets.ts', 'src/passwords/hash-worker.js')).toEqual(
      [],
    );
  });

  test('export by name', () => {
    expect(offenders(service, /^export default\b/m)).toEqual([]);
  });

  test('fit on a screen or three: no file is longer than 300 lines', () => {
    const long = sources.filter(
      ({ path, text }) => text.split('\n').length - 1 > 300 && !LISTS.some((pattern) => pattern.test(path)),
    );
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

describe.each(['package-lock.json', 'test/gateways/package-lock.json'])('%s', (file) => {
  interface Locked {
    readonly resolved?: string;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  }
  const { packages } = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as { packages: Record<string, Locked> };

  test('lists the binaries of every platform, though they are installed on one: npm ci refuses a lock without them', () => {
    const isLocked = (owner: string, name: string): boolean =>
      `${owner}/node_modules/${name}` in packages ||
      `node_modules/${name}` in packages ||
      (owner.includes('/node_modules/') && isLocked(owner.slice(0, owner.lastIndexOf('/node_modules/')), name));
    const missing = Object.entries(packages).flatMap(([owner, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(owner, name)),
    );
    expect(missing).toEqual([]);
  });

  test('names no registry: everyone has their own', () => {
    expect(Object.keys(packages).filter((name) => packages[name]?.resolved !== undefined)).toEqual([]);
  });
});
