import type { Command } from 'commander';
import { asciiJson } from '../bytes/index.ts';
import { BackupLensError } from '../domain/index.ts';
import type { JournalCheck } from '../store/index.ts';
import { DONE, groupOf, run, say, WRONG, type CommandIo } from './command-io.ts';
import { withReader } from './store-session.ts';

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
      run(io, () => verify(io, head?.toLowerCase(), json === true)),
    );
  return command;
}

async function verify(io: CommandIo, head: string | undefined, json: boolean): Promise<number> {
  if (head !== undefined && !/^[0-9a-f]{64}$/.test(head)) {
    throw new BackupLensError('BL_USAGE', '--head: expected 64 hexadecimal digits');
  }
  const none: JournalCheck = {
    records: 0,
    head: '0'.repeat(64),
    broken: null,
    head_found: head === undefined ? null : false,
  };
  const check = await withReader<JournalCheck>(
    io.folders(),
    async ({ journal }) => journal.verify(head),
    () => none,
  );
  const { broken, records } = check;
  if (json) io.out(`${asciiJson(check)}\n`);
  else io.out(`${records} records in order, head ${check.head}\n`);
  if (broken !== null)
    say(io, `record ${broken.seq} is broken: ${broken.reason}`, 'compare with a backup of the store');
  if (check.head_found === false)
    say(io, 'no record has that head', 'the journal was cut, or begun anew, since it was noted');
  return broken === null && check.head_found !== false ? DONE : WRONG;
}
