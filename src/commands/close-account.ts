/** `rekey close-account`: for a person who asks the operator and cannot or will not do it themselves. */
import { inTransaction } from '../base/context.js';
import { closeAccount as close } from '../accounts/profile.js';
import { recordAudit } from '../audit/service.js';
import { CommandError, readArguments, type Command } from './command.js';
import { accountNamed, onDatabase } from './run.js';

export const closeAccount: Command = {
  arguments: 'EMAIL',
  about:
    'closes an account for good: nobody signs in to it any more, and what is personal is erased after ERASURE_DELAY',
  run: (args) => {
    const { subject: email } = readArguments(args, 'EMAIL');
    return onDatabase(async (ctx) => {
      const { id } = await accountNamed(ctx, email);
      const closed = await inTransaction(ctx, async (ctx) => {
        const closed = await close(ctx, id, 'any');
        if (closed) await recordAudit(ctx, { action: 'closeAccount', subjectAccountId: id });
        return closed;
      });
      if (!closed) throw new CommandError('Someone else has closed this account meanwhile.');
      process.stdout.write(`The account is closed (${closed.closedAt.toISOString()}).\n`);
      return 0;
    });
  },
};
