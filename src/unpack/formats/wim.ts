import { JoinedSource, type ByteSource } from '../../bytes/index.ts';
import type { Unpacker, FormatSink, UnpackContext } from '../format.ts';
import { headOf } from '../seven-zip/unpacker.ts';
import { unpackArchive, unpackVolumes } from '../seven-zip/unpack.ts';
import { Damaged, Unsupported } from '../trouble.ts';

/** WIMHEADER_V1_PACKED: an identifier that all parts share, number of this part, and of all. */
const PART = { guid: 24, number: 40, count: 42, end: 44 } as const;

export const unpacker: Unpacker = {
  doc: {
    name: 'WIM',
    description:
      'Windows images: XPRESS, LZX, LZMS; all images of a file, also split (.swm) when its parts lie together.',
    recognised: '`MSWIM` or `WLPWM` and three zero bytes at 0',
    limits: [],
    references: [
      'WIM: https://learn.microsoft.com/windows-hardware/manufacture/desktop/wim-vs-ffu-image-file-formats',
    ],
    limitations: ['Pipable images of wimlib are a gap, and so is a part of a split image without the others'],
  },
  async unpack({ source }, sink, context) {
    if (source === null) throw new Damaged('not a readable file');
    if (source instanceof JoinedSource) {
      await unpackParts(source, sink, context);
      return;
    }
    const head = await headOf(source, PART.end);
    if (head.toString('latin1', 0, 5) === 'WLPWM') throw new Unsupported('a pipable image of wimlib');
    const count = head.readUInt16LE(PART.count);
    if (count > 1)
      sink.gap('unsupported_format', `part ${head.readUInt16LE(PART.number)} of ${count} of one image`);
    await unpackArchive(source, 'wim', sink, context);
  },
};

/** What does not belong to the others is looked at by itself. */
async function unpackParts(parts: JoinedSource, sink: FormatSink, context: UnpackContext): Promise<void> {
  const heads = await Promise.all(parts.parts.map((part) => headOf(part, PART.end)));
  const guid = heads[0]?.toString('latin1', PART.guid, PART.number);
  const belong = heads.every(
    (head, index) =>
      head.toString('latin1', 0, 5) === 'MSWIM' &&
      head.toString('latin1', PART.guid, PART.number) === guid &&
      head.readUInt16LE(PART.number) === index + 1 &&
      head.readUInt16LE(PART.count) === heads.length,
  );
  if (!belong) {
    for (const [index, part] of parts.parts.entries()) await handOnPart(part, index + 1, sink);
    throw new Unsupported('they are not the parts of one image, as their names say');
  }
  const names = heads.map((_, index) => `a${index === 0 ? '' : index + 1}.swm`);
  // 7-Zip holds the size of the whole against the first part; every file has a check sum of its own.
  await unpackVolumes(parts, { names, harmless: 'Unexpected end of archive' }, sink, context);
}

async function handOnPart(part: ByteSource, number: number, sink: FormatSink): Promise<void> {
  await sink.member({ name: `(part ${number})`, size: part.size, content: part.stream(), source: part });
}
