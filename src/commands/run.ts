/** Where a command works: the database, opened for it alone and closed after it. */
import { userInfo } from 'node:os';
import { loadConfig } from '../base/config.js';
import { systemContext, type Context } from '../base/context.js';
import { databaseErrorCode, databaseSettings, openDatabase } from '../base/database.js';
import { describeDatabaseError } from '../base/database-errors.js';
import { openLog } from '../base/log.js';
import { findAccountByEmailKey } from '../accounts/service.js';
import type { Account } from '../accounts/tables.js';
import { parseEmail } from '../delivery/addresses.js';
import { CommandError, UsageError } from './command.js';

/**
 * Opens the database, runs the command, closes. Results belong on standard output, so warnings go to standard error.
 * Letters are queued and sent by whichever worker runs.
 * @throws StartupError when the database cannot be opened, such as the embedded one while `serve` has it.
 * @throws CommandError when it fails later; never with what was sent to it.
 */
export async function onDatabase(work: (ctx: Context) => Promise<number>): Promise<number> {
  const config = loadConfig();
  const log = openLog('warn', { write: (line) => void process.stderr.write(line) });
  const database = await openDatabase(databaseSettings(config), (notice) => log.warn({ event: 'notice', notice }));
  const clock = config.APP_ENV === 'test' ? 'test' : 'service';
  try {
    return await work(systemContext({ config, db: database.db, clock, log }, `operator ${operatorName()}`));
  } catch (error) {
    if (databaseErrorCode(error).code === undefined) throw error;
    throw new CommandError(
      `The database refused or went away: ${describeDatabaseError(error)}. What was done so far stays done; run the command again.`,
    );
  } finally {
    await database.close();
  }
}

/** Who sits at the command line, for the audit: as far as the system knows. */
function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** The open account with this address. @throws UsageError, CommandError */
export async function accountNamed(ctx: Context, email: string): Promise<Account> {
  const account = await findAccountByEmailKey(ctx, addressNamed(email).key);
  if (!account) throw new CommandError('No open account has this address.');
  return account;
}

/** @throws UsageError */
export function addressNamed(text: string): { readonly email: string; readonly key: string } {
  const address = parseEmail(text);
  if (!address) throw new UsageError('That is not an e-mail address.');
  return address;
}
