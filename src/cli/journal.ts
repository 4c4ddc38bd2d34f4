import type { Command } from 'commander';
import { groupOf, run, type CommandIo } from './command-io.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./journal/run.ts');

const EXAMPLES = `
Examples:
  backuplens journal verify
  backuplens journal verify --head 1b4f…      a head that was noted before, or came with an event

Each record of the journal names the hash of the one before: what was altered, taken out or put in breaks the chain
there. What was cut off its end only shows against a head that was noted elsewhere. Works beside a running service.

Exit codes:
  0  every record continues the one before it, and the head is among them
  1  it is broken: the first broken record is named
  2  it could not be read
`;

/** Builds `journal verify`. */
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
    .option('--json', 'as JSON')
    .action(async ({ head, json }: { head?: string; json?: boolean }) =>
      run(io, async () => (await work()).verify(io, head?.toLowerCase(), json === true)),
    );
  return command;
}
