import type { ByteSource } from '../../bytes/index.ts';
import type { FormatSink } from '../format.ts';
import { sevenZipUnpacker } from '../seven-zip/unpacker.ts';

const SECTOR_BYTES = 2048;
/** ECMA-167, 3/8.4.2.1: the anchor that points to the volume's descriptors. */
const ANCHOR_SECTOR = 256;
const TAG = { anchor: 2, partition: 5, end: 8 } as const;
const MAX_DESCRIPTORS = 64;

export const unpacker = sevenZipUnpacker({
  type: 'udf',
  doc: {
    name: 'UDF',
    description: 'Images of optical disks.',
    recognised: '`BEA01` at 32769 and `NSR0` in one of the next sectors, without `CD001`',
    limits: [],
    references: ['ECMA-167: https://ecma-international.org/publications-and-standards/standards/ecma-167/'],
    limitations: [
      'That padding behind the last partition is cut off cannot be told',
      'Files that were deleted or replaced, and free space, are no members: their bytes are only seen as part of the whole image',
    ],
  },
  before: tellCut,
});

/** 7-Zip is content when the files are there: what else the image should hold is told here. */
async function tellCut(source: ByteSource, sink: FormatSink): Promise<void> {
  const anchor = await sectorAt(source, ANCHOR_SECTOR);
  if (anchor.readUInt16LE(0) !== TAG.anchor) return;
  const first = anchor.readUInt32LE(20);
  for (let i = 0; i < MAX_DESCRIPTORS; i++) {
    const descriptor = await sectorAt(source, first + i);
    const tag = descriptor.readUInt16LE(0);
    if (tag === 0 || tag === TAG.end) return;
    if (tag !== TAG.partition) continue;
    const end = (descriptor.readUInt32LE(188) + descriptor.readUInt32LE(192)) * SECTOR_BYTES;
    if (end > source.size) {
      const bytes = end - source.size;
      sink.gap('corrupt', `cut off: ${bytes} bytes of its partition are not there`, { bytes });
    }
  }
}

async function sectorAt(source: ByteSource, sector: number): Promise<Buffer> {
  const bytes = Buffer.alloc(SECTOR_BYTES);
  await source.readAt(bytes, sector * SECTOR_BYTES);
  return bytes;
}
