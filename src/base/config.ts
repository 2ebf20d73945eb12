/** The environment, read once, checked as a whole: every mistake is reported together, by name, and stops the start. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRelyingParty } from './config-forms.js';
import { unreadNames, type UnreadName } from './config-names.js';
import { variables, type Values, type VariableName } from './config-variables.js';
import { readDatabaseUrl } from './postgres-url.js';
import { newBytes } from './secrets.js';

export interface SealingKey {
  readonly id: string;
  readonly key: Buffer;
}

/** At most `max` events in `seconds`. `max` 0 means that the limit is off, which only `APP_ENV=test` may ask for. */
export interface Limit {
  readonly max: number;
  readonly seconds: number;
}

export interface Config extends Readonly<Values> {
  readonly publicUrl: string;
  readonly host: string;
  readonly secretKeys: readonly SealingKey[];
  /** Whether cookies are `Secure` and carry the `__Host-` prefix. */
  readonly secureCookies: boolean;
  readonly rpId: string;
  /** The file that development and test letters are written to; null where a mail server is set or in production. */
  readonly mailboxFile: string | null;
  /** What is set and not read, though its name is nearly that of a variable: for a warning. */
  readonly unread: readonly UnreadName[];
}

/** All that is wrong with the environment, one sentence a mistake; and what is not read, since that is often why. */
export class ConfigError extends Error {
  constructor(
    readonly mistakes: readonly string[],
    unread: readonly UnreadName[] = [],
  ) {
    const lines = [...mistakes, ...unread.map(describeUnread)].map((line) => `  - ${line}`);
    super(`The configuration has ${mistakes.length} mistake(s):\n${lines.join('\n')}`);
  }
}

/** A line for an operator, in the form of a mistake. */
export const describeUnread = ({ name, meant }: UnreadName): string =>
  `${name}: not read${meant === null ? '' : `; ${meant} may be meant`}`;

/**
 * Turns the environment into the frozen configuration. `NAME_FILE` is read where `NAME` is not set.
 * @throws ConfigError naming every mistake at once; values are never repeated, since they may be secrets.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const mistakes: string[] = [];
  const values = {} as Record<VariableName, unknown>;
  for (const [name, variable] of Object.entries(variables) as [VariableName, (typeof variables)[VariableName]][]) {
    const text = readVariable(env, name, mistakes) ?? variable.fallback;
    if (text === null) {
      values[name] = null;
      continue;
    }
    const parsed = variable.schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else mistakes.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}`);
  }
  const read = values as unknown as Values;
  const nameOf = (mistake: string): string => mistake.slice(0, mistake.indexOf(':')).replace(/_FILE$/, '');
  const named = new Set(mistakes.map(nameOf));
  mistakes.push(...crossChecks(read).filter((mistake) => !named.has(nameOf(mistake))));
  const unread = unreadNames(Object.keys(env), Object.keys(variables));
  if (mistakes.length > 0) throw new ConfigError(mistakes, unread);
  return Object.freeze(complete(read, unread));
}

function readVariable(env: NodeJS.ProcessEnv, name: string, mistakes: string[]): string | undefined {
  const direct = env[name];
  const file = env[`${name}_FILE`];
  if (direct !== undefined && direct !== '') {
    if (file) mistakes.push(`${name}: set either ${name} or ${name}_FILE, not both`);
    return direct;
  }
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    mistakes.push(`${name}_FILE: cannot read that file`);
    return undefined;
  }
}

/** Rules that need more than one variable (R-030, R-171 to R-173). */
function crossChecks(values: Values): string[] {
  const mistakes: string[] = [];
  const production = values.APP_ENV === 'production';
  const need = (name: VariableName, why: string): void => {
    if (values[name] === null) mistakes.push(`${name}: required in production${why}`);
  };
  if (production) {
    need('PUBLIC_URL', ': it is the one base of every link');
    need('DATABASE_URL', ': the embedded database is for development and test');
    need('SMTP_URL', ': without a mail server nobody can be reached');
    need('MAIL_FROM', ': the sender of every letter');
    need('SECRET_KEYS', ': `id:base64` of 32 random bytes');
    if (values.PUBLIC_URL && !values.PUBLIC_URL.startsWith('https://')) {
      mistakes.push('PUBLIC_URL: must be https in production');
    }
  }
  if (!production && values.SMTP_URL && values.MAIL_FROM === null) {
    mistakes.push('MAIL_FROM: required with SMTP_URL: the sender of every letter');
  }
  const migrated = values.MIGRATE_DATABASE_URL ?? values.DATABASE_URL;
  if (values.MIGRATE && migrated && readDatabaseUrl(migrated).isPgBouncer) {
    mistakes.push('MIGRATE_DATABASE_URL: must lead past PgBouncer, or set MIGRATE=off and run `rekey migrate` with it');
  }
  // A wrong PUBLIC_URL is undefined here, and one that is missing in production is told already.
  const base = values.PUBLIC_URL === null && !production ? 'http://localhost' : values.PUBLIC_URL;
  const hosts = [base ?? [], values.ALLOWED_ORIGINS ?? []].flat().map((origin) => new URL(origin).hostname);
  if (values.RP_ID && base && !hosts.some((host) => isRelyingParty(values.RP_ID as string, host))) {
    mistakes.push('RP_ID: must be the host of PUBLIC_URL or of one of ALLOWED_ORIGINS, or a domain that it lies in');
  }
  if (values.SMS_URL?.startsWith('http') && values.SMS_SECRET === null) {
    mistakes.push('SMS_SECRET: required with SMS_URL, so that the receiver can tell our messages from others');
  }
  if (values.APP_ENV === 'test' && values.HOST !== null && !isLoopback(values.HOST)) {
    mistakes.push('HOST: APP_ENV=test listens on loopback only, since it has test paths');
  }
  if (values.APP_ENV !== 'test') {
    for (const [name, value] of Object.entries(values)) {
      if (isLimit(value) && value.max === 0) mistakes.push(`${name}: 0 switches a limit off, in APP_ENV=test only`);
    }
  }
  if (values.WORKERS > 1 && values.DATABASE_URL === null) {
    mistakes.push('WORKERS: the embedded database belongs to one process; set DATABASE_URL for more');
  }
  for (const [idle, absolute] of [
    ['SESSION_IDLE_TTL', 'SESSION_ABSOLUTE_TTL'],
    ['SESSION_2FA_IDLE_TTL', 'SESSION_2FA_ABSOLUTE_TTL'],
    ['SESSION_STAFF_IDLE_TTL', 'SESSION_STAFF_ABSOLUTE_TTL'],
  ] as const) {
    if (values[idle] > values[absolute]) mistakes.push(`${idle}: must not be above ${absolute}`);
  }
  return mistakes;
}

function complete(values: Values, unread: readonly UnreadName[]): Config {
  const development = values.APP_ENV !== 'production';
  const publicUrl = values.PUBLIC_URL ?? `http://localhost:${values.PORT}`;
  const url = new URL(publicUrl);
  return {
    ...values,
    publicUrl,
    host: values.HOST ?? (development ? '127.0.0.1' : '0.0.0.0'),
    secretKeys: values.SECRET_KEYS ?? developmentKeys(values.DATA_DIR),
    secureCookies: !(development && url.protocol === 'http:' && isLoopback(url.hostname)),
    rpId: values.RP_ID ?? url.hostname,
    mailboxFile:
      values.APP_ENV === 'test' || (development && values.SMTP_URL === null)
        ? join(values.DATA_DIR, 'mailbox.jsonl')
        : null,
    unread,
  };
}

/** Keys of a development machine: made once and kept, so that sealed values survive a restart. Never in production. */
function developmentKeys(dataDir: string): SealingKey[] {
  const file = join(dataDir, 'secret-keys');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(file, newBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' });
  }
  return [{ id: 'dev', key: Buffer.from(readFileSync(file, 'utf8').trim(), 'base64') }];
}

function isLimit(value: unknown): value is Limit {
  return typeof value === 'object' && value !== null && 'max' in value && 'seconds' in value;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
