import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { Command } from 'commander';
import { asciiJson, FileSource, nameFromBytes } from '../bytes/index.ts';
import { BackupLensError, inWords } from '../domain/index.ts';
import { DONE, dressed, run, WRONG, type CommandIo } from './command-io.ts';
import { withReader } from './store-session.ts';
import type { GateAnswer } from '../store/index.ts';

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
        const { path, sha256 } = await hashed(file);
        const answer = await withReader<GateAnswer>(
          io.folders(),
          async ({ gate }) => (anywhere === true ? gate.anywhere(sha256) : gate.at(path, sha256)),
          () => {
            throw new BackupLensError('BL_STORE', 'there is no store that could know', {
              hint: 'set DATA_DIR to where the service or `scan --apply` keeps it',
            });
          },
        );
        const { approved, because, decided_at: at } = answer;
        if (json === true) io.out(`${asciiJson({ ...answer, path: nameFromBytes(path), sha256 })}\n`);
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

/** Of what stands there now; a file that changes while it is read is not told about. */
async function hashed(file: string): Promise<{ readonly path: Buffer; readonly sha256: string }> {
  const cannot = (why: string, cause?: unknown): BackupLensError =>
    new BackupLensError(
      'BL_PATH_MISSING',
      `cannot read ${file}: ${why}`,
      cause === undefined ? {} : { cause },
    );
  try {
    const path = await realpath(file, { encoding: 'buffer' });
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const before = await handle.stat({ bigint: true });
      if (!before.isFile()) throw cannot('it is no regular file');
      const hash = createHash('sha256');
      for await (const chunk of new FileSource(handle, Number(before.size)).stream()) hash.update(chunk);
      const after = await handle.stat({ bigint: true });
      const isSame =
        after.size === before.size && after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs;
      if (!isSame) throw cannot('it changed while it was read');
      return { path, sha256: hash.digest('hex') };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof BackupLensError ? error : cannot(inWords(error), error);
  }
}
