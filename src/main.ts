#!/usr/bin/env node
/** The process: which command, with which arguments; errors on standard error, exit status 0, 1 (failed) or 2 (wrong usage). */
import { ConfigError } from './base/config.js';
import { StartupError } from './base/database.js';
import { CommandError, UsageError, type Command } from './commands/command.js';

const commands: Record<string, () => Promise<Command>> = {
  serve: async () => (await import('./commands/serve.js')).serve,
  worker: async () => (await import('./commands/serve.js')).worker,
  migrate: async () => (await import('./commands/migrate.js')).migrate,
  'import-accounts': async () => (await import('./commands/import-accounts.js')).importAccounts,
  'export-account': async () => (await import('./commands/export-account.js')).exportAccount,
  'close-account': async () => (await import('./commands/close-account.js')).closeAccount,
  'create-staff': async () => (await import('./commands/staff.js')).createStaff,
  grant: async () => (await import('./commands/staff.js')).grant,
  revoke: async () => (await import('./commands/staff.js')).revoke,
  'verify-audit': async () => (await import('./commands/verify-audit.js')).verifyAudit,
  'print-schema': async () => (await import('./commands/print-schema.js')).printSchema,
  'create-service': async () => (await import('./commands/create-service.js')).createService,
  'revoke-service': async () => (await import('./commands/create-service.js')).revokeService,
  'rotate-keys': async () => (await import('./commands/rotate-keys.js')).rotateKeys,
  reseal: async () => (await import('./commands/reseal.js')).reseal,
  'check-config': async () => (await import('./commands/check-config.js')).checkConfig,
};

async function main([name = '--help', ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(await usage());
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) throw new UsageError(`There is no command of that name. Try: rekey --help`);
  const command = await load();
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`rekey ${name} ${command.arguments}\n\n${command.about}\n`);
    return 0;
  }
  return command.run(args);
}

async function usage(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(commands).map(async ([name, load]) => {
      const command = await load();
      return `  rekey ${`${name} ${command.arguments}`.padEnd(58)} ${command.about}`;
    }),
  );
  return `Usage:\n${lines.join('\n')}\n`;
}

/** What an operator can mend is said in a sentence; only a bug shows where it happened. */
function explain(error: unknown): { text: string; status: number } {
  if (error instanceof UsageError) return { text: error.message, status: 2 };
  const isExpected = [CommandError, ConfigError, StartupError].some((kind) => error instanceof kind);
  if (isExpected) return { text: (error as Error).message, status: 1 };
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), status: 1 };
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const { text, status } = explain(error);
    process.stderr.write(`rekey: ${text}\n`);
    process.exit(status);
  },
);
