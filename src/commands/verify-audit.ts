/** `rekey verify-audit`: whether the audit is as it was written. */
import { verifyAudit as verify } from '../audit/service.js';
import { readOptions, UsageError, type Command } from './command.js';
import { onDatabase } from './run.js';

export const verifyAudit: Command = {
  arguments: '[--known SEQUENCE:HASH]',
  about: 'walks the chain of the audit; with an entry noted earlier it also sees whether the end was cut off',
  run: (args) => {
    const known = readKnown(readOptions(args, ['known']).known);
    return onDatabase(async (ctx) => {
      const verdict = await verify(ctx, known);
      process.stdout.write(`${JSON.stringify(verdict)}\n`);
      if (!verdict.fault) return 0;
      const { sequence, what } = verdict.fault;
      process.stderr.write(
        `rekey: Entry ${sequence} of the audit is ${what}. What stands before it is as it was written.\n`,
      );
      return 1;
    });
  },
};

function readKnown(text: string | undefined): { sequence: number; hash: string } | null {
  if (text === undefined) return null;
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (!sequence || !hash) throw new UsageError('Give --known as SEQUENCE:HASH, as an earlier run or the log has it.');
  return { sequence: Number(sequence), hash };
}
