/** What may leave: a closed list of codes. Everything else is logged with a reference and leaves as that reference. */
import type { GraphQLFormattedError } from 'graphql';
import { GraphQLError } from 'graphql';
import { randomReference } from '../base/secrets.js';
import { isDatabaseUnavailable } from '../base/database.js';
import { describeDatabaseError } from '../base/database-errors.js';
import { describeError, loggable, type Log } from '../base/log.js';
import { Refusal } from '../base/problems.js';
import { tally } from '../base/tally.js';
import { BusyError } from '../passwords/hash-pool.js';

/** Apollo Server's own codes for requests that never executed. */
const REQUEST_CODES = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'PERSISTED_QUERY_NOT_FOUND',
]);

/** How long to wait for a store that is down. Seconds. */
export const UNAVAILABLE_SECONDS = 5;

/**
 * Turns any error into one of the contract's. A refusal keeps its code; a store that is down is
 * `UNAVAILABLE`, never `UNAUTHENTICATED`; what is unexpected is masked, with a reference that the log knows.
 */
export function formatError(log: Log) {
  return (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    const where = {
      ...(formatted.path && { path: formatted.path }),
      ...(formatted.locations && { locations: formatted.locations }),
    };
    const cause = thrown instanceof GraphQLError ? (thrown.originalError ?? thrown) : thrown;
    const refusal = asRefusal(cause);
    if (refusal) {
      const { code, message, retryAfterSeconds } = refusal;
      // The caller is told no more than that; who can mend it needs the store's own words, such as "no space left".
      if (cause !== refusal && code === 'UNAVAILABLE') {
        log.error({ event: 'store_unavailable', reason: loggable(describeDatabaseError(cause)) });
      }
      return { ...where, message, extensions: { code, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) } };
    }
    const code = formatted.extensions?.['code'];
    if (typeof code === 'string' && REQUEST_CODES.has(code)) {
      return { ...where, message: withoutValues(formatted.message), extensions: { code } };
    }
    const reference = randomReference();
    tally('unexpected_error', 'graphql');
    log.error({ event: 'unexpected_error', reference, ...describeError(cause) });
    return {
      ...where,
      message: `Something went wrong here. Reference: ${reference}`,
      extensions: { code: 'INTERNAL_SERVER_ERROR', reference },
    };
  };
}

/** The refusal that an error stands for, wherever it came from. */
export function asRefusal(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  if (error instanceof BusyError) {
    return new Refusal('BUSY', 'Too much work at once. Try again in a moment.', error.retryAfterSeconds);
  }
  if (isDatabaseUnavailable(error)) {
    return new Refusal('UNAVAILABLE', 'A store is not reachable. Try again in a moment.', UNAVAILABLE_SECONDS);
  }
  return null;
}

/**
 * graphql-js repeats submitted values in its messages, passwords among them, and guesses at names: what it
 * says of a variable is cut to its path, what it says of a literal to the type, and every "Did you mean" is dropped.
 */
function withoutValues(message: string): string {
  const variable = /^Variable "\$(\w+)" got invalid value .*?( at "[\w.[\]]+")?; /s.exec(message);
  if (variable) return `Variable "$${variable[1]}" has a value of the wrong form${variable[2] ?? ''}.`;
  if (/cannot represent|Expected value of type|does not exist in "\w+" enum/.test(message)) {
    return 'A value in the document has the wrong form.';
  }
  return message.replace(/ ?Did you mean [^?]*\?/gs, '').replace(/^Syntax Error: .*/s, 'Syntax error in the document.');
}
