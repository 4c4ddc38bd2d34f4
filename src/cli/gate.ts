import { Command } from 'commander';
import { dressed, run, type CommandIo } from './command-io.ts';
import type { GateOptions } from './gate/run.ts';

/** The work behind it, loaded when it is asked for. */
const work = async () => import('./gate/run.ts');

const EXAMPLES = `
Examples:
  backuplens gate /restore/approved/nightly.tar && tar -xf /restore/approved/nightly.tar
  backuplens gate /backup/repo                        a restic or borg repository, all of it
  backuplens gate --anywhere /mnt/usb/nightly.tar     the same bytes, approved at another place

Reads everything and compares: an approval holds for these bytes at this place, and for nothing that was put there
since. A file of a set (a repository, the volumes of one archive) stands approved when all of the set does, and all of it
is read. Any other folder does when everything in it does. An approval that is provisional, because an engine was away,
does not count. Works beside a running service.

Exit codes:
  0  all of it stands approved
  1  it does not
  2  it could not be told
`;

/** Builds `gate FILE`: what a restore script asks. */
export function gateCommand(io: CommandIo): Command {
  return dressed(new Command('gate'))
    .summary('tell by exit code whether a file or folder stands approved')
    .description(
      'Re-hashes a file, a set or a folder, and answers whether it stands approved: what a restore script asks first.',
    )
    .argument('<path>', 'the file or folder that is to be restored')
    .option('--anywhere', 'by content alone, wherever it was approved')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: GateOptions) =>
      run(io, async () => (await work()).gate(io, file, options)),
    );
}
