/**
 * The forms of variables that are more than a number or a word. Each reader gives what the text says, or throws a
 * RangeError whose message never repeats the text, for it may be a secret.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

/** A URL with a host to speak to. `new URL` alone takes `smtp://` and `redis://`, which then mean this machine. */
export function readServiceUrl(text: string, protocols: readonly string[]): URL {
  const scheme = /^([a-z+]+):\/\//.exec(text)?.[1];
  if (scheme === undefined || !protocols.includes(scheme)) {
    throw new RangeError(`must be a URL that starts with ${protocols.map((name) => `${name}://`).join(' or ')}`);
  }
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url) throw new RangeError('is malformed: special characters in a user or password are percent-encoded');
  if (url.hostname === '') throw new RangeError('must name a host');
  decodePart(url.username);
  decodePart(url.password);
  return url;
}

/** A user, a password or the like, as it stands in a URL. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RangeError('is malformed: a percent sign itself is written %25');
  }
}

/** `redis(s)://user:password@host:port/0`. */
export function readRedisUrl(text: string): URL {
  const url = readServiceUrl(text, ['redis', 'rediss']);
  if (!/^\/?\d*$/.test(url.pathname))
    throw new RangeError('must end in the number of a database, such as /0, or in none');
  return url;
}

export interface TwilioAccount {
  readonly account: string;
  readonly token: string;
  /** A number, or a messaging service. */
  readonly from: string;
}

/** `http(s)://…` of a webhook, or `twilio://ACCOUNT_SID:AUTH_TOKEN@FROM`. */
export function readSmsUrl(text: string): { readonly webhook: URL } | { readonly twilio: TwilioAccount } {
  if (text.startsWith('twilio://')) {
    const [account, token, from] = twilioParts(text);
    if (!account || !token || !from) throw new RangeError('must be twilio://ACCOUNT_SID:AUTH_TOKEN@FROM_NUMBER');
    return { twilio: { account, token, from } };
  }
  const webhook = readServiceUrl(text, ['http', 'https', 'twilio']);
  if (webhook.username || webhook.password) {
    throw new RangeError('must not hold a password; SMS_SECRET signs each request');
  }
  return { webhook };
}

function twilioParts(text: string): string[] {
  const url = readServiceUrl(text, ['twilio']);
  return [url.username, url.password, url.hostname].map(decodePart);
}

/** Whether passkeys of this relying party work on the pages: its host, or a domain that the host lies in (WebAuthn, 5.1.3). */
export function isRelyingParty(rpId: string, host: string): boolean {
  // A top-level domain, of one label, is nobody's own; and what ends in a number is an address, of which no part counts.
  return rpId === host || (host.endsWith(`.${rpId}`) && /\..*[a-z]/.test(rpId));
}

/** What the last 128 KiB of such a file begin their description with (MaxMind DB format 2.0, "Database Metadata"). */
const MAXMIND_MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const MAXMIND_TAIL_BYTES = 128 * 1024;

/** The path of a file in MaxMind form. Only its end is read: the whole is large, and read once it is needed. */
export function readGeoDatabase(path: string): string {
  const file = attempt(() => openSync(path, 'r'));
  try {
    const tail = attempt(() => {
      const { size } = fstatSync(file);
      const buffer = Buffer.alloc(Math.min(size, MAXMIND_TAIL_BYTES));
      readSync(file, buffer, 0, buffer.length, size - buffer.length);
      return buffer;
    });
    if (!tail.includes(MAXMIND_MARKER)) throw new RangeError('that file is not in MaxMind form');
  } finally {
    closeSync(file);
  }
  return path;
}

/**
 * A manifest as `npm run operations` writes it: the text of each document under its SHA-256 in hex.
 * @returns the texts by hash, without the `sha256:` that may stand before it
 */
export function readTrustedDocuments(path: string): ReadonlyMap<string, string> {
  const manifest = parseJson(attempt(() => readFileSync(path, 'utf8')));
  const isObject = typeof manifest === 'object' && manifest !== null && !Array.isArray(manifest);
  const documents = new Map<string, string>();
  for (const [id, text] of Object.entries(isObject ? manifest : {})) {
    const hash = id.replace(/^sha256:/, '');
    if (typeof text !== 'string' || createHash('sha256').update(text).digest('hex') !== hash) {
      throw new RangeError('that file must hold each text under its own SHA-256, such as "sha256:…": "query …"');
    }
    documents.set(hash, text);
  }
  if (documents.size === 0) throw new RangeError('that file must be a JSON object with a document at least');
  return documents;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the text.
    throw new RangeError('that file is not JSON');
  }
}

/** The system's own words hold the path. */
function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new RangeError('cannot read that file');
  }
}
