/** `rekey rotate-keys`: the next key for what other services are told. */
import { rotateKeys as rotate } from '../services/signing-keys.js';
import { UsageError, type Command } from './command.js';
import { onDatabase } from './run.js';

export const rotateKeys: Command = {
  arguments: '[--at-once]',
  about: 'makes the next signing key: it is published now and signs in ten minutes; at once where the last one leaked',
  run: (args) => {
    if (args.some((arg) => arg !== '--at-once')) throw new UsageError('rotate-keys knows --at-once alone.');
    const atOnce = args.includes('--at-once');
    return onDatabase(async (ctx) => {
      const { id } = await rotate(ctx, { atOnce });
      process.stdout.write(`${id} is published${atOnce ? ' and signs; every other key is void' : ''}.\n`);
      return 0;
    });
  },
};
