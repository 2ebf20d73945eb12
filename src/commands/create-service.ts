/** `rekey create-service` and `rekey revoke-service`: the credentials of services that may call. */
import {
  createService as create,
  revokeService as revoke,
  serviceScopes,
  type ServiceScope,
} from '../services/clients.js';
import { CommandError, readArguments, UsageError, type Command } from './command.js';
import { onDatabase } from './run.js';

export const createService: Command = {
  arguments: `NAME [--scope ${serviceScopes.join('|')}]`,
  about: 'makes the credential of a service, and writes it to standard output: it is shown only here',
  run: (args) => {
    const { subject, options } = readArguments(args, 'NAME', ['scope']);
    const wanted = {
      name: checkedName(subject),
      scopes: options.scope === undefined ? [] : [checkedScope(options.scope)],
    };
    return onDatabase(async (ctx) => {
      const made = await create(ctx, wanted);
      if (!made) throw new CommandError('A service of this name is in use. Revoke it first, or choose another name.');
      process.stdout.write(`${made.token}\n`);
      return 0;
    });
  },
};

export const revokeService: Command = {
  arguments: 'NAME',
  about: "ends a service's credential at once",
  run: (args) => {
    const name = checkedName(readArguments(args, 'NAME').subject);
    return onDatabase(async (ctx) => {
      if (!(await revoke(ctx, name))) throw new CommandError('No service of this name is in use.');
      process.stdout.write(`The service ${name} is revoked.\n`);
      return 0;
    });
  },
};

function checkedName(name: string): string {
  if (/^[a-z][a-z0-9-]{1,62}$/.test(name)) return name;
  throw new UsageError('Name the service with lower-case letters, digits and hyphens, such as orders.');
}

function checkedScope(scope: string): ServiceScope {
  const known = serviceScopes.find((name) => name === scope);
  if (!known) throw new UsageError(`A service may have the scope ${serviceScopes.join(', ')}.`);
  return known;
}
