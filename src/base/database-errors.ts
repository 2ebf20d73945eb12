/** What goes wrong with a database, told apart without ever showing a statement or its parameters. */

/** The program cannot start. The message says what failed and what to do about it; it holds no secret. */
export class StartupError extends Error {
  override readonly name = 'StartupError';

  /** @param remedy the sentence on what to do. */
  constructor(
    readonly problem: string,
    readonly remedy: string,
  ) {
    super(`${problem} ${remedy}`);
  }
}

/** No connection could be had in time, or none answered. Nothing is known about the caller's own data. */
export class DatabaseUnavailableError extends Error {
  override readonly name = 'DatabaseUnavailableError';
  readonly code = 'DATABASE_UNAVAILABLE';
}

/** What an error tells. `code` is a SQLSTATE, a code of the system (`ECONNREFUSED`) or of postgres.js. */
export interface DatabaseErrorCode {
  readonly code?: string;
  /** The constraint that was violated. */
  readonly constraint?: string;
}

/**
 * The code and constraint of whatever database error lies in this error or its causes. Drizzle wraps the driver's error
 * in one whose message is the SQL with its parameters (addresses, hashes): log this, never that message.
 */
export function databaseErrorCode(error: unknown): DatabaseErrorCode {
  for (const layer of layers(error)) {
    if (typeof layer.code !== 'string') continue;
    const constraint = layer.constraint_name;
    return { code: layer.code, ...(typeof constraint === 'string' ? { constraint } : {}) };
  }
  return {};
}

/** Codes of the system and of postgres.js that mean: no connection, or it broke. */
const CONNECTION_CODES = new Set([
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ETIMEDOUT',
  'SASL_SIGNATURE_MISMATCH',
]);

/**
 * SQLSTATEs of a server that cannot serve now: 08 connection; 28 it no longer lets us in; 3D000 the database is gone;
 * 53 out of connections, memory or disk; 57 shutting down, starting up, statement timeout (57014); 58 its system
 * failed; 25006 it has become a standby; 25P03 it ended a transaction that stood idle; 40001 and 40P01 it ended one of two that
 * were in each other's way, whole: the next try finds the way free.
 */
const UNAVAILABLE_STATES = /^(?:08...|28...|3D000|53...|57...|58...|25006|25P03|40001|40P01)$/;

/** Whether to answer "try again later": the database is away or overloaded, and the statement itself is not at fault. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return layers(error).some(
    ({ code, syscall }) =>
      typeof code === 'string' &&
      (code === 'DATABASE_UNAVAILABLE' ||
        CONNECTION_CODES.has(code) ||
        UNAVAILABLE_STATES.test(code) ||
        // The socket of an embedded database whose worker has ended; a missing file elsewhere is another matter.
        (code === 'ENOENT' && syscall === 'connect')),
  );
}

/** Whether it is the connection that failed, and not what was sent over it. */
export const isConnectionFailure = (error: unknown): boolean =>
  CONNECTION_CODES.has(databaseErrorCode(error).code ?? '');

/** One line for an operator: the server's or the system's own words. Never Drizzle's, which repeat the parameters. */
export function describeDatabaseError(error: unknown): string {
  for (const layer of layers(error)) {
    if (typeof layer.code !== 'string') continue;
    const message = typeof layer.message === 'string' ? layer.message : '';
    return message.includes(layer.code) ? message : `${message || 'failed'} (${layer.code})`;
  }
  return error instanceof Error && error.name !== 'Error' ? error.name : 'unknown failure';
}

interface Layer {
  readonly code?: unknown;
  readonly constraint_name?: unknown;
  readonly message?: unknown;
  readonly syscall?: unknown;
}

/** The error, its causes, and for an AggregateError (one failure for each address of a host) its parts. */
function layers(error: unknown): Layer[] {
  const found: Layer[] = [];
  for (let layer = error; layer instanceof Error && found.length < 8; layer = layer.cause) {
    found.push(layer);
    if (layer instanceof AggregateError) found.push(...layer.errors.filter((part) => part instanceof Error));
  }
  return found;
}
