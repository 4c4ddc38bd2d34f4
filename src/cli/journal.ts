import type { Command } from 'commander';
import { groupOf, run, type CommandIo } from './command-io.ts';
import type { VerifyOptions } from './journal/verify-options.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./journal/run.ts');

const EXAMPLES = `
Examples:
  backuplens journal verify
  backuplens journal verify --head 1b4f…      a head that was noted before, or came with an event
  backuplens journal checkpoint >> /mnt/elsewhere/checkpoints.jsonl
  backuplens journal verify --checkpoints /mnt/elsewhere/checkpoints.jsonl --key /mnt/elsewhere/journal-4be1….pem

Each record of the journal names the hash of the one before: what was altered, taken out or put in breaks the chain
there. What was cut off its end, and a chain that was computed anew, only show against what was noted elsewhere: a head,
or checkpoints, which are signed. Works beside a running service.

Exit codes:
  0  every record continues the one before it, and all that was noted is among them
  1  it is broken (the first broken record is named), or what was noted is not in it, or was not signed by a trusted key
  2  it could not be read
`;

/** Builds `journal verify` and `journal checkpoint`. */
export function journalCommand(io: CommandIo): Command {
  const command = groupOf(
    'journal',
    'verify the record of what was done',
    'Who or what decided, moved, approved or deleted which file, when and why; only ever appended to.',
    EXAMPLES,
  );
  command
    .command('verify')
    .description('Follows the journal from its first record to its last.')
    .option('--head <hash>', 'a hash that one of the records must have')
    .option('--checkpoints <file>', 'signed checkpoints, all of which must be in it')
    .option(
      '--key <path>',
      'the public key that signed them, or a folder of such (default: those in DATA_DIR/keys)',
    )
    .option('--json', 'as JSON')
    .action(async (options: VerifyOptions) => run(io, async () => (await work()).verify(io, options)));
  command
    .command('checkpoint')
    .description('Prints where the journal stands, signed, as one line of JSON: to be kept elsewhere.')
    .option('--append <file>', 'append it there, durably, and print nothing')
    .action(async ({ append }: { append?: string }) =>
      run(io, async () => (await work()).checkpoint(io, append ?? null)),
    );
  return command;
}
