/** What a command of the `rekey` program is. */
import { parseArgs } from 'node:util';

export interface Command {
  /** As the usage line shows them, such as `EMAIL --role support|reviewer|admin`. */
  readonly arguments: string;
  /** One sentence. */
  readonly about: string;
  /** @returns the exit status. @throws UsageError for wrong arguments (exit status 2). */
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** The command was called in a way that it does not know. */
export class UsageError extends Error {}

/** The command could not do what it was asked for. The message says why and what to do. */
export class CommandError extends Error {}

type Options<O extends string> = { readonly [N in O]?: string };

/**
 * Reads one thing that must be named, and options with a value each.
 * @param expected what the one thing is, such as `EMAIL`.
 * @throws UsageError
 */
export function readArguments<const O extends string = never>(
  args: readonly string[],
  expected: string,
  optionNames: readonly O[] = [],
): { readonly subject: string; readonly options: Options<O> } {
  const { positionals, options } = parse(args, optionNames);
  const [subject, ...more] = positionals;
  if (subject === undefined || more.length > 0) throw new UsageError(`Give exactly one ${expected}.`);
  return { subject, options };
}

/** Reads options with a value each, where nothing else may stand. @throws UsageError */
export function readOptions<const O extends string>(args: readonly string[], optionNames: readonly O[]): Options<O> {
  const { positionals, options } = parse(args, optionNames);
  if (positionals.length > 0) throw new UsageError('This command takes options alone.');
  return options;
}

function parse<O extends string>(args: readonly string[], optionNames: readonly O[]) {
  const options = Object.fromEntries(optionNames.map((name) => [name, { type: 'string' as const }]));
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { positionals, options: values as Options<O> };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
