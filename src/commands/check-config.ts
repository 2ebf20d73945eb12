/** `rekey check-config`: every mistake at once, by name. */
import { describeUnread, loadConfig } from '../base/config.js';
import { UsageError, type Command } from './command.js';

export const checkConfig: Command = {
  arguments: '',
  about: 'reports every mistake of the configuration at once, by name',
  run: async (args) => {
    if (args.length > 0) throw new UsageError('check-config takes no arguments: it reads the environment.');
    const { APP_ENV, unread } = loadConfig();
    for (const name of unread) process.stdout.write(`${describeUnread(name)}.\n`);
    process.stdout.write(`The configuration is complete (APP_ENV=${APP_ENV}).\n`);
    return 0;
  },
};
