/** `rekey import-accounts`: people who come from another system, a line of JSON each. */
import { createReadStream, statSync } from 'node:fs';
import { inTransaction, type Context } from '../base/context.js';
import { recordAudit } from '../audit/service.js';
import { importAccounts as store, readImportedAccount, type ImportedAccount } from '../passwords/imported-accounts.js';
import { CommandError, readArguments, type Command } from './command.js';
import { readLines } from './lines.js';
import { Progress } from './progress.js';
import { onDatabase } from './run.js';

/** Far above what five short values need. */
const LINE_BYTES = 16_384;

/** What one statement stores: larger ones are not quicker, and each must be done in 5 seconds. */
const BATCH = 1000;

interface Summary {
  imported: number;
  unchanged: number;
  refused: number;
}

export const importAccounts: Command = {
  arguments: 'FILE',
  about: 'imports accounts from JSON Lines: email, displayName, passwordHash (null: must reset), phoneNumber, role',
  run: (args) => {
    const { subject: file } = readArguments(args, 'FILE');
    const size = sizeOf(file);
    return onDatabase(async (ctx) => {
      const summary = await importFile(ctx, file, new Progress(size));
      process.stdout.write(`${JSON.stringify(summary)}\n`);
      return summary.refused > 0 ? 1 : 0;
    });
  },
};

function sizeOf(file: string): number {
  try {
    const stat = statSync(file);
    if (!stat.isDirectory()) return stat.size;
  } catch (error) {
    throw new CommandError(`Cannot read the file (${(error as NodeJS.ErrnoException).code}). Give the path of a file.`);
  }
  throw new CommandError('That is a folder. Give the path of a file.');
}

/** While the database stores one batch the next is read: never more than two are in memory. */
async function importFile(ctx: Context, file: string, progress: Progress): Promise<Summary> {
  const summary: Summary = { imported: 0, unchanged: 0, refused: 0 };
  let batch: ImportedAccount[] = [];
  let storing = Promise.resolve();
  let [count, done] = [0, 0];
  const flush = async (): Promise<void> => {
    await storing;
    storing = storeBatch(ctx, batch, summary);
    // Its failure is met at the next `await`; until then it must not count as nobody's.
    storing.catch(() => undefined);
    batch = [];
  };
  for await (const line of readLines(createReadStream(file, { highWaterMark: 262_144 }), LINE_BYTES)) {
    [count, done] = [line.number, line.endsAt];
    if (line.text?.trim() === '') continue;
    const account =
      line.text === null ? `longer than ${LINE_BYTES} bytes, or not UTF-8` : readImportedAccount(ctx, line.text);
    if (typeof account === 'string') {
      summary.refused += 1;
      progress.say(`line ${line.number}: ${account}`);
    } else if (batch.push(account) === BATCH) await flush();
    progress.update(done, count);
  }
  if (batch.length > 0) await flush();
  await storing;
  progress.end(done, count);
  if (summary.imported > 0) await inTransaction(ctx, (ctx) => recordImport(ctx, { step: 'finished', ...summary }));
  return summary;
}

/**
 * The first batch that adds anybody says so in the audit, whatever happens to the import afterwards; and a role is on record
 * for each who gets one.
 */
async function storeBatch(ctx: Context, batch: readonly ImportedAccount[], summary: Summary): Promise<void> {
  const imported = await inTransaction(ctx, async (ctx) => {
    const { count, staff } = await store(ctx, batch);
    if (count > 0 && summary.imported === 0) await recordImport(ctx, { step: 'begun' });
    for (const { id, role } of staff) {
      await recordAudit(ctx, { action: 'grantRole', subjectAccountId: id, details: { before: null, after: role } });
    }
    return count;
  });
  summary.imported += imported;
  summary.unchanged += batch.length - imported;
}

const recordImport = (ctx: Context, details: Record<string, unknown>): Promise<void> =>
  recordAudit(ctx, { action: 'importAccounts', details });
