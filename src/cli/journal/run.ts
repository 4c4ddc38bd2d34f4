import { asciiJson } from '../../bytes/index.ts';
import { BackupLensError } from '../../domain/index.ts';
import type { JournalCheck } from '../../store/index.ts';
import { DONE, say, WRONG, type CommandIo } from '../command-io.ts';
import { withReader } from '../store-session.ts';

export async function verify(io: CommandIo, head: string | undefined, json: boolean): Promise<number> {
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
    await io.folders(),
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
