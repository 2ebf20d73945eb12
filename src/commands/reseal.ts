/** `rekey reseal`: the end of a rotation of SECRET_KEYS. */
import { sql } from 'drizzle-orm';
import type { Context } from '../base/context.js';
import { rows } from '../base/database.js';
import { open, seal } from '../base/secrets.js';
import { UsageError, type Command } from './command.js';
import { onDatabase } from './run.js';

interface Sealed {
  readonly table: string;
  readonly column: string;
  /** What stands in the name of the place that a value is bound to, after the table's name. */
  readonly key: string;
  /** The table in that name, where it is another. */
  readonly place?: string;
}

/** Whatever lies sealed; a test looks for values of an older key in every table. */
const sealed: readonly Sealed[] = [
  { table: 'second_factors', column: 'secret', key: 'id' },
  { table: 'phone_numbers', column: 'number', key: 'account_id' },
  { table: 'phone_verifications', column: 'number', key: 'account_id', place: 'phone_numbers' },
  { table: 'account_snapshots', column: 'sealed', key: 'id' },
  { table: 'signing_keys', column: 'private_jwk', key: 'id' },
  { table: 'outbox', column: 'composed', key: 'id' },
];

const BATCH = 500;

/** Seals anew, with the first key, what other keys sealed. Safe beside running nodes: a value that changed is left. */
export async function resealAll(ctx: Context): Promise<number> {
  let count = 0;
  for (const column of sealed)
    for (let done = BATCH; done === BATCH; count += done) done = await resealSome(ctx, column);
  return count;
}

async function resealSome(ctx: Context, { table, column, key, place = table }: Sealed): Promise<number> {
  const [name, value, id] = [sql.identifier(table), sql.identifier(column), sql.identifier(key)];
  const { secretKeys } = ctx.config;
  const old = await rows<{ id: string; value: string }>(
    ctx.db,
    sql`select ${id}::text as id, ${value} as value from ${name}
        where ${value} is not null and not starts_with(${value}, ${`v1.${secretKeys[0]?.id}.`}) limit ${BATCH}::int`,
  );
  for (const row of old) {
    const anew = seal(secretKeys, `${place}:${row.id}`, open(secretKeys, `${place}:${row.id}`, row.value));
    await ctx.db.execute(
      sql`update ${name} set ${value} = ${anew} where ${id}::text = ${row.id} and ${value} = ${row.value}`,
    );
  }
  return old.length;
}

export const reseal: Command = {
  arguments: '',
  about: 'seals anew, with the first of SECRET_KEYS, what the others sealed: then those can be taken out',
  run: (args) => {
    if (args.length > 0) throw new UsageError('reseal takes no arguments.');
    return onDatabase(async (ctx) => {
      const count = await resealAll(ctx);
      process.stdout.write(
        `${count} values were sealed anew. Codes under way name their key for CODE_TTL seconds more.\n`,
      );
      return 0;
    });
  },
};
