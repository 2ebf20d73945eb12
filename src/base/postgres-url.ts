/** What a database URL says. `new URL` does not know several hosts, and postgres.js sends what it does not know on. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { decodePart } from './config-forms.js';
import { StartupError } from './database-errors.js';

export interface Host {
  readonly host: string;
  readonly port: number;
}

export interface Tls {
  /** Whether to refuse a server without it. */
  readonly isRequired: boolean;
  readonly options: ConnectionOptions;
}

/** Where the database is, and as whom to go there. */
export interface Destination {
  readonly hosts: readonly Host[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly tls: Tls | null;
  readonly isPgBouncer: boolean;
  /** What else the URL asks for: sent to the server when connecting. */
  readonly parameters: Record<string, string>;
}

/** The password may hold any character if it is percent-encoded; several hosts are parted by commas. */
const URL_FORM = /^postgres(?:ql)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/**
 * Reads a database URL, of one host or several, with the meanings that libpq gives to it.
 * @param variable the environment variable it came from, for messages.
 * @throws StartupError when it is no such URL; the message does not repeat it, for it may hold a password.
 */
export function parseDatabaseUrl(url: string, variable: string): Destination {
  try {
    return readDatabaseUrl(url);
  } catch (error) {
    const { message } = error as RangeError;
    throw new StartupError(`${variable}: ${message}.`, 'Mend it; `rekey check-config` names what else is wrong.');
  }
}

/** The same, for whoever has the variable's name already. @throws RangeError that does not repeat the URL */
export function readDatabaseUrl(url: string): Destination {
  const match = URL_FORM.exec(url);
  if (!match) {
    throw new RangeError(
      'must be postgres://user:password@host:5432/database, with special characters percent-encoded',
    );
  }
  const [user, password, authority = '', database] = match.slice(1, 5).map((part) => part && decodePart(part));
  const query = new URLSearchParams(match[5] ?? '');
  const take = (name: string): string | null => {
    const value = query.get(name);
    query.delete(name);
    return value;
  };
  const [host, port] = [take('host'), take('port')];
  const hosts = (authority || host || 'localhost').split(',').map((text) => parseHost(text, port ?? '5432'));
  // Always what is meant here: of several hosts, the one that takes writes.
  take('target_session_attrs');
  const isPgBouncer = take('pgbouncer') === 'true';
  const tls = tlsOptions(take('sslmode'), take('sslrootcert'), hosts);
  return {
    hosts,
    user: user || undefined,
    password: password || undefined,
    database: database || undefined,
    tls,
    isPgBouncer,
    parameters: Object.fromEntries(query),
  };
}

function parseHost(text: string, usualPort: string): Host {
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text);
  const port = Number(match?.[2] ?? usualPort);
  if (!match?.[1] || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new RangeError('a host or port is malformed');
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

/** The meanings of libpq. Without a word about it: encrypted where the server can, and not needed on this machine. */
function tlsOptions(mode: string | null, rootCertificate: string | null, hosts: readonly Host[]): Tls | null {
  const isLocal = hosts.every(({ host }) => host === 'localhost' || host === '::1' || /^(?:127\.|\/)/.test(host));
  const chosen = mode ?? (isLocal ? 'disable' : 'prefer');
  if (!['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'].includes(chosen)) {
    throw new RangeError('sslmode must be disable, allow, prefer, require, verify-ca or verify-full');
  }
  if (chosen === 'disable') return null;
  if (!chosen.startsWith('verify')) return { isRequired: chosen === 'require', options: { rejectUnauthorized: false } };
  return {
    isRequired: true,
    options: {
      rejectUnauthorized: true,
      ...(rootCertificate && rootCertificate !== 'system' ? { ca: readCertificate(rootCertificate) } : {}),
      ...(chosen === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    },
  };
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new RangeError(`cannot read the file that sslrootcert names (${(error as NodeJS.ErrnoException).code})`);
  }
}
