/** Statements that nearly every request sends: their text is built once, and not by Drizzle each time anew. */
import { is, Placeholder, SQL, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Context } from './context.js';
import { rows } from './database.js';
import type { Clock } from './time.js';

type Value = string | number | boolean | null;

/**
 * A statement of a fixed form. For the one that finds a session, Drizzle takes 22 µs to put the text together and 3 µs to send
 * it (run); the rest of `viewer` takes some 200.
 * @param build writes it, once for each clock: what differs from call to call it takes by name, as `value('digest')`. Anything
 * else that becomes a parameter would be the first caller's for ever, so it throws at the first call.
 * @returns what runs it in the context's database or transaction. `Row` is what it selects; nothing checks it.
 */
export function statement<Row extends Record<string, unknown>, Name extends string>(
  build: (ctx: Pick<Context, 'clock'>, value: (name: Name) => Placeholder<Name>) => SQL,
): (ctx: Pick<Context, 'clock' | 'db'>, values: Readonly<Record<Name, Value>>) => Promise<Row[]> {
  const texts = new Map<Clock, Text<Name>>();
  const textFor = (clock: Clock): Text<Name> => {
    const text = textOf<Name>(build({ clock }, (name) => sql.placeholder(name)));
    texts.set(clock, text);
    return text;
  };
  return (ctx, values) => {
    const { text, names } = texts.get(ctx.clock) ?? textFor(ctx.clock);
    return rows<Row>(ctx.db, new BuiltSql({ sql: text, params: names.map((name) => values[name]) }));
  };
}

interface Text<Name extends string> {
  readonly text: string;
  /** The value of each parameter, in their order. */
  readonly names: readonly Name[];
}

const dialect = new PgDialect();

function textOf<Name extends string>(query: SQL): Text<Name> {
  const { sql: text, params } = dialect.sqlToQuery(query);
  const names = params.map((param) => {
    if (is(param, Placeholder)) return param.name as Name;
    throw new Error(`A parameter of a fixed statement has no name: ${text}`);
  });
  return { text, names };
}

type Query = ReturnType<SQL['toQuery']>;

/** What Drizzle asks for the text gets the one that is there. */
class BuiltSql extends SQL {
  constructor(private readonly built: Query) {
    super([]);
  }

  override toQuery(): Query {
    return this.built;
  }
}
