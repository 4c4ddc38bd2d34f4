import type { ByteSource } from '../../bytes/index.ts';
import type { FormatSink } from '../format.ts';
import { headOf, sevenZipFormat } from '../seven-zip/format.ts';

export const rar = sevenZipFormat({
  id: 'rar',
  type: null,
  doc: {
    name: 'RAR',
    description: 'RAR 1.5 to 5, also encrypted.',
    recognised: '`Rar!\\x1A\\x07` at 0',
    limits: [],
    references: ['RAR 5.0 archive format: https://www.rarlab.com/technote.htm'],
    limitations: [
      'What goes on in another volume is a gap',
      'Compressed, solid and encrypted RAR are 7-Zip’s and not tested here: no free program makes them',
    ],
  },
  async before(source: ByteSource, sink: FormatSink) {
    const part = partOf(await headOf(source, 64));
    if (part !== null) sink.gap('unsupported_format', `${part}: the others are not at hand`);
  },
});

/** Which volume of several it is, in words; null when it is whole, or when its headers are encrypted. */
function partOf(head: Buffer): string | null {
  if (head.readUInt8(6) === 1) return partOfRar5(head);
  // The main header after the mark of 7 bytes: check sum, kind 0x73, flags (TechNote, MHD_VOLUME, MHD_FIRSTVOLUME).
  const flags = head.readUInt16LE(10);
  if (head.readUInt8(9) !== 0x73 || (flags & 1) === 0) return null;
  return (flags & 0x100) === 0 ? 'a later volume of several' : 'part 1 of several volumes';
}

/** The main archive header after the mark of 8 bytes: check sum, size, kind 1, flags, size of extras, archive flags. */
function partOfRar5(head: Buffer): string | null {
  let at = 8 + 4;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = head[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  next();
  if (next() !== 1) return null;
  if ((next() & 1) !== 0) next();
  const flags = next();
  if ((flags & 1) === 0) return null;
  return `part ${(flags & 2) === 0 ? 1 : next() + 1} of several volumes`;
}
