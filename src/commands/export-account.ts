/** `rekey export-account`: what is kept of a person, as JSON, for the person who asks for it. */
import { inTransaction } from '../base/context.js';
import { recordAudit } from '../audit/service.js';
import { accountData } from './account-data.js';
import { readArguments, type Command } from './command.js';
import { anyAccountNamed, onDatabase } from './run.js';

export const exportAccount: Command = {
  arguments: 'EMAIL|ID',
  about:
    'writes everything that is kept of a person, also of a closed account, to standard output, as JSON; secrets are left out',
  run: (args) => {
    const { subject: named } = readArguments(args, 'address or account id');
    return onDatabase(async (ctx) => {
      const account = await anyAccountNamed(ctx, named);
      // Looking someone up is an act, too.
      const data = await inTransaction(ctx, async (ctx) => {
        const data = await accountData(ctx, account);
        await recordAudit(ctx, { action: 'exportAccount', subjectAccountId: account.id });
        return data;
      });
      process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
      return 0;
    });
  },
};
