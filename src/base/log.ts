/** One JSON line for each event. What is secret or personal is not passed here; this is the last net. */
import { pino, type Logger } from 'pino';
import { standardOutput } from './log-sink.js';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

const NEVER = [
  'password',
  'newPassword',
  'currentPassword',
  'token',
  'secret',
  'code',
  'cookie',
  'authorization',
  'variables',
];

/** @param destination where lines go; standard output when absent. */
export function openLog(level: string, destination?: { write(line: string): void }): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: NEVER.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination ?? standardOutput(),
  );
}

/** Cuts and cleans what came from outside before it is logged: no control or line-separating characters. */
export const loggable = (text: string | null | undefined, length = 200): string | null =>
  text == null ? null : text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, length);

/** What may be logged of an unexpected error: Drizzle's message holds SQL with its parameters, so it never does. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const cause = error.cause as { code?: unknown; constraint_name?: unknown } | undefined;
  const isQuery = error.name === 'DrizzleQueryError' || error.message.startsWith('Failed query');
  return {
    error: error.name,
    ...(isQuery ? {} : { reason: loggable(error.message, 500) }),
    ...(cause?.code ? { causeCode: cause.code, constraint: cause.constraint_name } : {}),
    at: framesOf(error),
  };
}

/** The stack without the message, which may hold anything, lines that look like frames among it. */
function framesOf({ stack = '', message }: Error): string[] {
  const frames = stack.slice(Math.max(0, stack.indexOf(message)) + message.length).split('\n');
  return frames
    .filter((line) => line.startsWith('    at '))
    .slice(0, 6)
    .map((line) => line.trim());
}
