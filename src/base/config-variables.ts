/** Every variable Rekey reads: its form, its bounds, its default, and one sentence on what it is for. */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { Limit, SealingKey } from './config.js';
import { readGeoDatabase, readRedisUrl, readServiceUrl, readSmsUrl, readTrustedDocuments } from './config-forms.js';
import { parseEmail, parseSender } from './email-address.js';
import { readDatabaseUrl } from './postgres-url.js';

interface Variable<T> {
  readonly schema: z.ZodType<T>;
  /** The text used when the variable is not set; null when it then has no value. */
  readonly fallback: string | null;
  readonly bounds: string;
  readonly about: string;
}

const DAY = 86_400;

function variable<T>(fallback: string, schema: z.ZodType<T>, bounds: string, about: string): Variable<T>;
function variable<T>(fallback: null, schema: z.ZodType<T>, bounds: string, about: string): Variable<T | null>;
function variable<T>(fallback: string | null, schema: z.ZodType<T>, bounds: string, about: string): Variable<T> {
  return { schema, fallback, bounds, about };
}

function whole(fallback: number, low: number, high: number, about: string): Variable<number> {
  return variable(String(fallback), wholeNumber(low, high), `${low} to ${high}`, about);
}

function choice<const T extends string>(fallback: T, options: readonly T[], about: string): Variable<T> {
  const schema = z.enum(options, { error: `must be one of ${options.join(', ')}` }) as unknown as z.ZodType<T>;
  return variable(fallback, schema, options.join(', '), about);
}

function toggle(fallback: 'on' | 'off', about: string): Variable<boolean> {
  const schema = z.enum(['on', 'off'], { error: 'must be on or off' }).transform((text) => text === 'on');
  return variable(fallback, schema, 'on, off', about);
}

function optionalText(about: string, bounds = 'text'): Variable<string | null> {
  return variable(null, z.string().min(1), bounds, about);
}

function list(about: string, each: z.ZodType<string, string>, bounds: string): Variable<string[]> {
  const schema = z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .transform((items) => items.filter((item) => item !== ''))
    .pipe(z.array(each));
  return variable('', schema, bounds, about);
}

/** `COUNT/SECONDS`. */
function limit(fallback: string, about: string, maxCount = 100_000, maxSeconds = 30 * DAY): Variable<Limit> {
  const schema = z
    .string()
    .regex(/^(?:0|\d{1,6}\/\d{1,7})$/, 'must be COUNT/SECONDS, such as 3/1800')
    .transform((text): Limit => {
      const [max = '0', seconds = '1'] = text.split('/');
      return { max: Number(max), seconds: Number(seconds) };
    })
    .refine(({ max, seconds }) => max <= maxCount && seconds >= 1 && seconds <= maxSeconds, {
      error: `must be at most ${maxCount} in 1 to ${maxSeconds} seconds`,
    });
  return variable(fallback, schema, `COUNT up to ${maxCount}, SECONDS up to ${maxSeconds}`, about);
}

function wholeNumber(low: number, high: number): z.ZodType<number> {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= low && value <= high, { error: `must be from ${low} to ${high}` });
}

/** What a reader makes of the text. It throws a RangeError with a sentence on what is wrong. */
const form = <T>(read: (text: string) => T): z.ZodType<T> =>
  z.string().transform((text, { addIssue }) => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });

/** Text that a reader understands; it is kept as it is. */
const readable = (read: (text: string) => unknown): z.ZodType<string> =>
  form((text) => {
    read(text);
    return text;
  });

const httpUrl = readable((text) => readServiceUrl(text, ['http', 'https']));
const databaseUrl = readable(readDatabaseUrl);

const origin: z.ZodType<string, string> = z.string().refine(
  (text) => {
    try {
      return new URL(text).origin === text;
    } catch {
      return false;
    }
  },
  { error: 'must be an exact origin, such as https://app.example.org, without a path' },
);

const isNetwork = (text: string): boolean =>
  ipaddr.IPv6.isValid(text) ||
  ipaddr.IPv4.isValidFourPartDecimal(text) ||
  (text.includes('/') && ipaddr.isValidCIDR(text));

const secretKeys = z
  .string()
  .transform((text) => text.split(',').map((item) => item.trim()))
  .pipe(
    z.array(z.string().regex(/^[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/=_-]+$/, 'must be id:base64, comma-separated')).min(1),
  )
  .transform((items): SealingKey[] =>
    items.map((item) => {
      const colon = item.indexOf(':');
      return { id: item.slice(0, colon), key: Buffer.from(item.slice(colon + 1), 'base64') };
    }),
  )
  .refine((keys) => keys.every(({ key }) => key.length === 32), { error: 'each key must be 32 bytes in base64' })
  .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, {
    error: 'each key needs an id of its own',
  })
  .refine((keys) => keys.every(({ key }) => new Set(key).size > 8), { error: 'a key is not random' });

export const variables = {
  APP_ENV: choice('production', ['development', 'test', 'production'], 'what kind of installation this is'),
  PORT: whole(4000, 0, 65_535, 'where to listen'),
  HOST: optionalText('where to listen: loopback outside production, else 0.0.0.0', 'host name or address'),
  PUBLIC_URL: variable(null, origin, 'an origin', 'the one base of every link and the allowed origin'),
  ALLOWED_ORIGINS: list(
    'further exact origins of single-page apps on the same site',
    origin,
    'origins, comma-separated',
  ),
  DATABASE_URL: variable(null, databaseUrl, 'postgres://…', 'PostgreSQL 14 or later'),
  MIGRATE_DATABASE_URL: variable(null, databaseUrl, 'postgres://…', "the owner's connection, for migrations alone"),
  DATA_DIR: variable('.rekey', z.string().min(1), 'a folder', 'the embedded database, the mailbox, development keys'),
  MIGRATE: toggle('on', 'whether serve and worker apply migrations when they start'),
  WORKER: toggle('on', 'whether serve also runs the worker'),
  WORKERS: whole(1, 1, 64, 'how many processes serve requests on this node'),
  HASH_THREADS: variable(
    null,
    wholeNumber(1, 64),
    '1 to 64',
    'how many threads of this node hash; none: one for each core',
  ),
  SMTP_URL: variable(
    null,
    readable((text) => readServiceUrl(text, ['smtp', 'smtps'])),
    'smtp(s)://…',
    'the mail server',
  ),
  MAIL_FROM: variable(null, readable(parseSender), 'an address, or Name <address>', 'the sender of letters'),
  SMS_URL: variable(null, readable(readSmsUrl), 'https://… or twilio://SID:TOKEN@FROM', 'sends text messages'),
  SMS_SECRET: variable(
    null,
    z.string().min(16, 'must have at least 16 characters'),
    '16 characters or more',
    'signs SMS',
  ),
  SMS_COUNTRY_PREFIXES: list(
    'country codes that text messages may go to; empty for all',
    z.string().regex(/^\+[1-9]\d{0,6}$/, 'must be prefixes such as +47'),
    'prefixes, comma-separated',
  ),
  REDIS_URL: variable(null, readable(readRedisUrl), 'redis(s)://…', 'limits shared by nodes'),
  SECRET_KEYS: variable(null, secretKeys, 'id:base64 of 32 bytes, comma-separated', 'first one seals, all open'),
  ROUTER_SECRETS: list(
    'credentials accepted on /federation; none closes it',
    z.string().min(32, 'each must have at least 32 characters'),
    '32 characters or more each, comma-separated',
  ),
  IDENTITY_AUDIENCES: list('audiences that identity assertions may name', z.string().min(1), 'names, comma-separated'),
  TRUSTED_PROXIES: list(
    'addresses or networks whose X-Forwarded-For counts',
    z.string().refine(isNetwork, { error: 'must be addresses or networks' }),
    'addresses or networks, comma-separated',
  ),
  PRODUCT_NAME: variable('Rekey', z.string().min(1).max(60), '1 to 60 characters', 'in letters and authenticator apps'),
  RP_ID: optionalText('WebAuthn relying party: the host of PUBLIC_URL', 'a domain'),
  STAFF_MAILBOX: variable(
    null,
    z.string().refine((text) => parseEmail(text) !== null, { error: 'must be an address' }),
    'an address',
    'where reminders about due support requests go',
  ),
  LOG_LEVEL: choice('info', ['trace', 'debug', 'info', 'warn', 'error', 'fatal'], 'how much is logged'),
  METRICS_PORT: variable(
    null,
    wholeNumber(0, 65_535),
    '0 to 65535',
    'a port of its own for /metrics, at HOST, with /livez and /readyz',
  ),
  GEO_DATABASE: variable(
    null,
    readable(readGeoDatabase),
    'a file',
    'a file in MaxMind form, for the region of an address',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(null, httpUrl, 'http(s)://…', 'where traces go'),

  SIGN_UP: toggle('on', 'whether people may create accounts'),
  PASSKEYS: toggle('on', 'whether passkeys can be added and used'),
  QR_SIGN_IN: toggle('on', 'whether a QR code can be used to sign in'),
  EMAIL_CODES: toggle('off', 'whether codes by e-mail can be a second proof (never marks a session as two-factor)'),
  STAFF_REQUIRE_PASSKEY: variable(
    null,
    z.enum(['on', 'off'], { error: 'must be on or off' }).transform((text) => text === 'on'),
    'on, off',
    'whether staff rights need a passkey: on in production, off elsewhere',
  ),
  FEDERATION_SECURITY_DIRECTIVES: toggle('off', "whether the subgraph prints the router's security directives"),
  TRUSTED_DOCUMENTS: variable(
    null,
    form(readTrustedDocuments),
    'a file',
    'a manifest of documents; `/graphql` then serves no other',
  ),
  PASSWORD_MIN_LENGTH: whole(15, 8, 64, 'the least number of code points of a password'),
  BREACHED_RANGE_URL: variable(null, httpUrl, 'http(s)://…', 'range service of breached passwords'),
  MAX_SESSIONS: whole(20, 1, 1000, 'sessions of one account; the least recently used ends beyond it'),

  RESET_LINK_TTL: whole(1800, 1, DAY, 'seconds a reset link by e-mail works'),
  RESET_LINK_SMS_TTL: whole(600, 1, 600, 'seconds a reset link by SMS works'),
  SIGN_UP_LINK_TTL: whole(DAY, 1, 7 * DAY, 'seconds a sign-up or address link works'),
  CODE_TTL: whole(600, 1, 600, 'seconds a one-time code works'),
  CHALLENGE_TTL: whole(600, 1, 600, 'seconds a second-factor challenge is open'),
  REAUTH_TTL: whole(600, 1, 3600, 'seconds after a proof in which sensitive actions are open'),
  QR_TTL: whole(120, 1, 600, 'seconds a QR code works'),
  SESSION_IDLE_TTL: whole(604_800, 1, 30 * DAY, 'seconds a one-factor session lives unused'),
  SESSION_ABSOLUTE_TTL: whole(2_592_000, 1, 30 * DAY, 'seconds a one-factor session lives at all'),
  SESSION_2FA_IDLE_TTL: whole(3600, 1, DAY, 'seconds a two-factor session lives unused'),
  SESSION_2FA_ABSOLUTE_TTL: whole(86_400, 1, 30 * DAY, 'seconds a two-factor session lives at all'),
  SESSION_STAFF_IDLE_TTL: whole(900, 1, 3600, 'seconds a staff session lives unused'),
  SESSION_STAFF_ABSOLUTE_TTL: whole(28_800, 1, 43_200, 'seconds a staff session lives at all'),
  MANUAL_RESET_DUE: whole(86_400, 1, 86_400, 'seconds within which a manual reset is decided'),
  MANUAL_RESET_HOLD: whole(43_200, 1, 7 * DAY, 'seconds a confirmed manual reset waits for the owner to cancel'),
  PHONE_RECOVERY_DELAY: whole(86_400, 0, 30 * DAY, 'seconds before a new number may receive reset links'),
  DISOWN_TTL: whole(604_800, 1, 30 * DAY, 'seconds "this was not me" works'),
  REMEMBERED_DEVICE_TTL: whole(15_552_000, 1, 365 * DAY, 'seconds a device stays remembered'),
  EVENT_RETENTION: whole(34_560_000, 7 * DAY, 3650 * DAY, 'seconds security events are kept'),
  // Longer than any window that counts requests: LIMIT_RESET_PER_ADDRESS reaches back 30 days at most.
  SUPPORT_RETENTION: whole(7_776_000, 30 * DAY, 3650 * DAY, 'seconds requests to support are kept once settled'),
  ERASURE_DELAY: whole(2_592_000, 0, 365 * DAY, 'seconds after closing until what is personal is erased'),

  LIMIT_RESET_PER_ADDRESS: limit('3/1800', 'reset letters to one address (silent)', 100),
  LIMIT_MAIL_PER_NETWORK: limit('20/3600', 'requests that may send mail, from one network'),
  LIMIT_SIGN_IN_PER_NETWORK: limit('100/900', 'sign-ins from one network'),
  LIMIT_GUESS: limit('5/900', 'wrong guesses of one secret', 100),
  LIMIT_QR_START_PER_NETWORK: limit('30/600', 'QR sign-ins begun from one network'),
  LIMIT_QR_PER_ACCOUNT: limit('30/600', 'QR codes scanned, and approvals tried, by one account'),
  LIMIT_SMS_PER_NUMBER: limit('3/600', 'text messages to one number', 100),
  LIMIT_SMS_TOTAL: limit('1000/3600', 'text messages in all'),
  LIMIT_QUERIES_PER_NETWORK: limit('3000/60', 'queries from one network, counted in each process'),
  LIMIT_REQUESTS_PER_NETWORK: limit('6000/60', 'HTTP requests from one network, counted in each process'),
  FLAG_RESET_REQUESTS: limit('5/3600', 'reset requests that raise a flag', 1000),
  FLAG_RESETS: limit('3/86400', 'completed resets and changes that raise a flag', 1000),
  FLAG_FAILED_SIGN_INS: limit('50/3600', 'failed sign-ins that raise a flag'),
  FLAG_SECOND_FACTOR_FAILURES: limit('10/3600', 'failed second factors that raise a flag'),
  FLAG_CAMPAIGN: limit('50/3600', 'accounts asked for by one network that raise a flag'),
  FLAG_SIGN_IN_CAMPAIGN: limit('50/3600', 'accounts that one network fails to sign in to that raise a flag'),
} satisfies Record<string, Variable<unknown>>;

export type VariableName = keyof typeof variables;

/** What the variables mean once parsed, by name. */
export type Values = {
  readonly [N in VariableName]: (typeof variables)[N] extends Variable<infer T> ? T : never;
};
