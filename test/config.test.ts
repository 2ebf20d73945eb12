/** The environment: what stops a start, how mistakes are told, and what production can never be given. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig, type Config } from '../src/base/config.js';
import { unreadNames } from '../src/base/config-names.js';
import { variables } from '../src/base/config-variables.js';
import { newBytes } from '../src/base/secrets.js';

const folder = mkdtempSync(join(tmpdir(), 'rekey-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const key = newBytes(32).toString('base64');

/** The least that a production start needs. */
const PRODUCTION = {
  PUBLIC_URL: 'https://id.example.org',
  DATABASE_URL: 'postgres://rekey@db.example.org/rekey',
  SMTP_URL: 'smtps://mail.example.org',
  MAIL_FROM: 'Rekey <rekey@example.org>',
  SECRET_KEYS: `a:${key}`,
};
const TEST = { APP_ENV: 'test', DATA_DIR: folder };

type Environment = Record<string, string | undefined>;

/** The mistakes that an environment is refused for; none where it is accepted. */
function mistakesOf(env: Environment): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}
const namesOf = (mistakes: readonly string[]): string[] => mistakes.map((line) => line.split(':')[0] as string).sort();

describe('production', () => {
  test('is the default, and starts with the least it needs', () => {
    const config = loadConfig(PRODUCTION);
    expect(config).toMatchObject({ APP_ENV: 'production', host: '0.0.0.0', secureCookies: true, mailboxFile: null });
  });

  test.each(Object.keys(PRODUCTION))('does not start without %s (R-014, R-171)', (name) => {
    expect(namesOf(mistakesOf({ ...PRODUCTION, [name]: undefined }))).toEqual([name]);
  });

  test('names everything that is missing at once', () => {
    expect(namesOf(mistakesOf({}))).toEqual(Object.keys(PRODUCTION).sort());
  });

  test('is served over https alone (R-153)', () => {
    expect(namesOf(mistakesOf({ ...PRODUCTION, PUBLIC_URL: 'http://id.example.org' }))).toEqual(['PUBLIC_URL']);
  });

  test('has no embedded database, no mailbox, and no limit that is off (R-172)', () => {
    expect(namesOf(mistakesOf({ ...PRODUCTION, LIMIT_GUESS: '0', LIMIT_MAIL_PER_NETWORK: '0' }))).toEqual([
      'LIMIT_GUESS',
      'LIMIT_MAIL_PER_NETWORK',
    ]);
    expect(loadConfig({ ...PRODUCTION, DATA_DIR: folder }).mailboxFile).toBeNull();
  });

  test('makes no keys of its own', () => {
    expect(namesOf(mistakesOf({ ...PRODUCTION, SECRET_KEYS: '', DATA_DIR: folder }))).toEqual(['SECRET_KEYS']);
  });

  test('does not obey NODE_ENV', () => {
    expect(namesOf(mistakesOf({ NODE_ENV: 'test' }))).toEqual(Object.keys(PRODUCTION).sort());
  });
});

describe('keys', () => {
  const refused = (value: string): boolean => mistakesOf({ ...PRODUCTION, SECRET_KEYS: value }).length === 1;

  test.each([
    ['short', `a:${newBytes(31).toString('base64')}`],
    ['all zeros', `a:${Buffer.alloc(32).toString('base64')}`],
    ['one letter repeated', `a:${Buffer.from('x'.repeat(32)).toString('base64')}`],
    ['without an id', key],
    ['two of one id', `a:${key},a:${newBytes(32).toString('base64')}`],
  ])('that are %s are refused', (_what, value) => {
    expect(refused(value)).toBe(true);
  });

  test('come in an order: the first seals, all open (R-170)', () => {
    const { secretKeys } = loadConfig({
      ...PRODUCTION,
      SECRET_KEYS: `new:${key}, old:${newBytes(32).toString('base64')}`,
    });
    expect(secretKeys.map(({ id }) => id)).toEqual(['new', 'old']);
  });

  test('of a development machine are made once, for its user alone, and kept', () => {
    const first = loadConfig(TEST).secretKeys[0]?.key.toString('hex');
    expect(loadConfig(TEST).secretKeys[0]?.key.toString('hex')).toBe(first);
    expect(statSync(join(folder, 'secret-keys')).mode & 0o077).toBe(0);
  });
});

describe('a mistake', () => {
  test('is told by name, with all others, and never by its value (R-171)', () => {
    const canary = 'canary-5ecret-value';
    const env = {
      PORT: canary,
      PUBLIC_URL: canary,
      DATABASE_URL: `mysql://rekey:${canary}@db/rekey`,
      SMTP_URL: canary,
      SMS_SECRET: canary.slice(0, 10),
      SECRET_KEYS: canary,
      ROUTER_SECRETS: canary,
      TRUSTED_PROXIES: canary,
      RESET_LINK_TTL: '-1',
      LIMIT_GUESS: 'many',
      LOG_LEVEL: canary,
      APP_ENV: canary,
    };
    const mistakes = mistakesOf(env);
    expect(namesOf(mistakes)).toEqual(Object.keys(env).sort());
    expect(mistakes.join('\n')).not.toContain('canary');
    expect(new ConfigError(mistakes).message).toMatch(/^The configuration has 12 mistake/);
  });

  test('is told together with what is missing and what does not go together, each variable once', () => {
    const env = { PUBLIC_URL: 'http://id.example.org', SECRET_KEYS: 'short', SECRET_KEYS_FILE: '/nowhere', PORT: 'x' };
    expect(namesOf(mistakesOf(env))).toEqual(
      ['DATABASE_URL', 'MAIL_FROM', 'PORT', 'PUBLIC_URL', 'SECRET_KEYS', 'SECRET_KEYS', 'SMTP_URL'].sort(),
    );
  });

  test('stops the start where a value is outside its bounds (R-068, R-173)', () => {
    const outside: Environment = {
      PASSWORD_MIN_LENGTH: '7',
      RESET_LINK_TTL: '86401',
      RESET_LINK_SMS_TTL: '601',
      CODE_TTL: '601',
      QR_TTL: '601',
      LIMIT_GUESS: '101/900',
      SESSION_STAFF_ABSOLUTE_TTL: '43201',
      SESSION_ABSOLUTE_TTL: '2592001',
      MAX_SESSIONS: '0',
      PORT: '65536',
    };
    expect(namesOf(mistakesOf({ ...PRODUCTION, ...outside }))).toEqual(Object.keys(outside).sort());
  });

  test.each(['10.0.0.0/99', 'proxy', 'abc', '10.1', '1.2.3.4.5'])(
    'is also the proxy %s, which is no address',
    (proxy) => {
      expect(namesOf(mistakesOf({ ...PRODUCTION, TRUSTED_PROXIES: `10.0.0.1,${proxy}` }))).toEqual(['TRUSTED_PROXIES']);
    },
  );

  test('is also a session that may lie idle for longer than it lives', () => {
    const env = { ...PRODUCTION, SESSION_STAFF_IDLE_TTL: '900', SESSION_STAFF_ABSOLUTE_TTL: '600' };
    expect(namesOf(mistakesOf(env))).toEqual(['SESSION_STAFF_IDLE_TTL']);
  });

  test('is also an SMS receiver that could not tell our messages from others', () => {
    expect(namesOf(mistakesOf({ ...PRODUCTION, SMS_URL: 'https://sms.example.org/send' }))).toEqual(['SMS_SECRET']);
  });
});

describe('a value that could never work', () => {
  const unmarked = join(folder, 'not.mmdb');
  writeFileSync(unmarked, 'no such thing');

  test.each([
    ['DATABASE_URL', 'postgres://u:canary@host:port/x'],
    ['DATABASE_URL', 'postgres://u:canary@host:99999/x'],
    ['DATABASE_URL', 'postgres://u:canary%zz@host/x'],
    ['DATABASE_URL', 'postgres://u:can@ry@host/x'],
    ['DATABASE_URL', 'postgres://u:canary@host/x?sslmode=canary'],
    ['DATABASE_URL', 'postgres://u:p@host/x?sslmode=verify-full&sslrootcert=/canary'],
    ['MIGRATE_DATABASE_URL', 'mysql://u:canary@host/x'],
    ['SMTP_URL', 'smtp://'],
    ['SMTP_URL', 'smtp://u:canary@:25'],
    ['SMTP_URL', 'smtp://u:canary@host:port'],
    ['SMTP_URL', 'smtp://u:canary%zz@host'],
    ['MAIL_FROM', 'not an address, canary'],
    ['MAIL_FROM', 'canary'],
    ['MAIL_FROM', 'One <a@canary.example>, Two <b@canary.example>'],
    ['SMS_URL', 'twilio://canary'],
    ['SMS_URL', 'twilio://canary:canary@'],
    ['SMS_URL', 'https://u:canary@sms.example.org'],
    ['SMS_URL', 'https://'],
    ['REDIS_URL', 'redis://'],
    ['REDIS_URL', 'redis://:canary@:6379'],
    ['REDIS_URL', 'redis://:canary%zz@host'],
    ['REDIS_URL', 'redis://host/canary'],
    ['RP_ID', 'canary.example'],
    ['RP_ID', 'd.example.org'],
    ['RP_ID', 'login.id.example.org'],
    ['RP_ID', 'org'],
    ['RP_ID', 'https://id.example.org'],
    ['STAFF_MAILBOX', 'canary'],
    ['GEO_DATABASE', '/nowhere/canary.mmdb'],
    ['GEO_DATABASE', folder],
    ['GEO_DATABASE', unmarked],
    ['BREACHED_RANGE_URL', 'https://canary:port'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://'],
  ])('stops the start by name and is not repeated: %s=%s', (name, value) => {
    const mistakes = mistakesOf({ ...PRODUCTION, SMS_SECRET: 'sixteen letters.', [name]: value });
    expect(namesOf(mistakes)).toEqual([name]);
    expect(mistakes[0]).toMatch(/^[A-Z_]+: [a-z]/);
    expect(mistakes[0]).not.toMatch(/canary|can@ry/);
  });

  test.each([
    ['DATABASE_URL', 'postgresql://rekey:p%40ss@one:5432,two:5433/rekey?sslmode=require'],
    ['DATABASE_URL', 'postgres:///rekey?host=/run/postgresql'],
    ['SMTP_URL', 'smtps://user%40example.org:p%2Fss@mail.example.org:465'],
    ['SMTP_URL', 'smtp://[::1]:25?requireTLS=true'],
    ['MAIL_FROM', 'rekey@localhost'],
    ['SMS_URL', 'twilio://AC1:token@+15550001111'],
    ['SMS_URL', 'https://sms.example.org/send'],
    ['REDIS_URL', 'rediss://user:p%40ss@redis.example.org:6380/3'],
    ['REDIS_URL', 'redis://:secret@redis'],
    ['RP_ID', 'id.example.org'],
    ['RP_ID', 'example.org'],
    ['STAFF_MAILBOX', 'desk@example.org'],
  ])('is none of these: %s=%s', (name, value) => {
    expect(mistakesOf({ ...PRODUCTION, SMS_SECRET: 'sixteen letters.', [name]: value })).toEqual([]);
  });

  test('is told with all others at once', () => {
    const env = {
      DATABASE_URL: 'postgres://u:p@host:port/x',
      SMTP_URL: 'smtp://',
      MAIL_FROM: 'not an address',
      SMS_URL: 'twilio://x',
      REDIS_URL: 'redis://',
      RP_ID: 'evil.example',
      STAFF_MAILBOX: 'nonsense',
      GEO_DATABASE: '/nowhere/regions.mmdb',
    };
    expect(namesOf(mistakesOf({ ...PRODUCTION, ...env }))).toEqual(Object.keys(env).sort());
  });

  test('is also a relying party for an address, of which no part is a domain', () => {
    const env = { ...TEST, PUBLIC_URL: 'http://127.0.0.1:4000' };
    expect(namesOf(mistakesOf({ ...env, RP_ID: '0.0.1' }))).toEqual(['RP_ID']);
    expect(mistakesOf({ ...TEST, RP_ID: 'localhost' })).toEqual([]);
  });

  test('may be the domain of an app that is served elsewhere', () => {
    const env = { ...TEST, PUBLIC_URL: 'https://id.example.org', ALLOWED_ORIGINS: 'https://app.example.net' };
    expect(mistakesOf({ ...env, RP_ID: 'app.example.net' })).toEqual([]);
    expect(namesOf(mistakesOf({ ...env, RP_ID: 'example.com' }))).toEqual(['RP_ID']);
  });

  test('is told once where what it depends on is wrong', () => {
    const env = { ...TEST, PUBLIC_URL: 'nowhere', PORT: 'x', RP_ID: 'id.example.org' };
    expect(namesOf(mistakesOf(env))).toEqual(['PORT', 'PUBLIC_URL']);
  });

  test('is also a mail server without a sender, and a migration through PgBouncer', () => {
    expect(namesOf(mistakesOf({ ...TEST, SMTP_URL: 'smtp://localhost' }))).toEqual(['MAIL_FROM']);
    const pooled = { ...PRODUCTION, DATABASE_URL: 'postgres://rekey@pool:6432/rekey?pgbouncer=true' };
    expect(namesOf(mistakesOf(pooled))).toEqual(['MIGRATE_DATABASE_URL']);
    expect(mistakesOf({ ...pooled, MIGRATE: 'off' })).toEqual([]);
    expect(mistakesOf({ ...pooled, MIGRATE_DATABASE_URL: PRODUCTION.DATABASE_URL })).toEqual([]);
  });
});

describe('test', () => {
  test.each(['0.0.0.0', '::', '10.0.0.1', 'id.example.org'])('does not listen on %s (R-172)', (host) => {
    expect(namesOf(mistakesOf({ ...TEST, HOST: host }))).toEqual(['HOST']);
  });

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('listens on %s', (host) => {
    expect(loadConfig({ ...TEST, HOST: host }).host).toBe(host);
  });

  test('may switch a limit off', () => {
    expect(loadConfig({ ...TEST, LIMIT_GUESS: '0' }).LIMIT_GUESS.max).toBe(0);
  });
});

describe('NAME_FILE', () => {
  const file = join(folder, 'a-secret');
  writeFileSync(file, `${PRODUCTION.SMTP_URL}\n`);

  test('is read in place of NAME, for every variable', () => {
    const config = loadConfig({ ...PRODUCTION, SMTP_URL: undefined, SMTP_URL_FILE: file });
    expect(config.SMTP_URL).toBe(PRODUCTION.SMTP_URL);
  });

  test('next to NAME is a mistake: one of them would be ignored', () => {
    expect(namesOf(mistakesOf({ ...PRODUCTION, SMTP_URL_FILE: file }))).toEqual(['SMTP_URL']);
  });

  test('that cannot be read is a mistake, told by name', () => {
    const mistakes = mistakesOf({ ...PRODUCTION, SMTP_URL: undefined, SMTP_URL_FILE: join(folder, 'nowhere') });
    expect(mistakes.some((line) => line.startsWith('SMTP_URL_FILE:'))).toBe(true);
    expect(mistakes.join('\n')).not.toContain('nowhere');
  });
});

describe('a name that nobody reads', () => {
  const known = Object.keys(variables);

  test.each([
    ['LIMIT_GUES', 'LIMIT_GUESS'],
    ['LIMIT_GEUSS', 'LIMIT_GUESS'],
    ['LIMITS_GUESS', 'LIMIT_GUESS'],
    ['SESSION_IDL_TTL', 'SESSION_IDLE_TTL'],
    ['SESSION_STAF_IDEL_TTL', 'SESSION_STAFF_IDLE_TTL'],
    ['SMTP_URI', 'SMTP_URL'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['SECRET_KEY', 'SECRET_KEYS'],
    ['SECRET_KEY_FILE', 'SECRET_KEYS_FILE'],
    ['SECRET_KEYS_FIEL', 'SECRET_KEYS_FILE'],
    ['TRUSTED_PROXIE', 'TRUSTED_PROXIES'],
    ['LIMIT_SOMETHING_ELSE', null],
    ['FLAG_RESET', 'FLAG_RESETS'],
    ['SESSION_STAFF_LIFETIME', null],
  ] as const)('though it is nearly one of ours is told: %s', (name, meant) => {
    expect(unreadNames([name], known)).toEqual([{ name, meant }]);
  });

  test('is no false alarm: what is ours, and what other programs have', () => {
    const others = [
      ...'PATH HOME USER LOGNAME HOSTNAME HOSTS HOSTFILE PORTS MAIL MAILCHECK MAIL_HOST LANG TERM SHELL PWD'.split(' '),
      ...'SESSION_MANAGER SESSION_ID SESSION_SECRET XDG_SESSION_ID XDG_SESSION_TYPE DBUS_SESSION_BUS_ADDRESS'.split(
        ' ',
      ),
      ...'APP_NAME APP_KEY APP_URL NODE_ENV NODE_OPTIONS LOG_FORMAT SECRET_KEY_BASE TRUSTED_HOSTS'.split(' '),
      ...'DATABASE_SSL DATABASE_USER DATABASE_NAME DATABASE_HOST DB_URL SMTP_HOST SMTP_PORT SMTP_USER SQS_URL'.split(
        ' ',
      ),
      ...'REDIS_HOST REDIS_PORT REDIS_SERVICE_HOST REDIS_PORT_6379_TCP REKEY_PORT REKEY_SERVICE_HOST'.split(' '),
      ...'WORKER_ID JEST_WORKER_ID NODE_UNIQUE_ID OTEL_EXPORTER_OTLP_HEADERS OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'.split(
        ' ',
      ),
      ...'OTEL_SERVICE_NAME INVOCATION_ID JOURNAL_STREAM CREDENTIALS_DIRECTORY LimitNOFILE __proto__'.split(' '),
    ];
    expect(unreadNames([...known, ...known.map((name) => `${name}_FILE`), ...others], known)).toEqual([]);
  });

  test('stops no start, and is told beside the mistakes that it may be the cause of, without its value', () => {
    expect(loadConfig({ ...PRODUCTION, LIMIT_GUES: '5/900' }).unread).toEqual([
      { name: 'LIMIT_GUES', meant: 'LIMIT_GUESS' },
    ]);
    expect(() => loadConfig({ ...PRODUCTION, SMTP_URL: '', SMTP_URI: 'smtp://canary' })).toThrow(
      /^The configuration has 1 mistake\(s\):\n {2}- SMTP_URL: .+\n {2}- SMTP_URI: not read; SMTP_URL may be meant$/,
    );
  });
});

describe('the configuration', () => {
  test('cannot be changed once it is read', () => {
    const config = loadConfig(PRODUCTION) as { PORT: number };
    expect(() => {
      config.PORT = 1;
    }).toThrow(TypeError);
  });

  test('ships every default inside its own bounds', () => {
    for (const { fallback, schema } of Object.values(variables)) {
      if (fallback !== null) expect(schema.safeParse(fallback).success).toBe(true);
    }
  });

  test('ships the numbers of the contract', () => {
    const config: Config = loadConfig(PRODUCTION);
    expect(config).toMatchObject({
      RESET_LINK_TTL: 1800,
      RESET_LINK_SMS_TTL: 600,
      REAUTH_TTL: 600,
      QR_TTL: 120,
      PASSWORD_MIN_LENGTH: 15,
      LIMIT_RESET_PER_ADDRESS: { max: 3, seconds: 1800 },
      LIMIT_GUESS: { max: 5, seconds: 900 },
      SESSION_ABSOLUTE_TTL: 2_592_000,
      SESSION_STAFF_ABSOLUTE_TTL: 28_800,
    });
  });
});
