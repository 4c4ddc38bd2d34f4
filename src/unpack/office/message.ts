import type { CompoundFile } from '../ole/compound-file.ts';
import { pathOf, type OleStorage, type OleStream } from '../ole/directory.ts';

/** Properties of an attachment as streams ([MS-OXMSG] 2.2.3): its bytes, and its name in UTF-16 and in 8 bits. */
const DATA = '__substg1.0_37010102';
const NAMES: readonly (readonly [string, 'utf16le' | 'latin1'])[] = [
  ['__substg1.0_3707001f', 'utf16le'],
  ['__substg1.0_3704001f', 'utf16le'],
  ['__substg1.0_3707001e', 'latin1'],
  ['__substg1.0_3704001e', 'latin1'],
];
const NAME_BYTES = 2048;

/** An attachment's bytes and the path that shows its own name; null where the storage is none. */
export async function attachmentName(
  file: CompoundFile,
  storage: OleStorage,
): Promise<{ readonly stream: OleStream; readonly path: string } | null> {
  const stream = storage.streams.find(({ name }) => name.toLowerCase() === DATA);
  if (stream === undefined) return null;
  for (const [wanted, encoding] of NAMES) {
    const named = storage.streams.find(({ name }) => name.toLowerCase() === wanted);
    if (named === undefined) continue;
    const name = (await file.start(named, NAME_BYTES)).toString(encoding).replace(/\0+$/, '');
    if (name !== '') return { stream, path: pathOf({ folder: storage.path, name }) };
  }
  return null;
}
