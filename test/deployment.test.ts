/** What is delivered to run it: the image, the compose file and the systemd unit know the program, and give it little. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { variables } from '../src/base/config-variables.js';

const ROOT = resolve(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

const dockerfile = read('.deploy/Dockerfile');
const unit = read('.deploy/rekey.service');
const compose = read('.deploy/compose.yaml');

const isKnown = (name: string): boolean => name in variables || name.replace(/_FILE$/, '') in variables;

/** What services share, and then the services of the compose file, by name. */
const [shared = '', ...services] = compose.split(/^ {2}(?=\w+:$)/m);

test('each setting in them is one that the program knows (R-169)', () => {
  const inImage = [...dockerfile.matchAll(/^ENV ([A-Z_]+)=|process\.env\.([A-Z_]+)/gm)].map(([, a, b]) => a ?? b);
  const inUnit = [...unit.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line = '']) =>
    line.split(' ').map((setting) => setting.split('=')[0]),
  );
  const inCompose = [...compose.matchAll(/^ +([A-Z][A-Z0-9_]+): /gm)]
    .map(([, name]) => name)
    .filter((name) => !name?.startsWith('POSTGRES_'));
  for (const found of [inImage, inUnit, inCompose]) {
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((name) => !isKnown(name ?? ''))).toEqual([]);
  }
});

describe('the image', () => {
  const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
  const nodes = stages.map((stage) => Number(/^FROM node:(\d+)-/.exec(stage)?.[1]));

  test('runs as a user by number, who is not root, to the end', () => {
    const last = stages.at(-1) ?? '';
    expect([...last.matchAll(/^USER (.*)$/gm)].map(([, user]) => user)).toEqual([
      expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
    ]);
    expect(last.slice(last.indexOf('\nUSER'))).not.toMatch(/^(?:RUN|COPY|ADD|VOLUME)/m);
  });

  test('is built and run on one long-term line of Node, which everything that ships accepts', () => {
    const [node = 0] = nodes;
    expect(new Set(nodes)).toEqual(new Set([node]));
    expect(node % 2).toBe(0);
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { dev?: boolean; engines?: { node?: string } }>;
    };
    const accepts = (range: string): boolean =>
      range.split('||').some((part) => {
        const [, sign = '', major = ''] = /^\s*(>=|\^)?\s*(\d+)/.exec(part) ?? [];
        return sign === '>=' ? node >= Number(major) : node === Number(major);
      });
    const asking = Object.entries(packages).filter(([, { dev, engines }]) => !dev && engines?.node);
    expect(asking.length).toBeGreaterThan(100);
    expect(asking.filter(([, { engines }]) => !accepts(engines?.node ?? '')).map(([path]) => path)).toEqual([]);
  });

  test('holds the bill of materials of what is in it, and installs what the lock file says, running nobody’s script', () => {
    expect(stages[0]).toMatch(/npm ci --ignore-scripts/);
    expect(stages[0]).toMatch(/npm run --silent sbom >(sbom\.cdx\.json)/);
    expect(stages.at(-1)).toMatch(/^COPY --from=build .*sbom\.cdx\.json/m);
  });
});

describe('the compose file', () => {
  test('gives what runs the image a read-only file system, no capabilities, and no way to more', () => {
    for (const line of [
      'image: rekey',
      'read_only: true',
      'cap_drop: [ALL]',
      "security_opt: ['no-new-privileges:true']",
    ])
      expect(shared.split('\n')).toContain(`  ${line}`);
    const running = services.filter((text) => /\*service|image: rekey/.test(text));
    expect(running.map((text) => text.slice(0, text.indexOf(':')))).toEqual(['rekey', 'worker']);
    for (const text of running) {
      expect(text).toContain('<<: *service\n');
      expect(text).not.toMatch(/read_only|cap_add|cap_drop|privileged|security_opt|user:|volumes/);
    }
  });

  test('opens ports to this machine alone, and has no key of its own', () => {
    const published = [...compose.matchAll(/^ +ports: \[(.*)\]$/gm)].map(([, ports]) => ports);
    expect(published.length).toBeGreaterThan(0);
    for (const ports of published) expect(ports).toMatch(/^'127\.0\.0\.1:\d+:\d+'$/);
    expect(compose).toMatch(/SECRET_KEYS: \$\{SECRET_KEYS:\?/);
  });
});

describe('the systemd unit', () => {
  test('starts the program as nobody in particular, with secrets that only root can read', () => {
    expect(unit).toMatch(/^ExecStart=\S+\/node \S+\/dist\/main\.js serve$/m);
    expect(unit).toMatch(/^DynamicUser=yes$/m);
    const credentials = [...unit.matchAll(/^LoadCredential=([\w-]+):/gm)].map(([, name]) => `%d/${name}`);
    const files = [...unit.matchAll(/_FILE=(\S+)/g)].map(([, path]) => path);
    expect(files.sort()).toEqual(credentials.sort());
    expect(unit).not.toMatch(/^Environment=.*(?:SECRET_KEYS|DATABASE_URL)=/m);
  });

  test.each([
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'ProtectKernelTunables=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelLogs=yes',
    'ProtectControlGroups=yes',
    'ProtectClock=yes',
    'ProtectProc=invisible',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX',
    'RestrictNamespaces=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'CapabilityBoundingSet=',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'UMask=0077',
  ])('says %s', (line) => {
    expect(unit.split('\n')).toContain(line);
  });
});

describe('the audit of dependencies in .ci/run', () => {
  const audit = (answer: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'rekey-audit-'));
    try {
      writeFileSync(join(folder, 'report'), answer);
      const { status, stdout } = spawnSync(process.execPath, [join(ROOT, '.ci/audit.mjs'), join(folder, 'report')]);
      return { status, said: stdout.toString() };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const known = { name: 'left', severity: 'high', via: [{ title: 'It leaks', url: 'https://example.org/1' }] };

  test.each([
    ['nothing is known: passes', { vulnerabilities: {} }, 0, ''],
    [
      'something is known: fails',
      { vulnerabilities: { left: known } },
      1,
      'high: left: It leaks https://example.org/1',
    ],
    [
      'the registry has no audits: passes, and says so',
      { statusCode: 405, message: '405' },
      0,
      'note: the registry has',
    ],
    ['the registry is away: fails', { message: 'getaddrinfo ENOTFOUND' }, 1, 'the audit failed: getaddrinfo ENOTFOUND'],
  ])('%s', (_case, answer, status, words) => {
    const outcome = audit(JSON.stringify(answer));
    expect(outcome.status).toBe(status);
    expect(outcome.said).toContain(words);
  });

  test('npm said nothing: fails', () => {
    expect(audit('').status).toBe(1);
  });
});
