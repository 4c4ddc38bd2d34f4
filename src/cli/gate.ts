import { Command } from 'commander';
import { asciiJson, nameFromBytes } from '../bytes/index.ts';
import { BackupLensError } from '../domain/index.ts';
import { askGate } from '../pipeline/index.ts';
import type { GateAnswer } from '../store/index.ts';
import { DONE, dressed, run, WRONG, type CommandIo } from './command-io.ts';
import { withReader } from './store-session.ts';

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
    .action(async (file: string, { anywhere, json }: { anywhere?: boolean; json?: boolean }) =>
      run(io, async () => {
        const { path, unit, ...answer } = await withReader(
          io.folders(),
          async (store) => askGate(store, file, { anywhere: anywhere === true }),
          () => {
            throw new BackupLensError('BL_STORE', 'there is no store that could know', {
              hint: 'set DATA_DIR to where the service or `scan --apply` keeps it',
            });
          },
        );
        const { approved, because, decided_at: at } = answer;
        const of = unit === null ? null : { path: nameFromBytes(unit.path), kind: unit.kind };
        if (json === true) io.out(`${asciiJson({ ...answer, path: nameFromBytes(path), unit: of })}\n`);
        else {
          const when = at === null ? '' : ` (${at.slice(0, 19)}Z)`;
          io.out(
            `${approved ? 'approved' : 'NOT APPROVED'}  ${io.escape(nameFromBytes(path))}: ${io.escape(because)}${when}\n`,
          );
          if (of !== null && of.kind !== 'file')
            io.out(`  as a part of ${io.escape(of.path)} (${of.kind})\n`);
          if (!approved) io.err(`hint: ${nextStep(answer)}\n`);
        }
        return approved ? DONE : WRONG;
      }),
    );
}

function nextStep({ file, decision }: GateAnswer): string {
  if (file === null) return 'have it examined first: put it into INCOMING_DIR, or `backuplens scan --apply`';
  if (decision === 'manual_review') return '`backuplens review list` shows what waits for a person';
  if (decision === 'quarantine')
    return 'do not restore it; `backuplens review show` or `quarantine show` says why';
  return 'what is there now is examined when the service meets it, or with `backuplens scan --apply`';
}
