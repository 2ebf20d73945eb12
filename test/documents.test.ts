/** What the documents say is what the program does. */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { variables } from '../src/base/config-variables.js';
import { isObjectType } from 'graphql';
import { MemoryHitLog } from '../src/base/limits.js';
import type { AccessRule } from '../src/graphql/access.js';
import { createLimiter } from '../src/graphql/limiter.js';
import { bounds } from '../src/server/hardening.js';
import { Metrics } from '../src/server/metrics.js';
import { buildGuardedSchema } from '../src/server/schema.js';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

describe('the table of variables in README.md', () => {
  const rowOf = ([name, { fallback, bounds: range, about }]: [string, (typeof variables)[keyof typeof variables]]) =>
    `| \`${name}\` | ${fallback === null || fallback === '' ? 'none' : `\`${fallback}\``} | ${range.replaceAll('|', '\\|')} | ${about} |`;
  const rows = read('README.md')
    .split('\n')
    .filter((line) => /^\| `[A-Z][A-Z0-9_]+` +\|/.test(line))
    .map((line) => line.replace(/ +\|/g, ' |').replace(/\| +/g, '| '));

  test('has every variable in its order, with its default, bounds and meaning, and no other (R-169)', () => {
    expect(rows).toEqual(Object.entries(variables).map((entry) => rowOf(entry as Parameters<typeof rowOf>[0])));
  });
});

test('every variable is used by some code besides the list of variables: none is promised and then does nothing', () => {
  const src = new URL('../src/', import.meta.url);
  const dropSentence = (quoted: string): string => (quoted.includes(' ') ? '' : quoted);
  const code = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.startsWith('web/') && path !== 'base/config-variables.ts')
    .map((path) => readFileSync(new URL(path, src), 'utf8'))
    // What stands in a comment or in a sentence to an operator is no use.
    .map((text) => text.replace(/\/\*[^]*?\*\/|^ *\/\/.*$/gm, '').replace(/'[^'\n]*'/g, dropSentence))
    .join('\n');
  expect(code.length).toBeGreaterThan(100_000);
  expect(Object.keys(variables).filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([]);
});

describe('the limits in SECURITY.md', () => {
  const text = read('SECURITY.md');

  test('of a document are the ones in force (R-169)', () => {
    for (const [name, number] of Object.entries({
      'body, bytes': bounds.bodyBytes,
      tokens: bounds.tokens,
      depth: bounds.depth,
      aliases: bounds.aliases,
      'root fields': bounds.rootFields,
      'selected fields': bounds.selections,
      'directives on one node': bounds.directivesOnOneNode,
      directives: bounds.directives,
      'items of a list': bounds.listItems,
      'milliseconds for a request': bounds.operationMs,
    })) {
      expect(text).toMatch(new RegExp(`^\\| ${name} +\\| ${number} +\\|`, 'm'));
    }
  });

  test('of throttles and lifetimes are the defaults that ship (R-169)', () => {
    const named = [...text.matchAll(/`([A-Z][A-Z0-9_]+)=([\d/]+)`/g)];
    expect(named.length).toBeGreaterThan(20);
    for (const [, name, value] of named) {
      expect(`${name}=${variables[name as keyof typeof variables]?.fallback}`).toBe(`${name}=${value}`);
    }
  });

  test('name every limit and every lifetime', () => {
    const names = Object.keys(variables).filter((name) => /^LIMIT_|^FLAG_|_TTL$|^MANUAL_RESET_/.test(name));
    expect(names.filter((name) => !text.includes(`\`${name}=`))).toEqual([]);
  });
});

test('the times that SECURITY.md gives other services are those in force (R-169)', () => {
  const seconds = (file: string, name: string): string => {
    const [, ms = ''] = new RegExp(`\\b${name}(?: =|:) ([\\d_]+)\\b`).exec(read(`src/${file}`)) ?? [];
    return `${Number(ms.replaceAll('_', '')) / 1000} s`;
  };
  const postgres = [
    `${seconds('base/postgres-server.ts', 'CONNECT_MS')} to connect`,
    `${seconds('base/postgres-server.ts', 'LET_IN_MS')} to be let in`,
    `${seconds('base/database.ts', 'statement_timeout')} a statement`,
  ];
  const step = seconds('delivery/transports.ts', 'TIMEOUT_MS');
  const [, steps] = /AbortSignal\.timeout\(timeoutMs \* (\d)\)/.exec(read('src/delivery/transports.ts')) ?? [];
  const [, table = ''] = /^## Services that Rekey talks to\n([^]*?)^## /m.exec(read('SECURITY.md')) ?? [];
  const written = [...table.matchAll(/^\| ([^|]+?) +\| [^|]+ \| ([^|]*?\d[^|]*?) +\|/gm)].map(([, who, wait]) => [
    who,
    wait,
  ]);
  expect(written).toEqual([
    ['PostgreSQL', postgres.join(', ')],
    ['Redis (`REDIS_URL`)', seconds('server/node.ts', 'REDIS_MS')],
    ['mail server (`SMTP_URL`)', `${step} a step, ${parseInt(step) * Number(steps)} s in all`],
    ['SMS webhook or Twilio (`SMS_URL`)', step],
    ['breached-password service (`BREACHED_RANGE_URL`)', seconds('passwords/breached.ts', 'DEADLINE_MS')],
    ['trace collector (`OTEL_EXPORTER_OTLP_ENDPOINT`)', seconds('base/tracing.ts', 'SEND_MS')],
  ]);
});

test('the fields that only some may call are listed in SECURITY.md under their rule (R-111, R-169)', async () => {
  const log = new MemoryHitLog();
  const schema = await buildGuardedSchema(createLimiter({ shared: log, process: log }));
  const inForce: Record<string, string[]> = {};
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
    for (const { name, extensions } of Object.values(type.getFields())) {
      if (extensions['access'])
        (inForce[describeRule(extensions['access'] as AccessRule)] ??= []).push(`${type.name}.${name}`);
    }
  }
  const written: Record<string, string[]> = {};
  for (const line of read('SECURITY.md').split('\n')) {
    const [, rule = '', fields = ''] = /^\| ([a-z:, ]+?) +\| (`[A-Z]\w+\.\w+`.*?) +\|$/.exec(line) ?? [];
    if (rule) written[rule] = [...fields.matchAll(/`([\w.]+)`/g)].map(([, field]) => field as string).sort();
  }
  for (const fields of Object.values(inForce)) fields.sort();
  expect(written).toEqual(inForce);
});

const describeRule = (rule: AccessRule): string =>
  typeof rule === 'string'
    ? rule
    : `${rule.scopes.map((all) => all.join(' and ')).join(' or ')}${rule.fresh ? ', fresh' : ''}`;

test('the commands in README.md are those that there are', () => {
  const named = [...read('README.md').matchAll(/^\| (`rekey .*?) +\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`rekey ([a-z-]+)/g)].map(([, name]) => name as string),
  );
  const there = [...read('src/main.ts').matchAll(/^ {2}'?([a-z-]+)'?: async \(\) => \(await import/gm)].map(
    ([, name]) => name,
  );
  expect(named.sort()).toEqual(there.sort());
});

test('the scripts that the documents name are in the package.json that they name', () => {
  const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md'].map(read).join('\n');
  const named = [...documents.matchAll(/npm (?:--prefix (\S+) )?run ([a-z:]+)/g)];
  const missing = named.filter(([, folder = '.', name = '']) => {
    const { scripts } = JSON.parse(read(`${folder}/package.json`)) as { scripts: Record<string, string> };
    return !(name in scripts);
  });
  expect(named.length).toBeGreaterThan(5);
  expect(missing.map(([command]) => command)).toEqual([]);
});

describe('what comes with the program to watch it', () => {
  const known = new Map<string, readonly string[]>();
  beforeAll(() => {
    for (const metric of new Metrics(null).registry.getMetricsAsArray()) {
      const { labelNames = [] } = metric as unknown as { labelNames?: readonly string[] };
      known.set(metric.name, labelNames);
    }
  });

  test.each(['.deploy/grafana-dashboard.json', '.deploy/alerts.yaml'])(
    '%s names only numbers and labels that exist',
    (file) => {
      const text = read(file).replaceAll('\\"', '"');
      const named = [...text.matchAll(/\b((?:rekey|nodejs|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)];
      expect(named.length).toBeGreaterThan(10);
      for (const [, name = '', labels = ''] of named) {
        const metric = known.has(name) ? name : name.replace(/_(?:bucket|count|sum)$/, '');
        expect([...known.keys()]).toContain(metric);
        const used = [...labels.matchAll(/(\w+)\s*(?:=~?|!=|!~)/g)].map(([, label]) => label);
        expect([...(known.get(metric) ?? []), 'instance', 'job']).toEqual(expect.arrayContaining(used));
      }
    },
  );
});

describe('what is installed (R-175)', () => {
  const pack = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version: string; integrity?: string; optional?: boolean }>;
  };

  test('is one version each, the one in the lock file, with its checksum', () => {
    const wanted = Object.entries({ ...pack['dependencies'], ...pack['devDependencies'] });
    expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
    for (const [name, version] of wanted) expect(lock.packages[`node_modules/${name}`]?.version).toBe(version);
    // Of other platforms' binaries a registry may leave the checksum out.
    const unchecked = Object.entries(lock.packages).filter(
      ([path, { integrity, optional }]) => path !== '' && !integrity && !optional,
    );
    expect(unchecked.map(([path]) => path)).toEqual([]);
  });

  test('is type-graphql of the line for graphql 16, since the registry calls an older one the latest', () => {
    expect(pack['dependencies']?.['type-graphql']).toMatch(/^2\./);
    expect(pack['dependencies']?.['graphql']).toMatch(/^16\./);
  });
});
