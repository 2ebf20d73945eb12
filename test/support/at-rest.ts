/** What was told to people in letters and texts must not stand in the database or the log, whatever a run has done. */
import { sql } from 'drizzle-orm';
import type { Context } from '../../src/base/context.js';
import { rows } from '../../src/base/database.js';
import type { MailboxMessage } from '../../src/delivery/mailbox.js';

/** Every row of every table, as text. */
export async function dumpDatabase(ctx: Context): Promise<string> {
  const tables = await rows<{ name: string }>(
    ctx.db,
    sql`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const contents: unknown[] = [];
  for (const { name } of tables) contents.push(await rows(ctx.db, sql`select t::text from ${sql.identifier(name)} t`));
  return JSON.stringify(contents);
}

/** The secrets of the links and the codes that were sent. */
export const sentSecrets = (messages: readonly MailboxMessage[]): string[] =>
  messages.flatMap(({ text }) => [
    ...[...text.matchAll(/#[a-z]+_[\w-]{22}\.([\w-]{43})/g)].map(([, secret]) => secret as string),
    ...[...text.matchAll(/^ *(\d{8})\b/gm)].map(([, code]) => code as string),
  ]);

/** @throws when one of the secrets stands in the text; a code only counts where it stands alone. */
export function expectAbsent(secrets: readonly string[], text: string, where: string): void {
  const found = secrets.filter(
    (secret) => text.includes(secret) && (secret.length > 8 || new RegExp(`(?<![\\w-])${secret}(?![\\w-])`).test(text)),
  );
  if (found.length > 0) throw new Error(`${found.length} secrets that were sent stand in ${where}`);
}
