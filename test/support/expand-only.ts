/** Whether a migration only adds: then the version before, which still serves while nodes are replaced, never notices it. */

/** One statement that could break the version before, and why. */
export interface Narrowing {
  readonly statement: string;
  readonly why: string;
}

const NAME = '"?([a-z0-9_]+)"?';
const named = (pattern: string): RegExp => new RegExp(`^${pattern}`, 'i');

/** What the version before cannot notice. Everything that is not of these forms is told, also what is new to this list. */
const additions: readonly RegExp[] = [
  named(`create table ${NAME}`),
  named(`create index ${NAME} on`),
  named('create function'),
  named('grant'),
  named('comment on'),
  named(`alter table ${NAME} alter column ${NAME} (drop not null|set default)`),
];

/**
 * What in these migrations is no mere addition. `before` are the migrations that the version before already knows: what
 * may be dropped is judged by them.
 */
export function narrowings(before: readonly string[], migrations: readonly string[]): Narrowing[] {
  const unique = new Set(before.flatMap(statementsOf).flatMap((statement) => uniqueIndex(statement)?.index ?? []));
  const statements = migrations.flatMap(statementsOf);
  const made = new Set(statements.flatMap((statement) => named(`create table ${NAME}`).exec(statement)?.[1] ?? []));
  return statements.flatMap((statement) => {
    const why = reason(statement, made, unique);
    return why === null ? [] : [{ statement, why }];
  });
}

function reason(statement: string, made: ReadonlySet<string>, unique: ReadonlySet<string>): string | null {
  const table = named(`alter table ${NAME}`).exec(statement)?.[1] ?? uniqueIndex(statement)?.table;
  if (table !== undefined && made.has(table)) return null;
  if (/, ?(add|alter|drop|rename) /i.test(statement)) return 'it does several things: write one statement for each';
  if (named(`alter table ${NAME} add column`).test(statement)) {
    if (/ (check|unique|references|primary key)\b/i.test(statement))
      return 'it binds rows that the version before writes';
    const isWithout = /not null/i.test(statement) && !/ default /i.test(statement);
    return isWithout ? 'the version before leaves it out when it writes a row' : null;
  }
  if (uniqueIndex(statement)) return 'the version before may write what it refuses';
  const dropped = named(`drop index ${NAME}`).exec(statement)?.[1];
  if (dropped !== undefined) return unique.has(dropped) ? 'the version before relies on its conflicts' : null;
  return additions.some((addition) => addition.test(statement)) ? null : 'it is none of the forms that only add';
}

function uniqueIndex(statement: string): { readonly index: string; readonly table: string } | null {
  const [, index, table] = named(`create unique index ${NAME} on ${NAME}`).exec(statement) ?? [];
  return index !== undefined && table !== undefined ? { index, table } : null;
}

/** Without comments and without the bodies of functions, on one line each. */
function statementsOf(migration: string): string[] {
  return migration
    .replaceAll(/^--(?!>).*$/gm, '')
    .replaceAll(/\$\$[^]*?\$\$/g, '')
    .replaceAll(/\s+/g, ' ')
    .split(/;|--> statement-breakpoint/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
