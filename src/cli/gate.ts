import { Command } from 'commander';
import { asciiJson, nameFromBytes } from '../bytes/index.ts';
import { BackupLensError } from '../domain/index.ts';
import { askGate } from '../pipeline/index.ts';
import { DONE, dressed, run, WRONG, type CommandIo } from './command-io.ts';
import { withReader } from './store-session.ts';

const EXAMPLES = `
Examples:
  backuplens gate /restore/approved/nightly.tar && tar -xf /restore/approved/nightly.tar
  backuplens gate --anywhere /mnt/usb/nightly.tar     the same bytes, approved at another place

Reads the whole file and compares: an approval holds for these bytes at this place, and for nothing that was put there
since. An approval that is provisional, because an engine was away, does not count. Works beside a running service.

Exit codes:
  0  these bytes stand approved
  1  they do not
  2  it could not be told
`;

/** Builds `gate FILE`: what a restore script asks. */
export function gateCommand(io: CommandIo): Command {
  return dressed(new Command('gate'))
    .summary('tell by exit code whether a file stands approved')
    .description(
      'Re-hashes a file, and answers whether it stands approved: what a restore script asks first.',
    )
    .argument('<file>', 'the file that is to be restored')
    .option('--anywhere', 'by content alone, wherever it was approved')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, { anywhere, json }: { anywhere?: boolean; json?: boolean }) =>
      run(io, async () => {
        const { path, ...answer } = await withReader(
          io.folders(),
          async (store) => askGate(store, file, { anywhere: anywhere === true }),
          () => {
            throw new BackupLensError('BL_STORE', 'there is no store that could know', {
              hint: 'set DATA_DIR to where the service or `scan --apply` keeps it',
            });
          },
        );
        const { approved, because, decided_at: at } = answer;
        if (json === true) io.out(`${asciiJson({ ...answer, path: nameFromBytes(path) })}\n`);
        else {
          const when = at === null ? '' : ` (${at.slice(0, 19)}Z)`;
          io.out(
            `${approved ? 'approved' : 'NOT APPROVED'}  ${io.escape(nameFromBytes(path))}: ${io.escape(because)}${when}\n`,
          );
        }
        return approved ? DONE : WRONG;
      }),
    );
}
