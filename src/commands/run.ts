/** Where a command works: the database, opened for it alone and closed after it. */
import { userInfo } from 'node:os';
import { loadConfig } from '../base/config.js';
import { systemContext, type Context } from '../base/context.js';
import { databaseErrorCode, databaseSettings, openDatabase } from '../base/database.js';
import { describeDatabaseError } from '../base/database-errors.js';
import { openLog } from '../base/log.js';
import { isId } from '../base/secrets.js';
import { listAccounts } from '../accounts/directory.js';
import { findAccount, findAccountByEmailKey } from '../accounts/service.js';
import type { Account } from '../accounts/tables.js';
import { parseEmail } from '../base/email-address.js';
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

/** Closed accounts that had one address: more than anyone closes. */
const MOST_NAMESAKES = 100;

/**
 * The account with this id or address, open or closed. An address that several have or had names none of them: whoever has
 * it now need not be who had it then. @throws UsageError, CommandError
 */
export async function anyAccountNamed(ctx: Context, named: string): Promise<Account> {
  if (isId(named, 'acct')) {
    const account = await findAccount(ctx, named);
    if (!account) throw new CommandError('No account has this id.');
    return account;
  }
  const { email } = addressNamed(named);
  const listed = await listAccounts(ctx, { filter: { email }, limit: MOST_NAMESAKES, after: null });
  const found = await Promise.all(listed.map(({ id }) => findAccount(ctx, id)));
  const [account, ...others] = found.filter((account) => account !== null);
  if (!account) throw new CommandError('No account has this address. One that is erased has none: give its id.');
  if (others.length === 0) return account;
  throw new CommandError(
    `Several accounts have or had this address. Give the id of the one that is meant:\n${[account, ...others].map(inOneLine).join('\n')}`,
  );
}

const inOneLine = ({ id, createdAt, closedAt }: Account): string =>
  `  ${id}  made ${createdAt.toISOString()}, ${closedAt ? `closed ${closedAt.toISOString()}` : 'open'}`;

/** @throws UsageError */
export function addressNamed(text: string): { readonly email: string; readonly key: string } {
  const address = parseEmail(text);
  if (!address) throw new UsageError('That is not an e-mail address.');
  return address;
}
