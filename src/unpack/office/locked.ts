import type { CompoundFile } from '../ole/compound-file.ts';
import type { OleStream } from '../ole/directory.ts';

/** Where a Word document's flags stand, and the two that say encrypted and obfuscated ([MS-DOC] 2.5.2). */
const WORD = { start: 0xa5ec, flagsAt: 10, locked: 0x8100 } as const;
/** What the stream `Current User` says where the presentation is encrypted ([MS-PPT] 2.3.2). */
const PRESENTATION = { tokenAt: 12, locked: 0xf3d1c4df } as const;

/** Whether the document of Word or PowerPoint that a stream belongs to needs a password. */
export async function isLocked(file: CompoundFile, stream: OleStream): Promise<boolean> {
  const head = await file.start(stream, 16);
  if (head.length < 16) return false;
  if (stream.name.toLowerCase() === 'current user')
    return head.readUInt32LE(PRESENTATION.tokenAt) === PRESENTATION.locked;
  return head.readUInt16LE(0) === WORD.start && (head.readUInt16LE(WORD.flagsAt) & WORD.locked) !== 0;
}
